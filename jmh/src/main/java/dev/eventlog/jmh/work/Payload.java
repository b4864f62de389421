package dev.eventlog.jmh.work;

import java.nio.ByteBuffer;

/** The payload of every event: 64 bytes, of which the first eight change. */
public final class Payload {

    /** Bytes in a payload. */
    public static final int LENGTH = 64;

    private Payload() {}

    /** A direct buffer of {@link #LENGTH} bytes. */
    public static ByteBuffer create() {
        ByteBuffer payload = ByteBuffer.allocateDirect(LENGTH);
        for (int i = 0; i < LENGTH; i++) {
            payload.put(i, (byte) i);
        }
        return payload;
    }

    /** Adds up the words of a payload, so that all of it is read. */
    public static long sum(ByteBuffer payload) {
        long sum = 0;
        for (int i = 0; i < LENGTH; i += Long.BYTES) {
            sum += payload.getLong(i);
        }
        return sum;
    }
}
