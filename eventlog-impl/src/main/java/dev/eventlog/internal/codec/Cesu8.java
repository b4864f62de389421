package dev.eventlog.internal.codec;

import java.nio.charset.StandardCharsets;

/**
 * Text as chronicle-wire writes it: each UTF-16 unit by itself in one to three bytes (CESU-8). Keeps every string, lone
 * surrogates too. For text without characters beyond U+FFFF it is UTF-8.
 *
 * <p><b>Threading:</b> Immutable.
 */
final class Cesu8 {

    private Cesu8() {}

    static byte[] encode(String text) {
        var bytes = new byte[length(text)];
        encode(text, bytes, 0);
        return bytes;
    }

    /**
     * The length in bytes.
     *
     * @throws ArithmeticException if no array could hold it
     */
    static int length(String text) {
        int chars = text.length();
        int more = 0;
        for (int i = 0; i < chars; i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                more = Math.addExact(more, c < 0x800 ? 1 : 2);
            }
        }
        return Math.addExact(chars, more);
    }

    /** Writes the text from that place on; there must be {@link #length} bytes. */
    static void encode(String text, byte[] target, int from) {
        int to = from;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                target[to++] = (byte) c;
            } else if (c < 0x800) {
                target[to++] = (byte) (0xC0 | (c >> 6));
                target[to++] = (byte) (0x80 | (c & 0x3F));
            } else {
                target[to++] = (byte) (0xE0 | (c >> 12));
                target[to++] = (byte) (0x80 | ((c >> 6) & 0x3F));
                target[to++] = (byte) (0x80 | (c & 0x3F));
            }
        }
    }

    /**
     * The text in {@code data[from, to)}.
     *
     * @throws IllegalArgumentException if {@link #encode} cannot have written it
     */
    static String decode(byte[] data, int from, int to) {
        int bits = 0;
        for (int i = from; i < to; i++) {
            bits |= data[i];
        }
        return bits >= 0 ? new String(data, from, to - from, StandardCharsets.ISO_8859_1) : decodeAny(data, from, to);
    }

    private static String decodeAny(byte[] data, int from, int to) {
        var chars = new char[to - from];
        int count = 0;
        for (int i = from; i < to; ) {
            int first = data[i];
            if (first >= 0) {
                chars[count++] = (char) first;
                i++;
            } else if (first >> 5 == -2) { // 110xxxxx
                chars[count++] = shortest(0x80, (first & 0x1F) << 6 | following(data, i + 1, to));
                i += 2;
            } else if (first >> 4 == -2) { // 1110xxxx
                int high = (first & 0x0F) << 12 | following(data, i + 1, to) << 6;
                chars[count++] = shortest(0x800, high | following(data, i + 2, to));
                i += 3;
            } else {
                throw malformed();
            }
        }
        return new String(chars, 0, count);
    }

    private static int following(byte[] data, int at, int to) {
        if (at >= to || data[at] >> 6 != -2) { // 10xxxxxx
            throw malformed();
        }
        return data[at] & 0x3F;
    }

    private static char shortest(int least, int c) {
        if (c < least) {
            throw malformed();
        }
        return (char) c;
    }

    private static IllegalArgumentException malformed() {
        return new IllegalArgumentException("its text is not well-formed");
    }
}
