package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.fuzz.MemoryFiles;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.frame.FrameView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Single segments, byte by byte, with one thing wrong each. */
class SegmentScannerTest {

    private static final UUID LOG = new UUID(1, 2);
    private static final int SEED = FrameBuilder.seed(LOG);
    private static final int EPOCH = 3;
    private static final long BASE = 100;
    private static final int METADATA = 0x4000_0000;

    private final FrameBuilder builder = new FrameBuilder(64 << 10, 16 << 10, SEED);
    private final MemoryFiles files = new MemoryFiles();
    private final ByteBuffer bytes = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    // of each document that was put
    private final List<Integer> offsets = new ArrayList<>();
    private int end;
    private int crc;
    private int epoch = EPOCH;
    private long position = BASE;
    private long durable = BASE;

    @BeforeEach
    void begin() {
        builder.begin(FrameDescriptor.KIND_CONTROL);
        ControlRecords.putOpen(builder, 7, LOG, new UUID(0, 0), null);
        ControlRecords.putSchema(builder, 1, new Codec.Schema("type", 1, "a/b"));
        ControlRecords.putSource(builder, 1, "source");
        put();
    }

    private void put() {
        builder.finish();
        crc = builder.stamp(position, position * 10, durable, epoch, crc);
        offsets.add(end);
        bytes.putInt(end, builder.length());
        bytes.put(end + 4, builder.buffer(), 0, builder.length());
        end += 4 + builder.length();
        position += builder.eventCount();
    }

    private void putEvents(int count) {
        builder.begin(FrameDescriptor.KIND_DATA);
        for (int i = 0; i < count; i++) {
            builder.add(Codec.bytes("type"), ByteBuffer.wrap(new byte[] {(byte) i}), null, 1, 1);
        }
        put();
    }

    private int offset(int document) {
        return offsets.get(document);
    }

    private FileOps.OpenFile file() {
        // zeros behind the last frame, as there are
        return file(end + 100);
    }

    private FileOps.OpenFile file(int length) {
        byte[] copy = new byte[length];
        bytes.get(0, copy);
        return files.put(Path.of("/log/segments/7"), copy);
    }

    private SegmentScan scan() throws IOException {
        return SegmentScanner.scan(file(), SEED, new Dictionary());
    }

    private SegmentScan scanAll() throws IOException {
        return SegmentScanner.scan(file(), SEED, new Dictionary(), SegmentScanner.Expected.upTo(BASE, Long.MAX_VALUE));
    }

    @Test
    void soundSegmentIsReadToItsEnd() throws IOException {
        putEvents(2);
        durable = 101;
        putEvents(3);
        SegmentScan scan = scan();
        assertThat(scan.problem()).isNull();
        assertThat(scan.epoch()).isEqualTo(EPOCH);
        assertThat(scan.basePosition()).isEqualTo(BASE);
        assertThat(scan.dataFrames()).isEqualTo(2);
        assertThat(scan.durablePosition()).isEqualTo(101);
        assertThat(scan.end()).isEqualTo(new Segment.SegmentEnd(BASE + 5, end, BASE * 10, (BASE + 2) * 10, crc));
        assertThat(scan.index().count()).isEqualTo(1);
        assertThat(scan.index().offset(0)).isEqualTo(offset(1));
        assertThat(scan.index().position(0)).isEqualTo(BASE);
    }

    @Test
    void segmentWithoutEventsHasNoTimes() throws IOException {
        SegmentScan scan = scan();
        assertThat(scan.end()).isEqualTo(new Segment.SegmentEnd(BASE, end, 0, 0, crc));
        assertThat(scan.index().count()).isZero();
    }

    @Test
    void dictionaryRecordThatIsTooShortEndsTheScan() throws IOException {
        for (int kind : new int[] {FrameDescriptor.RECORD_SCHEMA, FrameDescriptor.RECORD_SOURCE}) {
            int before = end;
            int crcBefore = crc;
            builder.begin(FrameDescriptor.KIND_CONTROL);
            builder.addRecord(kind, 8);
            put();
            SegmentScan scan = scan();
            assertThat(scan.problem()).isEqualTo("dictionary record is too short");
            assertThat(scan.end().offset()).isEqualTo(before);
            end = before;
            crc = crcBefore;
        }
    }

    @Test
    void lastFrameThatLooksLikeChroniclesOwnIsFound() throws IOException {
        putEvents(2);
        putEvents(1);
        bytes.putInt(offset(2), bytes.getInt(offset(2)) | METADATA);
        SegmentScan scan = scanAll();
        assertThat(scan.end().position()).isEqualTo(BASE + 3);
        assertThat(scan.gaps()).hasSize(1);
        SegmentScan.Gap gap = scan.gaps().get(0);
        assertThat(gap.offset()).isEqualTo(offset(2));
        assertThat(gap.from()).isEqualTo(gap.to()).isEqualTo(BASE + 2);
    }

    @Test
    void firstFrameThatIsRefusedTellsNothingOfTheSegment() throws IOException {
        end = 0;
        crc = 5;
        begin();
        SegmentScan scan = scan();
        assertThat(scan.problem()).isEqualTo("frame does not follow the one before it");
        assertThat(scan.hasFrames()).isFalse();
        assertThat(scan.epoch()).isZero();
        assertThat(scan.end().offset()).isZero();
    }

