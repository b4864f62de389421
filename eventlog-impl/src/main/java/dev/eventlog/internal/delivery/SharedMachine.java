package dev.eventlog.internal.delivery;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.internal.delivery.DeliveryMachine.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;

/**
 * Decides which member of a shared consumer gets which event, and does nothing itself, as {@link DeliveryMachine}.
 *
 * <pre>
 *   reader:  READ ─► offered, or readNothing        member:  HANDLE ─► done, failed, noRoom or broken
 *            COMMIT ─► committed                             PARK ─► done, noRoom or broken
 *            IDLE ─► idled                                   WAIT, END
 *            WAIT, END
 *
 *   a lease ends by an answer, or:  died      the member's thread has ended
 *                                   expire    it was closed without an answer, so long ago that nobody waits any more
 * </pre>
 *
 * <p>What it holds, whatever order steps and answers come in:
 *
 * <ul>
 *   <li>an event has at most one lease; while it has one, waits for its next attempt or is done, nobody gets it;
 *   <li>each attempt that failed or that nobody answered counts, also over members;
 *   <li>the checkpoint passes an event when it and all before it are done: handled, or parked;
 *   <li>a member takes an event if more are there than members have waited longer: none that waits goes without.
 * </ul>
 *
 * <p>Events have no order: each is a queue of its own.
 *
 * <p><b>Threading:</b> One thread at a time: who holds the lock of its consumer. <b>Allocation:</b> none but for attempts that
 * fail and members that come.
 */
final class SharedMachine {

    /** Events read in a row before the checkpoint is looked at. */
    private static final int READS = 64;

    /** The number that a queue has of who has it: which member does not matter. */
    private static final int LEASED = 0;

    /**
     * What a shared consumer is told to do.
     *
     * @param windowEvents most events that are read and not done
     * @param windowBytes length of their payloads behind which no more are read
     * @param attempts how often members get an event
     * @param parks whether an event whose attempts ran out is parked; else the consumer stops
     * @param visibilityNanos how long a member that was closed without an answer keeps its event
     */
    record Rules(int windowEvents, long windowBytes, int attempts, boolean parks, long visibilityNanos) {

        private static final int MOST_WINDOW_EVENTS = 1 << 14;

        static Rules of(ConsumerConfig config) {
            return new Rules(
                    8 * Math.min(config.pollEvents(), MOST_WINDOW_EVENTS / 8),
                    Math.min(config.pollBytes(), Long.MAX_VALUE / 8) * 8,
                    config.attempts(),
                    !config.isStopOnFailure(),
                    Waits.nanos(Objects.requireNonNull(config.visibility())));
        }
    }

    private final Rules rules;
    private final BackOffs backOffs;
    private final Window window;
    private final KeyQueues queues;
    private final Progress progress;
    // who asked in vain, the first first
    private final List<Member> idle = new ArrayList<>();
    // who is gone without an answer
    private final List<Member> silent = new ArrayList<>();
    private int members;

    // the last look found nothing to read
    private boolean isDry;
    // nothing will come any more
    private boolean isReadOut;
    private boolean isStopping;
    private boolean isFailing;
    private boolean isDone;

    /**
     * @param checkpoint where to begin
     * @param doneBefore what is done above it, as pairs (from inclusive, to exclusive) in rising order
     * @param backOffNanos pause before an event's second attempt
     */
    SharedMachine(Rules rules, long checkpoint, long[] doneBefore, long backOffNanos, SplittableRandom random) {
        this.rules = rules;
        backOffs = new BackOffs(backOffNanos, random);
        window = new Window(rules.windowEvents());
        queues = new KeyQueues(window, false);
        progress = new Progress(window, checkpoint, doneBefore, 4096);
    }

    /** Slots that events can have, from 0. */
    int slots() {
        return window.capacity();
    }

    // ---- what may happen at any time

    /** Ends as soon as no member's handler has an event. */
    void stop() {
        isStopping = true;
    }

    /** Whether members end as soon as they can. */
    boolean isEnding() {
        return isStopping || isFailing || isDone;
    }

    /** Whether it ended because nothing will come any more. */
    boolean isDone() {
        return isDone;
    }

    /** Whether all that was read is done. */
    boolean isIdle() {
        return window.isEmpty();
    }

