package dev.eventlog.internal.cursor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is done above a checkpoint, on disk: a torn, lost or foreign one says nothing, and never too much. */
@Timeout(300)
class CompletionsTest {

    private static final long[] OLDER = {7, 8, 20, 30};
    private static final long[] NEWER = {12, 15, 40, 41, 90, 100};

    private final Seed seed = Seed.of(CompletionsTest.class);
    private final IoThread io = new IoThread("test", null);
    private Journal journal;
    private Cursors cursors;

    @TempDir
    private Path directory;

    @BeforeEach
    void open() {
        journal = Journal.open(
                EventLogConfig.at(directory).build(), FileOps.system(), Clock.system(), io, Cursors::traces);
        FrameBuilder frame = journal.newFrame();
        frame.begin(FrameDescriptor.KIND_DATA);
        for (int i = 0; i < 100; i++) {
            frame.add(Codec.bytes(), ByteBuffer.allocate(1), null, 1, 1);
        }
        frame.finish();
        journal.append(frame, false);
        cursors = Cursors.open(journal, FileOps.system(), io);
    }

    @AfterEach
    void close() {
        cursors.close();
        journal.close();
        io.close();
    }

    private Path file() throws IOException {
        try (var files = Files.list(directory.resolve("cursors"))) {
            return files.findFirst().orElseThrow();
        }
    }

    private byte[][] twoCommits() throws IOException {
        Cursor cursor = cursors.open("billing");
        cursor.commit(3, false);
        cursor.commit(5, OLDER, OLDER.length);
        byte[] before = Files.readAllBytes(file());
        cursor.commit(9, NEWER, NEWER.length);
        byte[] after = Files.readAllBytes(file());
        cursor.close();
        return new byte[][] {before, after};
    }

    /** Reads a file's cursor, and fails unless what is done above the checkpoint is what was committed with it, or nothing. */
    private long[] read(byte[] bytes, String what) throws IOException {
        Files.write(file(), bytes);
        Cursor cursor = cursors.open("billing");
        long[] found = cursor.completions();
        if (found.length > 0) {
            assertThat(found).as(what).isEqualTo(cursor.checkpoint() == 5 ? OLDER : NEWER);
            assertThat(cursor.checkpoint()).as(what).isIn(5L, 9L);
        }
        cursor.close();
        return found;
    }

    @Test
    void theyAreKeptWithTheCheckpoint() throws IOException {
        byte[][] files = twoCommits();
        assertThat(read(files[0], "older")).isEqualTo(OLDER);
        assertThat(read(files[1], "newer")).isEqualTo(NEWER);
    }

    @Test
    void aTornCommitTellsOfTheOneBeforeOrNothing() throws IOException {
        byte[][] files = twoCommits();
        SplittableRandom random = seed.random();
        for (int round = 0; round < 500; round++) {
            byte[] bytes = files[0].clone();
            int step = round % 2 == 0 ? Integer.BYTES : 512;
            for (int at = 0; at < bytes.length; at += step) {
                if (random.nextBoolean()) {
                    System.arraycopy(files[1], at, bytes, at, step);
                }
            }
            read(bytes, seed.toString());
        }
    }

    @Test
    void aDamagedByteTellsNothing() throws IOException {
        byte[][] files = twoCommits();
        int slot = Arrays.mismatch(files[0], files[1]) / CursorDescriptor.SLOT_LENGTH * CursorDescriptor.SLOT_LENGTH;
        for (int at = Completions.OFFSET; at < Completions.PAIRS_OFFSET + 6; at++) {
            byte[] bytes = files[1].clone();
            bytes[slot + at] ^= 0x41;
            assertThat(read(bytes, "byte " + at)).as("byte %d", at).isEmpty();
        }
    }

    @Test
    void anyOtherCommitForgetsThem() throws IOException {
        twoCommits();
        Cursor cursor = cursors.open("billing");
        cursor.commit(10, false);
        cursor.close();
        assertThat(read(Files.readAllBytes(file()), "handled in order")).isEmpty();
        cursor = cursors.open("billing");
        cursor.commit(11, NEWER, NEWER.length);
        cursor.commit(0, true);
        cursor.close();
        assertThat(read(Files.readAllBytes(file()), "sought")).isEmpty();
    }

