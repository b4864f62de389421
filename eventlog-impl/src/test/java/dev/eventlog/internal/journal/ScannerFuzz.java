package dev.eventlog.internal.journal;

import static dev.eventlog.internal.frame.FrameDescriptor.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.fuzz.Checksums;
import dev.eventlog.fuzz.FuzzTarget;
import dev.eventlog.fuzz.MemoryFiles;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.frame.FrameBuilder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/**
 * {@link SegmentScanner}: a segment up to its first wrong byte, beside a slow reading of the format; and behind damage, where
 * each frame that is right must be found and nothing else. The first byte of an input says what of the others is put right.
 */
public final class ScannerFuzz implements FuzzTarget {

    private static final Path FILE = Path.of("/log/segments/1.cq4");
    private static final UUID LOG = new UUID(1, 2);
    private static final int SEED = FrameBuilder.seed(LOG);
    private static final int EPOCH = 3;
    private static final long BASE = 100;

    private static final int REPAIR_LENGTHS = 1;
    private static final int REPAIR_CHAIN = 2;
    private static final int REPAIR_POSITIONS = 4;

    private final MemoryFiles files = new MemoryFiles();

    /** A frame that stands in a file. */
    private record Frame(int offset, int length, int epoch, long base, int count, int previousCrc, int crc) {

        long end() {
            return base + count;
        }

        int endOffset() {
            return (offset + 4 + length + 3) & -4;
        }
    }

    @Override
    public String name() {
        return "segment";
    }

    @Override
    public List<byte[]> seeds() {
        var seeds = new ArrayList<byte[]>();
        for (int flags = 0; flags < 8; flags++) {
            seeds.add(segment(flags));
        }
        return seeds;
    }

    private static byte[] segment(int flags) {
        var builder = new FrameBuilder(64 << 10, 16 << 10, SEED);
        var out = new ByteArrayOutputStream();
        out.write(flags);
        // Chronicle's own
        out.writeBytes(new byte[] {8, 0, 0, 0x40, 1, 2, 3, 4, 5, 6, 7, 8});
        builder.begin(KIND_CONTROL);
        ControlRecords.putOpen(builder, 1, LOG, new UUID(0, 0), null);
        ControlRecords.putSchema(builder, 1, new Codec.Schema("type", 1, "a/b"));
        ControlRecords.putSource(builder, 1, "source");
        ProgressFormat.putRecord(builder, new ReadJournal.Progress(LOG, "billing", 3, 1, 0));
        int crc = document(builder, out, BASE, 0);
        long position = BASE;
        for (int i = 0; i < 4; i++) {
            builder.begin(KIND_DATA);
            if (i == 2) {
                int at = ProgressFormat.extend(builder, 7);
                ProgressFormat.put(builder.buffer(), at, new ReadJournal.Progress(LOG, "billing", i, 1, 0));
            }
            for (int n = 0; n <= i; n++) {
                builder.add(Codec.bytes("type"), ByteBuffer.wrap(new byte[] {(byte) i, (byte) n}), "key", 1, 1);
            }
            crc = document(builder, out, position, crc);
            position += i + 1;
        }
        builder.begin(KIND_CLOSE);
        ControlRecords.putClose(builder, 5, position);
        document(builder, out, position, crc);
        out.writeBytes(new byte[40]);
        return out.toByteArray();
    }

