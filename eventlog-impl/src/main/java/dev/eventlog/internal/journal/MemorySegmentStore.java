package dev.eventlog.internal.journal;

import dev.eventlog.EventLogConfig;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Segments in direct memory, in the same layout as on disk. The first has 64 KiB, each further one twice as much, up to
 * 16 MiB or what the configuration says; where only so many bytes are kept, up to an eighth of them, so that pruning takes
 * small steps; a segment's memory goes with the log, or when it is pruned, nobody reads it, and the garbage collector comes by.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class MemorySegmentStore implements SegmentStore {

    private static final int FIRST_LENGTH = 64 << 10;
    private static final int MAX_DOUBLINGS = 8;
    private static final int SEGMENTS_KEPT = 8;

    private final long maxLength;

    // written under the append lock, read by any thread; published by volatile
    private volatile long endPosition;

    MemorySegmentStore(EventLogConfig config) {
        maxLength = Math.max(
                FIRST_LENGTH,
                Math.min(
                        config.segmentLengthBytes(),
                        Math.min(config.retainBytes(), config.limitBytes()) / SEGMENTS_KEPT));
    }

    @Override
    public SegmentWriter begin(long number, long leastLength) {
        long length = Math.min(maxLength, (long) FIRST_LENGTH << Math.min(MAX_DOUBLINGS, number - 1));
        return new MemorySegmentWriter((int) Math.max(length, leastLength + MemorySegmentWriter.OVERHEAD));
    }

    @Override
    public void prepare(long number) {
        // allocating is quick enough
    }

    @Override
    public ByteBuffer map(Segment segment) {
        throw new IllegalStateException("memory of " + segment + " is gone");
    }

    @Override
    public SparseIndex index(Segment segment) {
        throw new IllegalStateException("index of " + segment + " is gone");
    }

    @Override
    public SegmentScanner.@Nullable Found findBehind(
            Segment segment, SegmentScanner.Damage damage, long greatestPosition) {
        return null;
    }

    @Override
    public void publishEnd(long newEndPosition) {
        endPosition = newEndPosition;
    }

    @Override
    public void seal(Segment segment, SegmentWriter writer) {
        // stays where it is
    }

    @Override
    public long recordedPosition() {
        return endPosition;
    }

    @Override
    public long prunedTimeNanos() {
        return Long.MIN_VALUE;
    }

    @Override
    public void prune(List<Segment> segments, long timeNanos, Runnable publish) {
        publish.run();
        segments.forEach(Segment::prune);
    }

    @Override
    public void release() {
        // the garbage collector does
    }

    @Override
    public void discard(SegmentWriter writer) {
        // goes with the log
    }

    @Override
    public void force(SegmentWriter active, long basePosition, long endOffset, long forcedPosition) {
        // nothing survives the process
    }

    @Override
    public long durablePosition() {
        return endPosition;
    }

    @Override
    public void close() {
        // the garbage collector frees it
    }

    /** Writes a segment in memory. <b>Threading:</b> One thread at a time: the one that holds the append lock. */
    private static final class MemorySegmentWriter implements SegmentWriter {

        /** Document header of a first frame, and room for the zero header behind the last. */
        static final int OVERHEAD = 2 * DocumentHeader.LENGTH;

        private final ByteBuffer bytes;
        private int endOffset;

        MemorySegmentWriter(int length) {
            bytes = ByteBuffer.allocateDirect(length).order(ByteOrder.LITTLE_ENDIAN);
        }

        @Override
        public void reserve(long offset) {
            // memory is allocated whole
        }

        @Override
        public long append(ByteBuffer frame, int length) {
            int offset = endOffset;
            bytes.put(offset + DocumentHeader.LENGTH, frame, 0, length);
            DocumentHeader.setRelease(bytes, offset, length);
            endOffset = offset + DocumentHeader.LENGTH + length;
            return offset;
        }

        @Override
        public long endOffset() {
            return endOffset;
        }

        @Override
        public long capacity() {
            return (long) bytes.capacity() - DocumentHeader.LENGTH;
        }

        @Override
        public ByteBuffer readable() {
            return bytes;
        }
    }
}