    /** Whether some member has not ended. */
    boolean isAnyMemberLeft() {
        return members > 0;
    }

    /** Nanoseconds until there is something to do though nobody did anything; {@link Long#MAX_VALUE}: never. */
    long leftNanos(long now) {
        return backOffs.leftNanos(now);
    }

    // ---- the reader

    /** The reader's next step. */
    Step reader() {
        if (isEnding()) {
            if (progress.isCommitDue()) {
                return Step.COMMIT;
            }
            return members > 0 ? Step.WAIT : Step.END;
        }
        boolean isMoreWanted = wantsEvent();
        if (progress.isCommitDue() && (isDry || !isMoreWanted || progress.readsSinceCommit() >= READS)) {
            return Step.COMMIT;
        }
        if (isReadOut && window.isEmpty()) {
            isDone = true;
            return Step.WAIT;
        }
        if (!isMoreWanted) {
            return Step.WAIT;
        }
        return isDry ? Step.IDLE : Step.READ;
    }

    /** Whether there is room for an event, and use. */
    boolean wantsEvent() {
        return !isReadOut
                && !isEnding()
                && window.size() < rules.windowEvents()
                && window.totalBytes() < rules.windowBytes();
    }

    /**
     * The reader read an event.
     *
     * @return its slot, until it is done; {@link Window#NONE} if it was done before
     */
    int offered(long position, int length) {
        isDry = false;
        progress.read(position);
        int slot = window.add(position, length);
        if (progress.wasDoneBefore(position)) {
            progress.completed();
            window.done(slot);
            return Window.NONE;
        }
        queues.add(null, slot);
        return slot;
    }

    /**
     * The reader found no event now.
     *
     * @param position where it stands: all before it was offered or left out
     * @param isMore whether it gave up amid events that are left out: there is more to read at once
     */
    void readNothing(long position, boolean isMore) {
        progress.readTo(position);
        isDry = !isMore;
    }

    /** The reader will find nothing any more: the bound is reached, or what comes cannot be read. */
    void readOut(long position) {
        readNothing(position, false);
        isReadOut = true;
    }

    /** Whoever reads has idled: there may be something. */
    void idled() {
        isDry = false;
    }

    /** What is read, committed and done. */
    Progress progress() {
        return progress;
    }

    // ---- members come and go

    void join(Member member) {
        assert !member.isGone && !member.hasEvent() : "a member joins once";
        members++;
    }

    /** Gives a member nothing until {@link #resume}; what its handler has it goes on with. */
    void pause(Member member) {
        member.isPaused = true;
        idle.remove(member);
    }

    void resume(Member member) {
        member.isPaused = false;
    }

    /** Gives a member nothing any more; it is told the end when it has answered. */
    void leave(Member member) {
        member.isLeaving = true;
        idle.remove(member);
    }

    /** A member's thread has ended, and with it its lease. Returns whether the consumer stops for that. */
    boolean died(Member member) {
        gone(member);
        return lapse(member);
    }

    /** A member cannot go on, and its handler has not had the event that it has. */
    void broken(Member member) {
        gone(member);
        if (member.hasEvent()) {
            giveBack(member);
        }
    }

    /** Nobody waits any more for a member that has not answered. It may do so until its lease ends. */
    void abandon(Member member, long now) {
        gone(member);
        if (member.hasEvent()) {
            member.leaseEnd = now + rules.visibilityNanos();
            silent.add(member);
        }
    }

    /** Ends leases of members that are gone and did not answer. Returns whether the consumer stops for one. */
    boolean expire(long now) {
        boolean stops = false;
        for (int i = silent.size() - 1; i >= 0; i--) {
            Member member = silent.get(i);
            if (!member.hasEvent()) {
                silent.remove(i);
            } else if (member.leaseEnd - now <= 0) {
                silent.remove(i);
                stops |= lapse(member);
            }
        }
        return stops;
    }

    private void gone(Member member) {
        if (!member.isGone) {
            member.isGone = true;
            idle.remove(member);
            members--;
        }
    }

