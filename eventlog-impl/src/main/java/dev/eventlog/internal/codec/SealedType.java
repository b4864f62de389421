package dev.eventlog.internal.codec;

/**
 * A sealed interface of records as a component: the record with its stored name, which is looked up among the permitted
 * ones and the upcasts.
 *
 * <p><b>Threading:</b> Immutable.
 */
final class SealedType extends ValueType {

    private static final byte[] TYPE_FIELD = Cesu8.encode(PayloadDescriptor.TYPE_FIELD);
    private static final int IS_TYPE_FIELD = 0;

    private final Family family;

    SealedType(Family family) {
        this.family = family;
    }

    @Override
    void write(Object value, PayloadWriter out) {
        RecordType type = family.find(value.getClass());
        if (type == null) {
            throw new IllegalArgumentException("data is not one of the declared records: class="
                    + value.getClass().getName() + " expected=" + family.root.getName());
        }
        int lengthAt = out.beginBlock();
        out.name(PayloadDescriptor.TYPE_FIELD);
        out.text(type.typeText);
        type.writeFields(value, out);
        out.endBlock(lengthAt);
    }

    @Override
    Object read(PayloadReader in) {
        int outer = in.beginBlock();
        if (in.name(NameTable.EMPTY, TYPE_FIELD, IS_TYPE_FIELD) != IS_TYPE_FIELD) {
            throw in.failure("found a record without its type, expected one of " + family.root.getName());
        }
        RecordType type = family.read(in);
        if (type == null) {
            throw in.failure("found a type that is none of " + family.root.getName()
                    + "; keep its record, name it with @EventType(was), or give an Upcast");
        }
        Object value = type.readFields(in);
        in.endBlock(outer);
        return family.upcast(value);
    }
}
