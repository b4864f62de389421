package dev.eventlog.internal.journal;

import dev.eventlog.Codec;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import java.io.IOException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The segment that is being written: its writer, the chain of its frames, and what will be recorded when it ends.
 *
 * <p><b>Threading:</b> One thread at a time: the holder of the append lock. <b>Allocation:</b> none in {@link #write}.
 */
final class ActiveSegment {

    /** Room that stays free for the close frame. */
    private static final int CLOSE_RESERVE = 128;
    /** Longest dictionary frame at the beginning of a segment. */
    private static final int DICTIONARY_FRAME_LENGTH = 32 << 10;

    private final Segment segment;
    private final SegmentWriter writer;
    private final SparseIndex index;
    private int previousCrc;
    private long frameCount;
    private long dataFrameCount;
    private long firstTimeNanos;
    private long lastTimeNanos;
    private boolean nextRequested;
    // offset up to which frames may be written
    private long end;

    ActiveSegment(Segment segment, SegmentWriter writer, long timeNanos) {
        this.segment = segment;
        this.writer = writer;
        lastTimeNanos = timeNanos;
        index = SparseIndex.ofLength(writer.capacity());
        end = writer.capacity();
    }

    /** Bytes that a segment needs at least for its beginning and a frame. */
    static long leastLength(Dictionary dictionary, int frameLength) {
        long entries = dictionary.nextSchema() * 400L + dictionary.nextSource() * 128L;
        return entries + frameLength + 2L * DICTIONARY_FRAME_LENGTH;
    }

    /** What readers know of it. */
    Segment segment() {
        return segment;
    }

    SegmentWriter writer() {
        return writer;
    }

    /** Whether it has no event. */
    boolean isEmpty() {
        return dataFrameCount == 0;
    }

    /** The time of the last frame, before which no other may be. */
    long lastTimeNanos() {
        return lastTimeNanos;
    }

    /** Sets the time back; only while there is no event. */
    void setTime(long timeNanos) {
        lastTimeNanos = timeNanos;
    }

    boolean hasRoom(int frameLength) {
        return needed(frameLength) <= end;
    }

    /** Whether the segment is long enough for a frame, may it be written or not. */
    boolean fits(int frameLength) {
        return needed(frameLength) <= writer.capacity();
    }

    /** The offset up to which a frame, and the close frame behind it, need the segment. */
    long needed(int frameLength) {
        return writer.endOffset() + DocumentHeader.LENGTH + frameLength + CLOSE_RESERVE;
    }

    /** Lets frames be written up to an offset, or as far as the segment goes. */
    void setEnd(long offset) {
        end = Math.min(offset, writer.capacity());
    }

    /** Makes sure that there is storage for a frame, and for the close frame behind it. */
    void reserve(int frameLength) throws IOException {
        writer.reserve(needed(frameLength));
    }

    /** Whether the next segment should be prepared now: once, when half is written. */
    boolean isNextWanted() {
        if (nextRequested || writer.endOffset() <= writer.capacity() / 2) {
            return false;
        }
        nextRequested = true;
        return true;
    }

    /** Writes a frame behind the last; if this throws, nobody knows whether it is there. */
    void write(FrameBuilder frame, long basePosition, long timeNanos, long durablePosition) {
        int crc = frame.stamp(basePosition, timeNanos, durablePosition, segment.epoch(), previousCrc);
        long offset = writer.append(frame.buffer(), frame.length());
        previousCrc = crc;
        frameCount++;
        lastTimeNanos = timeNanos;
        if (frame.eventCount() > 0) {
            if (dataFrameCount++ == 0) {
                firstTimeNanos = timeNanos;
            }
            index.offer(basePosition, timeNanos, offset);
        }
    }

    /** What the log knows and each segment repeats. */
    record Known(Dictionary dictionary, ProgressTable progress) {}

    /**
     * Writes the open record, the dictionary and the progress of consumers.
     *
     * @param control to build frames in
     */
    void begin(FrameBuilder control, UUID logId, UUID bootId, @Nullable Segment previous, Known known)
            throws IOException {
        Dictionary dictionary = known.dictionary();
        control.begin(FrameDescriptor.KIND_CONTROL);
        ControlRecords.putOpen(control, segment.number(), logId, bootId, previous);
        for (int n = 1; n < dictionary.nextSchema(); n++) {
            Codec.Schema schema = dictionary.schema(n);
            if (schema != null) {
                writeIfLong(control);
                ControlRecords.putSchema(control, n, schema);
            }
        }
        for (int n = 1; n < dictionary.nextSource(); n++) {
            String source = dictionary.source(n);
            if (source != null) {
                writeIfLong(control);
                ControlRecords.putSource(control, n, source);
            }
        }
        for (ReadJournal.Progress each : known.progress().all()) {
            writeIfLong(control);
            ProgressFormat.putRecord(control, each);
        }
        writeOpening(control);
        segment.keep(writer.readable(), index);
    }

    private void writeIfLong(FrameBuilder control) throws IOException {
        if (control.length() > DICTIONARY_FRAME_LENGTH) {
            writeOpening(control);
            control.begin(FrameDescriptor.KIND_CONTROL);
        }
    }

    private void writeOpening(FrameBuilder control) throws IOException {
        control.finish();
        reserve(control.length());
        // nothing of this segment is known to be durable yet, and what is before it stands in its own frames
        write(control, segment.basePosition(), lastTimeNanos, 0);
    }

    /** Ends a segment with events: writes the close frame and says where it ends. */
    void end(FrameBuilder control, long endPosition, long durablePosition) {
        control.begin(FrameDescriptor.KIND_CLOSE);
        ControlRecords.putClose(control, frameCount, endPosition);
        control.finish();
        write(control, endPosition, lastTimeNanos, durablePosition);
        segment.seal(
                new Segment.SegmentEnd(endPosition, writer.endOffset(), firstTimeNanos, lastTimeNanos, previousCrc));
    }

    /** Ends a segment without events: readers that stand in it pass on. */
    void drop() {
        segment.seal(new Segment.SegmentEnd(segment.basePosition(), writer.endOffset(), 0, 0, previousCrc));
    }
}
