package dev.eventlog.internal.codec;

import dev.eventlog.Codec;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The codec of one root.
 *
 * <p><b>Threading:</b> Thread-safe. <b>Allocation:</b> to encode none for records of numbers, texts, enums and lists of
 * them; to decode only the data.
 */
final class RecordCodec<T> implements Codec<T> {

    private static final int KNOWN_COUNT = 32;

    private final Class<T> root;
    private final Family family;
    private final Pool<PayloadWriter> writers = new Pool<>();
    private final Pool<PayloadReader> readers = new Pool<>();

    /**
     * Schemas that were asked for, by instance: an engine hands in the same ones again and again. Written and read by any
     * thread; published by nothing but their final fields, and a lost one is found again.
     */
    private final @Nullable Known[] known = new @Nullable Known[KNOWN_COUNT];

    private record Known(Schema schema, RecordType type) {}

    RecordCodec(Class<T> root, Family family) {
        this.root = root;
        this.family = family;
    }

    @Override
    public Schema schema(T data) {
        return typeOf(data).schema;
    }

    @Override
    public void encode(T data, ByteBuffer target) {
        RecordType type = typeOf(data);
        PayloadWriter out = writers.take();
        if (out == null) {
            out = new PayloadWriter();
        }
        try {
            out.begin(target.remaining());
            type.writeFields(data, out);
            out.copyTo(target);
        } finally {
            if (out.isReusable()) {
                writers.give(out);
            }
        }
    }

    @Override
    public boolean decodes(Schema schema) {
        return find(schema) != null;
    }

    @Override
    public T decode(Schema schema, ByteBuffer payload) {
        RecordType type = find(schema);
        if (type == null) {
            throw new IllegalArgumentException(
                    "schema is not one of this codec's: codec=" + this + " schema=" + schema);
        }
        PayloadReader in = readers.take();
        if (in == null) {
            in = new PayloadReader();
        }
        try {
            in.begin(payload);
            return root.cast(family.upcast(type.readFields(in)));
        } catch (RuntimeException e) {
            throw undecodable(schema, in, e);
        } finally {
            in.end();
            if (in.isReusable()) {
                readers.give(in);
            }
        }
    }

    private RecordType typeOf(T data) {
        Class<?> type = data.getClass();
        RecordType found = family.find(type);
        if (found == null) {
            throw new IllegalArgumentException("data is not one of the codec's records: class=" + type.getName()
                    + " root=" + root.getName() + "; give Codec.records a root that this class is under");
        }
        return found;
    }

    @SuppressWarnings("ReferenceEquality") // another instance is looked up by what is in it
    private @Nullable RecordType find(Schema schema) {
        int at = (schema.type().hashCode() + schema.version()) & (KNOWN_COUNT - 1);
        Known likely = known[at];
        if (likely != null && likely.schema == schema) {
            return likely.type;
        }
        RecordType type = family.find(schema);
        if (type != null) {
            known[at] = new Known(schema, type);
        }
        return type;
    }

    private static IllegalArgumentException undecodable(Schema schema, PayloadReader in, RuntimeException cause) {
        RecordType record = in.record;
        boolean isOurs = cause.getClass() == IllegalArgumentException.class;
        return new IllegalArgumentException(
                "payload cannot be decoded: type=" + schema.type() + " version=" + schema.version()
                        + (record == null ? "" : " " + record.where(in.index)) + " offset=" + in.position() + "; "
                        + (isOurs ? cause.getMessage() : cause.toString()),
                cause);
    }

    @Override
    public String toString() {
        return "Codec.records(" + root.getSimpleName() + ")";
    }
}
