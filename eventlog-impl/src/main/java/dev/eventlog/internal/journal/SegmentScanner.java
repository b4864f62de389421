package dev.eventlog.internal.journal;

import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.frame.FrameView;
import dev.eventlog.internal.inspection.InspectOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads a segment file from its beginning to its first byte that is not part of a valid frame, or also behind it: with plain
 * reads, every length checked against the bytes that there are, and without Chronicle. Memory is bounded by the largest
 * frame.
 *
 * <p><b>Behind damage</b> the next frame is searched for that proves itself: at a multiple of four bytes its magic; the
 * header checksum, which is seeded with the log's id; the body checksum; the epoch of the segment; and a position that is
 * neither below the one that is due nor beyond the segment's end. The document header before it need not be right, since
 * the frame knows its length. Copies of older frames of the log, which may stand in a payload, have positions below the one
 * that is due, or stand in a frame that proves itself and is taken as a whole.
 *
 * <p><b>Threading:</b> One thread at a time: the I/O thread.
 */
final class SegmentScanner {

    private static final int WINDOW_LENGTH = 1 << 20;
    private static final ByteBuffer ZEROS =
            ByteBuffer.allocateDirect(WINDOW_LENGTH).asReadOnlyBuffer();
    /** A frame's header with that of its document. */
    private static final int LEAST_LENGTH = DocumentHeader.LENGTH + FrameDescriptor.HEADER_LENGTH;
    /** Enough for what a segment begins with. */
    private static final int OPENING_LENGTH = 64 << 10;
    /** More than Chronicle puts before the first frame. */
    private static final int MAX_CHRONICLE_DOCUMENTS = 16;

    private final FileOps.OpenFile file;
    private final long length;
    private final FrameView frame;
    private final @Nullable Dictionary dictionary;
    // of one frame
    private byte[] bytes = new byte[FrameDescriptor.MAX_HEADER_LENGTH];
    private ByteBuffer window;
    private long windowOffset;
    private int windowLength;

    private final SparseIndex index = new SparseIndex();
    private long offset;
    private int epoch;
    private long basePosition = -1;
    private long nextPosition;
    private int lastCrc;
    private long firstTimeNanos = Long.MAX_VALUE;
    private long lastTimeNanos = Long.MIN_VALUE;
    private long dataFrames;
    private long durablePosition = -1;
    private boolean isOpeningOnly;
    private Expected expected = Expected.NOTHING;
    private InspectOptions.@Nullable FrameVisitor visitor;
    private final ProgressTable progress = new ProgressTable();
    private final List<SegmentScan.Gap> gaps = new ArrayList<>();
    // whether lastCrc is that of the frame before
    private boolean isChained = true;
    // where a frame stands whose document header is not to be asked, and its length
    private long provenOffset = -1;
    private int provenLength;
    // documents of Chronicle's own that were skipped since the last frame begin here; -1: none
    private long skippedFrom = -1;

    private SegmentScanner(FileOps.OpenFile file, int seed, @Nullable Dictionary dictionary) throws IOException {
        this(file, seed, dictionary, WINDOW_LENGTH);
    }

    private SegmentScanner(FileOps.OpenFile file, int seed, @Nullable Dictionary dictionary, int windowCapacity)
            throws IOException {
        this.file = file;
        this.length = file.length();
        int capacity = (int) Math.max(LEAST_LENGTH, Math.min(windowCapacity, length));
        window = ByteBuffer.allocateDirect(capacity).order(ByteOrder.LITTLE_ENDIAN);
        this.dictionary = dictionary;
        frame = new FrameView(seed);
    }

    /**
     * Scans a file.
     *
     * @param seed the log's
     * @param dictionary takes up schemas and sources; null: they are passed over
     * @throws UnknownFormatException if a valid frame is of a newer format
     */
    static SegmentScan scan(FileOps.OpenFile file, int seed, @Nullable Dictionary dictionary) throws IOException {
        var scanner = new SegmentScanner(file, seed, dictionary);
        String problem = scanner.run();
        return scanner.result(problem);
    }

    /**
     * The greatest durable position that a frame behind a hole tells; -1 if there is none. What stands behind the first
     * byte that is not valid is not read as events, but a header whose checksum is right proves how far the log had been
     * forced when it was written.
     *
     * @param end where the valid part of the file ends
     */
    static long durableBehind(FileOps.OpenFile file, int seed, long end) throws IOException {
        return new SegmentScanner(file, seed, null).durableBehind(end);
    }

