package dev.eventlog.internal.journal;

import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.frame.FrameView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads a segment file from its beginning to its first byte that is not part of a valid frame: with plain reads, every
 * length checked against the bytes that there are, and without Chronicle. Memory is bounded by the largest frame.
 *
 * <p><b>Threading:</b> One thread at a time: the I/O thread.
 */
final class SegmentScanner {

    private static final int WINDOW_LENGTH = 1 << 20;
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

    private SegmentScanner(FileOps.OpenFile file, int seed, @Nullable Dictionary dictionary) throws IOException {
        this(file, seed, dictionary, WINDOW_LENGTH);
    }

    private SegmentScanner(FileOps.OpenFile file, int seed, @Nullable Dictionary dictionary, int windowCapacity)
            throws IOException {
        this.file = file;
        window = ByteBuffer.allocateDirect(windowCapacity).order(ByteOrder.LITTLE_ENDIAN);
        this.length = file.length();
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
        int needed = DocumentHeader.LENGTH + FrameDescriptor.HEADER_LENGTH;
        for (long at = (end + 3) & ~3L; load(at, needed); at += DocumentHeader.LENGTH) {
            int index = (int) (at - windowOffset) + DocumentHeader.LENGTH;
            if (window.getInt(index) != FrameDescriptor.MAGIC) {
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
        return new SegmentScan(epoch, basePosition, end, dataFrames, durablePosition, index, problem);
    }

    private @Nullable String run() throws IOException {
        while (!isOpeningOnly || basePosition < 0) {
            if (!load(offset, DocumentHeader.LENGTH)) {
                return null;
            }
            int header = window.getInt((int) (offset - windowOffset));
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
        if (basePosition < 0) {
            if (ControlRecords.openedSegment(frame) < 0) {
                return "segment does not begin with an open record";
            }
            basePosition = frame.basePosition();
            nextPosition = basePosition;
            epoch = frame.epoch();
        }
        if (frame.previousCrc() != lastCrc) {
            return "frame does not follow the one before it";
        }
        if (frame.basePosition() != nextPosition || frame.epoch() != epoch) {
            return "frame is out of order";
        }
        if (frame.eventCount() < 0 || frame.eventCount() > frame.length() / FrameDescriptor.EVENT_HEADER_LENGTH) {
            return "frame's event count is wrong";
        }
        durablePosition = Math.max(durablePosition, frame.durablePosition());
        if (frame.kind() == FrameDescriptor.KIND_CONTROL && dictionary != null) {
            String problem = ControlRecords.addTo(dictionary, frame);
            if (problem != null) {
                return problem;
            }
        }
        if (frame.eventCount() > 0) {
            index.offer(frame.basePosition(), frame.appendTimeNanos(), offset);
            firstTimeNanos = Math.min(firstTimeNanos, frame.appendTimeNanos());
            lastTimeNanos = Math.max(lastTimeNanos, frame.appendTimeNanos());
            dataFrames++;
        }
        nextPosition = frame.endPosition();
        lastCrc = frame.headerCrc();
        return null;
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
