package dev.eventlog.internal.journal;

import dev.eventlog.Codec;
import dev.eventlog.Durability;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.inspection.Traces;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The frames of a log in the order of their positions: appends at the end, rolls from segment to segment, knows what is
 * readable and what is durable. The same code runs on disk and in memory; where bytes live is behind
 * {@link SegmentStore}.
 *
 * <p>An append: under the append lock the frame gets its position, time and place in the chain, is copied into the
 * segment, and only then {@code endPosition} is published, first to the store for the next open, then to readers. No user
 * code runs under the lock. If writing throws, nobody knows whether the frame is there: the journal fails, takes no
 * further append, and the next open looks.
 *
 * <pre>
 *   field             written by              read by     published by
 *   endPosition       append lock's holder    any         release / acquire
 *   pruner            opening thread          any         volatile, once
 *   active            append lock's holder    the same    the lock
 *   failure, closed   any                     any         volatile
 * </pre>
 *
 * <p><b>Threading:</b> Thread-safe. <b>Allocation:</b> {@link #append} none, except at a roll.
 */
public final class Journal extends ReadJournal {

    private static final Logger LOGGER = LoggerFactory.getLogger(Journal.class);

    /** Frame length beyond an eighth of a segment, for the envelope. Chronicle takes documents up to a quarter. */
    private static final int FRAME_OVERHEAD = 4096;
    /** A clock that steps back further than this begins a segment; within it, the time stands still. */
    private static final long CLAMPED_STEP_NANOS = TimeUnit.MINUTES.toNanos(1);
    /** Positions keep their top 16 bits for a partition. */
    private static final long MAX_POSITION = (1L << 48) - 1;

    private static final VarHandle END;

    static {
        try {
            END = MethodHandles.lookup().findVarHandle(Journal.class, "endPosition", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final SegmentStore store;
    private final Clock clock;
    private final int epoch;
    private final UUID bootId;
    private final Dictionary dictionary;
    private final Epochs epochs;
    private final @Nullable Path directory;
    private final int maxEventLength;
    private final int maxFrameLength;
    private final boolean onlyDurableIsReadable;
    private final Waiters waiters = new Waiters();
    private final Forcing forcing;
    private final AppendQueue queue;
    private final GuardedAppends guarded;
    private final AppendLock lock = new AppendLock();
    private final FrameBuilder control;
    private final Claims claims;
    private final LogLimit limit;
    private final Naming naming;

    private final SegmentList segments;
    private volatile @Nullable Pruner pruner;
    private volatile @Nullable Throwable failure;
    private volatile boolean closed;

    @SuppressWarnings("unused") // through END
    private long endPosition;

    // guarded by lock
    private ActiveSegment active;

    /**
     * What a journal is made of.
     *
     * @param logId identity of the log
     * @param bootId boot of the machine; zeros if unknown
     * @param epoch this writer's
     * @param endPosition where the next event goes
     * @param nextSegment number of the segment to begin with
     * @param segments sealed ones, oldest first
     * @param dictionary schemas and sources so far
     * @param progress of consumers whose outputs are in it
     * @param epochs all writers' opens on disk, this one the last
     * @param directory real path; null in memory
     */
    record Parts(
            UUID logId,
            UUID bootId,
            int epoch,
            long endPosition,
            long nextSegment,
            List<Segment> segments,
            Dictionary dictionary,
            ProgressTable progress,
            Epochs epochs,
            @Nullable Path directory) {}

    Journal(SegmentStore store, Parts parts, EventLogConfig config, Clock clock) throws IOException {
        super(
                new Identity(parts.logId(), parts.directory(), parts.dictionary()),
                new SegmentList(parts.segments(), store, parts.directory()),
                clock);
        this.store = store;
        this.clock = clock;
        long nowNanos = clock.epochNanos();
        bootId = parts.bootId();
        epoch = parts.epoch();
        directory = parts.directory();
        dictionary = parts.dictionary();
        epochs = parts.epochs();
        segments = segments();
        maxEventLength = config.maxEventLengthBytes();
        maxFrameLength = maxFrameLength(config);
        onlyDurableIsReadable = config.durability() == Durability.POWER_LOSS;
        forcing = new Forcing(this, store, config);
        guarded = new GuardedAppends(this, config, parts.endPosition());
        limit = new LogLimit(config, place());
        naming = new Naming(this, dictionary);
        queue = new AppendQueue(
                new QueuedAppends(this, guarded, limit), this::newFrame, maxFrameLength, config.threadFactory(), clock);
        control = newFrame();
        claims = new Claims(this, parts.progress());
        END.setRelease(this, parts.endPosition());
        SegmentWriter writer = store.begin(parts.nextSegment(), leastLength(0));
        if (leastLength(0) > writer.capacity()) {
            throw new IllegalArgumentException("segmentLengthBytes=" + config.segmentLengthBytes()
                    + " is too small for the log's names of types and sources" + place()
                    + "; open it with a greater one");
        }
        active = begin(parts.nextSegment(), writer, nowNanos);
        active.setEnd(limit.left(segments.all()));
        segments.add(active.segment());
    }

    /**
     * Opens the journal of a log: on disk if the configuration names a directory, else in memory.
     *
     * @param traces asked where files of the journal are lost
     */
    public static Journal open(EventLogConfig config, FileOps files, Clock clock, IoThread io, Traces traces) {
        return JournalOpener.open(config, files, clock, io, traces);
    }

    /** Under which something is appended. <b>Threading:</b> One thread at a time: the one that appends. */
    public interface Condition {

        /** {@link #search}: there is none. */
        long NO_CONFLICT = -1;

        /**
         * Position of an event that forbids the append, among those before an end that were not searched yet. May be called
         * with the append lock held, and runs no user's code.
         *
         * @param end up to the end position
         */
        long search(long end);

        /** No event below this position forbids the append. */
        long searched();
    }

    static int maxFrameLength(EventLogConfig config) {
        return (int) (config.segmentLengthBytes() / 8 + FRAME_OVERHEAD);
    }

    /** This writer's epoch. */
    @Override
    public int epoch() {
        return epoch;
    }

    @Override
    public long epochEnd(int number) {
        return number == epoch ? endPosition() : epochs.end(number);
    }

    @Override
    public boolean isRestartedSince(int number) {
        return epochs.isRestartedSince(number);
    }

    @Override
    public long firstPosition() {
        return segments.all()[0].basePosition();
    }

    /**
     * Begins to prune what the configuration does not keep: now, behind each segment that is sealed, and each second.
     *
     * @param needed tells what must stay in any case; asked on the I/O thread, before each time that some would go
     * @param pruned told of the first position that is left, on the I/O thread, each time that some are gone
     */
    public void startPruning(EventLogConfig config, Supplier<Needs> needed, LongConsumer pruned, IoThread io) {
        if (Retention.isLimited(config)) {
            var started = new Pruner(this, store, config, needed, pruned, io);
            pruner = started;
            limit.prunedBy(started);
            started.start();
        }
    }

    @Override
    public boolean isPruning() {
        return pruner != null;
    }

    /** Whether the log may take so many bytes only. */
    public boolean isLimited() {
        return limit.isSet();
    }

    @Override
    public long endPosition() {
        return (long) END.getAcquire(this);
    }

    @Override
    public long durablePosition() {
        return Math.min(store.durablePosition(), endPosition());
    }

    @Override
    public long readablePosition() {
        return onlyDurableIsReadable ? durablePosition() : endPosition();
    }

    /** A builder for frames of this log. */
    public FrameBuilder newFrame() {
        return new FrameBuilder(maxFrameLength, maxEventLength, seed());
    }

    /**
     * Appends a finished frame and returns the position of its first event. Looks at no id.
     *
     * @param durable whether to wait until it survives a power cut, even if the log does not ask for that
     */
    public long append(FrameBuilder frame, boolean durable) {
        return append(frame, durable, null, null);
    }

    /** The same with what a consumer has reached by it, which a claim tells; the ids of the events are known from then on. */
    long append(FrameBuilder frame, boolean durable, Claims.@Nullable Held claim, @Nullable Progress progress) {
        // outside the lock: a user's clock is a user's code
        long nowNanos = clock.epochNanos();
        EventIds ids = claim == null ? null : guarded.ids(frame, nowNanos);
        for (int attempt = 0; ; attempt++) {
            try {
                long position = appendInOrder(frame, nowNanos, claim, progress, ids);
                appended(position + frame.eventCount(), durable);
                return position;
            } catch (LogLimit.Reached full) {
                makeRoom(full, attempt);
                nowNanos = clock.epochNanos();
            }
        }
    }

    /**
     * Appends a finished frame without the events whose id is known, and only if a condition holds; returns the position of
     * its last event, be it new or not.
     *
     * @param condition null: none
     * @param durable as for {@link #append}
     * @throws dev.eventlog.error.AppendConflictException if the condition does not hold
     */
    public long appendGuarded(FrameBuilder frame, @Nullable Condition condition, boolean durable) {
        return guarded.append(frame, condition, durable);
    }

    /** The lock under which frames are appended. */
    AppendLock appendLock() {
        return lock;
    }

    /** Appends what was handed over before. */
    void drainLocked(long nowNanos) {
        if (queue.hasEvents()) {
            queue.drainLocked(nowNanos);
        }
    }

    /** Behind an append, without the lock: tells readers, and waits until what is below an end is as durable as it shall be. */
    void appended(long end, boolean durable) {
        try {
            if (!onlyDurableIsReadable) {
                waiters.signal();
            }
            if (durable || onlyDurableIsReadable) {
                awaitDurable(end);
            }
        } catch (InternalError lateFault) {
            // of a mapping whose file was cut
            throw failed(lateFault);
        }
    }

    /** Append time of the last frame. */
    long lastTimeNanosLocked() {
        return active.lastTimeNanos();
    }

    /** Who has a consumer's outputs in hand: nobody else appends any. */
    public sealed interface Claim permits Claims.Held {

        /** What was told of the consumer when it was claimed; null if nothing. */
        @Nullable
        Progress told();

        /** Where the log ended then: behind all that is told. */
        long endPosition();

        /** Makes room in a frame that was begun for what {@link #append} will tell. */
        void begin(FrameBuilder frame);

        /**
         * Appends outputs, and with them what the consumer has reached; returns the position of the first.
         *
         * @throws LogClosedException if the claim was given up, or somebody else's replaced it: nothing was appended
         */
        long append(FrameBuilder frame, Progress reached, boolean durable);

        /** Gives it up; idempotent, from any thread. */
        void end();
    }

    /** Takes a consumer's outputs in hand, from whoever had them. */
    public Claim claim(UUID logId, String consumer) {
        return claims.take(logId, consumer);
    }

    @Override
    public @Nullable Progress progress(String consumer) {
        return claims.table().get(id(), consumer);
    }

    /** Behind what was handed over before. */
    private long appendInOrder(
            FrameBuilder frame,
            long nowNanos,
            Claims.@Nullable Held claim,
            @Nullable Progress progress,
            @Nullable EventIds ids) {
        lock.lock();
        try {
            drainLocked(nowNanos);
            if (claim != null) {
                claim.require();
            }
            long position = ids == null ? appendLocked(frame, nowNanos) : guarded.appendAllLocked(frame, ids, nowNanos);
            if (claim != null) {
                claims.table().put(progress);
            }
            return position;
        } finally {
            lock.unlock();
        }
    }

    /** Returns when it is worth trying an append again that the limit left no room for. */
    void makeRoom(LogLimit.Reached full, int attempt) {
        limit.makeRoom(full, attempt);
    }

    /**
     * Hands over a frame with one event, not finished, to be appended with others.
     *
     * @param durable as for {@link #append}
     */
    public CompletableFuture<Long> appendAsync(FrameBuilder frame, boolean durable) {
        requireWritable();
        IdentifiedFuture identified = guarded.future(frame);
        return queue.add(
                frame, durable || onlyDurableIsReadable, identified != null ? identified : new CompletableFuture<>());
    }

    /** Waits until what was handed over is appended and as durable as it shall be, or has failed. */
    public void flush() {
        if (closed) {
            throw new LogClosedException("log is closed" + place() + "; open it again");
        }
        queue.flush();
        requireSound();
    }

    /** Whether the caller is on the thread that completes asynchronous appends. */
    public boolean isAppendThread() {
        return queue.isOwnThread();
    }

    long appendLocked(FrameBuilder frame, long nowNanos) {
        long position = endPosition;
        requirePositions(position, frame.eventCount());
        ensureRoom(frame.length(), nowNanos);
        try {
            writeAndPublish(frame, Math.max(nowNanos, active.lastTimeNanos()));
        } catch (Throwable unknown) {
            throw failed(unknown);
        }
        return position;
    }

    /** Refuses what was handed over and waits for room. */
    void refuseStalled(Throwable reason) {
        lock.lock();
        try {
            queue.refuseStalledLocked(reason);
        } finally {
            lock.unlock();
        }
    }

    /** Appends what was handed over; where the limit leaves no room, how much is missing. */
    LogLimit.@Nullable Reached tryDrain() {
        long nowNanos = 0;
        Throwable clockFailure = null;
        try {
            nowNanos = clock.epochNanos();
        } catch (Throwable e) {
            // a user's clock; whoever appends by himself gets it thrown
            clockFailure = e;
        }
        lock.lock();
        try {
            if (clockFailure == null) {
                queue.drainLocked(nowNanos);
            } else {
                queue.refuseLocked(clockFailure);
            }
        } catch (LogLimit.Reached full) {
            return full;
        } finally {
            lock.unlock();
        }
        if (!onlyDurableIsReadable) {
            waiters.signal();
        }
        return null;
    }

    private void writeAndPublish(FrameBuilder frame, long timeNanos) {
        long position = endPosition;
        active.write(frame, position, timeNanos, store.durablePosition());
        long end = position + frame.eventCount();
        store.publishEnd(end);
        END.setRelease(this, end);
    }

    /** From the first byte on that may be written, nobody knows what is in the log when something throws. */
    private LogFailedException failed(Throwable unknown) {
        fail(unknown);
        return new LogFailedException(
                "append failed and its outcome is unknown: position=" + endPosition + place()
                        + "; the log takes no further append. Close it and open it again, then look whether the event is there",
                true,
                unknown);
    }

    private static void requirePositions(long position, int count) {
        if (count > MAX_POSITION - position) {
            throw new LogFailedException(
                    "positions are used up: endPosition=" + position + "; begin a new log", false, null);
        }
    }

    /** Rolls if the frame does not fit, or the clock stepped back too far; refuses if the log is closed or failed. */
    void ensureRoom(int frameLength, long nowNanos) {
        requireWritable();
        if (active.lastTimeNanos() - nowNanos > CLAMPED_STEP_NANOS) {
            if (active.isEmpty()) {
                active.setTime(nowNanos);
            } else {
                roll(frameLength, nowNanos);
            }
        }
        if (!active.hasRoom(frameLength) && active.fits(frameLength)) {
            limit.extend(active, segments.all(), frameLength);
        }
        if (!active.hasRoom(frameLength)) {
            roll(frameLength, Math.max(nowNanos, active.lastTimeNanos()));
            if (!active.hasRoom(frameLength)) {
                throw new IllegalStateException("frame of " + frameLength
                        + " bytes does not fit a segment behind the log's names of types and sources" + place()
                        + "; open the log with a greater segmentLengthBytes");
            }
        } else if (active.isNextWanted()) {
            store.prepare(active.segment().number() + 1);
            makeRoomAhead();
        }
        try {
            active.reserve(frameLength);
        } catch (IOException e) {
            throw Corruption.io("appending", directory == null ? Path.of("memory") : directory, e);
        }
    }

    void requireWritable() {
        if (closed) {
            throw new LogClosedException("log is closed" + place() + "; open it again");
        }
        Throwable cause = failure;
        if (cause != null) {
            throw new LogFailedException(
                    "log has stopped writing after an error, nothing was appended" + place() + " (" + cause.getMessage()
                            + "); close it and open it again",
                    false,
                    cause);
        }
    }

    /** Ends the segment and begins the next; if that cannot be had, nothing has changed. */
    private void roll(int frameLength, long timeNanos) {
        ActiveSegment last = active;
        limit.requireNext(last, segments.all(), leastLength(frameLength));
        long number = last.segment().number() + 1;
        SegmentWriter next;
        try {
            next = store.begin(number, leastLength(frameLength));
        } catch (IOException e) {
            throw Corruption.io("beginning segment " + number, directory == null ? Path.of("memory") : directory, e);
        }
        try {
            boolean isDropped = last.isEmpty();
            if (isDropped) {
                last.drop();
                store.discard(last.writer());
            } else {
                last.end(control, endPosition, store.durablePosition());
                last.segment().tell(claims.table().all());
                store.seal(last.segment(), last.writer());
            }
            active = begin(number, next, timeNanos);
            active.setEnd(limit.left(segments.all()));
            Segment begun = active.segment();
            if (isDropped) {
                segments.replaceLast(begun);
            } else {
                segments.add(begun);
            }
            makeRoomAhead();
        } catch (Throwable unknown) {
            throw failed(unknown);
        }
    }

    private void makeRoomAhead() {
        Pruner waiting = pruner;
        if (waiting != null) {
            waiting.later();
        }
    }

    private ActiveSegment begin(long number, SegmentWriter writer, long timeNanos) throws IOException {
        Segment previous = segments.last();
        var begun = new ActiveSegment(new Segment(number, epoch, endPosition), writer, timeNanos);
        begun.begin(control, id(), bootId, previous, new ActiveSegment.Known(dictionary, claims.table()));
        return begun;
    }

    private long leastLength(int frameLength) {
        return ActiveSegment.leastLength(dictionary, frameLength)
                + (long) claims.table().count() * ProgressFormat.MAX_LENGTH;
    }

    /** The number of a schema, given to it now if it has none. */
    public int schemaNumber(Codec.Schema schema) {
        return naming.schemaNumber(schema);
    }

    /** The number of a source, given to it now if it has none. */
    public int sourceNumber(String source) {
        return naming.sourceNumber(source);
    }

    /** Whether one more name leaves half of a segment to events. */
    boolean hasRoomForNamesLocked() {
        return directory == null || leastLength(0) <= active.writer().capacity() / 2;
    }

    /** The frame for what is told besides events, to be begun and then {@link #writeControlLocked written}. */
    FrameBuilder controlLocked() {
        return control;
    }

    /** Writes that frame; {@link #ensureRoom} came before. */
    void writeControlLocked() {
        control.finish();
        try {
            active.write(control, endPosition, active.lastTimeNanos(), store.durablePosition());
        } catch (Throwable unknown) {
            throw failed(unknown);
        }
    }

    /** Makes what was appended before the call survive a power cut. */
    public void force() {
        queue.drain();
        requireSound();
        awaitDurable(endPosition());
    }

    private void requireSound() {
        Throwable before = failure;
        if (before != null) {
            throw new LogFailedException(
                    "log has stopped writing after an error" + place() + " (" + before.getMessage()
                            + "); close it and open it again",
                    false,
                    before);
        }
    }

    /** Waits until everything below a position survives a power cut. */
    void awaitDurable(long end) {
        forcing.await(end);
        if (onlyDurableIsReadable) {
            // also where another thread's force made it durable
            waiters.signal();
        }
    }

    /** How far the log has come. */
    Forcing.Written written() {
        lock.lock();
        return unlockedAfter();
    }

    /** How far the log has come; frees the lock, which is held. */
    private Forcing.Written unlockedAfter() {
        try {
            return new Forcing.Written(
                    active.writer(),
                    active.segment().basePosition(),
                    active.writer().endOffset(),
                    endPosition);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Makes what was appended survive a power cut; on the I/O thread.
     *
     * @return false if the append lock could not be had at once: its holder may be waiting for this thread, which must go
     *     on with that and come again
     */
    boolean forceInBackground() {
        requireSound();
        if (endPosition() <= store.durablePosition()) {
            return true;
        }
        if (!lock.tryLockShortly()) {
            return false;
        }
        forcing.force(unlockedAfter());
        if (onlyDurableIsReadable) {
            waiters.signal();
        }
        return true;
    }

    /** Stops writing after an error that cannot be judged. */
    void fail(Throwable error) {
        if (failure == null) {
            failure = error;
            LOGGER.error("log stops writing{}", place(), error);
        }
    }

    /** Why the journal takes no more appends; null if it does. */
    public @Nullable Throwable failure() {
        return failure;
    }

    @Override
    public boolean await(BooleanSupplier condition, long nanos) {
        return waiters.await(condition, nanos);
    }

    @Override
    public boolean await(BooleanSupplier condition) {
        return waiters.await(condition);
    }

    @Override
    public void wake() {
        waiters.signal();
    }

    @Override
    long openEndOffset(Segment segment) {
        lock.lock();
        try {
            return segment == active.segment() ? active.writer().endOffset() : segment.endOffset();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    /** Ends the last segment, forces and frees everything. Idempotent. */
    @Override
    public void close() {
        queue.close();
        if (!endWriting()) {
            return;
        }
        waiters.signal();
        IOException notClosed = null;
        try {
            store.close();
        } catch (IOException e) {
            notClosed = e;
        }
        Throwable cause = notClosed != null ? notClosed : failure;
        if (notClosed != null || (failure != null && store.durablePosition() < endPosition())) {
            throw new LogFailedException(
                    "log was closed, but what was appended from " + store.durablePosition()
                            + " on may not survive a power cut" + place(),
                    true,
                    cause);
        }
    }

    /** Ends the last segment; false if that was done before. A segment that cannot be ended is left to the next open. */
    private boolean endWriting() {
        lock.lock();
        try {
            if (closed) {
                return false;
            }
            closed = true;
            if (failure != null) {
                return true;
            }
            if (active.isEmpty()) {
                store.discard(active.writer());
            } else {
                active.end(control, endPosition, store.durablePosition());
                active.segment().tell(claims.table().all());
                store.seal(active.segment(), active.writer());
            }
        } catch (Throwable unknown) {
            // on the last frame, which holds no event: the next open does without it
            fail(unknown);
        } finally {
            lock.unlock();
        }
        return true;
    }
}
