package dev.eventlog.internal.journal;

import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.support.Clock;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Events that were handed over and are not appended yet. They gather in an {@link AppendBatch}; whoever holds the append
 * lock appends the whole batch as one frame, and a thread of the log completes its futures.
 *
 * <pre>
 *   caller:    encode | claim a place in the batch that gathers | copy
 *   any appender, or the thread:   take the batch, let another gather | append it as one frame
 *   the thread:   force it if that is asked for | complete its futures | keep the batch for another time
 * </pre>
 *
 * <p>Handing over takes no lock unless the batch is full. One batch gathers at a time: it is closed before the next is
 * opened, so that what a thread hands over, and what another one does having heard of it, keep their order.
 *
 * <p>There are two batches: one gathers while the other is appended, forced and completed. When both are full callers
 * wait, so what is in flight is bounded. The thread lingers a moment before it takes a small batch, so that batches are
 * large where events come fast.
 *
 * <p>Callbacks of futures run on the thread, which cannot wait for itself: there handing over never waits, and takes
 * further batches beyond the two; flushing appends and forces, but completes nothing, so that futures complete in the
 * order of their positions whatever callbacks do.
 *
 * <p>Lock order: append lock, then this queue's. No user code runs under either; futures complete outside.
 *
 * <p><b>Threading:</b> Thread-safe. <b>Allocation:</b> none but the futures and their results.
 */
