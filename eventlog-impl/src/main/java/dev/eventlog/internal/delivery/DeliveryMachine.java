package dev.eventlog.internal.delivery;

import dev.eventlog.ConsumerConfig;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Decides what a subscription does next, and does nothing itself: no file, no thread, no clock. Whoever runs it asks for the
 * next step of the reader or of a lane, carries it out and tells how it went; a simulator does so as well as threads do.
 *
 * <pre>
 *   reader:  READ ─► offered, or readNothing        lane:  HANDLE ─► handled, failed, parked, noRoom or refused
 *            COMMIT ─► committed                           FLUSH ─► flushed or flushFailed
 *            IDLE ─► idled                                 PARK ─► parked, noRoom or refused
 *            WAIT, END                                     WAIT, END
 * </pre>
 *
 * <p>What it holds, whatever order steps and answers come in:
 *
 * <ul>
 *   <li>an event is handed over when the ones before it of its key are handled and flushed by another lane, or handled by
 *       the same one; while it waits for its next attempt, or to be parked, none behind it of its key is handed over. Where
 *       the order of the log is kept, that holds for all events as if they had one key;
 *   <li>the checkpoint passes an event when it and all before it are done: flushed after its handler returned, or parked;
 *   <li>what it tells to be done above the checkpoint is, of each key, the first events and no others;
 *   <li>an event whose attempts ran out is parked behind the flush of what its lane handled before it.
 * </ul>
 *
 * <p><b>Threading:</b> One thread at a time: who holds the lock of its subscription. <b>Allocation:</b> none for events whose
 * key is in the window already, or was.
 */
final class DeliveryMachine {

    /** What is to be done. */
    enum Step {
        /** Read the next event, if {@link #wantsEvent()}. */
        READ,
        /** Move the checkpoint as {@link #commitPosition()} and {@link #completions()} say. */
        COMMIT,
        /** There was nothing to read: idle. */
        IDLE,
        /** Hand the lane's event to the handler, unless it must wait behind a parked one: then park it. */
        HANDLE,
        /** Let the handler flush what it handled on this lane. */
        FLUSH,
        /** Park the lane's event. */
        PARK,
        /** Nothing until something changes, or a pause between attempts is over. */
        WAIT,
        /** Nothing any more. */
        END
    }

    /** Events read in a row before the checkpoint is looked at, where lanes run beside the reader. */
    private static final int READS = 64;

    /**
     * What a subscription is told to do.
     *
     * @param lanes 1: the order of the log is kept; more: the order of each key
     * @param windowEvents most events that are read and not done
     * @param windowBytes length of their payloads behind which no more are read
     * @param batchEvents events of a lane behind which it flushes
     * @param batchBytes length of their payloads behind which it flushes
     * @param batchNanos how long an event of a lane waits for the flush while the lane has more to do
     * @param attempts how often a handler gets an event
     * @param parks whether an event whose attempts ran out is parked; else the subscription stops
     */
    record Rules(
            int lanes,
            int windowEvents,
            long windowBytes,
            int batchEvents,
            long batchBytes,
            long batchNanos,
            int attempts,
            boolean parks) {

        private static final int MOST_WINDOW_EVENTS = 1 << 14;
        private static final long BATCH_NANOS = 5_000_000;

        /**
         * The rules of a configuration.
         *
         * @param canPark whether there is a list to park on
         * @param flushes whether the handler does something in {@code onBatchEnd}; if not, lanes need no batches
         */
        static Rules of(ConsumerConfig config, boolean canPark, boolean flushes) {
            boolean isParallel = config.lanes() > 1;
            int events = Math.min(8 * Math.min(config.pollEvents(), MOST_WINDOW_EVENTS), MOST_WINDOW_EVENTS);
            return new Rules(
                    config.lanes(),
                    isParallel ? Math.max(events, 4 * config.lanes()) : 2,
                    Math.min(config.pollBytes(), Long.MAX_VALUE / 8) * 8,
                    isParallel && !flushes ? 1 : config.pollEvents(),
                    config.pollBytes(),
                    isParallel ? BATCH_NANOS : Long.MAX_VALUE,
                    config.attempts(),
                    canPark && !config.isStopOnFailure());
        }

        boolean isOrdered() {
            return lanes == 1;
        }
    }

