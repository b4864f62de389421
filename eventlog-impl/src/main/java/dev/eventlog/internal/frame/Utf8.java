package dev.eventlog.internal.frame;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;

/**
 * UTF-8 written at an offset of a buffer without allocation, and the hash of keys.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class Utf8 {

    /** What {@link #putKey} returns where a key must be written with {@link #put}. */
    static final long ANOTHER_WAY = -1;

    private static final int HASH_BASIS = 0x811c9dc5;
    private static final int HASH_PRIME = 0x01000193;

    private Utf8() {}

    /**
     * Writes the text and returns the number of bytes.
     *
     * @throws BufferOverflowException if it does not fit
     * @throws IllegalArgumentException if the text has a lone surrogate, and so no UTF-8 form
     */
    static int put(String text, ByteBuffer target, int offset) {
        int length = text.length();
        if (length > target.capacity() - offset) {
            throw new BufferOverflowException();
        }
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                return i + putAny(text, i, target, offset + i);
            }
            target.put(offset + i, (byte) c);
        }
        return length;
    }

    /**
     * Writes a key of ASCII with zeros behind it up to a multiple of 8 bytes, in whole words, and makes its hash on the way.
     *
     * @param target little-endian
     * @param offset a multiple of 8
     * @return the {@link #hash}, unsigned; or {@link #ANOTHER_WAY} if the key has other characters or does not fit
     */
    static long putKey(String key, ByteBuffer target, int offset) {
        int length = key.length();
        if (length > target.capacity() - offset - Long.BYTES) {
            return ANOTHER_WAY;
        }
        int hash = HASH_BASIS;
        long word = 0;
        for (int i = 0; i < length; i++) {
            char c = key.charAt(i);
            if (c >= 0x80) {
                return ANOTHER_WAY;
            }
            hash = (hash ^ c) * HASH_PRIME;
            // the shift counts modulo 64
            word |= (long) c << (i << 3);
            if ((i & 7) == 7) {
                target.putLong(offset + i - 7, word);
                word = 0;
            }
        }
        if ((length & 7) != 0) {
            target.putLong(offset + (length & ~7), word);
        }
        return hash & 0xffff_ffffL;
    }

    private static int putAny(String text, int from, ByteBuffer target, int offset) {
        int at = offset;
        int i = from;
        while (i < text.length()) {
            int point = text.codePointAt(i);
            i += Character.charCount(point);
            if (target.capacity() - at < 4) {
                throw new BufferOverflowException();
            }
            if (point < 0x80) {
                target.put(at++, (byte) point);
            } else if (point < 0x800) {
                target.put(at++, (byte) (0xc0 | (point >> 6)));
                target.put(at++, (byte) (0x80 | (point & 0x3f)));
            } else if (point < 0x1_0000) {
                if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
                    throw new IllegalArgumentException(
                            "text has a lone surrogate at " + (i - 1) + " and no UTF-8 form; mend it first");
                }
                target.put(at++, (byte) (0xe0 | (point >> 12)));
                target.put(at++, (byte) (0x80 | ((point >> 6) & 0x3f)));
                target.put(at++, (byte) (0x80 | (point & 0x3f)));
            } else {
                target.put(at++, (byte) (0xf0 | (point >> 18)));
                target.put(at++, (byte) (0x80 | ((point >> 12) & 0x3f)));
                target.put(at++, (byte) (0x80 | ((point >> 6) & 0x3f)));
                target.put(at++, (byte) (0x80 | (point & 0x3f)));
            }
        }
        return at - offset;
    }

    /** FNV-1a of bytes, 32 bits (Fowler, Noll and Vo): the key hash of the format. */
    static int hash(ByteBuffer source, int offset, int length) {
        int hash = HASH_BASIS;
        for (int i = 0; i < length; i++) {
            hash = (hash ^ (source.get(offset + i) & 0xff)) * HASH_PRIME;
        }
        return hash;
    }
}
