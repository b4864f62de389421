package dev.eventlog;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** {@link Codec#utf8}: text. <b>Threading:</b> Immutable. <b>Allocation:</b> none to encode ASCII. */
final class Utf8Codec implements Codec<String> {

    private static final String CONTENT_TYPE = "text/plain;charset=utf-8";

    private final Schema schema;

    Utf8Codec(String type) {
        schema = new Schema(type, 1, CONTENT_TYPE);
    }

    @Override
    public Schema schema(String data) {
        return schema;
    }

    @Override
    public void encode(String data, ByteBuffer target) {
        int start = target.position();
        int length = data.length();
        if (length > target.remaining()) {
            throw new BufferOverflowException();
        }
        for (int i = 0; i < length; i++) {
            char c = data.charAt(i);
            if (c >= 0x80) {
                target.position(start);
                encodeAny(data, target);
                return;
            }
            target.put(start + i, (byte) c);
        }
        target.position(start + length);
    }

    private static void encodeAny(String data, ByteBuffer target) {
        var result = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(data), target, true);
        if (result.isOverflow()) {
            throw new BufferOverflowException();
        }
        if (result.isError()) {
            throw new IllegalArgumentException(
                    "text of " + data.length() + " characters has a lone surrogate and no UTF-8 form; mend it first");
        }
    }

    @Override
    public boolean decodes(Schema schema) {
        return schema.contentType().equals(CONTENT_TYPE);
    }

    @Override
    public String decode(Schema schema, ByteBuffer payload) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(payload.duplicate())
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("payload is not UTF-8", e);
        }
    }

    @Override
    public String toString() {
        return "Codec.utf8(" + schema.type() + ")";
    }
}
