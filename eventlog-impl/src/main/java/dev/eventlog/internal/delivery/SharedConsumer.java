package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.journal.ReadJournal;
import dev.eventlog.internal.support.Clock;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A consumer whose members share its events. It reads and commits on a thread of its own, and is closed with its last member.
 *
 * <pre>
 *   a member:  join ─► left       its thread ended as it was told
 *                      failed     it cannot go on; others do
 *                      abandoned  nobody waits any more for its handler
 *   the last one of these ends the reader, and that frees the name and ends the members that are left
 * </pre>
 *
 * <p><b>Threading:</b> Thread-safe. The feed belongs to the thread that reads.
 */
final class SharedConsumer {

    private static final Logger LOGGER = LoggerFactory.getLogger(SharedConsumer.class);

    /** How long it goes on at most without a look whether its members live. */
    private static final long LONGEST_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /** How long a close waits for the last commit behind a handler that did not end: for a reader stuck in user code. */
    private static final long LAST_COMMIT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final ReadJournal journal;
    private final ConsumerConfig config;
    private final Place place;
    private final Parking parking;
    private final Feed<ByteBuffer> feed;
    private final Clock clock;
    private final Set<Thread> threads;
    private final Runnable onEnd;
    private final Thread thread;
    private final long lookNanos;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final SharedEvents events;
    private final SharedMachine machine;
    // of the events; guards the machine, and what follows
    private final ReentrantLock gate;
    // in the order in which they came; changed under the gate, read by any
    private final List<MemberSubscription<?>> members = new CopyOnWriteArrayList<>();
    private boolean isStarted;
    private boolean isEnded;
    private int joined;
    // written under the gate, read by the reader's wait for events; published by volatile
    private volatile boolean stopping;
    // the reader's
    private long lookedAt;

    /**
     * What a shared consumer shares with its log.
     *
     * @param threads where it tells which threads it runs on, as long as it does
     * @param onEnd run when its name is free
     */
    record Parts(Place place, Cursors cursors, Set<Thread> threads, Runnable onEnd) {}

    SharedConsumer(ReadJournal journal, ConsumerConfig config, Parts parts) {
        this.journal = journal;
        this.config = config;
        place = parts.place();
        threads = parts.threads();
        onEnd = parts.onEnd();
        clock = journal.clock();
        feed = new Feed<>(
                journal,
                Codec.bytes(),
                config.query(),
                config.isStopAtEnd() ? journal.readablePosition() : Long.MAX_VALUE,
                config.onDamage() == null ? null : this::tellDamage);
        if (feed.isExpired(place.checkpoint())) {
            throw place.expired(journal);
        }
        feed.event().replayBelow(place.replayBelow());
        parking = new Parking(parts.cursors().parked(place.name()), journal);
        SharedMachine.Rules rules = SharedMachine.Rules.of(config);
        lookNanos = Math.min(LONGEST_LOOK_NANOS, rules.visibilityNanos() / 2);
        machine = new SharedMachine(
                rules, place.checkpoint(), place.completions(), Waits.nanos(config.backOff()), new SplittableRandom());
        events = new SharedEvents(machine, clock);
        gate = events.gate;
        lookedAt = clock.monotonicNanos();
        thread = newThread(config, this::run, "");
    }

    /** A thread as a member wants it. */
    static Thread newThread(ConsumerConfig config, Runnable body, String suffix) {
        ThreadFactory factory = config.threadFactory();
        Thread made =
                factory == null ? new Thread(body, "eventlog-" + config.name() + suffix) : factory.newThread(body);
        return Objects.requireNonNull(made, "threadFactory returned null");
    }

    SharedEvents events() {
        return events;
    }

    Place place() {
        return place;
    }

    Parking parking() {
        return parking;
    }

    /** The log's threads of subscriptions. */
    Set<Thread> threads() {
        return threads;
    }

    /** Whether it ends at a bound. */
    boolean isBounded() {
        return config.isStopAtEnd() || feed.isBounded();
    }

    /** Whether the caller is on the thread that reads. */
    @SuppressWarnings("ReferenceEquality") // a thread is itself only
    boolean isReader() {
        return Thread.currentThread() == thread;
    }

    /** Whether the caller is on a thread of it. */
    boolean isOwnThread() {
        return isReader() || members.stream().anyMatch(MemberSubscription::isOwnThread);
    }

    // ---- members

    /** A number for a new member's thread, from 1. */
    int nextNumber() {
        gate.lock();
        try {
            return ++joined;
        } finally {
            gate.unlock();
        }
    }

    /**
     * Takes a member up; false if this ends and takes none any more.
     *
     * @throws IllegalArgumentException if it does not agree with the others
     */
    boolean join(MemberSubscription<?> member) {
        gate.lock();
        try {
            if (isEnded || machine.isEnding()) {
                return false;
            }
            SharedConsumers.requireSame(config, member.config());
            machine.join(member.seat());
            members.add(member);
            return true;
        } finally {
            gate.unlock();
        }
    }

    /** Starts reading, unless that was done. */
    void start() {
        gate.lock();
        try {
            if (!isStarted && !isEnded) {
                thread.start();
                isStarted = true;
            }
        } finally {
            gate.unlock();
        }
    }

    /** Takes up whether a member is paused and whether it leaves. */
    void changed(MemberSubscription<?> member) {
        gate.lock();
        try {
            if (member.state().isStopping()) {
                machine.leave(member.seat());
            } else if (member.state().isPaused()) {
                machine.pause(member.seat());
            } else {
                machine.resume(member.seat());
            }
            events.wake(member.seat());
            events.changed();
        } finally {
            gate.unlock();
        }
    }

