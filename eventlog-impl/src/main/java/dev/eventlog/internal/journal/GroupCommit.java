package dev.eventlog.internal.journal;

import dev.eventlog.internal.support.Clock;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
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
 * <p>A thread that waits yields for as long as a force may take and then parks. No wake-up is lost: a leader gives up
 * leadership and then takes the stack of waiters; a waiter pushes itself and then looks whether somebody leads. A leader leaves those that its force did not cover to one of them, the heir, who leads
 * them or, if somebody else was quicker, wakes them. An heir may be gone before it is appointed, since it saw by itself
 * that it is done; so the appointment and the leaving are one compare-and-set, and the loser of it sees to the rest.
 *
 * <p>The leader's force is an {@code msync}, which no interrupt can end or turn into a closed channel.
 *
 * <p><b>Threading:</b> Thread-safe; waiting does not pin a virtual thread. <b>Allocation:</b> one node for each wait.
 */
final class GroupCommit {

    private static final long LONGEST_YIELDING_NANOS = TimeUnit.MICROSECONDS.toNanos(500);
    private static final long LONGEST_GATHERING_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

    private final LongSupplier durablePosition;
    private final Runnable force;
    private final LongSupplier waitingBytes;
    private final Clock clock;
    private final long gatherNanos;
    private final long gatherBytes;
    private final AtomicBoolean leading = new AtomicBoolean();
    // threads that are not done, the leader among them
    private final AtomicInteger waiting = new AtomicInteger();
    // by one leader after the other
    private int expected;
    // written by leaders, read by any: any value that was right once will do
    private volatile long forceNanos;
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
        waiting.incrementAndGet();
        try {
            while (durablePosition.getAsLong() < end) {
                if (!leading.getPlain() && leading.compareAndSet(false, true)) {
                    lead(end);
                    continue;
                }
                if (yieldToLeader(end)) {
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
            waiting.decrementAndGet();
            if (self.leave() && !leading.get()) {
                wake();
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Lets others run while a force of usual length goes on; whether there is something to look at. To park a thread and
     * wake it again takes longer than that on a busy machine, and the leader would have to wake one after the other.
     */
    @SuppressWarnings("ThreadPriorityCheck") // not for long
    private boolean yieldToLeader(long end) {
        long until = clock.monotonicNanos() + Math.min(LONGEST_YIELDING_NANOS, 2 * forceNanos);
        while (leading.get() && durablePosition.getAsLong() < end) {
            if (clock.monotonicNanos() >= until) {
                return false;
            }
            Thread.yield();
        }
        return true;
    }

    private void lead(long end) {
        try {
            if (durablePosition.getAsLong() < end) {
                gather();
                long begun = clock.monotonicNanos();
                force.run();
                forceNanos = clock.monotonicNanos() - begun;
            }
        } finally {
            leading.set(false);
            wake();
        }
    }

    /**
     * Waits for as many threads as came lately, but not longer than half a force takes: threads that append in a loop have
     * just been woken and are about to be here again, and would else make two groups of half the size in turn.
     */
    @SuppressWarnings("ThreadPriorityCheck") // those that it waits for need the processor
    private void gather() {
        int present = waiting.get();
        if (gatherNanos > 0) {
            gatherBytes();
            present = waiting.get();
        } else if (present < expected) {
            long until = clock.monotonicNanos() + Math.min(LONGEST_GATHERING_NANOS, forceNanos >> 1);
            while (present < expected && clock.monotonicNanos() < until) {
                Thread.yield();
                present = waiting.get();
            }
        }
        expected = present + (Math.max(0, expected - present) >> 1);
    }

    /** Waits as long as the configuration says, for bytes. */
    private void gatherBytes() {
        long until = clock.monotonicNanos() + gatherNanos;
        boolean interrupted = false;
        for (long left = gatherNanos; left > 0 && waitingBytes.getAsLong() < gatherBytes; ) {
            LockSupport.parkNanos(this, Math.min(left, TimeUnit.MICROSECONDS.toNanos(50)));
            // with the flag set no park would wait
            interrupted |= Thread.interrupted();
            left = until - clock.monotonicNanos();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
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
