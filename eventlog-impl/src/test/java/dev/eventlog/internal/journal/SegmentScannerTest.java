package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.fuzz.Checksums;
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

    private void zero(int from, int to) {
        for (int at = from; at < to; at++) {
            bytes.put(at, (byte) 0);
        }
    }

    @Test
    void holeIsPassedAndZerosToTheEndAreTheEnd() throws IOException {
        putEvents(2);
        putEvents(3);
        putEvents(1);
        zero(offset(2), offset(3));
        SegmentScan scan = scanAll();
        assertThat(scan.gaps())
                .containsExactly(new SegmentScan.Gap(
                        offset(2), offset(3), BASE + 2, BASE + 5, "nothing stands where events were appended"));
        assertThat(scan.problem()).isNull();
        assertThat(scan.end().position()).isEqualTo(BASE + 6);
        zero(offset(3), end);
        SegmentScan shorter = scanAll();
        assertThat(shorter.gaps()).isEmpty();
        assertThat(shorter.problem()).isNull();
        assertThat(shorter.end().offset()).isEqualTo(offset(2));
        // something that is no frame stands behind the zeros
        bytes.put(end + 99, (byte) 1);
        assertThat(scanAll().gaps()).isEmpty();
        assertThat(scanAll().end().offset()).isEqualTo(offset(2));
        // what must be there and is not
        SegmentScan upTo = SegmentScanner.scan(file(), SEED, null, SegmentScanner.Expected.upTo(BASE, BASE + 3));
        assertThat(upTo.problem()).isEqualTo("nothing stands where events were appended");
    }

    @Test
    void frameThatWasFoundAndIsRefusedIsNotFoundAgain() throws IOException {
        putEvents(2);
        putEvents(1);
        // the lost frame's place, then one that contradicts the dictionary, then a right one
        zero(offset(2), end);
        builder.begin(FrameDescriptor.KIND_CONTROL);
        ControlRecords.putSchema(builder, 1, new Codec.Schema("other", 1, "a/b"));
        put();
        putEvents(1);
        SegmentScan scan = scanAll();
        assertThat(scan.end().position()).isEqualTo(BASE + 4);
        assertThat(scan.dataFrames()).isEqualTo(2);
        assertThat(scan.gaps()).hasSize(2);
    }

    @Test
    void numbersOfLostNamesAreNotGivenAgain() throws IOException {
        builder.begin(FrameDescriptor.KIND_CONTROL);
        ControlRecords.putSchema(builder, 2, new Codec.Schema("type", 2, "a/b"));
        ControlRecords.putSource(builder, 2, "source-2");
        put();
        builder.begin(FrameDescriptor.KIND_DATA);
        builder.add(Codec.bytes("type"), ByteBuffer.allocate(1), null, 2, 2);
        put();
        builder.begin(FrameDescriptor.KIND_CONTROL);
        ControlRecords.putSchema(builder, 4, new Codec.Schema("type", 4, "a/b"));
        ControlRecords.putSource(builder, 4, "source-4");
        put();
        bytes.put(offset(1) + 20, (byte) 99);
        var dictionary = new Dictionary();
        var shown = new ArrayList<Integer>();
        SegmentScanner.scan(
                file(), SEED, dictionary, SegmentScanner.Expected.upTo(BASE, Long.MAX_VALUE), (frame, offset) -> {
                    while (frame.nextEvent() == FrameView.EVENT) {
                        shown.add(frame.schema());
                    }
                });
        assertThat(shown).containsExactly(2);
        assertThat(dictionary.nextSchema()).isEqualTo(5);
        assertThat(dictionary.nextSource()).isEqualTo(5);
        assertThat(dictionary.schema(4)).isEqualTo(new Codec.Schema("type", 4, "a/b"));
        assertThat(dictionary.schemaNumber(new Codec.Schema("type", 2, "a/b"))).isZero();
    }

    @Test
    void namesAndProgressOfASegmentAreTakenUp() throws IOException {
        var progress = new ReadJournal.Progress(LOG, "billing", 9, 1, 0);
        builder.begin(FrameDescriptor.KIND_CONTROL);
        ProgressFormat.putRecord(builder, progress);
        put();
        var dictionary = new Dictionary();
        SegmentScan scan = SegmentScanner.scan(file(), SEED, dictionary);
        assertThat(scan.progress()).containsExactly(progress);
        assertThat(dictionary.schemas()).containsExactly(new Codec.Schema("type", 1, "a/b"));
        assertThat(dictionary.sources()).containsExactly("source");
    }

    @Test
    void segmentThatBeginsAtPositionZeroIsRead() throws IOException {
        end = 0;
        crc = 0;
        position = 0;
        durable = 0;
        offsets.clear();
        begin();
        putEvents(1);
        assertThat(scan().basePosition()).isZero();
        assertThat(scan().end().position()).isEqualTo(1);
        position = -1;
        end = 0;
        crc = 0;
        begin();
        assertThat(scan().hasFrames()).isFalse();
        assertThat(scan().problem()).isEqualTo("frame's event count is wrong");
    }

    @Test
    void moreEventsThanAFrameHasRoomForEndTheScan() throws IOException {
        // 64 bytes of header and two events of 48
        putEvents(2);
        int at = offset(1) + 4;
        int most = bytes.getInt(at + FrameDescriptor.FRAME_LENGTH_OFFSET) / FrameDescriptor.EVENT_HEADER_LENGTH;
        for (int count : new int[] {most, most + 1, -1}) {
            bytes.putInt(at + FrameDescriptor.EVENT_COUNT_OFFSET, count);
            bytes.putInt(
                    at + FrameDescriptor.HEADER_CRC_OFFSET,
                    Checksums.crc(bytes, at, at + FrameDescriptor.HEADER_CRC_OFFSET) ^ SEED);
            assertThat(scan().problem()).isEqualTo(count == most ? null : "frame's event count is wrong");
        }
    }

    @Test
    void openingStandsBehindChroniclesOwnDocuments() throws IOException {
        for (int documents : new int[] {1, 15, 16}) {
            end = 0;
            crc = 0;
            for (int i = 0; i < documents; i++) {
                bytes.putInt(end, METADATA | 5);
                bytes.putLong(end + 4, 0x0102_0304_0506_0708L);
                end += 12;
            }
            begin();
            SegmentScanner.Opening opening = SegmentScanner.opening(file(end));
            assertThat(opening == null).as("%d documents", documents).isEqualTo(documents == 16);
            assertThat(opening == null || opening.number() == 7).isTrue();
        }
        bytes.putInt(offsets.get(offsets.size() - 1), -5);
        assertThat(SegmentScanner.opening(file())).isNull();
    }

    @Test
    void segmentLongerThanAWindowIsReadWhereverItsFramesEnd() throws IOException {
        ByteBuffer large = ByteBuffer.allocate(3 << 20).order(ByteOrder.LITTLE_ENDIAN);
        large.put(0, bytes, 0, end);
        int at = end;
        int number = 0;
        int last = 0;
        while (at < (2 << 20)) {
            builder.begin(FrameDescriptor.KIND_DATA);
            builder.add(Codec.bytes("type"), ByteBuffer.allocate(3_000 + number % 9 * 501), null, 1, 1);
            builder.finish();
            crc = builder.stamp(position, position, durable, epoch, crc);
            large.putInt(at, builder.length());
            large.put(at + 4, builder.buffer(), 0, builder.length());
            last = at;
            at += 4 + builder.length();
            position++;
            number++;
        }
        FileOps.OpenFile file = files.put(Path.of("/log/segments/8"), large.array());
        SegmentScan scan = SegmentScanner.scan(file, SEED, null);
        assertThat(scan.problem()).isNull();
        assertThat(scan.end().position()).isEqualTo(position);
        assertThat(scan.end().offset()).isEqualTo(at);
        assertThat(scan.index().count())
                .isBetween((2 << 20) / SparseIndex.SPACING - 3, (2 << 20) / SparseIndex.SPACING);
        // all but the first and the last are gone: the last is looked for through more than a window
        for (int i = end; i < last; i++) {
            large.put(i, (byte) 0);
        }
        var all = SegmentScanner.Expected.upTo(BASE, Long.MAX_VALUE);
        SegmentScan behind = SegmentScanner.scan(file, SEED, null, all);
        assertThat(behind.gaps()).hasSize(1);
        assertThat(behind.gaps().get(0).endOffset()).isEqualTo(last);
        assertThat(behind.end().position()).isEqualTo(position);
        assertThat(SegmentScanner.durableBehind(file, SEED, end)).isEqualTo(durable);
    }
}
