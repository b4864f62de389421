package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.eventlog.Codec;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Frames that are copied together, across the ends of the windows, and what is wrong inside one. */
@Timeout(300)
class ReaderWindowTest {

    private static final Codec<ByteBuffer> CODEC = Codec.bytes("test");
    private static final int WINDOW = JournalReader.WINDOW_LENGTH;
    private static final int PAGE = 4096;

    private final Seed seed = Seed.of(ReaderWindowTest.class);
    private final SplittableRandom random = seed.random();
    private final List<Integer> lengths = new ArrayList<>();

    @TempDir
    private Path directory;

    private static Journal inMemory() {
        return Journals.on(new MemorySegmentStore(Journals.SMALL));
    }

    /** Appends one frame; each payload tells its position. */
    private void append(Journal journal, int events, int length) {
        FrameBuilder frame = journal.newFrame();
        frame.begin(FrameDescriptor.KIND_DATA);
        ByteBuffer payload = ByteBuffer.allocate(length);
        int schema = journal.schemaNumber(CODEC.schema(payload));
        int source = journal.sourceNumber("test");
        for (int i = 0; i < events; i++) {
            fill(payload, lengths.size());
            frame.add(CODEC, payload, random.nextBoolean() ? "key" : null, schema, source);
            lengths.add(length);
        }
        frame.finish();
        journal.append(frame, false);
    }

    private static ByteBuffer fill(ByteBuffer payload, int position) {
        for (int i = 0; i < payload.limit(); i++) {
            payload.put(i, (byte) (position * 31 + i));
        }
        return payload;
    }

    private int anyLength() {
        return switch (random.nextInt(20)) {
            case 0 -> 0;
            case 1 -> random.nextInt(100_000);
            case 2, 3 -> WINDOW - 200 + random.nextInt(300);
            case 4, 5 -> random.nextInt(3 * WINDOW);
            default -> random.nextInt(200);
        };
    }

    private void assertReads(JournalReader reader, long position) {
        assertThat(reader.next()).as("position %d, %s", position, seed).isTrue();
        assertThat(reader.event().position()).as("%s", seed).isEqualTo(position);
        assertThat(reader.event().payload())
                .as("position %d, %s", position, seed)
                .isEqualTo(fill(ByteBuffer.allocate(lengths.get((int) position)), (int) position));
    }

    private void assertReadsFrom(JournalReader reader, long from) {
        for (long position = from; position < lengths.size(); position++) {
            assertReads(reader, position);
        }
        assertThat(reader.next()).isFalse();
    }

    @Test
    void framesOfAnyLengthAreReadWhateverWindowTheyEndIn() {
        try (Journal journal = inMemory()) {
            for (int i = 0; i < 2_000; i++) {
                int length = anyLength();
                append(journal, length < 3_000 && random.nextInt(8) == 0 ? random.nextInt(1, 40) : 1, length);
            }
            assertReadsFrom(journal.newReader(), 0);
        }
    }

    @Test
    void framesAroundTheLengthOfAWindowAreRead() {
        try (Journal journal = inMemory()) {
            for (int length = WINDOW - 300; length < WINDOW + 100; length++) {
                append(journal, 1, length);
                append(journal, 1, 3);
            }
            assertReadsFrom(journal.newReader(), 0);
        }
    }

    @Test
    void eventsThatFollowWhatWasCopiedAreRead() {
        try (Journal journal = inMemory()) {
            JournalReader reader = journal.newReader();
            for (int round = 0; round < 1_000; round++) {
                int before = lengths.size();
                for (int i = random.nextInt(1, 30); i > 0; i--) {
                    append(journal, 1, random.nextInt(4) == 0 ? anyLength() : 64);
                }
                if (random.nextBoolean()) {
                    reader.seek(before);
                }
                assertReadsFrom(reader, before);
            }
        }
    }

    @Test
    void readersInOneSegmentDoNotDisturbEachOther() {
        try (Journal journal = inMemory()) {
            for (int i = 0; i < 1_000; i++) {
                append(journal, 1, anyLength());
            }
            var readers = new JournalReader[4];
            long[] positions = new long[readers.length];
            for (int i = 0; i < readers.length; i++) {
                readers[i] = journal.newReader();
            }
            for (int step = 0; step < 3_000; step++) {
                int i = random.nextInt(readers.length);
                if (positions[i] < lengths.size()) {
                    assertReads(readers[i], positions[i]++);
                }
            }
        }
    }

