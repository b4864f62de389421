package dev.eventlog.internal.delivery;

import dev.eventlog.internal.support.Clock;

/**
 * When a subscription that replays at a pace hands an event over: as long after the first one as the two happened apart,
 * divided by the pace. What lies behind its time is due at once, so a slow handler is caught up with; and so is everything
 * once the subscription has reached the end of the log.
 *
 * <p>Time is the log's clock: a user's, or else the machine's monotonic one. It stands while the subscription is paused.
 * A step back of the clock takes no time that has passed away.
 *
 * <p><b>Threading:</b> Thread-safe: the reader asks, any thread pauses. No clock is read under its monitor.
 * <b>Allocation:</b> none.
 */
final class Pacing {

    private final Clock clock;
    private final double times;
    // set once, by the reader; published by volatile
    private volatile boolean isLive;
    // guarded by this
    private boolean isBegun;
    private boolean isPaused;
    private long firstTimeNanos;
    private long elapsedNanos;
    private long lastNanos;

    /** @param times how many times faster than it happened; infinite: as fast as possible */
    Pacing(double times, Clock clock) {
        this.times = times;
        this.clock = clock;
        isLive = Double.isInfinite(times);
    }

    /**
     * Nanoseconds of the clock until an event is due; 0: it is. The first event that is asked for begins it.
     *
     * @param timeNanos when the event happened
     */
    long leftNanos(long timeNanos) {
        if (isLive) {
            return 0;
        }
        long now = now();
        synchronized (this) {
            if (!isBegun) {
                isBegun = true;
                firstTimeNanos = timeNanos;
                lastNanos = now;
                return 0;
            }
            goOnTo(now);
            if (timeNanos <= firstTimeNanos) {
                return 0;
            }
            double due = later(timeNanos) / times;
            double left = Math.ceil(due - elapsedNanos);
            return left <= 0 ? 0 : left >= Long.MAX_VALUE ? Long.MAX_VALUE : (long) left;
        }
    }

    /** Nanoseconds behind the first event; times may be any long. */
    private double later(long timeNanos) {
        long later = timeNanos - firstTimeNanos;
        return later < 0 ? Long.MAX_VALUE : later;
    }

    private void goOnTo(long now) {
        long passed = now - lastNanos;
        if (passed > 0 && isBegun && !isPaused) {
            elapsedNanos += passed;
            if (elapsedNanos < 0) {
                elapsedNanos = Long.MAX_VALUE;
            }
        }
        lastNanos = now;
    }

    /** Whether everything is due at once. */
    boolean isLive() {
        return isLive;
    }

    /** The end of the log was reached: from here on everything is due at once. */
    void caughtUp() {
        isLive = true;
    }

    /** Lets the time stand. */
    void pause() {
        change(true);
    }

    /** Lets the time go on. */
    void resume() {
        change(false);
    }

    private void change(boolean pause) {
        if (isLive) {
            return;
        }
        long now = now();
        synchronized (this) {
            if (isPaused != pause) {
                goOnTo(now);
                isPaused = pause;
            }
        }
    }

    private long now() {
        return clock.isBelieved() ? clock.epochNanos() : clock.monotonicNanos();
    }
}
