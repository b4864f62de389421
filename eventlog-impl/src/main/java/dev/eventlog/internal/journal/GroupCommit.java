package dev.eventlog.internal.journal;

import dev.eventlog.internal.support.Clock;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets threads that wait for durability share forces. One of the waiters leads: it forces everything appended so far,
 * for all, on its own thread, since handing the work to another thread and back costs more than the force itself. Those
 * that come while it forces are the next group, and one of them leads it as soon as the force is done.
 *
 * <pre>
 *   appender 1   append | lead: force ------------------ | done
 *   appender 2     append | wait ----------------------- | done       (appended before the force began)
 *   appender 3         append | wait ------------------- | lead: force --------- | done
 *   appender 4                  append | wait ------------------------------- -- | done
 * </pre>
 *
 * <p>No wake-up is lost: a leader gives up leadership and then takes the stack of waiters; a waiter pushes itself and then
 * looks whether somebody leads. A leader leaves those that its force did not cover to one of them, the heir, who leads
 * them or, if somebody else was quicker, wakes them.
 *
 * <p>The leader's force is an {@code msync}, which no interrupt can end or turn into a closed channel.
 *
 * <p><b>Threading:</b> Thread-safe; waiting does not pin a virtual thread. <b>Allocation:</b> one node for each wait.
 */
final class GroupCommit {

    private final LongSupplier durablePosition;
    private final Runnable force;
    private final LongSupplier waitingBytes;
    private final Clock clock;
    private final long gatherNanos;
    private final long gatherBytes;
    private final AtomicBoolean leading = new AtomicBoolean();
    private final AtomicReference<@Nullable Waiter> waiters = new AtomicReference<>();

    /** A thread that waits; on the stack at most once. */
    private static final class Waiter {
        final Thread thread = Thread.currentThread();
        final long end;

        @Nullable
        Waiter next;
        // set before it is pushed, cleared by who takes it off
        volatile boolean queued;
        // set by who wakes it to lead, before queued is cleared
        boolean heir;

        Waiter(long end) {
            this.end = end;
        }
    }

    /**
     * How groups are gathered.
     *
     * @param nanos how long the leader of a group waits for others
     * @param bytes so many waiting bytes end that wait
     */
    record Gathering(long nanos, long bytes) {}

    /**
     * @param durablePosition everything below it survives a power cut
     * @param force makes all that was appended durable and raises that position, or throws
     * @param waitingBytes appended and not durable
     */
    GroupCommit(
            LongSupplier durablePosition, Runnable force, LongSupplier waitingBytes, Gathering gathering, Clock clock) {
        this.durablePosition = durablePosition;
        this.force = force;
        this.waitingBytes = waitingBytes;
        this.clock = clock;
        gatherNanos = gathering.nanos();
        gatherBytes = gathering.bytes();
    }

    /**
     * Waits until everything below a position is durable; an interrupt does not end the wait and is kept.
     *
     * @throws RuntimeException what the force of this thread's group threw
     */
    void await(long end) {
        if (durablePosition.getAsLong() >= end) {
            return;
        }
        var self = new Waiter(end);
        boolean interrupted = false;
        try {
            while (durablePosition.getAsLong() < end) {
                if (!leading.getPlain() && leading.compareAndSet(false, true)) {
                    lead(end);
                    continue;
                }
                if (!self.queued) {
                    push(self);
                    // the leader may have gone before it could see this one
                    continue;
                }
                if (leading.get()) {
                    LockSupport.park(this);
                }
                interrupted |= Thread.interrupted();
            }
        } finally {
            if (self.heir && !leading.get()) {
                wake();
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void lead(long end) {
        try {
            if (durablePosition.getAsLong() < end) {
                gather();
                force.run();
            }
        } finally {
            leading.set(false);
            wake();
        }
    }

    private void gather() {
        if (gatherNanos == 0 || waitingBytes.getAsLong() >= gatherBytes) {
            return;
        }
        long deadline = clock.monotonicNanos() + gatherNanos;
        long left = gatherNanos;
        while (left > 0 && waitingBytes.getAsLong() < gatherBytes) {
            LockSupport.parkNanos(this, Math.min(left, TimeUnit.MICROSECONDS.toNanos(50)));
            left = deadline - clock.monotonicNanos();
        }
    }

    private void push(Waiter waiter) {
        waiter.queued = true;
        Waiter top;
        do {
            top = waiters.get();
            waiter.next = top;
        } while (!waiters.compareAndSet(top, waiter));
    }

    /** Wakes those that are done, after one that is not and will lead them; the rest goes on waiting for that one. */
    private void wake() {
        Waiter top = waiters.getAndSet(null);
        long durable = durablePosition.getAsLong();
        @Nullable Waiter heir = null;
        @Nullable Waiter done = null;
        @Nullable Waiter waiting = null;
        while (top != null) {
            Waiter next = top.next;
            if (top.end <= durable) {
                top.next = done;
                done = top;
            } else if (heir == null) {
                heir = top;
            } else {
                top.next = waiting;
                waiting = top;
            }
            top = next;
        }
        while (waiting != null) {
            Waiter next = waiting.next;
            push(waiting);
            waiting = next;
        }
        if (heir != null) {
            heir.heir = true;
            release(heir);
        }
        while (done != null) {
            Waiter next = done.next;
            release(done);
            done = next;
        }
    }

    private static void release(Waiter waiter) {
        Thread thread = waiter.thread;
        waiter.queued = false;
        LockSupport.unpark(thread);
    }
}
