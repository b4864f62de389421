package dev.eventlog.internal.inspection;

import dev.eventlog.internal.frame.FrameView;
import java.util.function.LongConsumer;

/**
 * How a log is looked at.
 *
 * @param isFull whether all segments are read, or only what an open would read
 * @param progress told the bytes that were read so far
 * @param visitor shown the frames that were read
 */
public record InspectOptions(boolean isFull, LongConsumer progress, FrameVisitor visitor) {

    /** Sees the frames of a log, in order. */
    @FunctionalInterface
    public interface FrameVisitor {
        /**
         * Sees one.
         *
         * @param frame valid until the method returns
         * @param offset of its document header in its file
         */
        void visit(FrameView frame, long offset);
    }

    /** Nobody is shown a frame. */
    public static InspectOptions of(boolean isFull, LongConsumer progress) {
        return new InspectOptions(isFull, progress, (frame, offset) -> {});
    }

    /** Nobody is told. */
    public static InspectOptions of(boolean isFull) {
        return of(isFull, bytes -> {});
    }
}
