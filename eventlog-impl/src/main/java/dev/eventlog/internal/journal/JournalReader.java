package dev.eventlog.internal.journal;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.PositionExpiredException;
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
 * <p>It enters a segment with the first event that it is asked for. As long as it stands in one, that can be read to its
 * end, also if it is pruned meanwhile; its storage is given back when the last reader has moved on or called
 * {@link #leave}. Where the events behind it were pruned too, that is not damage but a {@link PositionExpiredException}.
 *
 * <p><b>Threading:</b> One thread at a time: its consumer. <b>Allocation:</b> none in {@link #next}, except where a segment is
 * entered or a larger frame than before is met.
 */
public final class JournalReader {

    private static final int FOLLOWS_UNKNOWN = 0;
    private static final int FOLLOWS_KNOWN = 1;

    private static final Segment NOWHERE = nowhere();
    private static final ByteBuffer NO_BYTES = ByteBuffer.allocate(0);

    private final Journal journal;
    private final FrameView frame;
    // that it stands in and is counted in; or nowhere, which has an end and no bytes
    private Segment segment = NOWHERE;
    private ByteBuffer bytes = NO_BYTES;
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
        target = journal.firstPosition();
        nextFrame = target;
    }

    private static Segment nowhere() {
        var nowhere = new Segment(0, 0, 0);
        nowhere.seal(new Segment.SegmentEnd(0, 0, 0, 0, 0));
        return nowhere;
    }

    /** The event that {@link #next()} went to. */
    public FrameView event() {
        return frame;
    }

    /** Position of the next event that {@link #next()} goes to, or where it will be. */
    public long position() {
        return target;
    }

    /** Stands nowhere, before the same event: what it stood in may go. It can be used again. */
    public void leave() {
        stand(NOWHERE, NO_BYTES);
        nextFrame = target;
    }

    /**
     * Stands before an event.
     *
     * @param position up to the end position
     * @throws PositionExpiredException if it is below the first position; the reader stays where it was
     */
    public void seek(long position) {
        if (loaded && position >= frame.basePosition() && position < frame.endPosition()) {
            target = position;
            frame.rewind();
            return;
        }
        if (loaded && position == nextFrame) {
            target = position;
            // behind the loaded frame, where the next one will be
            while (frame.nextEvent() == FrameView.EVENT) {
                // walks to the frame's end
            }
            return;
        }
        standBefore(position);
    }

    private void standBefore(long position) {
        Segment found = segment;
        if (segment.basePosition() <= position && position < segment.endPosition()) {
            // also if it is pruned meanwhile
            begin(segment);
        } else {
            found = enterSegmentOf(position);
        }
        target = position;
        SparseIndex index = journal.index(found);
        enterAt(index, index.floorPosition(position));
    }

    /** Position of the first event of a segment that was appended at a time or later; -1 if it has none, or is pruned. */
    long seekTime(Segment where, long appendTimeNanos) {
        if (!enter(where)) {
            return -1;
        }
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

    /** Enters the segment with a position; one that is pruned between the look and the step is looked for again. */
    private Segment enterSegmentOf(long position) {
        while (true) {
            Segment found = segmentOf(position);
            if (enter(found)) {
                return found;
            }
        }
    }

    private Segment segmentOf(long position) {
        Segment[] segments = journal.segments();
        if (position < segments[0].basePosition()) {
            throw journal.expired(position, segments[0].basePosition());
        }
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

    /** Stands at the beginning of a segment; false if it is pruned. */
    private boolean enter(Segment entered) {
        if (!entered.enter()) {
            return false;
        }
        ByteBuffer found = null;
        try {
            found = journal.bytes(entered);
        } finally {
            if (found == null) {
                journal.left(entered);
            }
        }
        if (found == null) {
            return false;
        }
        stand(entered, found);
        return true;
    }

    private void stand(Segment entered, ByteBuffer itsBytes) {
        Segment left = segment;
        segment = entered;
        bytes = itsBytes;
        begin(entered);
        if (left != NOWHERE) {
            journal.left(left);
        }
    }

    private void begin(Segment where) {
        offset = 0;
        nextFrame = where.basePosition();
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
                if (segment.isPruned()) {
                    // its storage was given back
                    loaded = false;
                    throw journal.expired(nextFrame, journal.firstPosition());
                }
                throw corrupt("file was cut, or its disk cannot read it", unreadable);
            }
        }
    }

    /** Loads the next frame with events at or above the target. */
    private boolean loadNext() {
        while (nextFrame < journal.readablePosition()) {
            if (offset >= segment.endOffset()) {
                enterSegmentBehind();
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

    private void enterSegmentBehind() {
        if (segment == NOWHERE) {
            standBefore(target);
            return;
        }
        Segment before = segment;
        long next = nextFrame;
        while (true) {
            Segment behind = segmentOf(next);
            if (behind.number() <= before.number() || behind.basePosition() != next) {
                throw corrupt("segment behind this one is missing");
            }
            if (enter(behind)) {
                return;
            }
        }
    }

    private CorruptLogException corrupt(String what) {
        return corrupt(what, null);
    }

    private CorruptLogException corrupt(String what, @Nullable Throwable cause) {
        loaded = false;
        return Corruption.at(what, journal.file(segment), offset, nextFrame, Long.MAX_VALUE, cause);
    }
}
