package dev.eventlog.internal.journal;

import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.support.Clock;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
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

    private static final long SHORTEST_WAIT_NANOS = TimeUnit.MICROSECONDS.toNanos(1);
    private static final long LONGEST_WAIT_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

    private static final VarHandle GATHERED;

    static {
        try {
            GATHERED = MethodHandles.lookup().findVarHandle(AppendQueue.class, "gathered", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Target target;
    private final Supplier<FrameBuilder> frames;
    private final @Nullable ThreadFactory threadFactory;
    private final Clock clock;

    private final AppendLock lock = new AppendLock();
    // guarded by lock
    private final ArrayDeque<Batch> appended = new ArrayDeque<>();
    private @Nullable Batch gathering;
    private @Nullable Batch spare;
    private boolean closed;
    private long handedOver;
    // written by the thread, read by any; published by volatile
    private volatile long completed;
    // the thread's: events of the batch before
    private int lastCount;
    // written under this, read by any
    private volatile @Nullable Thread thread;
    // events in the batch that gathers: written under lock, whose release is a full fence; read by any, through
    // GATHERED
    private int gathered;
    // set by the thread before it parks and then looks at gathered, read by callers behind their release of the lock
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

        @SuppressWarnings({"unchecked", "rawtypes"}) // there are no arrays of a generic type
        final @Nullable CompletableFuture<Long>[] futures = new CompletableFuture[MAX_EVENTS];

        int count;
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
            count = 0;
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
        return gathered() > 0;
    }

    private int gathered() {
        return (int) GATHERED.getOpaque(this);
    }

    /**
     * Hands over an event.
     *
     * @param frame with one event, not finished; free again when this returns
     * @param durable whether the future waits until the event survives a power cut
     */
    CompletableFuture<Long> add(FrameBuilder frame, boolean durable) {
        var future = new CompletableFuture<Long>();
        if (thread == null) {
            start();
        }
        lock.lock();
        try {
            Batch batch = room(frame.length());
            batch.frame.addAll(frame);
            batch.futures[batch.count++] = future;
            batch.durable |= durable;
            handedOver++;
            GATHERED.setOpaque(this, batch.count);
        } finally {
            lock.unlock();
        }
        if (parked) {
            wakeThread();
        }
        return future;
    }

    /** The batch that gathers, with room for a frame's events; waits for it. Called and left with the lock held. */
    private Batch room(int frameLength) {
        for (int attempt = 0; ; attempt++) {
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
            } else {
                awaitRoom(attempt);
            }
        }
    }

    /** Lets the thread work for a moment. */
    private void awaitRoom(int attempt) {
        lock.unlock();
        try {
            if (parked) {
                wakeThread();
            }
            LockSupport.parkNanos(this, Math.min(LONGEST_WAIT_NANOS, SHORTEST_WAIT_NANOS << Math.min(attempt, 10)));
        } finally {
            lock.lock();
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

    private static boolean hasRoom(Batch batch, int frameLength) {
        return batch.count == 0 || (batch.count < MAX_EVENTS && batch.frame.length() + frameLength <= MAX_LENGTH);
    }

    private @Nullable Batch begin() {
        Batch begun = spare;
        if (begun != null) {
            spare = null;
            gathering = begun;
            begun.begin(frames);
        }
        return begun;
    }

    /** Makes the two batches and the thread, at the first event; outside the lock, since the factory is a user's. */
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
            gathering = new Batch(frames.get());
            gathering.begin(frames);
            spare = new Batch(frames.get());
            thread = made;
        } finally {
            lock.unlock();
        }
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
            if (batch == null || batch.count == 0) {
                return;
            }
            gathering = null;
            GATHERED.setOpaque(this, 0);
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

    /**
     * Waits until what was handed over before is appended, durable where asked for, or failed. In a callback of a future,
     * what is not completed before that callback returns is not waited for.
     */
    void flush() {
        long until;
        lock.lock();
        try {
            until = handedOver;
        } finally {
            lock.unlock();
        }
        if (completed < until) {
            target.drain();
        }
        if (isOwnThread()) {
            while (completeFirst()) {
                // this thread is the one that would do it
            }
            return;
        }
        boolean interrupted = false;
        for (int attempt = 0; completed < until; attempt++) {
            LockSupport.parkNanos(this, Math.min(LONGEST_WAIT_NANOS, SHORTEST_WAIT_NANOS << Math.min(attempt, 10)));
            interrupted |= Thread.interrupted();
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
                } else if (gathered() > 0) {
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
        if (gathered() >= ENOUGH_EVENTS) {
            return;
        }
        if (lastCount >= ENOUGH_EVENTS / 4) {
            // events come fast: leave the processor to those that bring them
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
        if (gathered() == 0 && !hasWork()) {
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
                spare = batch;
            }
        } finally {
            lock.unlock();
        }
        return true;
    }

    private void complete(Batch batch) {
        Throwable failure = batch.failure;
        if (failure == null && batch.durable) {
            try {
                target.awaitDurable(batch.position + batch.count);
            } catch (RuntimeException e) {
                failure = e;
            }
        }
        lastCount = batch.count;
        for (int i = 0; i < batch.count; i++) {
            CompletableFuture<Long> future = Objects.requireNonNull(batch.futures[i]);
            batch.futures[i] = null;
            if (failure == null) {
                future.complete(batch.position + i);
            } else {
                future.completeExceptionally(failure);
            }
        }
        completed += batch.count;
    }

    /** Takes no more events, appends what is there and completes it. */
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