    private final Rules rules;
    private final BackOffs backOffs;
    private final Window window;
    private final KeyQueues queues;
    private final Lane[] lanes;
    private final Progress progress;
    // the last look found nothing to read
    private boolean isDry;
    // nothing will come any more
    private boolean isReadOut;
    private boolean isPaused;
    private boolean isStopping;
    private boolean isFailing;
    private boolean isDone;
    private int runningLanes;

    /**
     * @param checkpoint where to begin
     * @param doneBefore what is done above it, as pairs (from inclusive, to exclusive) in rising order
     * @param backOffNanos pause before an event's second attempt
     */
    DeliveryMachine(Rules rules, long checkpoint, long[] doneBefore, long backOffNanos, SplittableRandom random) {
        this.rules = rules;
        backOffs = new BackOffs(backOffNanos, random);
        window = new Window(rules.windowEvents());
        queues = new KeyQueues(window, rules.isOrdered());
        progress = new Progress(window, checkpoint, doneBefore, rules.isOrdered() ? 64 : 4096);
        lanes = new Lane[rules.lanes()];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = new Lane(i);
        }
        runningLanes = lanes.length;
    }

    /** Slots that events can have, from 0. */
    int slots() {
        return window.capacity();
    }

    // ---- what may happen at any time

    /** Hands over nothing until {@link #resume()}. Attempts are not made either. */
    void pause() {
        isPaused = true;
    }

    void resume() {
        isPaused = false;
    }

    /** Ends as soon as no handler has an event. */
    void stop() {
        isStopping = true;
    }

    /** Whether lanes end as soon as they can. */
    boolean isEnding() {
        return isStopping || isFailing || isDone;
    }

    boolean isPaused() {
        return isPaused;
    }

    boolean isAnyLaneRunning() {
        return runningLanes > 0;
    }

    /** Whether it ended because nothing will come any more. */
    boolean isDone() {
        return isDone;
    }

    /** Whether all that was read is done. */
    boolean isIdle() {
        return window.isEmpty();
    }

    /** Whether {@link #lane} looks at the time it is given: some event waits for its next attempt, or for its flush. */
    boolean needsTime() {
        return !rules.isOrdered() || !backOffs.isEmpty();
    }

    /** Nanoseconds until a lane that waits has something to do by itself; {@link Long#MAX_VALUE}: never. */
    long leftNanos(long now) {
        return isPaused ? Long.MAX_VALUE : backOffs.leftNanos(now);
    }

    // ---- the reader

    /** The reader's next step. */
    Step reader() {
        if (isEnding()) {
            if (progress.isCommitDue()) {
                // also while a handler does not end: it may never
                return Step.COMMIT;
            }
            return runningLanes > 0 ? Step.WAIT : Step.END;
        }
        boolean isMoreWanted = wantsEvent();
        if (progress.isCommitDue()
                && (rules.isOrdered() || isDry || !isMoreWanted || progress.readsSinceCommit() >= READS)) {
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
        if (isReadOut || isPaused || isEnding()) {
            return false;
        }
        if (rules.isOrdered()) {
            Lane only = lanes[0];
            return window.size() == (only.returnedCount() == 0 ? 0 : 1) && !isFlushDue(only, 0);
        }
        return window.size() < rules.windowEvents() && window.totalBytes() < rules.windowBytes();
    }

    /**
     * The reader read an event.
     *
     * @return its slot, until it is done; {@link Window#NONE} if it was done before
     */
    int offered(long position, @Nullable String key, int length) {
        isDry = false;
        progress.read(position);
        int slot = window.add(position, length);
        if (progress.wasDoneBefore(position)) {
            finish(slot);
            return Window.NONE;
        }
        queues.add(key, slot);
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

    /** Fixes what is to be committed. */
    void beginCommit() {
        progress.beginCommit();
    }

    long commitPosition() {
        return progress.commitPosition();
    }

    /** What is done above it, as pairs; {@link #completionsCount()} longs of it count. */
    long[] completions() {
        return progress.completions();
    }

    int completionsCount() {
        return progress.completionsCount();
    }

    /** The checkpoint is where {@link #commitPosition()} said. */
    void committed() {
        progress.committed();
    }

    // ---- a lane

    /** A lane's next step. It must have answered the one before. */
    Step lane(int number, long now) {
        Lane lane = lanes[number];
        assert lane.slot == Window.NONE || lane.isExhausted : "lane " + number + " has not answered";
        if (lane.unflushed > 0 && isFlushDue(lane, now)) {
            return Step.FLUSH;
        }
        if (lane.isExhausted) {
            return Step.PARK;
        }
        if (isEnding()) {
            if (!lane.isEnded) {
                lane.isEnded = true;
                runningLanes--;
            }
            return Step.END;
        }
        return isPaused ? Step.WAIT : take(lane, now);
    }

    private boolean isFlushDue(Lane lane, long now) {
        return lane.isFlushWanted
                || isPaused
                || isEnding()
                || lane.unflushed >= rules.batchEvents()
                || lane.unflushedBytes >= rules.batchBytes()
                || (!rules.isOrdered() && lane.unflushed > 0 && now - lane.unflushedSince >= rules.batchNanos());
    }

    private Step take(Lane lane, long now) {
        for (KeyQueue due = backOffs.takeDue(now); due != null; due = backOffs.takeDue(now)) {
            queues.offer(due);
        }
        KeyQueue queue = lane.queue;
        if (queue == null || queue.isEmpty()) {
            queue = queues.take(lane.number);
        }
        if (queue == null) {
            // in order, the reader looks for more first: a batch is as long as there is something
            return lane.unflushed > 0 && (!rules.isOrdered() || isDry) ? Step.FLUSH : Step.WAIT;
        }
        lane.queue = queue;
        lane.slot = queue.head;
        window.handling(queue.head);
        if (window.attempts(queue.head) < rules.attempts()) {
            return Step.HANDLE;
        }
        // there was no room to park it
        lane.isExhausted = true;
        lane.isFlushWanted = lane.unflushed > 0;
        return lane.isFlushWanted ? Step.FLUSH : Step.PARK;
    }

    /** Slot of the event that a lane is at. */
    int slot(int lane) {
        return lanes[lane].slot;
    }

    /** Position of the event that a lane is at. */
    long position(int lane) {
        return window.position(lanes[lane].slot);
    }

    /** Number of the attempt that a lane makes, from 1; of the last one where it parks. */
    int attempt(int lane) {
        return window.attempts(lanes[lane].slot) + (lanes[lane].isExhausted ? 0 : 1);
    }

    /** Events that a lane handled since its last flush. */
    int unflushed(int lane) {
        return lanes[lane].unflushed;
    }

    /** Whether some lane but the asking one could take an event. */
    boolean isWorkLeft() {
        return queues.isAnyReady();
    }

    /** The handler returned. */
    void handled(int number, long now) {
        Lane lane = lanes[number];
        int slot = lane.slot;
        window.returned(slot);
        KeyQueue queue = leaveEvent(lane);
        if (lane.unflushed == 0) {
            lane.unflushedSince = now;
        }
        lane.unflushed++;
        lane.unflushedBytes += window.length(slot);
        if (!queue.isUnflushed) {
            queue.isUnflushed = true;
            lane.unflushedKeys.add(queue);
        }
        if (!rules.isOrdered() || !window.joinPrevious(slot)) {
            lane.returned(slot);
        }
    }

    /** The lane's event leaves its queue. */
    private KeyQueue leaveEvent(Lane lane) {
        KeyQueue queue = queueOf(lane);
        assert queue.head == lane.slot && queue.lane == lane.number : "a key in two lanes";
        queue.removeFirst(window);
        queue.refusals = 0;
        lane.slot = Window.NONE;
        lane.isExhausted = false;
        return queue;
    }

    private static KeyQueue queueOf(Lane lane) {
        KeyQueue queue = lane.queue;
        if (queue == null) {
            throw new IllegalStateException("lane " + lane.number + " has no event");
        }
        return queue;
    }

    /**
     * The handler threw.
     *
     * @return whether the subscription stops for it
     */
    boolean failed(int number, long now) {
        Lane lane = lanes[number];
        if (isEnding()) {
            // it may be the close's own interrupt: no attempt is counted, and the event comes again
            giveBack(lane);
            return false;
        }
        window.countAttempt(lane.slot);
        lane.isFlushWanted = lane.unflushed > 0;
        if (window.attempts(lane.slot) >= rules.attempts()) {
            if (!rules.parks()) {
                refused(number);
                return true;
            }
            lane.isExhausted = true;
            return false;
        }
        backOffs.add(queueOf(lane), window.attempts(lane.slot), now);
        giveBack(lane);
        return false;
    }

    /** The lane has its event no more, which is where it was. */
    private void giveBack(Lane lane) {
        KeyQueue queue = queueOf(lane);
        window.waiting(lane.slot);
        lane.slot = Window.NONE;
        lane.isExhausted = false;
        lane.queue = null;
        if (!queue.isUnflushed) {
            queue.lane = KeyQueue.FREE;
            queues.offer(queue);
        }
    }

    /** The lane's event is on the list of parked events, by its attempts or behind another one. */
    void parked(int number) {
        Lane lane = lanes[number];
        int slot = lane.slot;
        KeyQueue queue = leaveEvent(lane);
        finish(slot);
        if (!queue.isUnflushed) {
            lane.queue = null;
            queue.lane = KeyQueue.FREE;
            queues.offer(queue);
        }
    }

    /** How often there was no room to park the event that a lane is at. */
    int refusals(int lane) {
        return queueOf(lanes[lane]).refusals;
    }

    /** There is no room now to park the lane's event: it is tried again after a pause, and nothing passes it meanwhile. */
    void noRoom(int number, long now) {
        Lane lane = lanes[number];
        lane.isFlushWanted = lane.unflushed > 0;
        if (!isEnding()) {
            KeyQueue queue = queueOf(lane);
            queue.refusals++;
            backOffs.addForRoom(queue, queue.refusals, now);
        }
        giveBack(lane);
    }

    private void finish(int slot) {
        if (!rules.isOrdered()) {
            progress.completed();
            window.done(slot);
        } else if (!window.joinPrevious(slot)) {
            window.done(slot);
        }
    }

    /** The lane's event could not be handed over or parked: the subscription stops before it. */
    void refused(int number) {
        isFailing = true;
        giveBack(lanes[number]);
    }

    /** What the lane handled is flushed, and so done. */
    void flushed(int number) {
        Lane lane = lanes[number];
        for (int i = 0; i < lane.returnedCount(); i++) {
            window.done(lane.returnedAt(i));
        }
        if (!rules.isOrdered()) {
            progress.completed();
        }
        for (KeyQueue queue : lane.unflushedKeys) {
            queue.isUnflushed = false;
            if (!lane.isExhausted || queue != lane.queue) {
                queue.lane = KeyQueue.FREE;
                queues.offer(queue);
            }
        }
        if (!lane.isExhausted) {
            lane.queue = null;
        }
        lane.clearUnflushed();
    }

    /** The flush threw: what the lane handled since the one before is not done, and the subscription stops. */
    void flushFailed(int number) {
        Lane lane = lanes[number];
        isFailing = true;
        if (lane.slot != Window.NONE) {
            giveBack(lane);
        }
        lane.clearUnflushed();
    }

    /** Whoever runs the lane cannot go on: nothing it has is done, and the subscription stops. */
    void broken(int number) {
        Lane lane = lanes[number];
        isFailing = true;
        if (!lane.isEnded) {
            lane.isEnded = true;
            runningLanes--;
        }
    }
}
