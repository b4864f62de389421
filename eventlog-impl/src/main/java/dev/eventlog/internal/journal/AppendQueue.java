package dev.eventlog.internal.journal;

import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.support.Clock;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
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
 * Events that were handed over and are not appended yet. They gather in a batch, which is a frame in the making; whoever
 * holds the append lock appends the whole batch as one frame, and a thread of the log completes its futures.
 *
 * <pre>
 *   caller:    encode | copy into the batch that gathers
 *   any appender, or the thread:   take the batch, append it as one frame
 *   the thread:   force it if that is asked for | complete its futures | let the batch gather again
 * </pre>
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
    private final int maxLength;
    private final @Nullable ThreadFactory threadFactory;
    private final Clock clock;

    private final AppendLock lock = new AppendLock();
    // guarded by lock: taken to be appended and not complete, oldest first
    private final ArrayDeque<Batch> taken = new ArrayDeque<>();
    private final ArrayDeque<Batch> spares = new ArrayDeque<>();
    private @Nullable Batch gathering;
    private boolean closed;
    // batches so far
    private long takenCount;
    private long completedCount;
    // written under this, read by any; published by volatile
    private volatile @Nullable Thread thread;
    // events that gather: written under lock, whose release is a full fence, read by any, all through GATHERED
    private int gathered;
    // set by the thread before it looks at gathered a last time and parks, read by others behind their release of lock
    private volatile boolean parked;
    // the thread's: events of the batch before
    private int lastCount;

    /** Where batches go. */
    interface Target {

        /** Appends a frame; called with the append lock held. Returns the position of its first event. */
        long appendLocked(FrameBuilder frame, long nowNanos);

        /** Takes the append lock and lets {@link #drainLocked} or {@link #refuseLocked} run. Throws nothing. */
        void drain();

        /** Waits until everything below a position survives a power cut. */
        void awaitDurable(long end);
    }

    /** Events of one frame and their futures. */
    private static final class Batch {
        private FrameBuilder frame;
        // by who hands over, under lock, while it gathers; then the thread's
        @SuppressWarnings({"unchecked", "rawtypes"}) // there are no arrays of a generic type
        private final @Nullable CompletableFuture<Long>[] futures = new CompletableFuture[MAX_EVENTS];

        private int count;
        // what became of it: by who appends, under lock; then the thread's
        private boolean durable;
        private boolean settled;
        private long position;
        private @Nullable Throwable failure;

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
            settled = false;
            failure = null;
        }

        /** Adds an event and its future, or nothing. */
        void add(FrameBuilder event, CompletableFuture<Long> future, boolean isDurable) {
            frame.addAll(event);
            futures[count++] = future;
            durable |= isDurable;
        }

        /** Says what became of it. */
        void settle(long firstPosition, @Nullable Throwable refusal) {
            position = firstPosition;
            failure = refusal;
            settled = true;
        }

        /** Waits for its durability if that is asked for, once. */
        void awaitDurable(Target target) {
            if (durable && failure == null) {
                durable = false;
                try {
                    target.awaitDurable(position + count);
                } catch (Throwable e) {
                    // the futures tell it
                    failure = e;
                }
            }
        }

        /** Completes its futures. Their callbacks run here. */
        void complete() {
            for (int i = 0; i < count; i++) {
                CompletableFuture<Long> future = futures[i];
                futures[i] = null;
                if (future == null) {
                    // completed before an error of a callback
                    continue;
                }
                if (failure == null) {
                    future.complete(position + i);
                } else {
                    future.completeExceptionally(failure);
                }
            }
        }
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
     */
    CompletableFuture<Long> add(FrameBuilder frame, boolean durable) {
        var future = new CompletableFuture<Long>();
        if (thread == null) {
            start();
        }
        lock.lock();
        try {
            Batch batch = room(frame.length());
            batch.add(frame, future, durable);
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
        boolean interrupted = false;
        try {
            for (int attempt = 0; ; attempt++) {
                requireOpen();
                Batch batch = gathering == null ? begin() : gathering;
                if (batch != null && hasRoom(batch, frameLength)) {
                    return batch;
                }
                if (isOwnThread()) {
                    drainUnlocked();
                } else {
                    wakeThread();
                    interrupted |= awaitChange(attempt);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
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

    private boolean hasRoom(Batch batch, int frameLength) {
        return batch.count == 0 || (batch.count < MAX_EVENTS && batch.frame.length() + frameLength <= maxLength);
    }

    /** Lets a batch gather; null if there are enough. If this throws, nothing has changed. */
    private @Nullable Batch begin() {
        if (taken.size() >= MAX_BATCHES && !isOwnThread()) {
            return null;
        }
        Batch spare = spares.peek();
        Batch begun = spare == null ? new Batch(frames.get()) : spare;
        begun.begin(frames);
        if (spare != null) {
            spares.remove();
        }
        gathering = begun;
        return begun;
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

    /** Appends what has gathered. Called with the append lock held. Throws nothing: the futures tell it. */
    void drainLocked(long nowNanos) {
        Batch batch = take();
        if (batch == null) {
            return;
        }
        long position = 0;
        Throwable failure = null;
        try {
            batch.frame.finish();
            position = target.appendLocked(batch.frame, nowNanos);
        } catch (Throwable e) {
            failure = e;
        }
        settle(batch, position, failure);
    }

    /** Refuses what has gathered. Called with the append lock held. */
    void refuseLocked(Throwable reason) {
        Batch batch = take();
        if (batch != null) {
            settle(batch, 0, reason);
        }
    }

    private @Nullable Batch take() {
        lock.lock();
        try {
            Batch batch = gathering;
            if (batch == null || batch.count == 0) {
                return null;
            }
            gathering = null;
            GATHERED.setOpaque(this, 0);
            taken.add(batch);
            takenCount++;
            return batch;
        } finally {
            lock.unlock();
        }
    }

    private void settle(Batch batch, long position, @Nullable Throwable failure) {
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
        List<Batch> all;
        lock.lock();
        try {
            all = List.copyOf(taken);
        } finally {
            lock.unlock();
        }
        for (Batch batch : all) {
            if (isSettled(batch)) {
                batch.awaitDurable(target);
            }
        }
    }

    private boolean isSettled(Batch batch) {
        lock.lock();
        try {
            return batch.settled;
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
            return closed && taken.isEmpty() && gathered == 0;
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
            return closed || gathered > 0 || !taken.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Completes the oldest batch that was taken; false if there is none, or it is not appended yet. */
    private boolean completeFirst() {
        Batch batch;
        lock.lock();
        try {
            batch = taken.peek();
            if (batch == null || !batch.settled) {
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
            lastCount = batch.count;
            if (spares.size() < MAX_BATCHES) {
                spares.add(batch);
            }
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
