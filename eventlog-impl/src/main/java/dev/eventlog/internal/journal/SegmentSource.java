package dev.eventlog.internal.journal;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Where the bytes of segments are read from.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
interface SegmentSource {

    /** Maps a segment's bytes for reading, little-endian. */
    ByteBuffer map(Segment segment) throws IOException;

    /**
     * The sparse index of a segment: of a sealed one all of it, made anew if it is missing or damaged; of one that another
     * process writes, as far as it has come.
     */
    SparseIndex index(Segment segment) throws IOException;

    /** Gives back the storage of pruned segments that nobody reads any more, in the background. */
    void release();
}
