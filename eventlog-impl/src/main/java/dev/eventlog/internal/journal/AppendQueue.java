package dev.eventlog.internal.journal;

import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.support.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Events that were handed over and are not appended yet. They gather in a batch, which is a frame in the making; whoever
 * holds the append lock appends the whole batch as one frame, and a thread of the log completes its futures.
 *
 * <pre>
 *   caller:    encode | copy into the batch that gathers
 *   any appender, or the thread:   take the batch, append it as one frame
 *   the thread:   force it if that is asked for | complete its futures
 * </pre>
 *
 * <p>There are two batches: one gathers while the other is appended, forced and completed. When both are full callers
 * wait, so what is in flight is bounded. The thread lingers a moment before it takes a small batch, so that batches are
 * large where events come fast.
 *
 * <p>Lock order: append lock, then this queue's. No user code runs under either; futures complete outside.
 *
 * <p><b>Threading:</b> Thread-safe. <b>Allocation:</b> none but the futures and their results.
 */
final class AppendQueue implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(AppendQueue.class);

    private static final int MAX_EVENTS = 8192;
    private static final int MAX_LENGTH = 1 << 20;
    /** A batch with so many events is worth a frame of its own at once. */
    private static final int ENOUGH_EVENTS = 256;

    private static final long LINGER_NANOS = TimeUnit.MICROSECONDS.toNanos(20);
    private static final long IDLE_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

    private final Target target;
    private final Supplier<FrameBuilder> frames;
    private final @Nullable ThreadFactory threadFactory;
    private final Clock clock;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // guarded by lock
    private final ArrayDeque<Batch> appended = new ArrayDeque<>();
    private @Nullable Batch gathering;
    private @Nullable Batch spare;
    private boolean closed;
    // written under lock, read by any
    private volatile @Nullable Thread thread;
    // written under lock, read by any; published by volatile
    private volatile int gathered;
    private volatile boolean parked;

    /** Where batches go. */
    interface Target {

        /** Appends a frame; called with the append lock held. Returns the position of its first event. */
        long appendLocked(FrameBuilder frame);

        /** Takes the append lock and lets {@link #drainLocked()} run. */
        void drain();

        /** Waits until everything below a position survives a power cut. */
        void awaitDurable(long end);
    }

    /** Events of one frame and their futures. */
    private static final class Batch {
        FrameBuilder frame;
        final List<CompletableFuture<Long>> futures = new ArrayList<>();
        boolean durable;
        long position;

        @Nullable
        Throwable failure;

        Batch(FrameBuilder frame) {
            this.frame = frame;
        }

        void begin(Supplier<FrameBuilder> frames) {
            if (!frame.isKept()) {
                frame = frames.get();
            }
            frame.begin(FrameDescriptor.KIND_DATA);
            futures.clear();
            durable = false;
            failure = null;
        }
    }

    AppendQueue(Target target, Supplier<FrameBuilder> frames, @Nullable ThreadFactory threadFactory, Clock clock) {
        this.target = target;
        this.frames = frames;
        this.threadFactory = threadFactory;
        this.clock = clock;
    }

    /** Whether events are waiting to be appended. */
    boolean hasEvents() {
        return gathered > 0;
    }

    /**
     * Hands over an event.
     *
     * @param frame with one event, not finished; free again when this returns
     * @param durable whether the future waits until the event survives a power cut
     */
    CompletableFuture<Long> add(FrameBuilder frame, boolean durable) {
        var future = new CompletableFuture<Long>();
        boolean wake;
        lock.lock();
        try {
            Batch batch = room(frame.length());
            batch.frame.addAll(frame);
            batch.futures.add(future);
            batch.durable |= durable;
            gathered = batch.futures.size();
            wake = parked;
        } finally {
            lock.unlock();
        }
        if (wake) {
            wakeThread();
        }
        return future;
    }

    /** The batch that gathers, with room for a frame's events; waits for it. Called and left with the lock held. */
    private Batch room(int frameLength) {
        boolean interrupted = false;
        try {
            while (true) {
                requireOpen();
                Batch batch = gathering;
                if (batch == null) {
                    batch = begin();
                }
                if (batch != null && hasRoom(batch, frameLength)) {
                    return batch;
                }
                if (isOwnThread()) {
                    // in a callback of a future: it would wait for itself
                    appendMore(batch == null);
                    continue;
                }
                parked = false;
                LockSupport.unpark(thread);
                interrupted |= awaitChange();
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void appendMore(boolean needsBatch) {
        if (needsBatch) {
            spare = new Batch(frames.get());
            return;
        }
        lock.unlock();
        try {
            target.drain();
        } finally {
            lock.lock();
        }
    }

    private boolean awaitChange() {
        try {
            changed.await();
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    private static boolean hasRoom(Batch batch, int frameLength) {
        int count = batch.futures.size();
        return count == 0 || (count < MAX_EVENTS && batch.frame.length() + frameLength <= MAX_LENGTH);
    }

    private @Nullable Batch begin() {
        if (thread == null) {
            start();
            spare = new Batch(frames.get());
            gathering = new Batch(frames.get());
        } else {
            gathering = spare;
            spare = null;
        }
        Batch begun = gathering;
        if (begun != null) {
            begun.begin(frames);
        }
        return begun;
    }

    private void start() {
        Thread made;
        if (threadFactory == null) {
            made = new Thread(this::run, "eventlog-append");
            made.setDaemon(true);
        } else {
            made = Objects.requireNonNull(threadFactory.newThread(this::run), "threadFactory returned no thread");
        }
        thread = made;
        made.start();
    }

    private void requireOpen() {
        if (closed) {
            throw new LogClosedException("log is closed; open it again");
        }
    }

    /** Whether the caller runs on the thread that completes futures. */
    @SuppressWarnings("ReferenceEquality") // a thread is itself only
    boolean isOwnThread() {
        return Thread.currentThread() == thread;
    }

    private void wakeThread() {
        Thread sleeping = thread;
        parked = false;
        LockSupport.unpark(sleeping);
    }

    /** Appends what has gathered. Called with the append lock held. */
    void drainLocked() {
        Batch batch;
        lock.lock();
        try {
            batch = gathering;
            if (batch == null || batch.futures.isEmpty()) {
                return;
            }
            gathering = null;
            gathered = 0;
            appended.add(batch);
            batch.position = -1;
        } finally {
            lock.unlock();
        }
        long position = 0;
        Throwable failure = null;
        try {
            batch.frame.finish();
            position = target.appendLocked(batch.frame);
        } catch (Throwable e) {
            // the futures tell it
            failure = e;
        }
        lock.lock();
        try {
            batch.failure = failure;
            batch.position = position;
        } finally {
            lock.unlock();
        }
        if (!isOwnThread()) {
            wakeThread();
        }
    }

    /** Waits until what was handed over before is appended, durable where asked for, or failed. */
    void flush() {
        List<CompletableFuture<Long>> last = new ArrayList<>();
        target.drain();
        lock.lock();
        try {
            for (Batch batch : appended) {
                last.add(batch.futures.get(batch.futures.size() - 1));
            }
        } finally {
            lock.unlock();
        }
        for (CompletableFuture<Long> future : last) {
            if (isOwnThread()) {
                completeFirst();
            } else {
                awaitDone(future);
            }
        }
    }

    private static void awaitDone(CompletableFuture<Long> future) {
        boolean interrupted = false;
        while (!future.isDone()) {
            try {
                future.get();
            } catch (InterruptedException e) {
                interrupted = true;
            } catch (java.util.concurrent.ExecutionException | java.util.concurrent.CancellationException done) {
                break;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        long idleSince = clock.monotonicNanos();
        while (true) {
            try {
                if (completeFirst()) {
                    idleSince = clock.monotonicNanos();
                } else if (gathered > 0) {
                    linger();
                    target.drain();
                    idleSince = clock.monotonicNanos();
                } else if (isOver()) {
                    return;
                } else {
                    idle(idleSince);
                }
            } catch (Throwable e) {
                LOGGER.error("asynchronous append failed", e);
            }
        }
    }

    private boolean isOver() {
        lock.lock();
        try {
            return closed && appended.isEmpty() && gathered == 0;
        } finally {
            lock.unlock();
        }
    }

    /** A moment for more events to come: a frame for each alone would cost more. */
    @SuppressWarnings("ThreadPriorityCheck") // others may fill the batch meanwhile
    private void linger() {
        if (gathered >= ENOUGH_EVENTS) {
            return;
        }
        long until = clock.monotonicNanos() + LINGER_NANOS;
        while (gathered < ENOUGH_EVENTS && clock.monotonicNanos() < until) {
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
        if (gathered == 0 && !hasWork()) {
            LockSupport.park(this);
        }
        parked = false;
        // an interrupt means nothing here, and would make every wait return at once
        boolean ignored = Thread.interrupted();
    }

    private boolean hasWork() {
        lock.lock();
        try {
            return closed || !appended.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Completes the oldest batch that was appended; false if there is none. */
    private boolean completeFirst() {
        Batch batch;
        lock.lock();
        try {
            batch = appended.peek();
            if (batch == null || (batch.position < 0 && batch.failure == null)) {
                return false;
            }
            appended.remove();
        } finally {
            lock.unlock();
        }
        complete(batch);
        lock.lock();
        try {
            if (spare == null) {
                batch.futures.clear();
                spare = batch;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return true;
    }

    private void complete(Batch batch) {
        List<CompletableFuture<Long>> futures = batch.futures;
        Throwable failure = batch.failure;
        if (failure == null && batch.durable) {
            try {
                target.awaitDurable(batch.position + futures.size());
            } catch (RuntimeException e) {
                failure = e;
            }
        }
        for (int i = 0; i < futures.size(); i++) {
            if (failure == null) {
                futures.get(i).complete(batch.position + i);
            } else {
                futures.get(i).completeExceptionally(failure);
            }
        }
    }

    /** Takes no more events, appends what is there and completes it. */
    @Override
    public void close() {
        Thread running;
        lock.lock();
        try {
            closed = true;
            running = thread;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (running == null) {
            return;
        }
        target.drain();
        if (isOwnThread()) {
            while (completeFirst()) {
                // a callback closes the log: the rest is completed here
            }
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
