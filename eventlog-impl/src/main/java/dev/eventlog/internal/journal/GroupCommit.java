package dev.eventlog.internal.journal;

import dev.eventlog.internal.support.Clock;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
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
 * them or, if somebody else was quicker, wakes them. An heir may be gone before it is appointed, since it saw by itself
 * that it is done; so the appointment and the leaving are one compare-and-set, and the loser of it sees to the rest.
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

    private static final AtomicIntegerFieldUpdater<Waiter> PART =
            AtomicIntegerFieldUpdater.newUpdater(Waiter.class, "part");

    /** A thread that waits; on the stack at most once. */
    private static final class Waiter {
        static final int WAITING = 0;
        static final int HEIR = 1;
        static final int GONE = 2;

        final Thread thread = Thread.currentThread();
        final long end;

        @Nullable
        Waiter next;
        // set before it is pushed, cleared by who takes it off
        volatile boolean queued;
        // waiting to heir by who wakes it, all else by its own thread
        volatile int part;
        // own thread's: it was an heir, and has others to see to when it leaves
        boolean owes;

        Waiter(long end) {
            this.end = end;
        }

        /** Says that it waits again. */
        void remain() {
            owes |= PART.compareAndSet(this, HEIR, WAITING);
        }

        /** Appoints it to see to those behind it; false if it does not wait any more. */
        boolean appoint() {
            return PART.compareAndSet(this, WAITING, HEIR);
        }

        /** Says that it will not be there any more; whether it has others to see to. */
        boolean leave() {
            return PART.getAndSet(this, GONE) == HEIR || owes;
        }

        boolean isGone() {
            return part == GONE;
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
                    self.remain();
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
            if (self.leave() && !leading.get()) {
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
        while (!handOver()) {
            // that one had left by itself meanwhile: the rest needs another
        }
    }

    private boolean handOver() {
        Waiter top = waiters.getAndSet(null);
        long durable = durablePosition.getAsLong();
        @Nullable Waiter heir = null;
        @Nullable Waiter done = null;
        while (top != null) {
            Waiter next = top.next;
            if (top.end <= durable) {
                top.next = done;
                done = top;
            } else if (heir == null && !top.isGone()) {
                heir = top;
            } else if (!top.isGone()) {
                push(top);
            }
            top = next;
        }
        // behind the pushing: an heir that leaves at once must see whom it leaves
        boolean appointed = heir == null || heir.appoint();
        if (heir != null && appointed) {
            release(heir);
        }
        while (done != null) {
            Waiter next = done.next;
            release(done);
            done = next;
        }
        return appointed;
    }

    private static void release(Waiter waiter) {
        Thread thread = waiter.thread;
        waiter.queued = false;
        LockSupport.unpark(thread);
    }
}
