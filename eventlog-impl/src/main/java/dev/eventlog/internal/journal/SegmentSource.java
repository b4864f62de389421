package dev.eventlog.internal.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where the bytes of segments are read from.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
interface SegmentSource {

    /**
     * Maps a segment's bytes for reading, little-endian.
     *
     * @throws java.nio.file.NoSuchFileException if its file is gone
     */
    ByteBuffer map(Segment segment) throws IOException;

    /** Where a segment's file is, for messages; null where it usually is. */
    default @Nullable Path file(Segment segment) {
        return null;
    }

    /**
     * The sparse index of a segment: of a sealed one all of it, made anew if it is missing or damaged; of one that another
     * process writes, as far as it has come.
     */
    SparseIndex index(Segment segment) throws IOException;

    /**
     * Finds where a segment goes on behind damage.
     *
     * @param greatestPosition no event beyond it is looked for
     * @return null if nothing in it is right from there on
     */
    SegmentScanner.@Nullable Found findBehind(Segment segment, SegmentScanner.Damage damage, long greatestPosition)
            throws IOException;

    /** Gives back the storage of pruned segments that nobody reads any more, in the background. */
    void release();
}
