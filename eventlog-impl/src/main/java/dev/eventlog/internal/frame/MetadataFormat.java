package dev.eventlog.internal.frame;

import static dev.eventlog.internal.frame.FrameDescriptor.MAX_TEXT_LENGTH;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * An event's metadata in bytes: pairs of name and value, each a length (2 bytes, little-endian) and that many bytes of
 * UTF-8, ordered by name.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class MetadataFormat {

    private MetadataFormat() {}

    /** Writes the pairs at an offset and returns their length. */
    static int put(Map<String, String> metadata, ByteBuffer target, int offset) {
        int at = offset;
        for (Map.Entry<String, String> pair : new TreeMap<>(metadata).entrySet()) {
            at = putText(pair.getKey(), target, at);
            at = putText(pair.getValue(), target, at);
            if (at - offset > MAX_TEXT_LENGTH) {
                throw new IllegalArgumentException("metadata has more than " + MAX_TEXT_LENGTH + " bytes of UTF-8");
            }
        }
        return at - offset;
    }

    private static int putText(String text, ByteBuffer target, int offset) {
        if (target.capacity() - offset < Short.BYTES) {
            throw new BufferOverflowException();
        }
        int length = Utf8.put(text, target, offset + Short.BYTES);
        if (length > MAX_TEXT_LENGTH) {
            throw new IllegalArgumentException("metadata has more than " + MAX_TEXT_LENGTH + " bytes of UTF-8");
        }
        target.putShort(offset, (short) length);
        return offset + Short.BYTES + length;
    }

    /** Reads pairs; the bytes passed the frame's checksum, so what is malformed was written so. */
    static Map<String, String> get(ByteBuffer source, int offset, int length) {
        var pairs = new LinkedHashMap<String, String>();
        int at = offset;
        int end = offset + length;
        while (at < end) {
            String name = getText(source, at, end);
            at += Short.BYTES + (source.getShort(at) & 0xffff);
            String value = getText(source, at, end);
            at += Short.BYTES + (source.getShort(at) & 0xffff);
            pairs.put(name, value);
        }
        return java.util.Collections.unmodifiableMap(pairs);
    }

    private static String getText(ByteBuffer source, int offset, int end) {
        if (end - offset < Short.BYTES || end - offset - Short.BYTES < (source.getShort(offset) & 0xffff)) {
            throw new IllegalStateException("metadata is malformed at offset " + offset + " of its frame");
        }
        byte[] bytes = new byte[source.getShort(offset) & 0xffff];
        source.get(offset + Short.BYTES, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
