package dev.eventlog.internal.journal;

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
 */
record SegmentScan(
        int epoch,
        long basePosition,
        Segment.SegmentEnd end,
        long dataFrames,
        long durablePosition,
        SparseIndex index,
        @Nullable String problem) {

    /** Whether it has a frame, and so belongs to the log. */
    boolean hasFrames() {
        return basePosition >= 0;
    }
}