    @Test
    void frameOfAnotherEpochOrPlaceEndsTheScan() throws IOException {
        putEvents(2);
        epoch = EPOCH + 1;
        putEvents(1);
        assertThat(scan().problem()).isEqualTo("frame is out of order");
        assertThat(scan().end().position()).isEqualTo(BASE + 2);
        end = offset(2);
        epoch = EPOCH;
        position = BASE + 3;
        crc = crcAt(1);
        putEvents(1);
        assertThat(scan().problem()).isEqualTo("frame is out of order");
        end = offset(2);
        position = BASE + 2;
        crc = crcAt(1) + 1;
        putEvents(1);
        assertThat(scan().problem()).isEqualTo("frame does not follow the one before it");
    }

    private int crcAt(int document) {
        return bytes.getInt(offset(document) + 4 + FrameDescriptor.HEADER_CRC_OFFSET);
    }

    @Test
    void cutFileEndsInItsLastWholeFrame() throws IOException {
        putEvents(2);
        putEvents(1);
        for (int length = offset(2); length < end; length++) {
            SegmentScan scan = SegmentScanner.scan(file(length), SEED, null);
            assertThat(scan.end().offset()).isEqualTo(offset(2));
            assertThat(scan.end().position()).isEqualTo(BASE + 2);
            assertThat(scan.problem() == null).as("%d bytes", length).isEqualTo(length < offset(2) + 4);
        }
        assertThat(SegmentScanner.scan(file(end), SEED, null).end().position()).isEqualTo(BASE + 3);
    }

    @Test
    void whatIsLostBetweenFramesIsTold() throws IOException {
        putEvents(2);
        putEvents(3);
        putEvents(1);
        bytes.putInt(offset(2) + 4 + FrameDescriptor.BODY_CRC_OFFSET, 0);
        SegmentScan scan = scanAll();
        assertThat(scan.gaps())
                .containsExactly(new SegmentScan.Gap(
                        offset(2), offset(3), BASE + 2, BASE + 5, "frame's header checksum is wrong"));
        assertThat(scan.end().position()).isEqualTo(BASE + 6);
        assertThat(scan.dataFrames()).isEqualTo(2);
        // not searched for where no event is expected any more
        SegmentScan upTo = SegmentScanner.scan(file(), SEED, null, SegmentScanner.Expected.upTo(BASE, BASE + 2));
        assertThat(upTo.end().offset()).isEqualTo(offset(2));
        assertThat(upTo.gaps()).isEmpty();
    }

    @Test
    void lostBeginningIsTold() throws IOException {
        putEvents(2);
        putEvents(1);
        bytes.put(offset(0) + 10, (byte) ~bytes.get(offset(0) + 10));
        SegmentScan scan = scanAll();
        assertThat(scan.basePosition()).isEqualTo(BASE);
        assertThat(scan.epoch()).isEqualTo(EPOCH);
        assertThat(scan.gaps()).hasSize(1);
        assertThat(scan.gaps().get(0).endOffset()).isEqualTo(offset(1));
        assertThat(scan.end().position()).isEqualTo(BASE + 3);
    }

    @Test
    void segmentThatIsAnothersIsRefused() throws IOException {
        putEvents(2);
        var sealed = new Segment(7, EPOCH, BASE);
        sealed.seal(new Segment.SegmentEnd(BASE + 2, end, 0, 0, crc));
        assertThat(SegmentScanner.scan(file(), SEED, null, SegmentScanner.Expected.all(sealed))
                        .problem())
                .isNull();
        var other = new Segment(7, EPOCH, BASE + 1);
        other.seal(new Segment.SegmentEnd(BASE + 2, end, 0, 0, crc));
        SegmentScan scan = SegmentScanner.scan(file(), SEED, null, SegmentScanner.Expected.all(other));
        assertThat(scan.problem()).isEqualTo("file is another segment's");
        assertThat(scan.dataFrames()).isZero();
        var newer = new Segment(7, EPOCH + 1, BASE);
        newer.seal(new Segment.SegmentEnd(BASE + 2, end, 0, 0, crc));
        assertThat(SegmentScanner.scan(file(), SEED, null, SegmentScanner.Expected.all(newer))
                        .problem())
                .isEqualTo("file is another segment's");
    }

    @Test
    void frameBehindTheHoleTellsHowFarTheLogWasForced() throws IOException {
        putEvents(2);
        putEvents(1);
        durable = BASE + 3;
        putEvents(1);
        bytes.putInt(offset(2), 0);
        assertThat(SegmentScanner.durableBehind(file(), SEED, offset(2))).isEqualTo(BASE + 3);
        // its body may be gone, its header not
        bytes.put(offset(3) + 4 + 70, (byte) 99);
        assertThat(SegmentScanner.durableBehind(file(), SEED, offset(2))).isEqualTo(BASE + 3);
        bytes.put(offset(3) + 4 + 20, (byte) 99);
        assertThat(SegmentScanner.durableBehind(file(), SEED, offset(3))).isEqualTo(-1);
    }

