package dev.eventlog.internal.journal;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.frame.FrameView;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the events of a journal in position order. Each frame is copied out of the segment into the reader's own buffer
 * and checked there (checksums, epoch, expected position, chain) before an event of it is shown: no user ever holds bytes
 * that can change.
 *
 * <p>A reader follows the readable position. Below it a frame must stand at each step; if it does not, that is
 * damage, and never mistaken for the end of the log.
 *
 * <p><b>Threading:</b> One thread at a time: its consumer. Needs no close. <b>Allocation:</b> none in {@link #next}, except
 * where a segment is entered or a larger frame than before is met.
 */
public final class JournalReader {

    private static final int FOLLOWS_UNKNOWN = 0;
    private static final int FOLLOWS_KNOWN = 1;

    private final Journal journal;
    private final FrameView frame;
    private Segment segment;
    private ByteBuffer bytes;
    private long offset;
    // position of the next frame's first event
    private long nextFrame;
    // position of the next event to show
    private long target;
    private int previousCrc;
    private int follows;
    private boolean loaded;

    JournalReader(Journal journal, int seed) {
        this.journal = journal;
        frame = new FrameView(seed);
        Segment[] segments = journal.segments();
        segment = segments[0];
        bytes = journal.bytes(segment);
        enter(segment);
        target = segment.basePosition();
    }

    /** The event that {@link #next()} went to. */
    public FrameView event() {
        return frame;
    }

    /** Position of the next event that {@link #next()} goes to, or where it will be. */
    public long position() {
        return target;
    }

    /**
     * Stands before an event.
     *
     * @param position from the first position to the end position
     */
    public void seek(long position) {
        target = position;
        if (loaded && position >= frame.basePosition() && position < frame.endPosition()) {
            frame.rewind();
            return;
        }
        if (loaded && position == nextFrame) {
            // behind the loaded frame, where the next one will be
            while (frame.nextEvent() == FrameView.EVENT) {
                // walks to the frame's end
            }
            return;
        }
        Segment found = segmentOf(position);
        enter(found);
        SparseIndex index = journal.index(found);
        enterAt(index, index.floorPosition(position));
    }

    /** Position of the first event of a segment that was appended at a time or later; -1 if it has none. */
    long seekTime(Segment where, long appendTimeNanos) {
        enter(where);
        SparseIndex index = journal.index(where);
        enterAt(index, index.beforeTime(appendTimeNanos));
        target = nextFrame;
        while (segment == where && next()) {
            if (segment == where && frame.appendTimeNanos() >= appendTimeNanos) {
                return frame.position();
            }
            target = frame.endPosition();
            loaded = false;
        }
        return -1;
    }

    private Segment segmentOf(long position) {
        Segment[] segments = journal.segments();
        int low = 0;
        int high = segments.length - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (segments[middle].basePosition() <= position) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return segments[low];
    }

    private void enter(Segment entered) {
        segment = entered;
        bytes = journal.bytes(entered);
        offset = 0;
        nextFrame = entered.basePosition();
        previousCrc = 0;
        follows = FOLLOWS_KNOWN;
        loaded = false;
    }

    private void enterAt(SparseIndex index, int entry) {
        if (entry >= 0) {
            offset = index.offset(entry);
            nextFrame = index.position(entry);
            follows = FOLLOWS_UNKNOWN;
        }
    }

    /**
     * Goes to the next event.
     *
     * @return false if there is none below the readable position
     * @throws CorruptLogException if what stands there is not what was written; the reader stays before it
     */
    public boolean next() {
        while (true) {
            if (loaded) {
                int found = frame.nextEvent();
                if (found == FrameView.EVENT) {
                    if (frame.position() >= target) {
                        target = frame.position() + 1;
                        return true;
                    }
                    continue;
                }
                if (found == FrameView.MALFORMED) {
                    loaded = false;
                    throw corrupt("event is malformed");
                }
            }
            try {
                if (!loadNext()) {
                    return false;
                }
            } catch (InternalError unreadable) {
                // here and not around each access: compiled code learns of a page fault some instructions later
                throw corrupt("file was cut, or its disk cannot read it", unreadable);
            }
        }
    }

    /** Loads the next frame with events at or above the target. */
    private boolean loadNext() {
        while (nextFrame < journal.readablePosition()) {
            if (offset >= segment.endOffset()) {
                enter(segmentBehind());
                continue;
            }
            if (offset > bytes.capacity() - DocumentHeader.LENGTH) {
                throw corrupt("file ends before the log does");
            }
            int header = DocumentHeader.getAcquire(bytes, (int) offset);
            if (!DocumentHeader.isComplete(header)) {
                throw corrupt(header == 0 ? "nothing stands where events were appended" : "document is not complete");
            }
            if (!DocumentHeader.isMetadata(header)) {
                loadFrame(DocumentHeader.length(header));
                previousCrc = frame.headerCrc();
                follows = FOLLOWS_KNOWN;
                nextFrame = frame.endPosition();
            }
            offset = DocumentHeader.next(offset, header);
            if (loaded && nextFrame > target) {
                return true;
            }
            loaded = false;
        }
        return false;
    }

    private void loadFrame(int frameLength) {
        if (frameLength > bytes.capacity() - offset - DocumentHeader.LENGTH) {
            throw corrupt("frame is longer than its file");
        }
        if (frameLength > frame.capacity()) {
            // a length is believed only once the header's checksum is right
            int headerLength = Math.min(frameLength, FrameDescriptor.MAX_HEADER_LENGTH);
            copy(headerLength, headerLength);
            requireRight(frame.checkHeader(frameLength));
        }
        copy(frameLength, frameLength);
        requireRight(frame.check(frameLength));
        if (frame.epoch() != segment.epoch()) {
            throw corrupt("frame is of epoch " + frame.epoch() + " in a segment of epoch " + segment.epoch());
        }
        if (frame.basePosition() != nextFrame || frame.eventCount() < 0) {
            throw corrupt("frame is out of order");
        }
        if (follows == FOLLOWS_KNOWN && frame.previousCrc() != previousCrc) {
            throw corrupt("frame does not follow the one before it");
        }
        loaded = frame.eventCount() > 0;
    }

    private void copy(int count, int capacity) {
        frame.buffer(capacity).put(0, bytes, (int) offset + DocumentHeader.LENGTH, count);
    }

    private void requireRight(@Nullable String problem) {
        if (problem == null) {
            return;
        }
        loaded = false;
        if (problem.equals(FrameView.UNKNOWN_FORMAT)) {
            throw SegmentScanner.unknownFormat(frame, journal.file(segment).toString(), offset);
        }
        throw corrupt(problem);
    }

    private Segment segmentBehind() {
        Segment behind = segmentOf(nextFrame);
        if (behind.number() <= segment.number() || behind.basePosition() != nextFrame) {
            throw corrupt("segment behind this one is missing");
        }
        return behind;
    }

    private CorruptLogException corrupt(String what) {
        return corrupt(what, null);
    }

    private CorruptLogException corrupt(String what, @Nullable Throwable cause) {
        loaded = false;
        return Corruption.at(what, journal.file(segment), offset, nextFrame, Long.MAX_VALUE, cause);
    }
}
