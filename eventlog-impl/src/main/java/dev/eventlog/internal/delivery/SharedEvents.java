package dev.eventlog.internal.delivery;

import dev.eventlog.internal.delivery.DeliveryMachine.Step;
import dev.eventlog.internal.support.Clock;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The events of a shared consumer that are read and not done, with the machine that decides who gets them and the lock that
 * it needs: what reader and members ask and tell.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class SharedEvents {

    private static final Logger LOGGER = LoggerFactory.getLogger(SharedEvents.class);

    /** How long a thread waits before it looks again, whatever it waits for: the log's clock need not be the machine's. */
    private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** How long the reader waits for members where it might as well look for events, or end. */
    private static final long GLANCE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    /** Guards the machine, the events, the failure, and who is a member of the consumer. */
    final ReentrantLock gate = new ReentrantLock();

    /** To be used under the gate, but for what of its progress is fixed while the reader commits. */
    final SharedMachine machine;

    private final Condition progress = gate.newCondition();
    private final Clock clock;
    // by slot
    private final @Nullable Object[] events;
    private @Nullable Throwable failure;

    SharedEvents(SharedMachine machine, Clock clock) {
        this.machine = machine;
        this.clock = clock;
        events = new Object[machine.slots()];
    }

    /** A member, and how it is woken. */
    static final class Seat extends Member {

        private final Condition wake;
        private boolean isCalled;

        private Seat(Condition wake) {
            this.wake = wake;
        }
    }

    Seat newSeat() {
        return new Seat(gate.newCondition());
    }

    // ---- a member

    /** The event that a member is to handle or to park, and what is to be done with it. */
    record Turn(Step step, @Nullable OwnedEvent<ByteBuffer> event, int attempt, int refusals) {
        private static final Turn WAIT = new Turn(Step.WAIT, null, 0, 0);
        private static final Turn END = new Turn(Step.END, null, 0, 0);
    }

    /** A member's next turn; waits a moment if there is none now. */
    @SuppressWarnings("unchecked") // only such events are put there
    Turn next(Seat seat) {
        gate.lock();
        try {
            seat.isCalled = false;
            long now = clock.monotonicNanos();
            Step step = machine.next(seat, now);
            if (step == Step.END) {
                return Turn.END;
            }
            callMembers();
            if (step == Step.WAIT) {
                // in the same hold as the decision: no signal comes between
                long left = machine.leftNanos(now);
                if (left > 0) {
                    await(seat.wake, Math.min(left, LONGEST_WAIT_NANOS));
                }
                return Turn.WAIT;
            }
            return new Turn(
                    step, (OwnedEvent<ByteBuffer>) events[seat.slot], machine.attempt(seat), machine.refusals(seat));
        } finally {
            gate.unlock();
        }
    }

    /** The member's event is done: handled, or on the list of parked events. */
    void done(Seat seat) {
        gate.lock();
        try {
            int slot = seat.slot;
            if (machine.done(seat)) {
                events[slot] = null;
            }
            progress.signal();
        } finally {
            gate.unlock();
        }
    }

    /** The member's handler threw. */
    void threw(Seat seat, Throwable why) {
        gate.lock();
        try {
            if (machine.failed(seat, clock.monotonicNanos())) {
                keep(why);
            }
            changed();
        } finally {
            gate.unlock();
        }
    }

    /** There is no room to park the member's event now. */
    void noRoom(Seat seat) {
        gate.lock();
        try {
            machine.noRoom(seat, clock.monotonicNanos());
        } finally {
            gate.unlock();
        }
    }

    // ---- under the gate

    /** Lets a member look, whatever it waits for. */
    void wake(Seat seat) {
        assert gate.isHeldByCurrentThread();
        seat.wake.signal();
    }

    /** Wakes those who have something to do. */
    void changed() {
        progress.signal();
        callMembers();
    }

    private void callMembers() {
        assert gate.isHeldByCurrentThread();
        for (int i = machine.calledCount() - 1; i >= 0; i--) {
            Seat seat = (Seat) machine.called(i);
            if (!seat.isCalled) {
                seat.isCalled = true;
                seat.wake.signal();
            }
        }
    }

    /** The first failure is told; later ones are told with it. */
    @SuppressWarnings("ReferenceEquality") // a throwable cannot suppress itself
    void keep(Throwable why) {
        assert gate.isHeldByCurrentThread();
        Throwable first = failure;
        if (first == null) {
            failure = why;
        } else if (first != why) {
            first.addSuppressed(why);
        }
    }

    @Nullable
    Throwable failure() {
        gate.lock();
        try {
            return failure;
        } finally {
            gate.unlock();
        }
    }

    // ---- the reader

    /** What the reader is to do next; waits a moment if that is nothing. */
    Step reader() {
        gate.lock();
        try {
            Step step = machine.reader();
            if (step == Step.COMMIT) {
                machine.progress().beginCommit();
            } else if (step == Step.WAIT) {
                await(progress, machine.isEnding() ? GLANCE_NANOS : LONGEST_WAIT_NANOS);
            }
            return step;
        } finally {
            gate.unlock();
        }
    }

    /** Hands an event on; returns whether there is room for another one. */
    boolean offer(OwnedEvent<ByteBuffer> event, int length) {
        gate.lock();
        try {
            int slot = machine.offered(event.position(), length);
            if (slot != Window.NONE) {
                events[slot] = event;
                callMembers();
            }
            return machine.wantsEvent();
        } finally {
            gate.unlock();
        }
    }

    /** As {@link SharedMachine#readNothing}. */
    void readNothing(long position, boolean isMore) {
        gate.lock();
        try {
            machine.readNothing(position, isMore);
        } finally {
            gate.unlock();
        }
    }

    /** Nothing comes behind a position: a bound, or what cannot be read. What was read before it is delivered first. */
    void readOut(long position, @Nullable Throwable why) {
        gate.lock();
        try {
            if (why != null) {
                keep(why);
            }
            machine.readOut(position);
        } finally {
            gate.unlock();
        }
    }

    void committed() {
        gate.lock();
        try {
            machine.progress().committed();
        } finally {
            gate.unlock();
        }
    }

    /** Whether all that was read is done. */
    boolean isAllDone() {
        gate.lock();
        try {
            return machine.isIdle();
        } finally {
            gate.unlock();
        }
    }

    /** Waits a moment for members. */
    void glance() {
        gate.lock();
        try {
            await(progress, GLANCE_NANOS);
        } finally {
            gate.unlock();
        }
    }

    void idled() {
        gate.lock();
        try {
            machine.idled();
        } finally {
            gate.unlock();
        }
    }

    @SuppressWarnings("WaitNotInLoop") // whoever waits looks again in any case
    private static void await(Condition condition, long nanos) {
        try {
            long unused = condition.awaitNanos(nanos);
        } catch (InterruptedException e) {
            LOGGER.debug("a handler left its thread interrupted; nobody else has this thread", e);
        }
    }
}
