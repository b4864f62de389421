package dev.eventlog.internal.codec;

import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A component of a record: a field of its payloads. Primitive ones go from accessor to bytes and from bytes to
 * constructor without a box.
 *
 * <p><b>Threading:</b> Immutable.
 */
final class Component {

    /** How it travels between accessor, payload and slot. */
    enum Form {
        /** byte, short, char, int, long; accessor {@code (Object)long}. */
        INTEGER,
        /** float; accessor {@code (Object)double}. */
        REAL32,
        /** double; accessor {@code (Object)double}. */
        REAL64,
        /** Everything else; accessor {@code (Object)Object}. */
        VALUE,
        /** An Optional, which is left out when empty; accessor {@code (Object)Object}. */
        OPTIONAL
    }

    final byte[] nameBytes;

    private final Class<?> record;
    private final String name;
    private final String storedName;
    private final Form form;
    private final long least; // of INTEGER, both inclusive
    private final long greatest;
    private final @Nullable ValueType value;
    private final MethodHandle accessor;

    /**
     * A component.
     *
     * @param declared its class
     * @param value how its values are written, those in the Optional if it is one; none for numbers
     */
    Component(Class<?> record, String name, Class<?> declared, @Nullable ValueType value, MethodHandle accessor) {
        this.record = record;
        this.name = name;
        this.value = value;
        this.accessor = accessor;
        form = formOf(declared);
        least = least(declared);
        greatest = declared == char.class ? Character.MAX_VALUE : -1 - least;
        storedName = PayloadDescriptor.storedName(name);
        nameBytes = Cesu8.encode(storedName);
    }

    static Form formOf(Class<?> declared) {
        if (declared == Optional.class) {
            return Form.OPTIONAL;
        }
        if (declared == float.class) {
            return Form.REAL32;
        }
        if (declared == double.class) {
            return Form.REAL64;
        }
        return declared.isPrimitive() && declared != boolean.class ? Form.INTEGER : Form.VALUE;
    }

    private static long least(Class<?> declared) {
        if (declared == byte.class) {
            return Byte.MIN_VALUE;
        }
        if (declared == short.class) {
            return Short.MIN_VALUE;
        }
        if (declared == char.class) {
            return Character.MIN_VALUE;
        }
        return declared == int.class ? Integer.MIN_VALUE : Long.MIN_VALUE;
    }

    /** Record and component, for messages. */
    String where() {
        return "record=" + record.getName() + " component=" + name;
    }

    /** Writes name and value. */
    void write(Object of, PayloadWriter out) throws Throwable {
        switch (form) {
            case INTEGER -> {
                out.name(storedName);
                out.integer((long) accessor.invokeExact(of));
            }
            case REAL32 -> {
                out.name(storedName);
                out.real32((float) (double) accessor.invokeExact(of));
            }
            case REAL64 -> {
                out.name(storedName);
                out.real64((double) accessor.invokeExact(of));
            }
            case VALUE -> writeValue(out.required((Object) accessor.invokeExact(of)), out);
            case OPTIONAL -> {
                var optional = (Optional<?>) out.required((Object) accessor.invokeExact(of));
                if (optional.isPresent()) {
                    writeValue(optional.get(), out);
                }
            }
        }
    }

    private void writeValue(Object content, PayloadWriter out) {
        assert value != null : "no value type for " + where();
        out.name(storedName);
        value.write(content, out);
    }

    /** Reads the value into the slot of that index. */
    void read(PayloadReader in, int index) {
        switch (form) {
            case INTEGER -> in.slots.set(index, in.integer(least, greatest));
            case REAL32 -> in.slots.set(index, (double) in.real32());
            case REAL64 -> in.slots.set(index, in.real64());
            case VALUE -> in.slots.set(index, readValue(in));
            case OPTIONAL -> in.slots.set(index, Optional.of(readValue(in)));
        }
    }

    private Object readValue(PayloadReader in) {
        assert value != null : "no value type for " + where();
        return value.read(in);
    }

    /** Fills the slot of a component that the payload does not have. */
    void missing(PayloadReader in, int index) {
        if (form != Form.OPTIONAL) {
            throw in.failure("it has no such component; make it an Optional, name its earlier name with @EventType.Was,"
                    + " or keep the old record and give an Upcast");
        }
        in.slots.set(index, Optional.empty());
    }
}
