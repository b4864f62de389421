package dev.eventlog.internal.journal;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a scan found in a segment.
 *
 * @param epoch epoch of its frames; 0 if it has none
 * @param basePosition position of its first event; -1 if it has no frame
 * @param end behind its last valid frame
 * @param dataFrames number of frames with events
 * @param durablePosition greatest durable position that a frame tells; -1 if none does
 * @param index sparse index of the valid frames
 * @param problem what ended the scan; null: nothing was there
 * @param gaps damage that it went on behind, in order
 * @param progress what its frames tell of consumers
 */
record SegmentScan(
        int epoch,
        long basePosition,
        Segment.SegmentEnd end,
        long dataFrames,
        long durablePosition,
        SparseIndex index,
        @Nullable String problem,
        List<Gap> gaps,
        List<ReadJournal.Progress> progress) {

    /**
     * Damage between frames that are right.
     *
     * @param offset where it begins
     * @param endOffset of the document header of the frame behind it
     * @param from position of the first event that is lost
     * @param to position behind the last; equal to from if no event is lost
     * @param what what is wrong at its beginning
     */
    record Gap(long offset, long endOffset, long from, long to, String what) {}

    /** Whether it has a frame, and so belongs to the log. */
    boolean hasFrames() {
        return basePosition >= 0;
    }
}