    @Test
    void readersThatFollowAnAppenderGetEachEventWhole() throws Exception {
        try (Journal journal = inMemory()) {
            int events = 100_000;
            FrameBuilder frame = Journals.frame(journal, 1, 64);
            var appender = new Thread(() -> {
                for (int i = 0; i < events; i++) {
                    journal.append(frame, false);
                }
            });
            JournalReader first = journal.newReader();
            JournalReader second = journal.newReader();
            appender.start();
            for (long position = 0; position < events; ) {
                position += follow(first, position);
                second.seek(first.position() / 2);
                follow(second, second.position());
            }
            appender.join();
        }
    }

    private static int follow(JournalReader reader, long position) {
        int count = 0;
        while (count < 300 && reader.next()) {
            assertThat(reader.event().position()).isEqualTo(position + count);
            count++;
        }
        return count;
    }

    @Test
    void seeksInsideTheWindowAndOutsideFindTheirEvents() {
        try (Journal journal = inMemory()) {
            for (int i = 0; i < 2_000; i++) {
                append(journal, 1, random.nextInt(5) == 0 ? anyLength() : 64);
            }
            JournalReader reader = journal.newReader();
            long position = 0;
            for (int step = 0; step < 5_000; step++) {
                long near = position + random.nextInt(-12, 13);
                position = random.nextInt(10) == 0 ? random.nextInt(lengths.size()) : near;
                position = Math.max(0, Math.min(position, lengths.size() - 20));
                reader.seek(position);
                for (int i = random.nextInt(12); i > 0; i--) {
                    assertReads(reader, position++);
                }
            }
        }
    }

    /** Offsets of the frames with events in a segment, in order. */
    private static List<Integer> frameOffsets(ByteBuffer bytes) {
        var offsets = new ArrayList<Integer>();
        int offset = 0;
        while (true) {
            int header = bytes.getInt(offset);
            if (header == 0) {
                return offsets;
            }
            int frame = offset + DocumentHeader.LENGTH;
            if (bytes.get(frame + FrameDescriptor.KIND_OFFSET) == FrameDescriptor.KIND_DATA) {
                offsets.add(offset);
            }
            offset = (int) DocumentHeader.next(offset, header);
        }
    }

    @Test
    void damageInAWindowIsReportedWhereItIsAndNotBefore() {
        try (Journal journal = inMemory()) {
            for (int i = 0; i < 100; i++) {
                append(journal, 1, 64);
            }
            Segment segment = journal.segments().all()[0];
            ByteBuffer bytes = journal.segments().bytes(segment);
            List<Integer> offsets = frameOffsets(bytes);
            for (int round = 0; round < 2_000; round++) {
                int victim = random.nextInt(99);
                int from = offsets.get(victim);
                int at = from + random.nextInt(offsets.get(victim + 1) - from);
                byte right = bytes.get(at);
                bytes.put(at, (byte) (right ^ 1 << random.nextInt(8)));
                JournalReader reader = journal.newReader();
                for (int position = 0; position < victim; position++) {
                    assertReads(reader, position);
                }
                for (int again = 0; again < 2; again++) {
                    CorruptLogException damage = catchThrowableOfType(CorruptLogException.class, reader::next);
                    assertThat(damage).as("byte %d, %s", at, seed).isNotNull();
                    // also of a header that says metadata now: it is passed over, and the frame behind it is out of
                    // order
                    assertThat(damage.offset()).as("byte %d, %s", at, seed).isEqualTo((long) from);
                    assertThat(damage.fromPosition()).isEqualTo(victim);
                }
                bytes.put(at, right);
                reader.seek(victim);
                assertReadsFrom(reader, victim);
            }
        }
    }

