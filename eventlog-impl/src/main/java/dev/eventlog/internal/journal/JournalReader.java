package dev.eventlog.internal.journal;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.frame.FrameView;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Reads the events of a journal in position order. Each frame is copied out of the segment into the reader's own array
 * and checked there (checksums, epoch, expected position, chain) before an event of it is shown: no user ever holds bytes
 * that can change.
 *
 * <p>A reader follows the readable position. Below it a frame must stand at each step; if it does not, that is
 * damage, and never mistaken for the end of the log.
 *
 * <p>Short frames are copied some at a time into a window of up to {@link #WINDOW_LENGTH} bytes, but only as many bytes
 * as the readable events take at least ({@link FrameDescriptor#EVENT_HEADER_LENGTH} each). So no frame in a window is
 * being written or is not readable yet, and a reader that has caught up does not fetch the cache lines that an appender
 * writes next. What is wrong with a frame of a window is judged only after that frame was copied again, alone.
 *
 * <p>A mapping whose file was cut throws an {@link InternalError}, but compiled code of Java 17 only long after the access,
 * when the thread enters the JVM for another reason: that may be in a user's handler. A window may meet the cut while the
 * events before it are right, so that no checksum tells. Therefore the last word of each copy is set to a mark first,
 * which must be gone after it (a window is shorter than a page, so no cut is missed), and {@link LateFault} brings out
 * what the JVM holds back.
 *
 * <p>In a process that reads what another one writes a segment may end, be moved or be pruned before this process knows of
 * it. So what looks like damage there is judged once the files were looked at anew: {@link ReadJournal#goesOn}.
 *
 * <p>Where something is wrong indeed, the segment is searched for the next frame that proves itself, see
 * {@link SegmentScanner}. If no event is lost that was asked for, reading goes on there: so a seek leads beyond damage,
 * however near. Else the exception tells which events are lost, and the reader stays before them.
 *
 * <p>It enters a segment with the first event that it is asked for. As long as it stands in one, that can be read to its
 * end, also if it is pruned meanwhile; its storage is given back when the last reader has moved on or called
 * {@link #leave}. Where the events behind it were pruned too, that is not damage but a {@link PositionExpiredException}.
 *
 * <p><b>Threading:</b> One thread at a time: its consumer. <b>Allocation:</b> none in {@link #next}, except where a segment is
 * entered or a larger frame than before is met.
 */
public final class JournalReader {

    /** Most bytes that are copied with a frame: few, so that the processor fetches the next while these are read. */
    static final int WINDOW_LENGTH = 1536;

    /** A copy is quicker from an address that a cache line begins at. */
    private static final long WINDOW_ALIGNMENT = 64;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long MARK = 0x9e37_79b9_7f4a_7c15L;

    private static final Segment NOWHERE = nowhere();
    private static final ByteBuffer NO_BYTES = ByteBuffer.allocate(0);

    private final ReadJournal journal;
    // whether it also shows what is not readable yet
    private final boolean showsAll;
    private final FrameView frame;
    // that it stands in and is counted in; or nowhere, which has an end and no bytes
    private Segment segment = NOWHERE;
    private ByteBuffer bytes = NO_BYTES;
    // bytes of the segment from windowOffset on
    private byte[] window = new byte[4096];
    private long windowOffset;
    // frames below it are checked
    private long checkedEnd;
    // whether more may be copied than is needed
    private boolean ahead;
    private long offset;
    // position of the next frame's first event
    private long nextFrame;
    // position of the next event to show
    private long target;
    // the readable position when it was last looked at
    private long readable;
    private int previousCrc;
    // whether previousCrc is that of the frame before the next
    private boolean previousKnown;
    // whether the segment is known to have no more frames, though it does not say where it ends
    private boolean ended;
    // whether damage was met in the segment: then the offset may be wrong, and a seek finds it anew
    private boolean damaged;
    // what is wrong where it stands, as it was met last
    private String problem = "";
    // where it goes on behind the damage that was met last; the position is MAX_VALUE if nowhere
    private long resumeOffset;
    private long resumePosition = Long.MAX_VALUE;
    // where a frame stands that proved itself, whatever its document header says, and its length
    private long provenOffset = -1;
    private int provenLength;
    // documents of Chronicle's own that were skipped since the last frame begin here; -1: none. A frame whose header is
    // damaged may look like one
    private long skippedFrom = -1;

    /**
     * @param showsAll whether what was appended is shown before others may read it
     */
    JournalReader(ReadJournal journal, int seed, boolean showsAll) {
        this.journal = journal;
        this.showsAll = showsAll;
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
        if (frame.eventCount() > 0 && position >= frame.basePosition() && position < frame.endPosition()) {
            target = position;
            frame.rewind();
            return;
        }
        if (position == nextFrame && segment != NOWHERE && !damaged) {
            target = position;
            frame.clear();
            return;
        }
        if (journal.segments().all().length == 0) {
            // nothing was appended yet, by a process that may not even have begun a segment
            target = position;
            leave();
            return;
        }
        standBefore(position);
    }

    private void standBefore(long position) {
        Segment found = segment;
        boolean isEndKnown = segment.endOffset() != Segment.OPEN;
        if (isEndKnown && segment.basePosition() <= position && position < segment.endPosition()) {
            // also if it is pruned meanwhile
            begin(segment);
        } else {
            found = enterSegmentOf(position);
        }
        target = position;
        SparseIndex index = journal.segments().index(found);
        enterAt(index, index.floorPosition(position));
    }

    /** Position of the first event that was appended at a time or later; -1 if there is none. */
    long positionAt(long appendTimeNanos) {
        for (Segment candidate : journal.segments().all()) {
            if (candidate.lastTimeNanos() >= appendTimeNanos) {
                try {
                    long found = seekTime(candidate, appendTimeNanos);
                    if (found >= 0) {
                        return found;
                    }
                } catch (PositionExpiredException pruned) {
                    // meanwhile: the next may have it
                }
            }
        }
        return -1;
    }

    /** Position of the first event of a segment that was appended at a time or later; -1 if it has none, or is pruned. */
    private long seekTime(Segment where, long appendTimeNanos) {
        if (!enter(where)) {
            return -1;
        }
        SparseIndex index = journal.segments().index(where);
        enterAt(index, index.beforeTime(appendTimeNanos));
        target = nextFrame;
        while (segment == where && nextReadable()) {
            if (segment == where && frame.appendTimeNanos() >= appendTimeNanos) {
                return frame.position();
            }
            target = frame.endPosition();
            frame.clear();
        }
        return -1;
    }

    /** Goes to the next event that can be read. */
    private boolean nextReadable() {
        while (true) {
            try {
                return next();
            } catch (CorruptLogException damage) {
                if (damage.toPosition() == Long.MAX_VALUE) {
                    throw damage;
                }
                target = damage.toPosition();
            }
        }
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
        Segment[] segments = journal.segments().all();
        if (segments.length == 0) {
            throw corrupt("segment is missing");
        }
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
            found = journal.segments().bytes(entered);
        } finally {
            if (found == null) {
                journal.segments().left(entered);
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
            journal.segments().left(left);
        }
    }

    /** Stands at the beginning of a segment, of which nothing is known yet. */
    private void begin(Segment where) {
        offset = 0;
        nextFrame = where.basePosition();
        previousCrc = 0;
        previousKnown = true;
        checkedEnd = 0;
        ahead = true;
        ended = false;
        damaged = false;
        provenOffset = -1;
        skippedFrom = -1;
        frame.clear();
    }

    private void enterAt(SparseIndex index, int entry) {
        if (entry >= 0) {
            offset = index.offset(entry);
            nextFrame = index.position(entry);
            previousKnown = false;
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
            int found = frame.nextEvent();
            if (found == FrameView.EVENT) {
                long position = frame.position();
                if (position >= target) {
                    target = position + 1;
                    return true;
                }
            } else if (found == FrameView.MALFORMED) {
                throw malformed();
            } else if (offset < checkedEnd) {
                showChecked();
            } else if (!load()) {
                return false;
            }
        }
    }

    /** The rest of a frame whose checksums are right and whose events are not. */
    private CorruptLogException malformed() {
        CorruptLogException malformed = Corruption.at(
                "event is malformed",
                journal.segments().file(segment),
                offset,
                target,
                Math.max(nextFrame, target + 1));
        checkedEnd = 0;
        damaged = true;
        frame.clear();
        return malformed;
    }

    /** Goes to the next frame of the window. */
    private void showChecked() {
        int at = (int) (offset - windowOffset);
        int length = (int) INT.get(window, at);
        frame.show(window, at + DocumentHeader.LENGTH, length, nextFrame);
        nextFrame = frame.endPosition();
        assert nextFrame <= readable : "window reaches beyond what is readable";
        offset = DocumentHeader.next(offset, length);
        skip();
    }

    /** Shows no event of a frame that ends before the target. */
    private void skip() {
        if (nextFrame <= target) {
            frame.clear();
        }
    }

    /** Goes to the next frame with events, or fills the window; false if nothing is left. */
    private boolean load() {
        while (true) {
            try {
                return tryLoad();
            } catch (CorruptLogException apparent) {
                passOrResume(apparent);
            } catch (InternalError fault) {
                // here and not around each access: compiled code learns of a page fault some instructions later
                if (segment.isPruned()) {
                    passPruned();
                    continue;
                }
                if (!ahead) {
                    passOrResume(unreadable(fault));
                    continue;
                }
                // once more, with only what is needed
                ahead = false;
                checkedEnd = 0;
            }
        }
    }

    /**
     * Passes to the segment behind, where a process that reads what another one writes meets the end of this one before it
     * knows of it. Else it is damage: goes on behind it if what is lost lies before what was asked for.
     */
    private void passOrResume(CorruptLogException apparent) {
        boolean passes = !ended
                && !segment.isPruned()
                && (segment == NOWHERE
                        ? journal.appears(nextFrame)
                        : journal.goesOn(segment, nextFrame, Math.max(nextFrame, target)));
        if (segment.isPruned()) {
            // its storage was given back; a fault may come late, and what was read before it looked like damage
            passPruned();
        } else if (passes) {
            ended = true;
        } else {
            resumeOr(apparent);
        }
    }

    /**
     * Leaves a segment whose storage was given back; what is looked for may be behind it, in one that a process that only
     * reads need not know of yet.
     */
    private void passPruned() {
        frame.clear();
        long wanted = Math.max(nextFrame, target);
        journal.requireKept(wanted);
        target = wanted;
        leave();
    }

    private void resumeOr(CorruptLogException damage) {
        findResumption();
        if (resumePosition > target) {
            provenOffset = -1;
            throw resumePosition == Long.MAX_VALUE
                    ? damage
                    : Corruption.at(
                            problem,
                            journal.segments().file(segment),
                            damageOffset(),
                            nextFrame,
                            resumePosition,
                            damage.getCause());
        }
        offset = resumeOffset;
        nextFrame = resumePosition;
        previousKnown = false;
        skippedFrom = -1;
    }

    private boolean tryLoad() {
        while (nextFrame < readable || isMoreReadable()) {
            frame.clear();
            if (ended || offset >= segment.endOffset()) {
                if (!ended && nextFrame < segment.endPosition()) {
                    throw corrupt("segment ends before its last event");
                }
                enterSegmentBehind();
                continue;
            }
            if (offset > bytes.capacity() - DocumentHeader.LENGTH) {
                throw corrupt(bytes.capacity() == 0 ? "file was deleted or renamed" : "file ends before the log does");
            }
            int header = offset == provenOffset ? provenLength : DocumentHeader.getAcquire(bytes, (int) offset);
            if (!DocumentHeader.isComplete(header)) {
                throw corrupt(header == 0 ? "nothing stands where events were appended" : "document is not complete");
            }
            if (!DocumentHeader.isMetadata(header)) {
                int frameLength = DocumentHeader.length(header);
                if (ahead && loadWindow(frameLength)) {
                    skippedFrom = -1;
                    return true;
                }
                loadAlone(frameLength);
                skippedFrom = -1;
                skip();
            } else if (offset <= bytes.capacity() - Long.BYTES) {
                // a read that failed may look like anything; only here it would lead away from where it failed
                copyMarked(offset, Long.BYTES);
                skippedFrom = skippedFrom < 0 ? offset : skippedFrom;
            }
            offset = DocumentHeader.next(offset, header);
            if (frame.eventCount() > 0) {
                return true;
            }
        }
        return false;
    }

    private boolean isMoreReadable() {
        readable = showsAll ? journal.endPosition() : journal.readablePosition();
        return nextFrame < readable;
    }

    /** Copies the frame at the offset with those behind it and checks them; false if it is to be judged alone. */
    private boolean loadWindow(int frameLength) {
        long from = offset & -WINDOW_ALIGNMENT;
        long to = Math.min(from + WINDOW_LENGTH, publishedEnd()) & -Long.BYTES;
        if (!previousKnown || offset + DocumentHeader.LENGTH + frameLength > to) {
            return false;
        }
        int length = (int) (to - from);
        copyMarked(from, length);
        windowOffset = from;
        checkedEnd = from + check((int) (offset - from), length);
        return checkedEnd > offset;
    }

    private void copyMarked(long from, int length) {
        LONG.set(window, length - Long.BYTES, MARK);
        bytes.get((int) from, window, 0, length);
        if ((long) LONG.get(window, length - Long.BYTES) == MARK) {
            InternalError late = LateFault.take();
            throw late != null ? late : new InternalError("nothing was copied");
        }
    }

    /** End of bytes that were published for sure, or the segment's end. */
    private long publishedEnd() {
        long least = FrameDescriptor.HEADER_LENGTH + (readable - nextFrame) * FrameDescriptor.EVENT_HEADER_LENGTH;
        return Math.min(offset + least, Math.min(bytes.capacity(), segment.endOffset()));
    }

    /** Checks the frames of the window from an index on; returns the index behind the last that is right. */
    private int check(int from, int to) {
        byte[] array = window;
        int epoch = segment.epoch();
        long position = nextFrame;
        int crc = previousCrc;
        int at = from;
        while (at <= to - DocumentHeader.LENGTH) {
            // one of Chronicle's, or not complete: it would be longer than the window, or negative
            int length = (int) INT.get(array, at);
            int start = at + DocumentHeader.LENGTH;
            if (length < 0 || length > to - start || !frame.isNext(array, start, length, epoch, position, crc)) {
                break;
            }
            position += FrameView.eventCount(array, start);
            crc = FrameView.headerCrc(array, start);
            at = (start + length + 3) & -4;
        }
        previousCrc = crc;
        return at;
    }

    /** Copies the frame at the offset and shows it, or says what is wrong with it. */
    private void loadAlone(int frameLength) {
        long start = offset + DocumentHeader.LENGTH;
        if (frameLength > bytes.capacity() - start) {
            throw corrupt("frame is longer than its file");
        }
        checkedEnd = 0;
        if (frameLength > window.length) {
            // a length is believed only once the header's checksum is right
            copy(start, Math.min(frameLength, FrameDescriptor.MAX_HEADER_LENGTH));
            require(frame.checkHeader(frameLength));
        }
        copy(start, frameLength);
        require(frame.check(frameLength));
        if (frame.epoch() != segment.epoch()) {
            throw corrupt("frame is of epoch " + frame.epoch() + " in a segment of epoch " + segment.epoch());
        }
        if (frame.basePosition() != nextFrame || frame.eventCount() < 0) {
            throw corrupt("frame is out of order");
        }
        if (previousKnown && frame.previousCrc() != previousCrc) {
            throw corrupt("frame does not follow the one before it");
        }
        previousCrc = frame.headerCrc();
        previousKnown = true;
        nextFrame = frame.endPosition();
    }

    private void copy(long from, int count) {
        if (count > window.length) {
            window = new byte[(int) Math.max(count, Math.min(Integer.MAX_VALUE - 8L, 2L * window.length))];
        }
        int last = count - Long.BYTES;
        if (last >= 0) {
            // what an earlier copy left there must not pass for this one's
            LONG.set(window, last, MARK);
        }
        bytes.get((int) from, window, 0, count);
        if (last >= 0 && (long) LONG.get(window, last) == MARK) {
            // else it would be thrown amid what comes next; who finds the mark in a payload of his finds no fault here
            InternalError late = LateFault.take();
            if (late != null) {
                throw late;
            }
        }
        frame.wrap(window, 0);
    }

    private void require(@Nullable String nothing) {
        if (nothing == null) {
            return;
        }
        if (nothing.equals(FrameView.UNKNOWN_FORMAT)) {
            UnknownFormatException unknown = SegmentScanner.unknownFormat(
                    frame, journal.segments().file(segment).toString(), offset);
            frame.clear();
            throw unknown;
        }
        throw corrupt(nothing);
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
        InternalError late = LateFault.take();
        return late == null ? corrupt(what, null) : unreadable(late);
    }

    private CorruptLogException unreadable(InternalError cause) {
        return corrupt("file was cut, or its disk cannot read it", cause);
    }

    private CorruptLogException corrupt(String what, @Nullable Throwable cause) {
        // what is read again is copied again: it may have been put right
        checkedEnd = 0;
        damaged = true;
        frame.clear();
        problem = what;
        return Corruption.at(what, journal.segments().file(segment), damageOffset(), nextFrame, Long.MAX_VALUE, cause);
    }

    private long damageOffset() {
        return skippedFrom < 0 ? offset : skippedFrom;
    }

    /** Looks behind damage for where to go on: in the segment, else at its end. */
    private void findResumption() {
        // with plain reads: a mapping that was cut would throw at any time later
        var damage = new SegmentScanner.Damage(damageOffset(), nextFrame, previousKnown, previousCrc);
        SegmentScanner.Found found =
                segment == NOWHERE ? null : journal.segments().findBehind(segment, damage, journal.endPosition());
        boolean isNew = found != null && found.offset() != provenOffset;
        if (found != null && isNew && found.offset() + DocumentHeader.LENGTH + found.length() <= bytes.capacity()) {
            resumeOffset = found.offset();
            resumePosition = found.position();
            provenOffset = found.offset();
            provenLength = found.length();
        } else if (segment.endOffset() != Segment.OPEN
                && (offset < segment.endOffset() || nextFrame < segment.endPosition())) {
            resumeOffset = segment.endOffset();
            resumePosition = segment.endPosition();
        } else {
            resumePosition = Long.MAX_VALUE;
        }
    }
}
