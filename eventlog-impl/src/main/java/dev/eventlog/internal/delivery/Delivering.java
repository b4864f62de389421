package dev.eventlog.internal.delivery;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.EventHandler;
import dev.eventlog.IdleStrategy;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.delivery.DeliveryMachine.Step;
import dev.eventlog.internal.file.IoThread;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out what a {@link DeliveryMachine} decides: reads the feed, calls the handler, parks, commits. With one lane all of
 * that happens on the reader's thread; with more, each lane has a thread of its own and the machine a lock.
 *
 * <p><b>Threading:</b> {@link #read} is for one thread and {@link #lane} for one a lane; {@link #wake} for any.
 */
final class Delivering<T> {

    private static final Logger LOGGER = LoggerFactory.getLogger(Delivering.class);

    /** How long a thread waits before it looks again, whatever it waits for: the log's clock need not be the machine's. */
    private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** How long the reader waits for lanes where it might as well look for events. */
    private static final long GLANCE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    /** How long outputs wait for room before they are tried again. */
    private static final long ROOM_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    /** Events that the reader reads before it looks at the machine again, where lanes run beside it. */
    private static final int READS = 64;

    private final ConsumerConfig config;
    private final SubscriptionState state;
    private final Place place;
    private final Feed<T> feed;
    private final EventHandler<T> handler;
    private final Parking parking;
    private final DeliveryMachine machine;
    private final boolean isOrdered;

    // only where lanes run beside the reader
    private final ReentrantLock gate = new ReentrantLock();
    // guards: the machine, the events, the failure
    private final Condition work = gate.newCondition();
    private final Condition progress = gate.newCondition();
    // by slot: an event, or why there is none
    private final @Nullable Object[] events;
    private @Nullable Throwable failure;
    // by lane, its own: what its event failed of last
    private final @Nullable Throwable[] lastFailures;
    // the reader's
    private boolean isSeekNeeded = true;
    private final Pacing pacing;
    private @Nullable Held held;
    // the one lane's that has outputs: whether it is told that they wait for room
    private boolean isRoomAwaited;

    /** An event that cannot be handed over. */
    private record Undeliverable(@Nullable String key, Throwable why) {}

    /** An event that was read and is not due: for the machine it is not there yet. */
    private record Held(
            Object event, long position, @Nullable String key, int length, long timeNanos) {}

    Delivering(
            ConsumerConfig config,
            SubscriptionState state,
            Place place,
            Feed<T> feed,
            EventHandler<? super T> handler,
            Parking parking,
            DeliveryMachine machine,
            Pacing pacing) {
        this.config = config;
        this.state = state;
        this.place = place;
        this.feed = feed;
        this.handler = Handlers.owned(handler);
        this.parking = parking;
        this.machine = machine;
        this.pacing = pacing;
        isOrdered = config.lanes() == 1;
        events = new Object[machine.slots()];
        lastFailures = new Throwable[config.lanes()];
    }

    private void enter() {
        if (!isOrdered) {
            gate.lock();
        }
        if (state.isStopping()) {
            machine.stop();
        }
        if (state.isPaused()) {
            machine.pause();
        } else {
            machine.resume();
        }
    }

    private void leave() {
        if (!isOrdered) {
            gate.unlock();
        }
    }

    /** Lets all threads look at the subscription's state. */
    void wake() {
        if (!isOrdered) {
            gate.lock();
            try {
                work.signalAll();
                progress.signalAll();
            } finally {
                gate.unlock();
            }
        }
    }

    // ---- the reader

    /**
     * Reads, and commits, to the end.
     *
     * @return whether it ended because nothing will come any more; false: it was stopped
     * @throws Throwable what it failed of
     */
    boolean read() throws Throwable {
        try {
            readToEnd();
        } catch (Throwable e) {
            abandonForSure(e);
        }
        Throwable why = failure;
        if (why != null) {
            throw why;
        }
        return machine.isDone();
    }

    private void readToEnd() {
        long emptyReads = 0;
        boolean isOver = false;
        while (!isOver) {
            if (isOrdered && isBusy(turn(0))) {
                continue;
            }
            switch (readerStep()) {
                case READ -> emptyReads = readEvents() ? 0 : emptyReads;
                case COMMIT -> commit();
                case IDLE -> idle(++emptyReads);
                case WAIT -> await();
                case END -> isOver = true;
                default -> throw new IllegalStateException("not a step of the reader");
            }
        }
    }

    private static boolean isBusy(Step step) {
        return step != Step.WAIT && step != Step.END;
    }

    private Step readerStep() {
        enter();
        try {
            Step step = machine.reader();
            if (step == Step.COMMIT) {
                machine.beginCommit();
            } else if (step == Step.WAIT && !isOrdered && !machine.isEnding()) {
                awaitSignal(progress, LONGEST_WAIT_NANOS);
            }
            return step;
        } finally {
            leave();
        }
    }

    /** Reads some events; returns whether there were any, or more may be left. */
    private boolean readEvents() {
        try {
            if (held != null && !offerHeld()) {
                return false;
            }
            if (isSeekNeeded) {
                feed.seek(feed.position());
                isSeekNeeded = false;
                if (!isAllDone()) {
                    feed.stayBeforeDamage();
                }
            }
            int reads = isOrdered ? 1 : READS;
            for (int i = 0; i < reads; i++) {
                if (!feed.next()) {
                    return readNothing() || i > 0;
                }
                if (!pacing.isLive()) {
                    hold();
                    return true;
                }
                if (!offer()) {
                    return true;
                }
            }
            return true;
        } catch (Throwable e) {
            // what was read before it is delivered first
            enter();
            try {
                keep(e);
                Held next = held;
                machine.readOut(next == null ? feed.position() : next.position());
            } finally {
                leave();
            }
            return true;
        } finally {
            feed.event().release();
        }
    }

    /** Whether all that was read is handled: only then damage may be told and passed. */
    private boolean isAllDone() {
        enter();
        try {
            return machine.isIdle();
        } finally {
            leave();
        }
    }

    /** Keeps an event until it is due. */
    private void hold() {
        BorrowedEvent<T> view = feed.event();
        String key = view.key();
        held = new Held(deliverable(view, key), view.position(), key, view.payloadLength(), view.timeNanos());
    }

    /** Hands the event on that is held if it is due; returns whether there is room for another one. */
    private boolean offerHeld() {
        Held next = Objects.requireNonNull(held);
        if (pacing.leftNanos(next.timeNanos()) > 0) {
            enter();
            try {
                // what was handled before it is flushed and committed meanwhile
                machine.readNothing(next.position(), false);
            } finally {
                leave();
            }
            return false;
        }
        held = null;
        return offer(next.event(), next.position(), next.key(), next.length());
    }

    /** Hands an event on; returns whether there is room for another one. */
    private boolean offer() {
        BorrowedEvent<T> view = feed.event();
        String key = view.key();
        return offer(deliverable(view, key), view.position(), key, view.payloadLength());
    }

    private boolean offer(Object event, long position, @Nullable String key, int length) {
        enter();
        try {
            int slot = machine.offered(position, key, length);
            if (slot != Window.NONE) {
                events[slot] = event;
                if (!isOrdered) {
                    work.signal();
                }
            }
            return machine.wantsEvent();
        } finally {
            leave();
        }
    }

    /** An event for the handler, or why there is none: that matters when its turn has come. */
    private Object deliverable(BorrowedEvent<T> view, @Nullable String key) {
        try {
            return view.toEvent(1);
        } catch (Throwable why) {
            return new Undeliverable(key, why);
        }
    }

    private boolean readNothing() {
        boolean isMore = feed.isPaused();
        isSeekNeeded = true;
        if (!pacing.isLive() && !isMore && feed.isAtEnd()) {
            pacing.caughtUp();
        }
        enter();
        try {
            if (feed.isDone()) {
                machine.readOut(feed.position());
            } else {
                machine.readNothing(feed.position(), isMore);
            }
        } finally {
            leave();
        }
        return isMore;
    }

    private void commit() {
        place.commit(machine.commitPosition(), machine.completions(), machine.completionsCount());
        enter();
        try {
            machine.committed();
        } finally {
            leave();
        }
        state.signal();
    }

    private void abandonForSure(Throwable why) {
        boolean isDone = false;
        while (!isDone) {
            try {
                abandon(why);
                isDone = true;
            } catch (OutOfMemoryError none) {
                IoThread.awaitMemory();
            }
        }
    }

    /** Nothing can be read or committed any more: ends when no handler has an event. */
    private void abandon(Throwable why) {
        enter();
        try {
            keep(why);
            machine.stop();
            while (!isOrdered && machine.isAnyLaneRunning()) {
                work.signalAll();
                awaitSignal(progress, LONGEST_WAIT_NANOS);
            }
        } finally {
            leave();
        }
    }

    private void idle(long emptyReads) {
        Held next = held;
        if (next != null) {
            if (isOrdered || isIdle()) {
                state.awaitMoment(pacing.leftNanos(next.timeNanos()));
            }
        } else if (isOrdered || isIdle()) {
            // a flag that a handler left set would make each park return at once
            Thread.interrupted();
            pause(emptyReads);
        }
        enter();
        try {
            machine.idled();
        } finally {
            leave();
        }
    }

    @SuppressWarnings("ReferenceEquality") // it is told by being itself
    private void pause(long emptyReads) {
        if (config.idle() == IdleStrategy.blocking()) {
            feed.awaitMore(() -> state.isStopping() || state.state() != State.OPEN);
        } else {
            config.idle().idle(emptyReads);
        }
    }

    /** Whether nothing is under way; waits a moment for what is. */
    private boolean isIdle() {
        enter();
        try {
            if (machine.isIdle()) {
                return true;
            }
            awaitSignal(progress, GLANCE_NANOS);
            return false;
        } finally {
            leave();
        }
    }

    /** Waits, on the one thread that there is, until the subscription is resumed or stopped or a pause is over. */
    private void await() {
        if (isOrdered && !machine.isEnding()) {
            long left = machine.needsTime() ? machine.leftNanos(state.now()) : Long.MAX_VALUE;
            state.awaitChangeFrom(machine.isPaused(), left);
        }
    }

    // ---- a lane

    /** Delivers a lane's events to the end. */
    void lane(int lane) {
        try {
            while (turn(lane) != Step.END) {
                // the next one
            }
        } catch (Throwable e) {
            breakLane(lane, e);
        }
    }

    /** Says that a lane's thread ends, in any case: else the others would wait for it. */
    void breakLane(int lane, Throwable why) {
        boolean isTold = false;
        while (!isTold) {
            try {
                tellBroken(lane, why);
                isTold = true;
            } catch (OutOfMemoryError none) {
                IoThread.awaitMemory();
            }
        }
    }

    private void tellBroken(int lane, Throwable why) {
        enter();
        try {
            keep(why);
            machine.broken(lane);
            progress.signalAll();
            work.signalAll();
        } finally {
            leave();
        }
    }

    /** These lanes have no thread, and the subscription fails. */
    void withoutLanesFrom(int first) {
        enter();
        try {
            for (int lane = first; lane < config.lanes(); lane++) {
                machine.broken(lane);
            }
        } finally {
            leave();
        }
    }

    private Step turn(int lane) {
        Step step;
        int slot;
        enter();
        try {
            step = machine.lane(lane, machine.needsTime() ? state.now() : 0);
            slot = machine.slot(lane);
            if (!isOrdered) {
                signalOrWait(step);
            }
        } finally {
            leave();
        }
        switch (step) {
            case HANDLE -> handle(lane, slot);
            case FLUSH -> flush(lane);
            case PARK -> park(lane, slot);
            case WAIT, END -> {}
            default -> throw new IllegalStateException("not a lane's step: " + step);
        }
        return step;
    }

    /** In the same hold of the lock as the decision: no signal comes between. */
    private void signalOrWait(Step step) {
        if (step == Step.WAIT) {
            long left = machine.leftNanos(state.now());
            if (left > 0) {
                awaitSignal(work, Math.min(left, LONGEST_WAIT_NANOS));
            }
        } else if (step == Step.END) {
            progress.signalAll();
            work.signalAll();
        } else if (machine.isWorkLeft()) {
            work.signal();
        }
    }

    @SuppressWarnings("WaitNotInLoop") // whoever waits looks again in any case
    private static void awaitSignal(Condition condition, long nanos) {
        try {
            long unused = condition.awaitNanos(nanos);
        } catch (InterruptedException e) {
            LOGGER.debug("a handler left its thread interrupted; nobody else has this thread", e);
        }
    }

    /** What the machine is told of a lane's step. */
    @FunctionalInterface
    private interface Answer {
        void tell();
    }

    private void answer(Answer answer) {
        enter();
        try {
            answer.tell();
            if (!isOrdered) {
                progress.signal();
                if (machine.isWorkLeft()) {
                    work.signal();
                }
            }
        } finally {
            leave();
        }
    }

    private void handle(int lane, int slot) {
        Object found = events[slot];
        OwnedEvent<T> event;
        try {
            if (parking.holdsBack(machine.position(lane), key(found))) {
                events[slot] = null;
                answer(() -> machine.parked(lane));
                return;
            }
            event = event(found);
        } catch (StorageFullException full) {
            noRoom(lane, found, full);
            return;
        } catch (Throwable e) {
            refuse(lane, e);
            return;
        }
        try {
            handler.onEvent(event);
        } catch (Throwable e) {
            if (ProcessHandler.isStop(handler, e)) {
                refuse(lane, e);
            } else if (ProcessHandler.isNoRoom(handler, e)) {
                noRoom(lane, event, e);
            } else {
                failed(lane, slot, event, e);
            }
            return;
        }
        events[slot] = null;
        handled(lane);
    }

    private @Nullable String key(@Nullable Object found) {
        if (found instanceof Undeliverable undeliverable) {
            return undeliverable.key();
        }
        return found instanceof OwnedEvent<?> event ? event.key() : null;
    }

    @SuppressWarnings("unchecked") // only events of the feed's type were put there
    private OwnedEvent<T> event(@Nullable Object found) throws Throwable {
        if (found instanceof OwnedEvent<?> event) {
            return (OwnedEvent<T>) event;
        }
        throw found instanceof Undeliverable undeliverable
                ? undeliverable.why()
                : new IllegalStateException("slot without an event");
    }

    private void handled(int lane) {
        enter();
        try {
            machine.handled(lane, isOrdered ? 0 : state.now());
        } finally {
            leave();
        }
    }

    private void failed(int lane, int slot, OwnedEvent<T> event, Throwable why) {
        tell(event, why);
        lastFailures[lane] = why;
        events[slot] = event.nextAttempt();
        answer(() -> {
            if (machine.failed(lane, state.now())) {
                keep(why);
            }
        });
    }

    private void tell(OwnedEvent<?> event, Throwable why) {
        try {
            config.onFailure().accept(event, why);
        } catch (RuntimeException e) {
            LOGGER.warn("onFailure threw: consumer={} position={}", config.name(), event.position(), e);
        }
    }

    private void flush(int lane) {
        try {
            handler.onBatchEnd(machine.unflushed(lane));
        } catch (Throwable e) {
            if (awaitsRoom(e)) {
                return;
            }
            answer(() -> {
                keep(e);
                machine.flushFailed(lane);
            });
            return;
        }
        if (isRoomAwaited) {
            isRoomAwaited = false;
            LOGGER.warn("there is room for outputs again, the subscription goes on: consumer={}", config.name());
        }
        answer(() -> machine.flushed(lane));
    }

    /** Waits a while for room where outputs found none: nothing was appended, and the lane, not answered for, flushes again. */
    private boolean awaitsRoom(Throwable e) {
        if (!ProcessHandler.isNoRoom(handler, e) || state.isStopping()) {
            return false;
        }
        if (!isRoomAwaited) {
            LOGGER.warn("no room for outputs, the subscription waits for some: consumer={}", config.name(), e);
            isRoomAwaited = true;
        }
        state.awaitChangeFrom(state.isPaused(), ROOM_PAUSE_NANOS);
        return true;
    }

    private void park(int lane, int slot) {
        long position = machine.position(lane);
        int attempts = machine.attempt(lane);
        if (machine.refusals(lane) == 0) {
            LOGGER.warn(
                    "event is to be parked after {} attempts: consumer={} position={}",
                    attempts,
                    config.name(),
                    position,
                    lastFailures[lane]);
        }
        try {
            parking.park(position, key(events[slot]), attempts, lastFailures[lane]);
        } catch (StorageFullException full) {
            noRoom(lane, events[slot], full);
            return;
        } catch (Throwable e) {
            refuse(lane, e);
            return;
        }
        lastFailures[lane] = null;
        events[slot] = null;
        answer(() -> machine.parked(lane));
    }

    /**
     * Lets an event wait until it can be parked, or its outputs appended: the checkpoint cannot pass it, and a full disk is no reason to stop for good.
     *
     * @param found what is to be parked
     */
    private void noRoom(int lane, @Nullable Object found, Throwable full) {
        if (machine.refusals(lane) == 0) {
            LOGGER.warn(
                    "no room to park an event, or for its outputs; the subscription waits for some: consumer={} position={}",
                    config.name(),
                    machine.position(lane),
                    full);
            if (found instanceof OwnedEvent<?> event) {
                tell(event, full);
            }
        }
        answer(() -> machine.noRoom(lane, state.now()));
    }

    private void refuse(int lane, Throwable why) {
        answer(() -> {
            keep(why);
            machine.refused(lane);
        });
    }

    /** The first failure is told; later ones are told with it. */
    @SuppressWarnings("ReferenceEquality") // a throwable cannot suppress itself
    private void keep(Throwable why) {
        Throwable first = failure;
        if (first == null) {
            failure = why;
        } else if (first != why) {
            first.addSuppressed(why);
        }
    }
}
