package dev.eventlog.internal.journal;

import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Threads that wait for the log to grow. Costs an appender one read while nobody waits.
 *
 * <p>An appender publishes the end and then reads {@code waiting}; a waiter raises {@code waiting} and then reads the end.
 * With a full fence between the two steps on both sides, at least one sees the other. The appender's fence is the
 * release of the append lock, a volatile write; should a platform order less, a waiter still looks again each
 * {@link #LONGEST_WAIT_NANOS}, or {@link #LONGEST_SLEEP_NANOS} where it asked to sleep.
 *
 * <p><b>Threading:</b> Thread-safe; waiting does not pin a virtual thread.
 */
final class Waiters {

    private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** For who waits for nothing but a signal: none is lost, so this look is a net under the net. */
    private static final long LONGEST_SLEEP_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final AtomicInteger waiting = new AtomicInteger();

    /** Wakes all, if there are any. */
    void signal() {
        if (waiting.get() != 0) {
            signalAll();
        }
    }

    private void signalAll() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until the condition holds.
     *
     * @return whether it holds; false also if the thread is interrupted, whose flag stays set
     */
    boolean await(BooleanSupplier condition, long nanos) {
        return await(condition, nanos, LONGEST_WAIT_NANOS);
    }

    /**
     * Waits until the condition holds, which changes together with a signal only: without a look in between, so that the
     * wait costs nothing.
     *
     * @return false if the thread is interrupted, whose flag stays set
     */
    boolean await(BooleanSupplier condition) {
        return await(condition, Long.MAX_VALUE, LONGEST_SLEEP_NANOS);
    }

    private boolean await(BooleanSupplier condition, long nanos, long longestNanos) {
        if (condition.getAsBoolean()) {
            return true;
        }
        if (nanos <= 0) {
            return false;
        }
        waiting.incrementAndGet();
        VarHandle.fullFence();
        lock.lock();
        try {
            long left = nanos;
            while (!condition.getAsBoolean()) {
                if (left <= 0) {
                    return false;
                }
                long slice = Math.min(left, longestNanos);
                left -= slice - changed.awaitNanos(slice);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return condition.getAsBoolean();
        } finally {
            lock.unlock();
            waiting.decrementAndGet();
        }
    }
}