    @Test
    void damageThatCameBehindTheCopyDoesNotHarmWhatWasCopied() {
        try (Journal journal = inMemory()) {
            for (int i = 0; i < 100; i++) {
                append(journal, 1, 64);
            }
            ByteBuffer bytes = journal.segments().bytes(journal.segments().all()[0]);
            JournalReader reader = journal.newReader();
            // the first frame stands behind control frames, the second at the beginning of a window
            assertReads(reader, 0);
            assertReads(reader, 1);
            int third = frameOffsets(bytes).get(2);
            bytes.put(third + 100, (byte) ~bytes.get(third + 100));
            assertReads(reader, 2);
            assertReadsFrom(reader, 3);
            reader.seek(0);
            assertReads(reader, 0);
            assertReads(reader, 1);
            assertThatThrownBy(reader::next).isInstanceOf(CorruptLogException.class);
        }
    }

    @Test
    void frameInAnotherFramesPlaceIsReported() {
        try (Journal journal = inMemory()) {
            for (int i = 0; i < 100; i++) {
                append(journal, 1, 64);
            }
            ByteBuffer bytes = journal.segments().bytes(journal.segments().all()[0]);
            List<Integer> offsets = frameOffsets(bytes);
            int victim = 40;
            int length = DocumentHeader.LENGTH + bytes.getInt(offsets.get(victim));
            int same = 41;
            while (bytes.getInt(offsets.get(same)) != bytes.getInt(offsets.get(victim))) {
                same++;
            }
            byte[] other = new byte[length];
            bytes.get(offsets.get(same), other);
            bytes.put(offsets.get(victim), other);
            JournalReader reader = journal.newReader();
            for (int position = 0; position < victim; position++) {
                assertReads(reader, position);
            }
            assertThatThrownBy(reader::next)
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining("out of order")
                    .hasMessageContaining("offset=" + offsets.get(victim));
        }
    }

    @Test
    void eventsBeforeTheCutOfAFileAreReadAlsoFromTheWindowThatMeetsIt() throws IOException {
        IoThread io = new IoThread("test", null);
        try (Journal journal = Journals.at(directory, HookedFileOps.quick(), Clock.system(), io)) {
            while (journal.segments().all().length < 3) {
                append(journal, 1, random.nextInt(100, 140));
            }
            journal.force();
            Segment first = journal.segments().all()[0];
            long events = first.endPosition();
            ByteBuffer bytes = journal.segments().bytes(first);
            // so often that it is compiled, where a page fault is told of late
            for (int i = 0; i < 30; i++) {
                JournalReader reader = journal.newReader();
                for (long position = 0; position < events; position++) {
                    reader.next();
                }
                reader.leave();
            }
            List<Integer> offsets = frameOffsets(first, bytes);
            Path file = settled(journal, first);
            for (int cut : cuts(offsets)) {
                try (var cutFile = new RandomAccessFile(file.toFile(), "rw")) {
                    cutFile.setLength(cut);
                }
                JournalReader reader = journal.newReader();
                int whole = 0;
                while (offsets.get(whole + 1) <= cut) {
                    assertReads(reader, whole++);
                }
                CorruptLogException damage = catchThrowableOfType(CorruptLogException.class, reader::next);
                assertThat(damage).as("cut %d", cut).isNotNull();
                assertThat(damage.fromPosition()).isEqualTo(whole);
                assertThat(damage.offset()).isEqualTo((long) offsets.get(whole));
                reader.leave();
            }
        } finally {
            io.close();
        }
    }

    /** Ends of pages from the last on, also those where a frame begins. */
    private static List<Integer> cuts(List<Integer> offsets) {
        var cuts = new TreeSet<Integer>(Comparator.reverseOrder());
        for (int cut = PAGE; cut <= 100 * PAGE; cut += 7 * PAGE) {
            cuts.add(cut);
        }
        offsets.stream().filter(offset -> offset % PAGE == 0).forEach(cuts::add);
        cuts.remove(offsets.get(0));
        return List.copyOf(cuts);
    }

    private static List<Integer> frameOffsets(Segment segment, ByteBuffer bytes) {
        ByteBuffer sealed = ByteBuffer.allocate((int) segment.endOffset() + DocumentHeader.LENGTH)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN);
        sealed.put(0, bytes, 0, (int) segment.endOffset());
        return frameOffsets(sealed);
    }

    /** The segment's file once the I/O thread has moved it. */
    private static Path settled(Journal journal, Segment segment) {
        Path file = journal.segments().file(segment);
        while (!file.toFile().exists()) {
            Thread.onSpinWait();
        }
        return file;
    }
}