    private long durableBehind(long end) throws IOException {
        for (long at = (end + 3) & ~3L; load(at, LEAST_LENGTH); at += DocumentHeader.LENGTH) {
            int index = (int) (at - windowOffset) + DocumentHeader.LENGTH;
            int word = window.getInt(index);
            if (word == 0) {
                // what is allocated ahead is zeros, and most of the file
                at = Math.max(at, windowOffset + lastZeroWord(index) - DocumentHeader.LENGTH);
            }
            if (word != FrameDescriptor.MAGIC) {
                continue;
            }
            int frameLength = window.getInt(index + FrameDescriptor.FRAME_LENGTH_OFFSET);
            int headerLength = Math.min(frameLength, FrameDescriptor.MAX_HEADER_LENGTH);
            if (headerLength < FrameDescriptor.HEADER_LENGTH || !load(at + DocumentHeader.LENGTH, headerLength)) {
                continue;
            }
            copy(at + DocumentHeader.LENGTH, headerLength);
            if (frame.checkHeader(frameLength) == null) {
                takeDurable((int) (at - windowOffset) + DocumentHeader.LENGTH);
            }
        }
        return durablePosition;
    }

    /** Where the last of the words stands in the window that are zeros from an index on. */
    private int lastZeroWord(int index) {
        int length = Math.min(windowLength - index, ZEROS.capacity());
        int zeros = window.slice(index, length).mismatch(ZEROS.duplicate().limit(length));
        return index + ((zeros < 0 ? length : zeros) / DocumentHeader.LENGTH - 1) * DocumentHeader.LENGTH;
    }

    /** Takes what a header in the window says; its body may not be there. */
    private void takeDurable(int index) {
        int lag = window.getInt(index + FrameDescriptor.DURABLE_LAG_OFFSET);
        if (lag != FrameDescriptor.DURABLE_LAG_UNKNOWN) {
            long base = window.getLong(index + FrameDescriptor.BASE_POSITION_OFFSET);
            durablePosition = Math.max(durablePosition, base - Integer.toUnsignedLong(lag));
        }
    }

    /**
     * A scanner of a file that another process may write to.
     *
     * @param dictionary takes up schemas and sources
     */
    static SegmentScanner following(FileOps.OpenFile file, int seed, Dictionary dictionary) throws IOException {
        return new SegmentScanner(file, seed, dictionary);
    }

    /** Goes on where the last call stopped, up to the first byte that is not part of a valid frame by now. */
    SegmentScan advance() throws IOException {
        // what was read before may have been written since
        windowLength = 0;
        return result(run());
    }

    /**
     * What is known of a segment before it is scanned.
     *
     * @param epoch of its writer; 0 if unknown
     * @param basePosition position of its first event
     * @param endPosition positions below are searched for behind damage
     * @param greatestPosition no event lies beyond
     * @param endOffset where its last frame ends; {@link Segment#OPEN} if unknown
     */
    record Expected(int epoch, long basePosition, long endPosition, long greatestPosition, long endOffset) {

        /** Ends at damage. */
        static final Expected NOTHING = new Expected(0, -1, -1, Long.MAX_VALUE, Segment.OPEN);

        /** All that a sealed segment has. */
        static Expected all(Segment sealed) {
            return new Expected(
                    sealed.epoch(),
                    sealed.basePosition(),
                    sealed.endPosition(),
                    sealed.endPosition(),
                    sealed.endOffset());
        }

        /** What a segment has up to a position. */
        static Expected in(Segment segment, long greatestPosition) {
            return new Expected(
                    segment.epoch(),
                    segment.basePosition(),
                    segment.endPosition(),
                    Math.min(segment.endPosition(), greatestPosition),
                    segment.endOffset());
        }

        /** What is in a segment up to a position at least, and from there on up to the next damage. */
        static Expected upTo(long basePosition, long endPosition) {
            return new Expected(0, basePosition, endPosition, Long.MAX_VALUE, Segment.OPEN);
        }
    }

    /** Scans a file, also behind damage as far as events are expected there. */
    static SegmentScan scan(FileOps.OpenFile file, int seed, @Nullable Dictionary dictionary, Expected expected)
            throws IOException {
        return scan(file, seed, dictionary, expected, (frame, offset) -> {});
    }

    /** The same, showing each frame that is right. */
    static SegmentScan scan(
            FileOps.OpenFile file,
            int seed,
            @Nullable Dictionary dictionary,
            Expected expected,
            InspectOptions.FrameVisitor visitor)
            throws IOException {
        var scanner = new SegmentScanner(file, seed, dictionary);
        scanner.expected = expected;
        scanner.visitor = visitor;
        return scanner.result(scanner.runBehindDamage());
    }

