package dev.eventlog;

import java.util.concurrent.locks.LockSupport;

/**
 * What a subscription's thread does when its log has nothing new: how much processor time to give for how much
 * latency.
 *
 * <p><b>Threading:</b> Thread-safe: without state, may be shared.
 */
@FunctionalInterface
public interface IdleStrategy {

    /**
     * Idles once.
     *
     * @param emptyPolls how many polls in a row found nothing, from 1
     */
    void idle(long emptyPolls);

    /** Spins: least latency, one processor fully used. */
    static IdleStrategy busySpin() {
        return emptyPolls -> Thread.onSpinWait();
    }

    /** Spins 100 times, then yields: small latency where threads share processors. */
    @SuppressWarnings("ThreadPriorityCheck") // yielding is what was asked for
    static IdleStrategy yielding() {
        return emptyPolls -> {
            if (emptyPolls <= 100) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        };
    }

    /** Spins 100 times, yields 100 times, then parks for 1 µs doubling to 1 ms: next to no processor time when idle. */
    @SuppressWarnings("ThreadPriorityCheck") // yields only after spinning found nothing
    static IdleStrategy backOff() {
        return emptyPolls -> {
            if (emptyPolls <= 100) {
                Thread.onSpinWait();
            } else if (emptyPolls <= 200) {
                Thread.yield();
            } else {
                LockSupport.parkNanos(1_000L << Math.min(10, emptyPolls - 201));
            }
        };
    }

    /**
     * Sleeps until there is something new, and is woken by the append: no processor time when idle, and the latency of
     * waking a thread instead of the 1 ms that {@link #backOff()} may sleep too long.
     *
     * <p>Always the same instance, by which a subscription knows that it shall wait in its log. Called by anything else,
     * also as part of another strategy, it sleeps 1 ms each time.
     */
    static IdleStrategy blocking() {
        return BlockingIdle.INSTANCE;
    }
}