    /** A member's thread has ended as it was told, or was never started. */
    void left(MemberSubscription<?> member) {
        remove(member, () -> machine.broken(member.seat()), null);
    }

    /** Nobody waits any more for a member that was closed: it is interrupted and left. */
    void abandon(MemberSubscription<?> member) {
        boolean isLast = remove(member, () -> machine.abandon(member.seat(), clock.monotonicNanos()), null);
        // only now: what the handler throws of it is no attempt
        member.interrupt();
        if (!isLast) {
            member.end(State.CLOSED, null);
        } else if (!awaitEnd(LAST_COMMIT_NANOS)) {
            // nothing is committed or parked from here on
            Throwable why = events.failure();
            end(why == null ? State.CLOSED : State.FAILED, why);
        }
    }

    /**
     * A member cannot go on.
     *
     * @param hadEvent whether its handler may have had the event that it has
     */
    void failed(MemberSubscription<?> member, Throwable why, boolean hadEvent) {
        remove(
                member,
                () -> {
                    if (!hadEvent) {
                        machine.broken(member.seat());
                    } else if (machine.died(member.seat())) {
                        events.keep(why);
                    }
                },
                why);
    }

    /**
     * Takes a member out; with the last one this ends, and its end is told when the name is free.
     *
     * @return whether it was the last one
     */
    private boolean remove(MemberSubscription<?> member, Runnable change, @Nullable Throwable why) {
        boolean isLast;
        boolean isReading;
        gate.lock();
        try {
            change.run();
            isReading = isStarted;
            isLast = !machine.isAnyMemberLeft();
            if (isLast) {
                stopping = true;
                machine.stop();
            }
            if (members.contains(member)) {
                member.keep(why);
                if (!machine.isEnding()) {
                    members.remove(member);
                    member.end(State.CLOSED, null);
                }
            }
            events.changed();
        } finally {
            gate.unlock();
        }
        if (isLast && isReading) {
            journal.wake();
        } else if (isLast) {
            end(State.CLOSED, null);
        }
        return isLast;
    }

    /** Now and then: ends the leases of who will not answer any more. For the reader. */
    void look() {
        long now = clock.monotonicNanos();
        if (now - lookedAt < lookNanos) {
            return;
        }
        lookedAt = now;
        gate.lock();
        try {
            for (MemberSubscription<?> member : members) {
                if (!member.seat().isGone && member.isThreadDead()) {
                    failed(
                            member,
                            new IllegalStateException("thread of a member ended: consumer=" + place.name()
                                    + "; its event goes to another, if there is one"),
                            true);
                }
            }
            if (machine.expire(now)) {
                events.keep(new IllegalStateException("event's attempts ran out, the last one without an answer in "
                        + config.visibility() + ": consumer=" + place.name()));
            }
            events.changed();
        } finally {
            gate.unlock();
        }
    }

    // ---- the reader

    private void run() {
        Thread current = Thread.currentThread();
        threads.add(current);
        try {
            deliver();
        } finally {
            feed.leave();
            threads.remove(current);
        }
    }

    private void deliver() {
        try {
            feed.seek(place.checkpoint());
            new SharedReading(this, feed, config.idle()).toEnd();
        } catch (Throwable e) {
            giveUp(e);
        }
        Throwable why = events.failure();
        if (why == null) {
            end(machine.isDone() ? State.DONE : State.CLOSED, null);
        } else if (!isOver()) {
            LOGGER.error("shared consumer {} stops at {}", place.name(), place.checkpoint(), why);
            end(State.FAILED, why);
        }
    }

    /** Nothing can be read or committed any more: ends when no member's handler has an event. */
    private void giveUp(Throwable why) {
        boolean isOver = false;
        gate.lock();
        try {
            events.keep(why);
            machine.stop();
        } finally {
            gate.unlock();
        }
        while (!isOver) {
            look();
            gate.lock();
            try {
                members.forEach(each -> events.wake(each.seat()));
                isOver = !machine.isAnyMemberLeft();
            } finally {
                gate.unlock();
            }
            events.glance();
        }
    }

    /** Moves the checkpoint as was fixed when that was decided. */
    void commit() {
        Progress told = machine.progress();
        place.commit(told.commitPosition(), told.completions(), told.completionsCount());
        events.committed();
        for (MemberSubscription<?> member : members) {
            member.state().signal();
        }
    }

    /** Whether it ends, without a lock. */
    boolean isStopping() {
        return stopping;
    }

    private void tellDamage(CorruptLogException damage) {
        ConsumerConfig told = members.isEmpty() ? config : members.get(0).config();
        Objects.requireNonNull(told.onDamage()).accept(damage);
    }

    // ---- the end

    /** Ends this and all members that are left, unless that was done: who sees their end finds the name free. */
    private void end(State last, @Nullable Throwable why) {
        gate.lock();
        try {
            if (isEnded) {
                return;
            }
            isEnded = true;
            stopping = true;
            machine.stop();
        } finally {
            gate.unlock();
        }
        try {
            parking.close();
            place.close();
        } finally {
            onEnd.run();
            for (MemberSubscription<?> member : members) {
                member.end(last, why);
            }
            ended.countDown();
        }
    }

    /** Whether the end was told, or is being told. */
    private boolean isOver() {
        gate.lock();
        try {
            return isEnded;
        } finally {
            gate.unlock();
        }
    }

    /** Waits until the name is free; false if it is not in time or the caller is interrupted, whose flag stays. */
    boolean awaitEnd(long nanos) {
        try {
            return ended.await(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