    private static int document(FrameBuilder builder, ByteArrayOutputStream out, long position, int previousCrc) {
        builder.finish();
        int crc = builder.stamp(position, position * 10, position - 1, EPOCH, previousCrc);
        byte[] bytes = new byte[builder.length()];
        builder.buffer().get(0, bytes);
        out.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0, bytes.length)
                .array());
        out.writeBytes(bytes);
        return crc;
    }

    @Override
    public void fuzz(byte[] input) {
        if (input.length == 0) {
            return;
        }
        byte[] file = Arrays.copyOfRange(input, 1, input.length);
        try {
            look(file);
            look(repaired(file.clone(), input[0]));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] repaired(byte[] bytes, int flags) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int at = 0;
        int crc = 0;
        long position = BASE;
        while (bytes.length - at >= 4 + HEADER_LENGTH) {
            int header = file.getInt(at);
            int left = (bytes.length - at - 4) & -8;
            boolean isMetadata = (header & 0x4000_0000) != 0 && header > 0;
            int length = isMetadata ? DocumentHeader.length(header) : file.getInt(at + 4 + FRAME_LENGTH_OFFSET);
            if ((flags & REPAIR_LENGTHS) != 0 && !isMetadata) {
                length = Math.max(HEADER_LENGTH, Math.min(length & -8, left));
                file.putInt(at, length);
            }
            if (length < (isMetadata ? 0 : HEADER_LENGTH) || length > left) {
                break;
            }
            if (!isMetadata) {
                if ((flags & REPAIR_CHAIN) != 0) {
                    file.putInt(at + 4 + PREVIOUS_CRC_OFFSET, crc);
                }
                if ((flags & REPAIR_POSITIONS) != 0) {
                    file.putLong(at + 4 + BASE_POSITION_OFFSET, position);
                    file.putInt(at + 4 + EPOCH_OFFSET, EPOCH);
                }
                stamp(file.slice(at + 4, length).order(ByteOrder.LITTLE_ENDIAN));
                crc = file.getInt(at + 4 + HEADER_CRC_OFFSET);
                position += file.getInt(at + 4 + EVENT_COUNT_OFFSET);
            }
            at = (at + 4 + length + 3) & -4;
        }
        return bytes;
    }

    private static void stamp(ByteBuffer frame) {
        frame.putInt(MAGIC_OFFSET, MAGIC);
        frame.put(VERSION_OFFSET, (byte) VERSION);
        int headerLength = (frame.get(HEADER_WORDS_OFFSET) & 0xff) * 8;
        if (headerLength < HEADER_LENGTH || headerLength > frame.capacity()) {
            headerLength = HEADER_LENGTH;
            frame.put(HEADER_WORDS_OFFSET, (byte) (HEADER_LENGTH / 8));
        }
        frame.putShort(INCOMPATIBLE_OFFSET, (short) (frame.getShort(INCOMPATIBLE_OFFSET) & KNOWN_FEATURES));
        frame.putInt(FRAME_LENGTH_OFFSET, frame.capacity());
        frame.putInt(BODY_CRC_OFFSET, Checksums.crc(frame, headerLength, frame.capacity()));
        frame.putInt(HEADER_CRC_OFFSET, headerCrc(frame, headerLength));
    }

    private static int headerCrc(ByteBuffer frame, int headerLength) {
        return Checksums.crc(frame, 0, HEADER_CRC_OFFSET, HEADER_LENGTH, headerLength) ^ SEED;
    }

    private void look(byte[] bytes) throws IOException {
        FileOps.OpenFile file = files.put(FILE, bytes);
        try {
            SegmentScanner.opening(file);
            scanToTheFirstProblem(file, bytes);
            scanBehindDamage(file, bytes);
            assertThat(SegmentScanner.scan(file, SEED, new Dictionary(), SegmentScanner.Expected.upTo(BASE, BASE + 10))
                            .end()
                            .offset())
                    .isLessThanOrEqualTo(bytes.length + 3);
        } catch (UnknownFormatException newer) {
            assertThat(newer).hasMessageContaining("file=" + FILE + " offset=");
        }
    }

    private static void scanToTheFirstProblem(FileOps.OpenFile file, byte[] bytes) throws IOException {
        var expected = new ArrayList<Frame>();
        int end = readSlowly(bytes, expected);
        SegmentScan scan = SegmentScanner.scan(file, SEED, null);
        assertThat(scan.end().offset()).isEqualTo(end);
        assertThat(scan.hasFrames()).isEqualTo(!expected.isEmpty());
        assertThat(scan.gaps()).isEmpty();
        assertThat(scan.dataFrames())
                .isEqualTo(expected.stream().filter(each -> each.count() > 0).count());
        if (!expected.isEmpty()) {
            Frame last = expected.get(expected.size() - 1);
            assertThat(scan.basePosition()).isEqualTo(expected.get(0).base());
            assertThat(scan.epoch()).isEqualTo(last.epoch());
            assertThat(scan.end().position()).isEqualTo(last.end());
            assertThat(scan.end().lastCrc()).isEqualTo(last.crc());
        }
        long durable = SegmentScanner.durableBehind(file, SEED, end);
        assertThat(durable >= -1 || bytes.length - end >= HEADER_LENGTH).isTrue();
    }

    /** The frames from the beginning on that follow each other; returns where they end. */
    private static int readSlowly(byte[] bytes, List<Frame> frames) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int at = 0;
        while (at + 4 <= bytes.length) {
            int header = file.getInt(at);
            if (header <= 0 || DocumentHeader.length(header) > bytes.length - at - 4) {
                return at;
            }
            if ((header & 0x4000_0000) == 0) {
                Frame frame = frame(file, at, DocumentHeader.length(header));
                if (frame == null || !follows(file, frame, frames)) {
                    return at;
                }
                frames.add(frame);
            }
            at = (at + 4 + DocumentHeader.length(header) + 3) & -4;
        }
        return at;
    }

    private static boolean follows(ByteBuffer file, Frame frame, List<Frame> before) {
        if (!before.isEmpty()) {
            Frame last = before.get(before.size() - 1);
            return frame.base() == last.end() && frame.epoch() == last.epoch() && frame.previousCrc() == last.crc();
        }
        int record = frame.offset() + 4 + (file.get(frame.offset() + 4 + HEADER_WORDS_OFFSET) & 0xff) * 8;
        int left = frame.offset() + 4 + frame.length() - record;
        return frame.previousCrc() == 0
                && left >= OPEN_LENGTH
                && file.getInt(record) >= OPEN_LENGTH
                && file.getInt(record) <= left
                && file.getInt(record) % 8 == 0
                && file.getShort(record + RECORD_KIND_OFFSET) == RECORD_OPEN
                && file.getLong(record + OPEN_SEGMENT_OFFSET) >= 0;
    }

    /** The frame whose document header stands at an offset, if it proves itself. */
    private static Frame frame(ByteBuffer file, int offset, int length) {
        if (length < HEADER_LENGTH || length % 8 != 0 || length > file.capacity() - offset - 4) {
            return null;
        }
        ByteBuffer frame = file.slice(offset + 4, length).order(ByteOrder.LITTLE_ENDIAN);
        int headerLength = (frame.get(HEADER_WORDS_OFFSET) & 0xff) * 8;
        int count = frame.getInt(EVENT_COUNT_OFFSET);
        long base = frame.getLong(BASE_POSITION_OFFSET);
        boolean isRight = frame.getInt(MAGIC_OFFSET) == MAGIC
                && headerLength >= HEADER_LENGTH
                && headerLength <= length
                && frame.getInt(HEADER_CRC_OFFSET) == headerCrc(frame, headerLength)
                && frame.get(VERSION_OFFSET) == VERSION
                && (frame.getShort(INCOMPATIBLE_OFFSET) & ~KNOWN_FEATURES) == 0
                && frame.getInt(FRAME_LENGTH_OFFSET) == length
                && frame.getInt(BODY_CRC_OFFSET) == Checksums.crc(frame, headerLength, length)
                && count >= 0
                && count <= length / EVENT_HEADER_LENGTH
                && base >= 0
                && base + count >= 0;
        return !isRight
                ? null
                : new Frame(
                        offset,
                        length,
                        frame.getInt(EPOCH_OFFSET),
                        base,
                        count,
                        frame.getInt(PREVIOUS_CRC_OFFSET),
                        frame.getInt(HEADER_CRC_OFFSET));
    }

    private static void scanBehindDamage(FileOps.OpenFile file, byte[] bytes) throws IOException {
        ByteBuffer slow = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        var visited = new ArrayList<Frame>();
        var expected = SegmentScanner.Expected.upTo(0, Long.MAX_VALUE);
        SegmentScan scan = SegmentScanner.scan(file, SEED, null, expected, (frame, offset) -> {
            Frame right = frame(slow, (int) offset, frame.length());
            assertThat(right).as("frame at %d is right", offset).isNotNull();
            if (!visited.isEmpty()) {
                Frame before = visited.get(visited.size() - 1);
                assertThat(right.offset()).isGreaterThanOrEqualTo(before.endOffset());
                assertThat(right.base()).isGreaterThanOrEqualTo(before.end());
            }
            visited.add(right);
        });
        long lost = 0;
        for (SegmentScan.Gap gap : scan.gaps()) {
            assertThat(gap.from()).isBetween(0L, gap.to());
            assertThat(gap.offset()).isLessThan(gap.endOffset() + 1);
            lost += gap.to() - gap.from();
        }
        long shown = visited.stream().mapToLong(Frame::count).sum();
        boolean hasBase = !visited.isEmpty() && scan.basePosition() >= 0;
        assertThat(!hasBase || scan.basePosition() + lost + shown == scan.end().position())
                .as("each position is shown or told to be lost")
                .isTrue();
        for (int at = 0; at + 4 + HEADER_LENGTH <= bytes.length; at += 4) {
            if (slow.getInt(at + 4) == MAGIC) {
                Frame right = frame(slow, at, slow.getInt(at + 4 + FRAME_LENGTH_OFFSET));
                assertThat(right == null || visited.contains(right) || isRefused(right, visited))
                        .as("%s is found among %s", right, visited)
                        .isTrue();
            }
        }
    }

    /**
     * Whether there is a reason not to show a frame that is right: another epoch, one that covers it, an earlier place, or a
     * chain that leads past it.
     */
    private static boolean isRefused(Frame right, List<Frame> visited) {
        Frame before = null;
        Frame behind = null;
        for (Frame each : visited) {
            boolean covers = each.offset() < right.endOffset() && right.offset() < each.endOffset();
            if (covers || each.epoch() != right.epoch()) {
                return true;
            }
            if (each.offset() < right.offset()) {
                before = each;
            } else if (behind == null) {
                behind = each;
            }
        }
        int crc = before == null ? 0 : before.crc();
        boolean leadsPast = behind != null && behind.previousCrc() == crc;
        // one that stands where the next is due must follow the one before it
        boolean isDue = before == null || right.offset() == before.endOffset();
        return leadsPast || (isDue && right.previousCrc() != crc) || (before != null && right.base() < before.end());
    }
}
