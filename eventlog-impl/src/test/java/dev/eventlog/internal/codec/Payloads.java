package dev.eventlog.internal.codec;

import dev.eventlog.Codec;
import dev.eventlog.Codec.Schema;
import dev.eventlog.Codec.Upcast;
import java.nio.ByteBuffer;
import java.util.List;

/** Puts data through codecs as an engine would: direct buffers, big-endian, read-only when decoding. */
final class Payloads {

    private Payloads() {}

    static <T> Codec<T> codec(Class<T> root, Upcast<?, ?>... upcasts) {
        return RecordCodecs.records(root, List.of(upcasts));
    }

    static <T> byte[] encode(Codec<T> codec, T data) {
        var target = ByteBuffer.allocateDirect(1 << 16);
        codec.encode(data, target);
        var bytes = new byte[target.position()];
        target.get(0, bytes);
        return bytes;
    }

    static <T> T decode(Codec<T> codec, Schema schema, byte[] payload) {
        var direct = ByteBuffer.allocateDirect(payload.length).put(0, payload);
        return codec.decode(schema, direct.asReadOnlyBuffer());
    }

    /** What comes back of the data. */
    static <T> T roundTrip(Codec<T> codec, T data) {
        return decode(codec, codec.schema(data), encode(codec, data));
    }

    /** Writes with the codec of one root, reads with that of another one: before and after a change of the classes. */
    static <T> T reread(Object data, Codec<?> writer, Codec<T> reader) {
        @SuppressWarnings("unchecked")
        var anyWriter = (Codec<Object>) writer;
        return decode(reader, anyWriter.schema(data), encode(anyWriter, data));
    }
}