    /**
     * A frame that proves itself.
     *
     * @param offset of its document header
     * @param length its own
     * @param position of its first event
     */
    record Found(long offset, int length, long position) {}

    /**
     * Where damage begins.
     *
     * @param offset of the document header that should stand there
     * @param position that is due
     * @param isChained whether the CRC of the frame before is known
     * @param previousCrc that CRC
     */
    record Damage(long offset, long position, boolean isChained, int previousCrc) {}

    /** The first frame that proves itself from where damage begins; null if there is none. */
    static @Nullable Found find(FileOps.OpenFile file, int seed, Expected expected, Damage damage) throws IOException {
        var scanner = new SegmentScanner(file, seed, null);
        scanner.expected = expected;
        return scanner.find(damage, damage.offset());
    }

    private @Nullable Found find(Damage damage, long from) throws IOException {
        long last = Math.min(length, expected.endOffset()) - LEAST_LENGTH;
        for (long at = from & -4L; at <= last; at += 4) {
            int loaded = loadSome(at);
            if (loaded < LEAST_LENGTH) {
                return null;
            }
            int index = (int) (at - windowOffset) + DocumentHeader.LENGTH;
            if (window.getInt(index) == FrameDescriptor.MAGIC) {
                Found found = proven(at, window.getInt(index + FrameDescriptor.FRAME_LENGTH_OFFSET), damage);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    private @Nullable Found proven(long at, int frameLength, Damage damage) throws IOException {
        long start = at + DocumentHeader.LENGTH;
        if (frameLength < FrameDescriptor.HEADER_LENGTH || frameLength > length - start) {
            return null;
        }
        if (!load(start, Math.min(frameLength, FrameDescriptor.MAX_HEADER_LENGTH))) {
            return null;
        }
        // before its length is believed
        copy(start, Math.min(frameLength, FrameDescriptor.MAX_HEADER_LENGTH));
        if (frame.checkHeader(frameLength) != null || !load(start, frameLength)) {
            return null;
        }
        copy(start, frameLength);
        boolean isRight = frame.check(frameLength) == null
                && isCountPlausible()
                && (expected.epoch() == 0 || frame.epoch() == expected.epoch())
                && (epoch == 0 || frame.epoch() == epoch)
                && frame.basePosition() >= damage.position()
                // one that stands where it should must also follow the one before it
                && (at != damage.offset() || !damage.isChained() || frame.previousCrc() == damage.previousCrc())
                && frame.endPosition() <= expected.greatestPosition();
        return isRight ? new Found(at, frameLength, frame.basePosition()) : null;
    }

    private boolean isCountPlausible() {
        return frame.basePosition() >= 0
                && frame.eventCount() >= 0
                && frame.eventCount() <= frame.length() / FrameDescriptor.EVENT_HEADER_LENGTH
                && frame.endPosition() >= frame.basePosition();
    }

    /** Makes at least a header's bytes from an offset on be in the window; returns how many are. */
    private int loadSome(long from) throws IOException {
        if (from < windowOffset || from + LEAST_LENGTH > windowOffset + windowLength) {
            window.clear();
            windowOffset = from;
            windowLength = file.read(window, from);
            window.clear();
        }
        return (int) (windowOffset + windowLength - from);
    }

    /** Scans on behind each damage below which events are expected. */
    private @Nullable String runBehindDamage() throws IOException {
        nextPosition = expected.basePosition();
        epoch = expected.epoch();
        while (true) {
            String problem = run();
            if (nextPosition >= expected.endPosition()
                    || (problem == null
                            && expected.endPosition() == Long.MAX_VALUE
                            // what was skipped may be frames whose document headers are damaged
                            && skippedFrom < 0
                            && isZeroToTheEnd())) {
                return problem;
            }
            var damage =
                    new Damage(skippedFrom < 0 ? offset : skippedFrom, Math.max(0, nextPosition), isChained, lastCrc);
            // a frame that was found and then refused is not found again
            Found found = find(damage, damage.offset() == provenOffset ? provenOffset + 4 : damage.offset());
            if (found == null) {
                return problem != null || expected.endPosition() == Long.MAX_VALUE
                        ? problem
                        : "nothing stands where events were appended";
            }
            goOnWith(found, damage, problem == null ? "nothing stands where events were appended" : problem);
        }
    }

    private void goOnWith(Found found, Damage damage, String problem) {
        gaps.add(new SegmentScan.Gap(damage.offset(), found.offset(), damage.position(), found.position(), problem));
        if (basePosition < 0) {
            basePosition = expected.basePosition();
        }
        epoch = frame.epoch();
        offset = found.offset();
        nextPosition = found.position();
        provenOffset = found.offset();
        provenLength = found.length();
        isChained = false;
        skippedFrom = -1;
    }

    /** Whether the file has nothing but zeros from the offset on, as behind the end of a segment. */
    private boolean isZeroToTheEnd() throws IOException {
        for (long at = offset; at < length; ) {
            int loaded = Math.min(loadSome(at), (int) Math.min(Integer.MAX_VALUE, length - at));
            if (loaded <= 0) {
                return true;
            }
            int index = (int) (at - windowOffset);
            for (int i = 0; i < loaded; i++) {
                if (window.get(index + i) != 0) {
                    return false;
                }
            }
            at += loaded;
        }
        return true;
    }

    /**
     * How a segment begins.
     *
     * @param logId the log that it says it is of, and whose checksum its first frame has
     * @param epoch of its writer
     * @param number its own
     * @param previousNumber number of the segment before it; -1: none was kept, it is the first of the log or all were pruned
     * @param basePosition position of its first event
     * @param timeNanos when it was begun
     */
    record Opening(UUID logId, int epoch, long number, long previousNumber, long basePosition, long timeNanos) {}

    /**
     * Reads a segment's first frame, which tells what log it is of; null if it has none that is right.
     *
     * @throws UnknownFormatException if it is of a newer format
     */
    static @Nullable Opening opening(FileOps.OpenFile file) throws IOException {
        UUID claimed = new SegmentScanner(file, 0, null, OPENING_LENGTH).claimedLogId();
        if (claimed == null) {
            return null;
        }
        var scanner = new SegmentScanner(file, FrameBuilder.seed(claimed), null, OPENING_LENGTH);
        scanner.isOpeningOnly = true;
        scanner.run();
        FrameView frame = scanner.frame;
        return scanner.basePosition < 0
                ? null
                : new Opening(
                        claimed,
                        scanner.epoch,
                        ControlRecords.openedSegment(frame),
                        ControlRecords.previousSegment(frame),
                        scanner.basePosition,
                        frame.appendTimeNanos());
    }

    /** The log id where an open record has it; nothing is checked yet. */
    private @Nullable UUID claimedLogId() throws IOException {
        for (int documents = 0; documents < MAX_CHRONICLE_DOCUMENTS; documents++) {
            if (!load(offset, DocumentHeader.LENGTH)) {
                return null;
            }
            int header = window.getInt((int) (offset - windowOffset));
            if (!DocumentHeader.isComplete(header)) {
                return null;
            }
            if (!DocumentHeader.isMetadata(header)) {
                long at = offset + DocumentHeader.LENGTH;
                int idOffset = FrameDescriptor.HEADER_LENGTH + FrameDescriptor.OPEN_LOG_ID_OFFSET;
                if (!load(at, idOffset + 2 * Long.BYTES)) {
                    return null;
                }
                int index = (int) (at - windowOffset) + idOffset;
                return new UUID(window.getLong(index), window.getLong(index + Long.BYTES));
            }
            offset = DocumentHeader.next(offset, header);
        }
        return null;
    }

    private SegmentScan result(@Nullable String problem) {
        boolean none = dataFrames == 0;
        var end = new Segment.SegmentEnd(
                nextPosition, offset, none ? 0 : firstTimeNanos, none ? 0 : lastTimeNanos, lastCrc);
        return new SegmentScan(
                epoch,
                basePosition,
                end,
                dataFrames,
                durablePosition,
                index,
                problem,
                List.copyOf(gaps),
                progress.all());
    }

    private @Nullable String run() throws IOException {
        while (!isOpeningOnly || basePosition < 0) {
            if (offset >= expected.endOffset() || !load(offset, DocumentHeader.LENGTH)) {
                return null;
            }
            int header = offset == provenOffset ? provenLength : window.getInt((int) (offset - windowOffset));
            if (header == 0) {
                return null;
            }
            if (!DocumentHeader.isComplete(header)) {
                return "document is not complete";
            }
            if (DocumentHeader.length(header) > length - offset - DocumentHeader.LENGTH) {
                return "document is longer than its file";
            }
            if (!DocumentHeader.isMetadata(header)) {
                String problem = frame(DocumentHeader.length(header));
                if (problem != null) {
                    return problem;
                }
                skippedFrom = -1;
            } else if (skippedFrom < 0) {
                skippedFrom = offset;
            }
            offset = DocumentHeader.next(offset, header);
        }
        return null;
    }

    private @Nullable String frame(int frameLength) throws IOException {
        long at = offset + DocumentHeader.LENGTH;
        int headerLength = Math.min(frameLength, FrameDescriptor.MAX_HEADER_LENGTH);
        if (!load(at, headerLength)) {
            return "file ends in a frame";
        }
        if (frameLength > bytes.length) {
            // its length is believed only once the header's checksum is right
            copy(at, headerLength);
            String problem = frame.checkHeader(frameLength);
            if (problem != null) {
                return known(problem);
            }
        }
        if (!load(at, frameLength)) {
            return "file ends in a frame";
        }
        copy(at, frameLength);
        String problem = frame.check(frameLength);
        return problem != null ? known(problem) : take();
    }

    private void copy(long at, int count) {
        if (count > bytes.length) {
            bytes = new byte[count];
        }
        window.get((int) (at - windowOffset), bytes, 0, count);
        frame.wrap(bytes, 0);
    }

    private @Nullable String take() {
        boolean isFirst = basePosition < 0;
        String problem = isFirst ? firstProblem() : null;
        if (problem != null) {
            return problem;
        }
        if (isChained && frame.previousCrc() != lastCrc) {
            return "frame does not follow the one before it";
        }
        if (!isFirst && (frame.basePosition() != nextPosition || frame.epoch() != epoch)) {
            return "frame is out of order";
        }
        if (!isCountPlausible()) {
            return "frame's event count is wrong";
        }
        if (isFirst) {
            basePosition = frame.basePosition();
            epoch = frame.epoch();
        }
        durablePosition = Math.max(durablePosition, frame.durablePosition());
        if (frame.kind() == FrameDescriptor.KIND_CONTROL && dictionary != null) {
            String contradiction = ControlRecords.addTo(dictionary, frame, !gaps.isEmpty());
            if (contradiction != null) {
                return contradiction;
            }
        }
        ProgressFormat.addTo(progress, frame);
        if (frame.eventCount() > 0) {
            if (dictionary != null && !gaps.isEmpty()) {
                reserveNames(dictionary);
            }
            index.offer(frame.basePosition(), frame.appendTimeNanos(), offset);
            firstTimeNanos = Math.min(firstTimeNanos, frame.appendTimeNanos());
            lastTimeNanos = Math.max(lastTimeNanos, frame.appendTimeNanos());
            dataFrames++;
        }
        nextPosition = frame.endPosition();
        lastCrc = frame.headerCrc();
        isChained = true;
        if (visitor != null) {
            frame.rewind();
            visitor.visit(frame, offset);
        }
        return null;
    }

    private @Nullable String firstProblem() {
        if (ControlRecords.openedSegment(frame) < 0) {
            return "segment does not begin with an open record";
        }
        boolean isAnothers = expected.endOffset() != Segment.OPEN
                && (frame.basePosition() != expected.basePosition() || frame.epoch() != expected.epoch());
        return isAnothers ? "file is another segment's" : null;
    }

    /** What stood for a number may be lost with a control frame: that number must not be given to something else. */
    private void reserveNames(Dictionary names) {
        int schemas = 0;
        int sources = 0;
        while (frame.nextEvent() == FrameView.EVENT) {
            schemas = Math.max(schemas, frame.schema());
            sources = Math.max(sources, frame.source());
        }
        names.reserve(schemas, sources);
    }

    private String known(String problem) {
        if (problem.equals(FrameView.UNKNOWN_FORMAT)) {
            throw unknownFormat(frame, file.path().toString(), offset);
        }
        return problem;
    }

    static UnknownFormatException unknownFormat(FrameView frame, String file, long offset) {
        return new UnknownFormatException(
                "frame was written in a format that this version does not know: file=" + file + " offset=" + offset
                        + " format=" + frame.version() + " features=" + frame.incompatibleFeatures() + " supported="
                        + FrameDescriptor.VERSION + "; use a newer version of eventlog",
                frame.version(),
                FrameDescriptor.VERSION);
    }

    /** Makes bytes of the file be in the window; false if the file ends before. */
    private boolean load(long from, int count) throws IOException {
        if (from + count > length) {
            return false;
        }
        if (from >= windowOffset && from + count <= windowOffset + windowLength) {
            return true;
        }
        if (count > window.capacity()) {
            window = ByteBuffer.allocateDirect(count).order(ByteOrder.LITTLE_ENDIAN);
        }
        window.clear();
        windowOffset = from;
        windowLength = file.read(window, from);
        window.clear();
        return count <= windowLength;
    }
}
