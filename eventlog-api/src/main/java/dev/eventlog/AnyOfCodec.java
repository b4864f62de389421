package dev.eventlog;

import java.nio.ByteBuffer;
import java.util.Objects;

/** {@link Codec#anyOf}: two codecs, the first that can. <b>Threading:</b> Immutable. */
final class AnyOfCodec<T> implements Codec<T> {

    private final Codec<? extends T> first;
    private final Codec<? extends T> second;

    AnyOfCodec(Codec<? extends T> first, Codec<? extends T> second) {
        this.first = Objects.requireNonNull(first, "first");
        this.second = Objects.requireNonNull(second, "second");
    }

    @Override
    public Schema schema(T data) {
        return schemaOf(writer(data), data);
    }

    @Override
    public void encode(T data, ByteBuffer target) {
        encodeWith(writer(data), data, target);
    }

    @Override
    public boolean decodes(Schema schema) {
        return first.decodes(schema) || second.decodes(schema);
    }

    @Override
    public T decode(Schema schema, ByteBuffer payload) {
        return (first.decodes(schema) ? first : second).decode(schema, payload);
    }

    private Codec<? extends T> writer(T data) {
        try {
            schemaOf(first, data);
            return first;
        } catch (IllegalArgumentException | ClassCastException notOfTheFirst) {
            return second;
        }
    }

    /** The cast is checked where it matters: a codec that gets foreign data refuses it. */
    @SuppressWarnings("unchecked")
    private static <T> Schema schemaOf(Codec<? extends T> codec, T data) {
        return ((Codec<T>) codec).schema(data);
    }

    @SuppressWarnings("unchecked")
    private static <T> void encodeWith(Codec<? extends T> codec, T data, ByteBuffer target) {
        ((Codec<T>) codec).encode(data, target);
    }

    @Override
    public String toString() {
        return "Codec.anyOf(" + first + ", " + second + ")";
    }
}
