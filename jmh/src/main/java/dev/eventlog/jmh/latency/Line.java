package dev.eventlog.jmh.latency;

import java.io.IOException;

/**
 * A way from one thread to another.
 *
 * <p><b>Threading:</b> {@link #send}: one thread at a time, the sender. {@link #poll}: one thread at a time, the receiver;
 * both at once.
 */
interface Line extends AutoCloseable {

    /** Takes the first eight bytes of what arrives. */
    @FunctionalInterface
    interface Receiver {
        /** Called on the receiver's thread. */
        void onArrival(long firstBytes);
    }

    /** Sends a payload of 64 bytes that begins with these eight; waits while there is no room. */
    void send(long firstBytes);

    /** Hands over what is there, at most {@code limit}; returns how many. */
    int poll(Receiver receiver, int limit);

    @Override
    void close() throws IOException;
}
