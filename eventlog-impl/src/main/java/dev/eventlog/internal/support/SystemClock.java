package dev.eventlog.internal.support;

import java.time.Instant;

/**
 * Wall time at the price of one {@link System#nanoTime()}: the offset between the two is read anew each second, so a
 * step of the wall clock is seen within a second.
 *
 * <p><b>Threading:</b> Thread-safe: two threads that renew the offset at once both write a right one.
 */
final class SystemClock implements Clock {

    private static final long RENEW_NANOS = 1_000_000_000L;

    // written and read by any thread; published by the volatile pair below
    private volatile Offset offset = readOffset();

    @Override
    public long epochNanos() {
        long now = System.nanoTime();
        Offset current = offset;
        if (now - current.readAtNanos > RENEW_NANOS) {
            current = readOffset();
            offset = current;
        }
        return now + current.nanos;
    }

    @Override
    public long monotonicNanos() {
        return System.nanoTime();
    }

    private static Offset readOffset() {
        long before = System.nanoTime();
        long wall = Clock.toEpochNanos(Instant.now());
        return new Offset(before, wall - before);
    }

    /** Wall time minus monotonic time, and when it was read. */
    private record Offset(long readAtNanos, long nanos) {}
}
