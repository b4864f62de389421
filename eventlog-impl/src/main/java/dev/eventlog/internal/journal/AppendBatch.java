package dev.eventlog.internal.journal;

import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A frame in the making into which many threads copy events at once, and the futures of these events.
 *
 * <pre>
 *   open   threads claim the next place and index with one atomic operation, copy their event there, and publish it by
 *          storing its future at the index
 *   closed no place can be claimed; {@link #finish} waits for the copies that are under way
 *   settled it was appended, or refused
 * </pre>
 *
 * <p>The order of the events is the order of the claims. A copy runs no user's code and takes no lock, so that the wait of
 * {@link #finish} is for a thread that is copying, or that the system has suspended amid that.
 *
 * <p><b>Threading:</b> {@link #tryClaim}, {@link #put}, {@link #count}: any thread. The rest: under the queue's lock, then
 * by who took the batch, then by the append thread. <b>Allocation:</b> none after it is made.
 */
final class AppendBatch {

    /** {@link #tryClaim}: there is no room, or it is closed. */
    static final long REFUSED = -1;

    static final int MAX_EVENTS = 8192;

    private static final long CLOSED = Long.MIN_VALUE;
    private static final int COUNT_SHIFT = 32;
    private static final long ONE_EVENT = 1L << COUNT_SHIFT;

    private static final int SPINS = 64;
    private static final int YIELDS = 1024;
    private static final long PARK_NANOS = 10_000;

    private static final VarHandle CLAIMS;
    private static final VarHandle FUTURE = MethodHandles.arrayElementVarHandle(CompletableFuture[].class);

    static {
        try {
            CLAIMS = MethodHandles.lookup().findVarHandle(AppendBatch.class, "claims", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final FrameBuilder frame;
    private final int capacity;
    // what is claimed: CLOSED | number of events | end of the last; all through CLAIMS
    @SuppressWarnings("UnusedVariable")
    private long claims = CLOSED;
    // by index: stored with release behind the copy of the event, taken with acquire
    @SuppressWarnings({"unchecked", "rawtypes"}) // there are no arrays of a generic type
    private final @Nullable CompletableFuture<Long>[] futures = new CompletableFuture[MAX_EVENTS];

    // set before a future is stored, read behind all of them
    private boolean durable;
    private boolean identified;
    // events that stand in the log already
    private int leftOut;
    // what became of it: by who appends, then the append thread's
    private boolean settled;
    private long position;
    private @Nullable Throwable failure;

    /**
     * Makes a closed one.
     *
     * @param capacity bytes of the frame at most
     */
    AppendBatch(FrameBuilder frame, int capacity) {
        this.frame = frame;
        this.capacity = capacity;
        frame.begin(FrameDescriptor.KIND_DATA);
        frame.reserve(capacity);
    }

    int capacity() {
        return capacity;
    }

    /** Whether hardly anything would fit any more: an eighth is left, or less. */
    boolean isFull() {
        return end((long) CLAIMS.getVolatile(this)) > capacity - (capacity >> 3);
    }

    /** Lets events come; none is in it. */
    void open() {
        frame.begin(FrameDescriptor.KIND_DATA);
        durable = false;
        identified = false;
        leftOut = 0;
        settled = false;
        failure = null;
        CLAIMS.setVolatile(this, (long) FrameDescriptor.HEADER_LENGTH);
    }

    /**
     * Claims room for an event that {@link #put} must then copy at once.
     *
     * @param length bytes of the event
     * @return what to hand to {@link #put}, or {@link #REFUSED}
     */
    long tryClaim(int length) {
        while (true) {
            long claimed = (long) CLAIMS.getOpaque(this);
            if (claimed < 0 || count(claimed) >= MAX_EVENTS || length > capacity - end(claimed)) {
                return REFUSED;
            }
            if (CLAIMS.weakCompareAndSet(this, claimed, claimed + ONE_EVENT + length)) {
                return claimed;
            }
        }
    }

    /** Copies the event of a frame to where it was claimed, and publishes it with its future. */
    void put(long claim, FrameBuilder event, CompletableFuture<Long> future, boolean isDurable) {
        int index = count(claim);
        // the encoding of this event went deeper just now: no stack overflow can come between the claim and the store
        frame.put(event, end(claim), index);
        if (isDurable) {
            durable = true;
        }
        if (future instanceof IdentifiedFuture) {
            identified = true;
        }
        FUTURE.setRelease(futures, index, future);
    }

    private static int count(long claimed) {
        return (int) ((claimed & ~CLOSED) >>> COUNT_SHIFT);
    }

    private static int end(long claimed) {
        return (int) claimed;
    }

    /** Number of events so far. */
    int count() {
        return count((long) CLAIMS.getVolatile(this));
    }

    /** Lets no more events come. */
    void close() {
        long before = (long) CLAIMS.getAndBitwiseOr(this, CLOSED);
        assert before > 0 : "batch was closed already";
    }

    /** Lets no events come, unless one came already; whether none did. */
    boolean closeIfEmpty() {
        long empty = FrameDescriptor.HEADER_LENGTH;
        return CLAIMS.compareAndSet(this, empty, empty | CLOSED);
    }

    /** Waits for the copies that are under way and returns the frame, finished. The batch is closed. */
    FrameBuilder finish() {
        awaitCopies();
        return finishCopied();
    }

    /** Waits for the copies that are under way. The batch is closed. */
    void awaitCopies() {
        long claimed = (long) CLAIMS.getVolatile(this);
        int count = count(claimed);
        for (int i = 0; i < count; i++) {
            if (FUTURE.getAcquire(futures, i) == null) {
                awaitPublished(i);
            }
        }
        frame.endAt(end(claimed), count);
    }

    /** Bytes of the frame with all events. */
    int length() {
        return end((long) CLAIMS.getVolatile(this));
    }

    /** Behind {@link #awaitCopies}: whether an event has an id that is to be looked for. */
    boolean hasIds() {
        return identified;
    }

    /** Behind {@link #awaitCopies}: whether all events stand in the log already, so that they need no room. */
    boolean isAllKnown(IdWindow window, long nowNanos) {
        int count = count();
        for (int i = 0; i < count; i++) {
            if (!(futures[i] instanceof IdentifiedFuture future)
                    || !future.ids().isKnown(window, nowNanos)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Behind {@link #awaitCopies}: takes out the events that stand in the log already, and puts the ids of the others into
     * the window.
     *
     * @param base where the first of the others will stand
     * @return number of the others
     */
    int leaveOutKnown(IdWindow window, long base, long nowNanos) {
        int count = count();
        for (int i = 0; i < count; i++) {
            if (futures[i] instanceof IdentifiedFuture future) {
                EventIds id = future.ids();
                if (id.admit(window, base + i - leftOut, nowNanos) > 0) {
                    future.leaveOut(id.lastPosition(base, 1));
                    leftOut++;
                }
            }
        }
        if (leftOut > 0) {
            frame.retain(index -> !isLeftOut(futures[index]));
        }
        return count - leftOut;
    }

    private static boolean isLeftOut(@Nullable CompletableFuture<Long> future) {
        return future instanceof IdentifiedFuture identified && identified.isLeftOut();
    }

    /** Behind {@link #awaitCopies}: the frame, finished. */
    FrameBuilder finishCopied() {
        frame.finish();
        return frame;
    }

    @SuppressWarnings("ThreadPriorityCheck") // the copying thread may need the processor
    private void awaitPublished(int index) {
        for (int i = 0; FUTURE.getAcquire(futures, index) == null; i++) {
            if (i < SPINS) {
                Thread.onSpinWait();
            } else if (i < YIELDS) {
                Thread.yield();
            } else {
                LockSupport.parkNanos(this, PARK_NANOS);
            }
        }
    }

    boolean isSettled() {
        return settled;
    }

    /** Says what became of it. */
    void settle(long firstPosition, @Nullable Throwable refusal) {
        position = firstPosition;
        failure = refusal;
        settled = true;
    }

    /** Waits for its durability if that is asked for, once. */
    void awaitDurable(AppendQueue.Target target) {
        if (durable && failure == null) {
            durable = false;
            try {
                // what is left out stands before them
                target.awaitDurable(position + count() - leftOut);
            } catch (Throwable e) {
                // the futures tell it
                failure = e;
            }
        }
    }

    /** Completes its futures and forgets them. Their callbacks run here. */
    void complete() {
        if (failure == null && leftOut == 0) {
            completeWith(index -> position + index);
        } else if (failure == null) {
            completeSome();
        } else {
            for (int i = 0; i < count(); i++) {
                CompletableFuture<Long> future = forget(i);
                if (future != null) {
                    future.completeExceptionally(failure);
                }
            }
        }
    }

    /** Completes its futures where events are left out: those with the position at which the event has stood before. */
    private void completeSome() {
        long next = position;
        int count = count();
        for (int i = 0; i < count; i++) {
            CompletableFuture<Long> future = forget(i);
            if (future instanceof IdentifiedFuture identified && identified.isLeftOut()) {
                future.complete(identified.firstPosition());
            } else if (future != null) {
                future.complete(next++);
            }
        }
    }

    /** Completes the future of each event with what its index tells. */
    void completeWith(IntToLongFunction positions) {
        int count = count();
        for (int i = 0; i < count; i++) {
            CompletableFuture<Long> future = forget(i);
            if (future != null) {
                future.complete(positions.applyAsLong(i));
            }
        }
    }

    /** The future at an index; null if it was completed before an error of a callback. */
    private @Nullable CompletableFuture<Long> forget(int index) {
        CompletableFuture<Long> future = futures[index];
        futures[index] = null;
        return future;
    }
}