final class AppendQueue implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(AppendQueue.class);

    private static final int MAX_BATCHES = 2;
    private static final int FIRST_LENGTH = 64 << 10;
    private static final int MAX_LENGTH = 1 << 20;
    /** A batch with so many events is worth a frame of its own at once. */
    private static final int ENOUGH_EVENTS = 256;

    private static final long LINGER_NANOS = TimeUnit.MICROSECONDS.toNanos(20);
    private static final long STALLED_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long IDLE_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

    private static final long SHORTEST_WAIT_NANOS = TimeUnit.MICROSECONDS.toNanos(1);
    private static final long LONGEST_WAIT_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

    private final Target target;
    private final Supplier<FrameBuilder> frames;
    private final int maxLength;
    private final @Nullable ThreadFactory threadFactory;
    private final Clock clock;

    private final AppendLock lock = new AppendLock();
    // guarded by lock: taken to be appended and not complete, oldest first
    private final ArrayDeque<AppendBatch> taken = new ArrayDeque<>();
    private final ArrayDeque<AppendBatch> spares = new ArrayDeque<>();
    // length of new batches; those of another are not kept
    private int batchLength;
    private boolean closed;
    // batches so far
    private long takenCount;
    private long completedCount;
    // written under this, read by any; published by volatile
    private volatile @Nullable Thread thread;
    // open, or full; written under lock, read by any; published by volatile
    private volatile @Nullable AppendBatch gathering;
    // taken and finished, and the log had no room for it; written under the append lock, read by any; published by
    // volatile
    private volatile @Nullable AppendBatch stalled;
    // set by the thread before it looks at what gathers a last time and parks, read by others behind their claim
    private volatile boolean parked;
    // the thread's: events of the batch before
    private int lastCount;

    /** Where batches go. */
    interface Target {

        /** Appends a frame; called with the append lock held. Returns the position of its first event. */
        long appendLocked(FrameBuilder frame, long nowNanos);

        /** The same for a batch whose copies are done; events that stand in the log already are left out. */
        default long appendLocked(AppendBatch batch, long nowNanos) {
            return appendLocked(batch.finishCopied(), nowNanos);
        }

        /**
         * Takes the append lock and lets {@link #drainLocked} or {@link #refuseLocked} run. Throws nothing. Where the log has
         * reached its limit and appends wait for room, a batch stays {@link #isStalled() stalled}.
         */
        void drain();

        /** Takes the append lock and lets {@link #refuseStalledLocked} run. */
        void refuseStalled(Throwable reason);

        /** Waits until everything below a position survives a power cut. */
        void awaitDurable(long end);
    }

    /**
     * @param maxFrameLength greatest length of a frame
     * @param threadFactory makes the thread; null: a daemon thread
     */
    AppendQueue(
            Target target,
            Supplier<FrameBuilder> frames,
            int maxFrameLength,
            @Nullable ThreadFactory threadFactory,
            Clock clock) {
        this.target = target;
        this.frames = frames;
        maxLength = Math.min(MAX_LENGTH, maxFrameLength);
        batchLength = Math.min(FIRST_LENGTH, maxLength);
        this.threadFactory = threadFactory;
        this.clock = clock;
    }

    /** Whether events are waiting to be appended. */
    boolean hasEvents() {
        return gathered() > 0 || isStalled();
    }

    /** Whether a batch waits for room in the log. */
    boolean isStalled() {
        return stalled != null;
    }

    private int gathered() {
        AppendBatch batch = gathering;
        return batch == null ? 0 : batch.count();
    }

    /** Whether the caller is on the thread that completes futures. */
    @SuppressWarnings("ReferenceEquality") // a thread is itself only
    boolean isOwnThread() {
        return Thread.currentThread() == thread;
    }

    /**
     * Hands over an event.
     *
     * @param frame with one event, not finished; free again when this returns
     * @param durable whether the future waits until the event survives a power cut
     * @param future to be completed, the same that is returned
     */
    CompletableFuture<Long> add(FrameBuilder frame, boolean durable, CompletableFuture<Long> future) {
        if (thread == null) {
            start();
        }
        int length = frame.eventsLength();
        AppendBatch batch = gathering;
        long claim = batch == null ? AppendBatch.REFUSED : batch.tryClaim(length);
        if (batch != null && claim >= 0) {
            batch.put(claim, frame, future, durable);
        } else {
            addSlowly(frame, future, durable);
        }
        if (parked) {
            wakeThread();
        }
        return future;
    }

    /** Waits for room if there is none. */
    private void addSlowly(FrameBuilder frame, CompletableFuture<Long> future, boolean durable) {
        int length = frame.eventsLength();
        boolean interrupted = false;
        lock.lock();
        try {
            for (int attempt = 0; ; attempt++) {
                requireOpen();
                AppendBatch batch = gathering == null ? begin(length) : gathering;
                long claim = batch == null ? AppendBatch.REFUSED : batch.tryClaim(length);
                if (batch != null && claim >= 0) {
                    batch.put(claim, frame, future, durable);
                    return;
                }
                if (batch != null && batch.closeIfEmpty()) {
                    // too short for this event
                    keep(batch);
                    gathering = null;
                } else if (isOwnThread()) {
                    drainUnlocked();
                    if (isStalled()) {
                        interrupted |= awaitChange(attempt);
                    }
                } else {
                    wakeThread();
                    interrupted |= awaitChange(attempt);
                }
                requireUninterrupted(interrupted);
            }
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Who waits for others to be done waits on; who waits for room in the log, which may never come, does not. */
    private void requireUninterrupted(boolean interrupted) {
        if (interrupted && isStalled()) {
            throw new StorageFullException(
                    "log has reached its limit and the wait for room was interrupted; what was handed over before is appended"
                            + " when there is room",
                    null);
        }
    }

    /** Appends what was handed over before, and waits for whoever is doing so. */
    void drain() {
        if (thread != null) {
            target.drain();
        }
    }

    /** The append lock comes before this one. */
    private void drainUnlocked() {
        lock.unlock();
        try {
            target.drain();
        } finally {
            lock.lock();
        }
    }

    /** Lets others work for a moment, which grows; whether the thread was interrupted. Called and left with the lock held. */
    private boolean awaitChange(int attempt) {
        lock.unlock();
        try {
            LockSupport.parkNanos(this, Math.min(LONGEST_WAIT_NANOS, SHORTEST_WAIT_NANOS << Math.min(attempt, 10)));
            return Thread.interrupted();
        } finally {
            lock.lock();
        }
    }

    /** Lets a batch gather that has room for an event of this length; null if there are enough batches. */
    private @Nullable AppendBatch begin(int eventLength) {
        if (taken.size() >= MAX_BATCHES && !isOwnThread()) {
            return null;
        }
        int least = FrameDescriptor.HEADER_LENGTH + eventLength;
        while (least > batchLength && batchLength < maxLength) {
            lengthen();
        }
        AppendBatch begun = least > batchLength ? null : spares.poll();
        if (begun == null) {
            begun = new AppendBatch(frames.get(), Math.max(least, batchLength));
        }
        begun.open();
        gathering = begun;
        return begun;
    }

    /** Lets a batch gather that was used before. */
    private void openSpare() {
        if (gathering == null && !closed && taken.size() < MAX_BATCHES) {
            AppendBatch spare = spares.poll();
            if (spare != null) {
                spare.open();
                gathering = spare;
            }
        }
    }

    /** Keeps a batch for another time, if it is of the size that is wanted now. */
    private void keep(AppendBatch batch) {
        if (batch.capacity() == batchLength && spares.size() < MAX_BATCHES) {
            spares.add(batch);
        }
    }

    /** Makes the thread, at the first event; not under the lock, since the factory is a user's. */
    private synchronized void start() {
        if (thread != null) {
            return;
        }
        Thread made;
        if (threadFactory == null) {
            made = new Thread(this::run, "eventlog-append");
            made.setDaemon(true);
        } else {
            made = Objects.requireNonNull(threadFactory.newThread(this::run), "threadFactory returned no thread");
        }
        lock.lock();
        try {
            requireOpen();
        } finally {
            lock.unlock();
        }
        // may fail; nothing is handed over to a thread that does not run
        made.start();
        thread = made;
    }

    private void requireOpen() {
        if (closed) {
            throw new LogClosedException("log is closed; open it again");
        }
    }

    private void wakeThread() {
        Thread sleeping = thread;
        parked = false;
        LockSupport.unpark(sleeping);
    }

    /**
     * Appends what has gathered. Called with the append lock held. Throws nothing else: the futures tell it.
     *
     * @throws LogLimit.Reached if there is no room: then the batch is stalled, and the first to be appended
     */
    void drainLocked(long nowNanos) {
        AppendBatch first = stalled;
        if (first != null) {
            appendLocked(first, nowNanos);
        }
        AppendBatch batch = take();
        if (batch != null) {
            batch.awaitCopies();
            appendLocked(batch, nowNanos);
        }
    }

    private void appendLocked(AppendBatch batch, long nowNanos) {
        long position = 0;
        Throwable failure = null;
        try {
            position = target.appendLocked(batch, nowNanos);
        } catch (LogLimit.Reached full) {
            stalled = batch;
            throw full;
        } catch (Throwable e) {
            failure = e;
        }
        stalled = null;
        settle(batch, position, failure);
    }

    /** Refuses the batch that there is no room for. Called with the append lock held. */
    void refuseStalledLocked(Throwable reason) {
        AppendBatch refused = stalled;
        if (refused != null) {
            stalled = null;
            settle(refused, 0, reason);
        }
    }

    /** Refuses what has gathered. Called with the append lock held. */
    void refuseLocked(Throwable reason) {
        refuseStalledLocked(reason);
        AppendBatch batch = take();
        if (batch != null) {
            // a copy that is under way must not meet the next use of the batch
            FrameBuilder unused = batch.finish();
            settle(batch, 0, reason);
        }
    }

    /** Closes the batch that gathers, if it has events or no more may come. */
    private @Nullable AppendBatch take() {
        lock.lock();
        try {
            AppendBatch batch = gathering;
            if (batch == null || (batch.count() == 0 && !closed)) {
                return null;
            }
            gathering = null;
            batch.close();
            if (batch.count() == 0) {
                return null;
            }
            if (batch.capacity() == batchLength && batch.isFull()) {
                lengthen();
            }
            taken.add(batch);
            takenCount++;
            openSpare();
            return batch;
        } finally {
            lock.unlock();
        }
    }

    /** Events come fast: in longer frames each costs less. */
    private void lengthen() {
        if (batchLength < maxLength) {
            batchLength = Math.min(maxLength, 4 * batchLength);
            spares.clear();
        }
    }

    private void settle(AppendBatch batch, long position, @Nullable Throwable failure) {
        lock.lock();
        try {
            batch.settle(position, failure);
        } finally {
            lock.unlock();
        }
        if (!isOwnThread()) {
            wakeThread();
        }
    }

    /**
     * Waits until what was handed over before is complete; in a callback of a future, until it is appended and durable
     * where asked for, or failed.
     */
    void flush() {
        target.drain();
        if (isOwnThread()) {
            awaitDurable();
            return;
        }
        boolean interrupted = false;
        lock.lock();
        try {
            long until = takenCount;
            for (int attempt = 0; completedCount < until; attempt++) {
                interrupted |= awaitChange(attempt);
                requireUninterrupted(interrupted);
            }
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** On the thread: makes all batches that are taken as durable as they shall be. */
    private void awaitDurable() {
        List<AppendBatch> all;
        lock.lock();
        try {
            all = List.copyOf(taken);
        } finally {
            lock.unlock();
        }
        for (AppendBatch batch : all) {
            if (isSettled(batch)) {
                batch.awaitDurable(target);
            }
        }
    }

    private boolean isSettled(AppendBatch batch) {
        lock.lock();
        try {
            return batch.isSettled();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        long idleSince = clock.monotonicNanos();
        while (true) {
            try {
                if (completeFirst()) {
                    idleSince = clock.monotonicNanos();
                } else if (hasEvents()) {
                    linger();
                    target.drain();
                    if (isStalled()) {
                        awaitRoom();
                    }
                    idleSince = clock.monotonicNanos();
                } else if (isOver()) {
                    return;
                } else {
                    idle(idleSince);
                }
            } catch (Throwable e) {
                IoThread.tell(LOGGER, "asynchronous append failed", e);
            }
        }
    }

    /** A moment for room to be made, or none where nobody waits for it any more. */
    private void awaitRoom() {
        if (isClosed()) {
            target.refuseStalled(noRoomAtClose());
            return;
        }
        LockSupport.parkNanos(this, STALLED_NANOS);
        // an interrupt means nothing here, as where the thread idles
        boolean ignored = Thread.interrupted();
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    private static LogClosedException noRoomAtClose() {
        return new LogClosedException("log was closed before there was room for the event; it was not appended");
    }

    private boolean isOver() {
        lock.lock();
        try {
            return closed && taken.isEmpty() && !hasEvents();
        } finally {
            lock.unlock();
        }
    }

    /** A moment for more events to come: a frame for each alone would cost more. */
    @SuppressWarnings("ThreadPriorityCheck") // others may fill the batch meanwhile
    private void linger() {
        if (gathered() >= ENOUGH_EVENTS) {
            return;
        }
        if (lastCount >= ENOUGH_EVENTS / 4) {
            // events come fast: the processor is left to those who bring them
            LockSupport.parkNanos(this, LINGER_NANOS);
            return;
        }
        long until = clock.monotonicNanos() + LINGER_NANOS;
        while (gathered() < ENOUGH_EVENTS && clock.monotonicNanos() < until) {
            Thread.yield();
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // parks soon
    private void idle(long since) {
        if (clock.monotonicNanos() - since < IDLE_NANOS) {
            Thread.yield();
            return;
        }
        parked = true;
        // under the lock: what was handed over before it is seen here, and who comes behind it sees that this parks
        if (!hasWork()) {
            LockSupport.park(this);
        }
        parked = false;
        // an interrupt means nothing here, and would make every wait return at once
        boolean ignored = Thread.interrupted();
    }

    private boolean hasWork() {
        lock.lock();
        try {
            return closed || hasEvents() || !taken.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Completes the oldest batch that was taken; false if there is none, or it is not appended yet. */
    private boolean completeFirst() {
        AppendBatch batch;
        lock.lock();
        try {
            batch = taken.peek();
            if (batch == null || !batch.isSettled()) {
                return false;
            }
        } finally {
            lock.unlock();
        }
        batch.awaitDurable(target);
        batch.complete();
        lock.lock();
        try {
            // only now: who flushes waits for it, and who hands over for its room
            taken.remove();
            completedCount++;
            lastCount = batch.count();
            keep(batch);
            openSpare();
        } finally {
            lock.unlock();
        }
        return true;
    }

    /** Takes no more events, appends what is there and completes it; in a callback of a future, later. */
    @Override
    public void close() {
        Thread running;
        lock.lock();
        try {
            closed = true;
            running = thread;
        } finally {
            lock.unlock();
        }
        if (running == null) {
            return;
        }
        target.drain();
        target.refuseStalled(noRoomAtClose());
        if (isOwnThread()) {
            // the journal ends behind this call; what is left to do for these events must not need it
            awaitDurable();
            return;
        }
        LockSupport.unpark(running);
        boolean interrupted = false;
        while (true) {
            try {
                running.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
