package dev.eventlog.internal.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Segments in memory whose operations fail or call back when a test says so. */
final class FaultyStore implements SegmentStore {

    private final SegmentStore store = new MemorySegmentStore(Journals.SMALL);

    @Nullable
    Throwable onBegin;

    @Nullable
    Throwable onReserve;

    @Nullable
    Throwable onWrite;

    @Nullable
    Throwable onPublish;

    @Nullable
    Throwable onSeal;

    @Nullable
    IOException onForce;

    Runnable beforeWrite = () -> {};
    boolean closed;

    @Override
    public SegmentWriter begin(long number, long leastLength) throws IOException {
        FaultyStore.<IOException>fail(onBegin);
        return new Writer(store.begin(number, leastLength));
    }

    @Override
    public void prepare(long number) {
        store.prepare(number);
    }

    @Override
    public ByteBuffer map(Segment segment) throws IOException {
        return store.map(segment);
    }

    @Override
    public SparseIndex index(Segment segment) throws IOException {
        return store.index(segment);
    }

    @Override
    public SegmentScanner.Found findBehind(Segment segment, SegmentScanner.Damage damage, long greatestPosition)
            throws IOException {
        return store.findBehind(segment, damage, greatestPosition);
    }

    @Override
    public void publishEnd(long endPosition) {
        FaultyStore.<RuntimeException>fail(onPublish);
        store.publishEnd(endPosition);
    }

    @Override
    public void seal(Segment segment, SegmentWriter writer) {
        FaultyStore.<RuntimeException>fail(onSeal);
        store.seal(segment, writer);
    }

    @Override
    public long recordedPosition() {
        return store.recordedPosition();
    }

    @Override
    public long prunedTimeNanos() {
        return store.prunedTimeNanos();
    }

    @Override
    public void prune(List<Segment> segments, long timeNanos, Runnable publish) throws IOException {
        store.prune(segments, timeNanos, publish);
    }

    @Override
    public void release() {
        store.release();
    }

    @Override
    public void discard(SegmentWriter writer) {
        store.discard(writer);
    }

    @Override
    public void force(SegmentWriter active, long basePosition, long endOffset, long endPosition) throws IOException {
        FaultyStore.<IOException>fail(onForce);
        store.force(active, basePosition, endOffset, endPosition);
    }

    @Override
    public long durablePosition() {
        return onForce == null ? store.durablePosition() : 0;
    }

    @Override
    public void close() throws IOException {
        closed = true;
        store.close();
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void fail(@Nullable Throwable failure) throws E {
        if (failure != null) {
            throw (E) failure;
        }
    }

    private final class Writer implements SegmentWriter {

        private final SegmentWriter writer;

        Writer(SegmentWriter writer) {
            this.writer = writer;
        }

        @Override
        public long append(ByteBuffer frame, int length) {
            beforeWrite.run();
            FaultyStore.<RuntimeException>fail(onWrite);
            return writer.append(frame, length);
        }

        @Override
        public void reserve(long endOffset) throws IOException {
            FaultyStore.<IOException>fail(onReserve);
            writer.reserve(endOffset);
        }

        @Override
        public long endOffset() {
            return writer.endOffset();
        }

        @Override
        public long capacity() {
            return writer.capacity();
        }

        @Override
        public ByteBuffer readable() {
            return writer.readable();
        }
    }
}
