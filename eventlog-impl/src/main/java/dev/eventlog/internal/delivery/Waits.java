package dev.eventlog.internal.delivery;

import java.time.Duration;
import java.util.Objects;

/** How long to wait. <b>Threading:</b> Thread-safe: without state. */
final class Waits {

    /** A hundred years. */
    static final long LONGEST_NANOS = Duration.ofDays(36_500).toNanos();

    private static final Duration LONGEST = Duration.ofNanos(LONGEST_NANOS);

    private Waits() {}

    /** The nanoseconds of a wait, a hundred years at most. */
    static long nanos(Duration wait) {
        Objects.requireNonNull(wait, "wait");
        if (wait.isNegative()) {
            throw new IllegalArgumentException("wait is " + wait + "; it must not be negative");
        }
        return wait.compareTo(LONGEST) > 0 ? LONGEST_NANOS : wait.toNanos();
    }
}
