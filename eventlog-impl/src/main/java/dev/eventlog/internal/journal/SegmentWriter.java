package dev.eventlog.internal.journal;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Writes frames to the end of one segment, each visible at once and whole.
 *
 * <p><b>Threading:</b> One thread at a time: the one that holds the append lock.
 */
interface SegmentWriter {

    /**
     * Makes sure that there is storage for bytes up to an offset.
     *
     * @throws IOException if there is none: nothing was changed, and a later call may find some
     */
    void reserve(long offset) throws IOException;

    /**
     * Appends one frame and returns the offset of its document header, the first byte that it takes.
     *
     * @param frame its bytes from index 0; position and limit are left
     * @throws RuntimeException whatever is thrown, errors too: the frame may be in the segment or not
     */
    long append(ByteBuffer frame, int length);

    /** Offset behind the last frame, where the next document header will be. */
    long endOffset();

    /** Bytes that the segment can take, those taken included. */
    long capacity();

    /** The bytes for readers in this process, little-endian, valid while the segment is. */
    ByteBuffer readable();
}
