package dev.eventlog.internal.delivery;

import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.internal.support.Clock;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state of a subscription, and those who wait for it to change.
 *
 * <pre>
 *                 pause()                      end of a bounded feed
 *        OPEN <-----------> PAUSED       OPEN ------------------------> DONE
 *         |       resume()    |           |
 *         +---- close() ------+--> CLOSED +--- failure ---------------> FAILED
 * </pre>
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class SubscriptionState {

    private static final Logger LOGGER = LoggerFactory.getLogger(SubscriptionState.class);

    /** How long a wait goes on before it looks at the log's clock again, which need not be the machine's. */
    private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** A clock that stands must not make a short wait a busy one. */
    private static final long SHORTEST_WAIT_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // raised before a condition is looked at, read after a commit: one of the two sees the other
    private final AtomicInteger waiting = new AtomicInteger();
    // guarded by lock for writing
    private volatile State state = State.OPEN;
    private volatile boolean stopping;
    private volatile @Nullable Throwable failure;

    SubscriptionState(Clock clock) {
        this.clock = clock;
    }

    State state() {
        return state;
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    boolean isPaused() {
        return state == State.PAUSED;
    }

    boolean isStopping() {
        return stopping;
    }

    /** Whether it goes on no more, by whatever way. */
    boolean isEnded() {
        return state == State.FAILED || state == State.CLOSED || state == State.DONE;
    }

    /** The log's monotonic time. */
    long now() {
        return clock.monotonicNanos();
    }

    /** Begins the end, which is not waited for. */
    void stop() {
        stopping = true;
        signalAll();
    }

    void change(State from, State to) {
        lock.lock();
        try {
            if (state == from) {
                state = to;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes the last state, unless it is closed or failed already.
     *
     * @param before done first, each time: who sees the end finds it done
     */
    void end(State last, @Nullable Throwable why, Runnable before) {
        lock.lock();
        try {
            before.run();
            if (state != State.CLOSED && state != State.FAILED) {
                failure = why;
                state = last;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Wakes those who wait for the checkpoint, if there are any. */
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
     * Waits until something is reached.
     *
     * @return false if the time ran out or the thread was interrupted, whose flag stays set
     * @throws IllegalStateException made of what the caller says, if the subscription ends before
     */
    boolean await(BooleanSupplier reached, long nanos, Ended ended) {
        waiting.incrementAndGet();
        lock.lock();
        try {
            long deadline = now() + nanos;
            while (!reached.getAsBoolean()) {
                if (isEnded()) {
                    throw ended.exception();
                }
                if (!awaitChange(deadline)) {
                    return false;
                }
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return reached.getAsBoolean();
        } finally {
            lock.unlock();
            waiting.decrementAndGet();
        }
    }

    /** Makes the exception for who waits for what does not come any more. */
    @FunctionalInterface
    interface Ended {
        IllegalStateException exception();
    }

    /** Waits for the end, also while interrupted; the flag stays. False if it has not come in time. */
    boolean awaitEnd(long nanos) {
        return awaitUninterruptibly(this::isEnded, nanos);
    }

    /** Waits for a while, or until the end begins or the subscription is no longer paused, or is; also while interrupted. */
    void awaitChangeFrom(boolean wasPaused, long nanos) {
        boolean unused = awaitUninterruptibly(() -> stopping || isPaused() != wasPaused, nanos);
    }

    /** Waits for a moment, so many nanoseconds at most, unless the end has begun or it is paused; or until that changes. */
    @SuppressWarnings("WaitNotInLoop") // whoever waits looks again in any case
    void awaitMoment(long nanos) {
        lock.lock();
        try {
            if (!stopping && !isPaused()) {
                long unused = changed.awaitNanos(Math.max(SHORTEST_WAIT_NANOS, Math.min(nanos, LONGEST_WAIT_NANOS)));
            }
        } catch (InterruptedException e) {
            LOGGER.debug("a handler left its thread interrupted; nobody else has this thread", e);
        } finally {
            lock.unlock();
        }
    }

    private boolean awaitUninterruptibly(BooleanSupplier condition, long nanos) {
        boolean interrupted = false;
        lock.lock();
        try {
            long deadline = now() + Math.min(nanos, Waits.LONGEST_NANOS);
            while (!condition.getAsBoolean()) {
                try {
                    if (!awaitChange(deadline)) {
                        return false;
                    }
                } catch (InterruptedException e) {
                    // a handler's, or a stranger's: the wait is kept all the same
                    interrupted = true;
                }
            }
            return true;
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Waits, with the lock held, until something may have changed; false if the log's clock has reached the deadline. */
    @SuppressWarnings("WaitNotInLoop") // each caller loops over what it waits for
    private boolean awaitChange(long deadline) throws InterruptedException {
        long left = deadline - now();
        if (left <= 0) {
            return false;
        }
        long unused = changed.awaitNanos(Math.min(left, LONGEST_WAIT_NANOS));
        return true;
    }
}