    /** A lease ends without an answer: whatever the handler did counts as an attempt. */
    private boolean lapse(Member member) {
        if (!member.hasEvent()) {
            return false;
        }
        int slot = member.slot;
        if (!member.isExhausted) {
            window.countAttempt(slot);
        }
        giveBack(member);
        if (window.attempts(slot) >= rules.attempts() && !rules.parks() && !isEnding()) {
            isFailing = true;
            return true;
        }
        return false;
    }

    // ---- a member

    /** A member's next step. It must have answered the one before. */
    Step next(Member member, long now) {
        assert !member.hasEvent() || member.isExhausted || member.isGone : "member has not answered";
        if (member.isGone) {
            return Step.END;
        }
        if (member.isExhausted) {
            return Step.PARK;
        }
        if (isEnding() || member.isLeaving) {
            gone(member);
            return Step.END;
        }
        return member.isPaused ? Step.WAIT : take(member, now);
    }

    private Step take(Member member, long now) {
        for (KeyQueue due = backOffs.takeDue(now); due != null; due = backOffs.takeDue(now)) {
            queues.offer(due);
        }
        int place = idle.indexOf(member);
        int waitLonger = place < 0 ? idle.size() : place;
        KeyQueue queue = queues.readyCount() > waitLonger ? queues.take(LEASED) : null;
        if (queue == null) {
            if (place < 0) {
                idle.add(member);
            }
            return Step.WAIT;
        }
        if (place >= 0) {
            idle.remove(place);
        }
        member.queue = queue;
        member.slot = queue.head;
        window.handling(queue.head);
        // they ran out where there was no room to park it, or nobody answered
        member.isExhausted = window.attempts(queue.head) >= rules.attempts();
        return member.isExhausted ? Step.PARK : Step.HANDLE;
    }

    /** Members that wait and find an event now. */
    int calledCount() {
        return Math.min(queues.readyCount(), idle.size());
    }

    /** One of them. */
    Member called(int index) {
        return idle.get(index);
    }

    /** Position of the event that a member has. */
    long position(Member member) {
        return window.position(member.slot);
    }

    /** Number of the attempt that a member makes, from 1; of the last one where it parks. */
    int attempt(Member member) {
        return window.attempts(member.slot) + (member.isExhausted ? 0 : 1);
    }

    /** The handler returned, or the event is on the list of parked ones. False if the lease had ended: it is another's. */
    boolean done(Member member) {
        KeyQueue queue = member.queue;
        if (!member.hasEvent() || queue == null) {
            return false;
        }
        int slot = member.slot;
        queue.removeFirst(window);
        queue.refusals = 0;
        withoutEvent(member, queue);
        progress.completed();
        window.done(slot);
        return true;
    }

    /**
     * The handler threw.
     *
     * @return whether the consumer stops for it
     */
    boolean failed(Member member, long now) {
        KeyQueue queue = member.queue;
        if (!member.hasEvent() || queue == null) {
            return false;
        }
        if (isEnding() || member.isGone) {
            // it may be the close's own interrupt: no attempt is counted, and the event comes again
            giveBack(member);
            return false;
        }
        int slot = member.slot;
        window.countAttempt(slot);
        if (window.attempts(slot) < rules.attempts()) {
            backOffs.add(queue, window.attempts(slot), now);
            giveBack(member);
            return false;
        }
        if (rules.parks()) {
            member.isExhausted = true;
            return false;
        }
        isFailing = true;
        giveBack(member);
        return true;
    }

    /** How often there was no room to park the event that a member has. */
    int refusals(Member member) {
        KeyQueue queue = member.queue;
        return queue == null ? 0 : queue.refusals;
    }

    /** There is no room now to park the member's event: some member tries it again after a pause. */
    void noRoom(Member member, long now) {
        KeyQueue queue = member.queue;
        if (!member.hasEvent() || queue == null) {
            return;
        }
        if (!isEnding()) {
            queue.refusals++;
            backOffs.addForRoom(queue, queue.refusals, now);
        }
        giveBack(member);
    }

    private void giveBack(Member member) {
        KeyQueue queue = member.queue;
        if (queue != null) {
            window.waiting(member.slot);
            withoutEvent(member, queue);
        }
    }

    private void withoutEvent(Member member, KeyQueue queue) {
        member.slot = Window.NONE;
        member.queue = null;
        member.isExhausted = false;
        queue.lane = KeyQueue.FREE;
        queues.offer(queue);
    }
}
