package dev.eventlog.internal.journal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Chronicle's 4-byte document header, little-endian, at offsets that are multiples of 4; segments in memory use the same.
 *
 * <pre>
 *   0                       nothing here yet
 *   bits 0-29               length of the document behind the header
 *   bit 30                  Chronicle's own metadata: skipped
 *   bit 31                  not complete
 * </pre>
 *
 * It is the commit word of a frame: written last, with release or stronger, and read with acquire.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class DocumentHeader {

    /** Bytes of a header. */
    static final int LENGTH = 4;

    private static final int LENGTH_MASK = 0x3fff_ffff;
    private static final int METADATA = 0x4000_0000;

    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private DocumentHeader() {}

    static int getAcquire(ByteBuffer bytes, int offset) {
        return (int) INT.getAcquire(bytes, offset);
    }

    static void setRelease(ByteBuffer bytes, int offset, int header) {
        INT.setRelease(bytes, offset, header);
    }

    /** Whether a document is there, whole. */
    static boolean isComplete(int header) {
        return header > 0;
    }

    static boolean isMetadata(int header) {
        return (header & METADATA) != 0;
    }

    static int length(int header) {
        return header & LENGTH_MASK;
    }

    /** Offset of the header behind a document. */
    static long next(long offset, int header) {
        return (offset + LENGTH + length(header) + 3) & ~3L;
    }

    /** Offset of the first header behind Chronicle's metadata at the beginning of a segment. */
    static long firstFree(ByteBuffer bytes) {
        long offset = 0;
        while (offset <= bytes.capacity() - LENGTH) {
            int header = getAcquire(bytes, (int) offset);
            if (!isComplete(header) || !isMetadata(header)) {
                return offset;
            }
            offset = next(offset, header);
        }
        throw new IllegalStateException("segment has no room");
    }
}
