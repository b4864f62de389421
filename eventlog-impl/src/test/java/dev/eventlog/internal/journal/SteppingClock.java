package dev.eventlog.internal.journal;

import dev.eventlog.internal.support.Clock;

/** A clock that a test sets. */
final class SteppingClock implements Clock {

    static final long SECOND = 1_000_000_000L;

    volatile long nanos = 1_700_000_000L * SECOND;

    @Override
    public long epochNanos() {
        return nanos;
    }

    @Override
    public long monotonicNanos() {
        return nanos;
    }
}