    @Test
    void openingTellsWhatASegmentIs() throws IOException {
        assertThat(SegmentScanner.opening(file()))
                .isEqualTo(new SegmentScanner.Opening(LOG, EPOCH, 7, -1, BASE, BASE * 10));
        bytes.put(offset(0) + 4 + 70, (byte) 9);
        assertThat(SegmentScanner.opening(file())).isNull();
        bytes.putInt(offset(0), METADATA | 8);
        assertThat(SegmentScanner.opening(file())).isNull();
        assertThat(SegmentScanner.opening(file(0))).isNull();
        assertThat(SegmentScanner.opening(file(3))).isNull();
    }

    @Test
    void newerFormatIsNamedWithItsPlace() {
        builder.begin(FrameDescriptor.KIND_DATA);
        builder.require(1 << 9);
        put();
        assertThatThrownBy(this::scan)
                .isInstanceOf(UnknownFormatException.class)
                .hasMessageContaining("file=/log/segments/7 offset=" + offset(1));
    }

    @Test
    void frameThatStandsWhereItShouldMustFollowTheOneBefore() throws IOException {
        putEvents(2);
        var expected = SegmentScanner.Expected.upTo(BASE, Long.MAX_VALUE);
        var due = new SegmentScanner.Damage(offset(1), BASE, true, crcAt(0));
        var found = new SegmentScanner.Found(offset(1), bytes.getInt(offset(1)), BASE);
        assertThat(SegmentScanner.find(file(), SEED, expected, due)).isEqualTo(found);
        var unchained = new SegmentScanner.Damage(offset(1), BASE, true, crcAt(0) + 1);
        assertThat(SegmentScanner.find(file(), SEED, expected, unchained)).isNull();
        var unknown = new SegmentScanner.Damage(offset(1), BASE, false, 0);
        assertThat(SegmentScanner.find(file(), SEED, expected, unknown)).isEqualTo(found);
        var earlier = new SegmentScanner.Damage(offset(0) + 4, BASE, true, 77);
        assertThat(SegmentScanner.find(file(), SEED, expected, earlier)).isEqualTo(found);
        var later = new SegmentScanner.Damage(offset(1), BASE + 1, false, 0);
        assertThat(SegmentScanner.find(file(), SEED, expected, later)).isNull();
        var short1 = new SegmentScanner.Expected(0, BASE, BASE + 9, BASE + 1, Segment.OPEN);
        assertThat(SegmentScanner.find(file(), SEED, short1, due)).isNull();
        var cut = new SegmentScanner.Expected(0, BASE, BASE + 9, BASE + 9, offset(1) + 67);
        assertThat(SegmentScanner.find(file(), SEED, cut, due)).isNull();
        var newer = new SegmentScanner.Expected(EPOCH + 1, BASE, BASE + 9, BASE + 9, Segment.OPEN);
        assertThat(SegmentScanner.find(file(), SEED, newer, due)).isNull();
        assertThat(SegmentScanner.find(file(end - 1), SEED, expected, due)).isNull();
    }

    @Test
    void eachFrameIsShownOnceBeforeItsFirstEvent() throws IOException {
        putEvents(2);
        putEvents(1);
        var shown = new ArrayList<Long>();
        SegmentScanner.scan(file(), SEED, null, SegmentScanner.Expected.upTo(BASE, BASE + 3), (frame, offset) -> {
            while (frame.nextEvent() == FrameView.EVENT) {
                shown.add(frame.position());
            }
            assertThat(offset).isEqualTo((long) offset(offsets.indexOf((int) offset)));
        });
        assertThat(shown).containsExactly(BASE, BASE + 1, BASE + 2);
    }

    @Test
    void frameLongerThanAHeaderCanBeIsRead() throws IOException {
        builder.begin(FrameDescriptor.KIND_DATA);
        builder.add(Codec.bytes("type"), ByteBuffer.allocate(9_000), null, 1, 1);
        put();
        assertThat(scan().end().position()).isEqualTo(BASE + 1);
        bytes.put(offset(1) + 4 + 20, (byte) 1);
        assertThat(scan().problem()).isEqualTo("frame's header checksum is wrong");
        assertThat(SegmentScanner.scan(file(offset(1) + 4 + 5_000), SEED, null).problem())
                .isEqualTo("document is longer than its file");
    }

    @Test
    void writerWhoGoesOnIsFollowed() throws IOException {
        putEvents(2);
        int first = end;
        int hidden = 4 + 64 + 48;
        putEvents(1);
        assertThat(end - first).isEqualTo(hidden);
        FileOps.OpenFile file = file();
        byte[] written = files.bytes(file.path()).clone();
        java.util.Arrays.fill(files.bytes(file.path()), first, end, (byte) 0);
        SegmentScanner scanner = SegmentScanner.following(file, SEED, new Dictionary());
        assertThat(scanner.advance().end().position()).isEqualTo(BASE + 2);
        System.arraycopy(written, first, files.bytes(file.path()), first, end - first);
        assertThat(scanner.advance().end().position()).isEqualTo(BASE + 3);
    }
}
