package dev.eventlog.internal.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where segments' bytes live: the seam between a journal and the disk or the memory.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
interface SegmentStore extends AutoCloseable {

    /**
     * Begins a segment that frames can be written to at once.
     *
     * @param number one above the segment before
     * @param leastLength room that is needed for what will be written first
     */
    SegmentWriter begin(long number, long leastLength) throws IOException;

    /** Prepares a segment in the background, so that {@link #begin} will not wait. Failing is no error. */
    void prepare(long number);

    /** Maps a segment's bytes for reading, little-endian. */
    ByteBuffer map(Segment segment) throws IOException;

    /** Where a segment's file is, for messages; null where it usually is. */
    default @Nullable Path file(Segment segment) {
        return null;
    }

    /** The sparse index of a sealed segment, made anew if it is missing or damaged. */
    SparseIndex index(Segment segment) throws IOException;

    /**
     * Finds where a segment goes on behind damage.
     *
     * @param greatestPosition no event beyond it is looked for
     * @return null if nothing in it is right from there on
     */
    SegmentScanner.@Nullable Found findBehind(Segment segment, SegmentScanner.Damage damage, long greatestPosition)
            throws IOException;

    /** Says that frames below this position are readable: what a crash must not take. Called under the append lock. */
    void publishEnd(long endPosition);

    /**
     * Takes over a segment that gets no more frames: records it, in the background. The segment says where it ends.
     *
     * @param writer the one that wrote it, to be closed
     */
    void seal(Segment segment, SegmentWriter writer);

    /**
     * Position behind the last sealed segment that is recorded: only what is below may be pruned. On the I/O thread.
     */
    long recordedPosition();

    /** Latest append time of what was pruned, see {@link Manifest.Pruned}; {@link Long#MIN_VALUE} if unknown. */
    long prunedTimeNanos();

    /**
     * Prunes segments, the oldest ones: records it, lets it be known, deletes them. On the I/O thread.
     *
     * @param timeNanos see {@link #prunedTimeNanos}
     * @param publish makes readers find what is left only; called once it is recorded
     * @throws IOException if it could not be recorded: then nothing was pruned
     */
    void prune(List<Segment> segments, long timeNanos, Runnable publish) throws IOException;

    /** Gives back the storage of pruned segments that nobody reads any more, in the background. */
    void release();

    /** Takes back a segment that has no event, in the background. */
    void discard(SegmentWriter writer);

    /**
     * Makes all frames below a position survive a power cut, and then says so. On the calling thread, to which an
     * interrupt does no harm.
     *
     * @param active the segment that is being written
     * @param basePosition its first position
     * @param endOffset where its last frame below the position ends
     * @throws IOException if the disk reports an error: what is on it is then unknown
     */
    void force(SegmentWriter active, long basePosition, long endOffset, long endPosition) throws IOException;

    /** Everything below survives a power cut. */
    long durablePosition();

    /** Ends what was begun in the background and frees everything. */
    @Override
    void close() throws IOException;
}
