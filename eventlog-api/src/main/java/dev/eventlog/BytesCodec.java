package dev.eventlog;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;

/** {@link Codec#bytes}: payloads as they are. <b>Threading:</b> Immutable. */
final class BytesCodec implements Codec<ByteBuffer> {

    private final Schema schema;

    BytesCodec(String type) {
        schema = new Schema(type, 1, "application/octet-stream");
    }

    @Override
    public Schema schema(ByteBuffer data) {
        return schema;
    }

    @Override
    public void encode(ByteBuffer data, ByteBuffer target) {
        int length = data.remaining();
        int at = target.position();
        if (length > target.remaining()) {
            throw new BufferOverflowException();
        }
        target.put(at, data, data.position(), length);
        target.position(at + length);
    }

    @Override
    public boolean decodes(Schema schema) {
        return true;
    }

    @Override
    public ByteBuffer decode(Schema schema, ByteBuffer payload) {
        var copy = ByteBuffer.allocate(payload.limit());
        copy.put(0, payload, 0, payload.limit());
        return copy.asReadOnlyBuffer();
    }

    @Override
    public String toString() {
        return "Codec.bytes(" + schema.type() + ")";
    }
}
