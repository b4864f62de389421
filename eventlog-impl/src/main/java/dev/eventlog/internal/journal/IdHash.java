package dev.eventlog.internal.journal;

import java.nio.ByteBuffer;
import java.security.SecureRandom;

/**
 * A hash of 128 bits of an id's bytes, with a key that nobody knows: SipHash-2-4 (Aumasson and Bernstein) with its long
 * result. Two different ids have the same one with a chance of 1 in 2^128, also if somebody chooses them for that, for he
 * does not know the key. So the hash stands for the id.
 *
 * <p><b>Threading:</b> Immutable.
 */
final class IdHash {

    private static final long LONG_RESULT = 0xee;
    private static final long SECOND_HALF = 0xdd;

    private final long key0;
    private final long key1;

    IdHash(long key0, long key1) {
        this.key0 = key0;
        this.key1 = key1;
    }

    /** With a new key. */
    static IdHash random() {
        var random = new SecureRandom();
        return new IdHash(random.nextLong(), random.nextLong());
    }

    /**
     * Hashes bytes.
     *
     * @param bytes little-endian
     * @return both halves, the one that is to choose a place in a table first
     */
    long[] of(ByteBuffer bytes, int offset, int length) {
        var state = new State(key0, key1);
        int whole = length & -Long.BYTES;
        for (int i = 0; i < whole; i += Long.BYTES) {
            state.take(bytes.getLong(offset + i));
        }
        long last = (long) length << 56;
        for (int i = whole; i < length; i++) {
            last |= (bytes.get(offset + i) & 0xffL) << ((i - whole) << 3);
        }
        state.take(last);
        return new long[] {state.first(), state.second()};
    }

    /** The four words that are mixed. <b>Threading:</b> One thread at a time: the one that hashes. */
    private static final class State {

        private long v0;
        private long v1;
        private long v2;
        private long v3;

        State(long key0, long key1) {
            v0 = key0 ^ 0x736f6d6570736575L;
            v1 = key1 ^ 0x646f72616e646f6dL ^ LONG_RESULT;
            v2 = key0 ^ 0x6c7967656e657261L;
            v3 = key1 ^ 0x7465646279746573L;
        }

        void take(long word) {
            v3 ^= word;
            mix(2);
            v0 ^= word;
        }

        long first() {
            v2 ^= LONG_RESULT;
            mix(4);
            return v0 ^ v1 ^ v2 ^ v3;
        }

        long second() {
            v1 ^= SECOND_HALF;
            mix(4);
            return v0 ^ v1 ^ v2 ^ v3;
        }

        private void mix(int rounds) {
            for (int i = 0; i < rounds; i++) {
                v0 += v1;
                v1 = Long.rotateLeft(v1, 13) ^ v0;
                v0 = Long.rotateLeft(v0, 32);
                v2 += v3;
                v3 = Long.rotateLeft(v3, 16) ^ v2;
                v0 += v3;
                v3 = Long.rotateLeft(v3, 21) ^ v0;
                v2 += v1;
                v1 = Long.rotateLeft(v1, 17) ^ v2;
                v2 = Long.rotateLeft(v2, 32);
            }
        }
    }
}
