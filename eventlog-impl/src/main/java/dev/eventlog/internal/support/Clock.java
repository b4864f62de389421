package dev.eventlog.internal.support;

import java.time.Instant;
import java.time.InstantSource;

/**
 * The seam through which every reading of time goes.
 *
 * <p><b>Threading:</b> Thread-safe. <b>Allocation:</b> the system's clock allocates once a second.
 */
public interface Clock {

    /** Wall time: nanoseconds since 1970-01-01T00:00Z. May step. */
    long epochNanos();

    /** Time that never steps, for waiting and for intervals; its zero means nothing. */
    long monotonicNanos();

    /**
     * Whether its steps forward are meant, as those of a user's source are; the machine's may be errors, which its
     * monotonic time shows.
     */
    default boolean isBelieved() {
        return false;
    }

    /** Who is at work and since when, for messages: {@code thread main since 2026-01-02T03:04:05Z}. */
    default String whoAndWhen() {
        return "thread " + Thread.currentThread().getName() + " since " + toInstant(epochNanos());
    }

    /** Which process is at work and since when, for others' messages: {@code pid=4711 host=a since=2026-01-02T03:04:05Z}. */
    default String processAndWhen(String host) {
        return "pid=" + ProcessHandle.current().pid() + " host=" + host + " since=" + toInstant(epochNanos());
    }

    /** The machine's clock. */
    static Clock system() {
        return new SystemClock();
    }

    /** Wall time from a user's source; waiting still follows the machine. */
    static Clock of(InstantSource source) {
        return new Clock() {
            @Override
            public long epochNanos() {
                return toEpochNanos(source.instant());
            }

            @Override
            public long monotonicNanos() {
                return System.nanoTime();
            }

            @Override
            public boolean isBelieved() {
                return true;
            }
        };
    }

    /** Nanoseconds since 1970-01-01T00:00Z; the nearest that a long holds beyond the years 1677 and 2262. */
    static long toEpochNanos(Instant time) {
        try {
            return Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000_000L), time.getNano());
        } catch (ArithmeticException beyondLong) {
            return time.getEpochSecond() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
        }
    }

    /** The instant of {@link #toEpochNanos}. */
    static Instant toInstant(long epochNanos) {
        return Instant.ofEpochSecond(
                Math.floorDiv(epochNanos, 1_000_000_000L), Math.floorMod(epochNanos, 1_000_000_000L));
    }
}