    @Test
    void whatALaterCommitLeftInASlotIsNotTakenForItsOwn() throws IOException {
        byte[][] files = twoCommits();
        int slot = Arrays.mismatch(files[0], files[1]) / CursorDescriptor.SLOT_LENGTH * CursorDescriptor.SLOT_LENGTH;
        // the newer commit's slot is lost but for what it told to be done; then the same number of commit is given
        // again
        byte[] bytes = files[0].clone();
        int from = slot + Completions.OFFSET;
        System.arraycopy(files[1], from, bytes, from, CursorDescriptor.SLOT_LENGTH - Completions.OFFSET);
        Files.write(file(), bytes);
        Cursor cursor = cursors.open("billing");
        cursor.commit(6, false);
        cursor.close();
        bytes = Files.readAllBytes(file());
        // as by a version that knows nothing of completions
        System.arraycopy(files[1], from, bytes, from, CursorDescriptor.SLOT_LENGTH - Completions.OFFSET);
        Files.write(file(), bytes);
        cursor = cursors.open("billing");
        assertThat(cursor.checkpoint()).isEqualTo(6);
        assertThat(cursor.completions()).isEmpty();
        cursor.close();
    }

    @Test
    void whatThereIsNoRoomForIsForgottenFromTheEnd() {
        var many = new long[2_000];
        for (int i = 0; i < many.length; i += 2) {
            many[i] = 1_000_000L * (i + 1);
            many[i + 1] = many[i] + 1;
        }
        ByteBuffer slot = ByteBuffer.allocate(CursorDescriptor.SLOT_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        slot.putLong(CursorDescriptor.SEQUENCE_OFFSET, 17);
        Completions.write(slot, many, many.length, new CRC32C());
        long[] found = Completions.read(slot);
        assertThat(found.length).isBetween(600, many.length - 2);
        assertThat(found).isEqualTo(Arrays.copyOf(many, found.length));
    }

    @Test
    void anyPairsComeBackAsTheyWere() {
        SplittableRandom random = seed.random();
        ByteBuffer slot = ByteBuffer.allocate(CursorDescriptor.SLOT_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        for (int round = 1; round <= 2_000; round++) {
            long at = random.nextLong(1L << random.nextInt(1, 60));
            slot.putLong(CursorDescriptor.SEQUENCE_OFFSET, round);
            slot.putLong(CursorDescriptor.CHECKPOINT_OFFSET, at);
            var pairs = new long[2 * random.nextInt(40)];
            for (int i = 0; i < pairs.length; i++) {
                at += 1 + random.nextLong(1L << random.nextInt(1, 54));
                pairs[i] = at;
            }
            Completions.write(slot, pairs, pairs.length, new CRC32C());
            assertThat(Completions.read(slot)).as("%s", seed).isEqualTo(pairs);
        }
    }

    @Test
    void whatLiesBeyondTheEndOfTheLogIsForgottenAtTheOpening() {
        Cursor cursor = cursors.open("billing");
        cursor.commit(5, new long[] {90, 110, 120, 130}, 4);
        cursor.close();
        cursor = cursors.open("billing");
        assertThat(cursor.completions()).as("the log ends at 100").containsExactly(90, 100);
        cursor.close();
    }

    @Test
    void whatTheLogDoesNotReachAnyMoreIsForgotten() {
        assertThat(Completions.below(NEWER, 41)).containsExactly(12, 15, 40, 41);
        assertThat(Completions.below(NEWER, 95)).containsExactly(12, 15, 40, 41, 90, 95);
        assertThat(Completions.below(NEWER, 14)).containsExactly(12, 14);
        assertThat(Completions.below(NEWER, 12)).isEmpty();
    }

    @Test
    void theLayoutIsThatOfTheDocumentation() throws IOException {
        Cursor cursor = cursors.open("billing");
        cursor.commit(5, NEWER, NEWER.length);
        cursor.close();
        byte[] bytes = Files.readAllBytes(file());
        // the first commit has the sequence 3, and the first slot
        assertThat(HexFormat.of().formatHex(bytes, Completions.LENGTH_OFFSET, Completions.LENGTH_OFFSET + 4))
                .isEqualTo("06000000");
        assertThat(HexFormat.of().formatHex(bytes, Completions.PAIRS_OFFSET, Completions.PAIRS_OFFSET + 6))
                .isEqualTo("07031901310a");
    }
}
