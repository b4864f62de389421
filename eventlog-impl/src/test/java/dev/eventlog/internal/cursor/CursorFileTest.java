package dev.eventlog.internal.cursor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.eventlog.EventLogConfig;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.MemoryDirectory;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class CursorFileTest {

    private static final int SLOT_END = CursorDescriptor.CRC_OFFSET + Integer.BYTES;

    private final Seed seed = Seed.of(CursorFileTest.class);
    private final IoThread io = new IoThread("test", null);
    private Journal journal;
    private Cursors cursors;

    @TempDir(factory = MemoryDirectory.class)
    private Path directory;

    @BeforeEach
    void open() {
        journal = Journal.open(
                EventLogConfig.at(directory).build(), FileOps.system(), Clock.system(), io, Cursors::traces);
        FrameBuilder frame = journal.newFrame();
        frame.begin(FrameDescriptor.KIND_DATA);
        var codec = dev.eventlog.Codec.bytes();
        for (int i = 0; i < 100; i++) {
            frame.add(codec, ByteBuffer.allocate(1), null, 1, 1);
        }
        frame.finish();
        journal.append(frame, false);
        cursors = Cursors.open(journal, HookedFileOps.quick(), io);
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

    /** The file before and after a commit of 9 behind one of 5. */
    private byte[][] twoCommits() throws IOException {
        Cursor cursor = cursors.open("billing");
        cursor.commit(3, false);
        cursor.commit(5, false);
        byte[] before = Files.readAllBytes(file());
        cursor.commit(9, false);
        byte[] after = Files.readAllBytes(file());
        cursor.close();
        return new byte[][] {before, after};
    }

    private long reopenedAt(byte[] bytes) throws IOException {
        Files.write(file(), bytes);
        Cursor cursor = cursors.open("billing");
        long checkpoint = cursor.checkpoint();
        cursor.close();
        return checkpoint;
    }

    @Test
    void commitTornAtAnyByteLeavesTheCheckpointBeforeIt() throws IOException {
        byte[][] files = twoCommits();
        int slot = differentSlot(files);
        for (int torn = 0; torn <= SLOT_END; torn++) {
            byte[] bytes = files[0].clone();
            System.arraycopy(files[1], slot, bytes, slot, torn);
            boolean whole = Arrays.equals(bytes, files[1]);
            assertThat(reopenedAt(bytes)).as("torn at %d", torn).isEqualTo(whole ? 9 : 5);
        }
    }

    @Test
    void commitOfWhichSomeWordsReachedTheDiskLeavesTheCheckpointBeforeIt() throws IOException {
        byte[][] files = twoCommits();
        int slot = differentSlot(files);
        SplittableRandom random = seed.random();
        for (int round = 0; round < 300; round++) {
            byte[] bytes = files[0].clone();
            for (int word = 0; word < SLOT_END; word += Integer.BYTES) {
                if (random.nextBoolean()) {
                    System.arraycopy(files[1], slot + word, bytes, slot + word, Integer.BYTES);
                }
            }
            boolean whole = Arrays.equals(bytes, files[1]);
            assertThat(reopenedAt(bytes)).as("%s", seed).isEqualTo(whole ? 9 : 5);
        }
    }

    private static int differentSlot(byte[][] files) {
        int different = Arrays.mismatch(files[0], files[1]);
        return different / CursorDescriptor.SLOT_LENGTH * CursorDescriptor.SLOT_LENGTH;
    }

    @Test
    void damageOfOneSlotGoesBackToTheOtherAndOfBothIsReported() throws IOException {
        byte[][] files = twoCommits();
        SplittableRandom random = seed.random();
        for (int round = 0; round < 100; round++) {
            byte[] bytes = files[1].clone();
            int slot = random.nextInt(2) * CursorDescriptor.SLOT_LENGTH;
            bytes[
                            slot
                                    + CursorDescriptor.SEQUENCE_OFFSET
                                    + random.nextInt(SLOT_END - CursorDescriptor.SEQUENCE_OFFSET)] ^=
                    (byte) (1 << random.nextInt(8));
            assertThat(reopenedAt(bytes)).as("%s", seed).isIn(5L, 9L);
            int other = CursorDescriptor.SLOT_LENGTH - slot;
            bytes[other + CursorDescriptor.CHECKPOINT_OFFSET] ^= 1;
            assertThatThrownBy(() -> reopenedAt(bytes))
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining("billing");
        }
    }

    /** What the two-slot rule leaves of the file behind commits of 5 and 9 with one bit flipped. */
    private static long expected(int at, int newestSlot) {
        int slot = at / CursorDescriptor.SLOT_LENGTH * CursorDescriptor.SLOT_LENGTH;
        return slot == newestSlot && at - slot < SLOT_END ? 5 : 9;
    }

    @Test
    void eachFlippedBitGoesBackToTheOtherSlotOnlyWhereTheNewestIsDamaged() throws IOException {
        byte[][] files = twoCommits();
        int newestSlot = differentSlot(files);
        Path file = file();
        for (int bit = 0; bit < CursorDescriptor.LENGTH * 8; bit++) {
            int at = bit / 8;
            byte[] bytes = files[1].clone();
            bytes[at] ^= (byte) (1 << bit % 8);
            // a file for each of 65,536 bits would take a minute
            var slots = new CursorSlots(ByteBuffer.wrap(bytes));
            int newest = slots.newest("billing", journal.id(), file);
            assertThat(slots.slot(newest).getLong(CursorDescriptor.CHECKPOINT_OFFSET))
                    .as("bit %d", bit)
                    .isEqualTo(expected(at, newestSlot));
            if (at % CursorDescriptor.SLOT_LENGTH < SLOT_END) {
                assertThat(reopenedAt(bytes)).as("bit %d", bit).isEqualTo(expected(at, newestSlot));
                assertThat(cursors.all())
                        .as("bit %d", bit)
                        .containsExactly(new Cursors.Stored("billing", expected(at, newestSlot), false, null));
                assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
            }
        }
    }

    @Test
    void slotWithAFlippedBitIsWholeAgainBehindTheNextCommits() throws IOException {
        byte[][] files = twoCommits();
        for (int slot = 0; slot < CursorDescriptor.SLOTS; slot++) {
            for (int at = 0; at < SLOT_END; at++) {
                byte[] bytes = files[1].clone();
                bytes[slot * CursorDescriptor.SLOT_LENGTH + at] ^= 0x20;
                Files.write(file(), bytes);
                for (long checkpoint = 11; checkpoint < 14; checkpoint++) {
                    Cursor cursor = cursors.open("billing");
                    cursor.commit(checkpoint, false);
                    cursor.close();
                    assertThat(reopenedAt(Files.readAllBytes(file())))
                            .as("slot %d byte %d", slot, at)
                            .isEqualTo(checkpoint);
                }
                byte[] mended = Files.readAllBytes(file());
                mended[CursorDescriptor.CRC_OFFSET] ^= 1;
                mended[3] ^= 1;
                assertThat(reopenedAt(mended)).isIn(12L, 13L);
            }
        }
    }

    @Test
    void slotThatIsPreparedForACommitDoesNotHoldAgain() throws IOException {
        byte[][] files = twoCommits();
        for (int at = 0; at < SLOT_END; at++) {
            byte[] bytes = files[1].clone();
            int newestSlot = differentSlot(files);
            bytes[newestSlot + at] ^= 1;
            var slots = new CursorSlots(ByteBuffer.wrap(bytes));
            int number = newestSlot / CursorDescriptor.SLOT_LENGTH;
            slots.prepare(number, "billing", journal.id());
            assertThat(slots.newest("billing", journal.id(), file())).isEqualTo(1 - number);
        }
    }

    @Test
    void eachCutIsReportedAndShown() throws IOException {
        byte[][] files = twoCommits();
        Path file = file();
        int step = 1;
        for (int length = 0; length < CursorDescriptor.LENGTH; length += step) {
            Files.write(file, Arrays.copyOf(files[1], length));
            assertReported(file);
            // each in what a slot uses and at its end; between there are only zeros
            int at = length % CursorDescriptor.SLOT_LENGTH;
            step = at < SLOT_END || at >= CursorDescriptor.SLOT_LENGTH - 64 ? 1 : 61;
        }
        Files.write(file, Arrays.copyOf(files[1], CursorDescriptor.LENGTH + 1));
        assertReported(file);
    }

    @Test
    void damageOfTheSameByteInBothSlotsIsReportedAndShown() throws IOException {
        byte[][] files = twoCommits();
        Path file = file();
        for (int bit = 0; bit < SLOT_END * 8; bit++) {
            byte[] bytes = files[1].clone();
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            bytes[CursorDescriptor.SLOT_LENGTH + bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(file, bytes);
            assertReported(file);
        }
    }

    private void assertReported(Path file) {
        Cursors.Stored shown = cursors.all().get(0);
        assertThat(shown.name()).isEqualTo("billing");
        for (Throwable told : new Throwable[] {shown.damage(), catchThrowable(() -> cursors.open("billing"))}) {
            assertThat(told)
                    .isInstanceOfSatisfying(
                            CorruptLogException.class, e -> assertThat(e.file()).isEqualTo(file))
                    .hasMessageContaining("file=" + file)
                    .hasMessageContaining("offset=");
        }
    }

    @Test
    void consumerWhoseNameIsLostIsShownByItsFile() throws IOException {
        cursors.open("UPPER").close();
        Path file = file();
        Files.write(file, new byte[100]);
        Cursors.Stored shown = cursors.all().get(0);
        assertThat(file.getFileName()).hasToString(shown.name() + ".cursor");
        assertThat(shown.damage()).isInstanceOf(CorruptLogException.class).hasMessageContaining("file=" + file);
    }

    @Test
    void cutOrForeignFileIsReportedAndCanBeForgotten() throws IOException {
        byte[][] files = twoCommits();
        for (int length : new int[] {0, 1, 31, 32, 171, 4096, 8191}) {
            assertThatThrownBy(() -> reopenedAt(Arrays.copyOf(files[1], length)))
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining(file().toString());
        }
        cursors.forget("billing");
        Cursor anew = cursors.open("billing");
        assertThat(anew.checkpoint()).isEqualTo(Cursor.NONE);
        anew.close();
    }

    @Test
    void bothSlotsOfARequiredConsumerSayItAndWhatItCommittedLast() throws IOException {
        Cursor cursor = cursors.open("billing");
        cursor.commit(3, false);
        cursor.commit(5, new long[] {7, 9}, 2);
        cursor.close();
        cursor = cursors.open("billing");
        cursors.require(cursor);
        cursor.close();
        Path file = file();
        byte[] whole = Files.readAllBytes(file);
        for (long checkpoint : new long[] {5, 11}) {
            for (int damaged : new int[] {100, 4096 + 100}) {
                byte[] bytes = Files.readAllBytes(file);
                bytes[damaged] ^= 1;
                Files.write(file, bytes);
                assertThat(cursors.stored("billing")).isEqualTo(new Cursors.Stored("billing", checkpoint, true, null));
                Cursor again = cursors.open("billing");
                assertThat(again.completions()).containsExactly(checkpoint == 5 ? new long[] {7, 9} : new long[0]);
                again.close();
                bytes[damaged] ^= 1;
                Files.write(file, bytes);
            }
            Cursor again = cursors.open("billing");
            again.commit(11, true);
            again.close();
        }
        // a tool that puts a place where neither can be read keeps what the consumer is
        whole[100] ^= 1;
        whole[4096 + 100] ^= 1;
        Files.write(file, whole);
        assertThat(cursors.stored("billing").damage()).isNotNull();
        assertThat(Cursors.reset(file, journal.id(), journal.epoch(), 2, HookedFileOps.quick()))
                .isTrue();
        assertThat(cursors.stored("billing")).isEqualTo(new Cursors.Stored("billing", 2, true, null));
        cursors.forget("billing");
        Cursor anew = cursors.open("billing");
        anew.close();
        assertThat(cursors.stored("billing").isRequired()).isFalse();
    }

    /** A required consumer's file between the two slots of a commit of 9 behind one of 5, whichever is written first. */
    private byte[] betweenTheSlots() throws IOException {
        Cursor cursor = cursors.open("billing");
        cursors.require(cursor);
        cursor.commit(5, false);
        byte[] before = Files.readAllBytes(file());
        cursor.commit(9, false);
        byte[] after = Files.readAllBytes(file());
        cursor.close();
        int older = sequence(after, 0) < sequence(after, 1) ? 0 : 4096;
        byte[] between = before.clone();
        System.arraycopy(after, older, between, older, 4096);
        assertThat(checkpoints(between)).containsExactlyInAnyOrder(5, 9);
        return between;
    }

    private static long sequence(byte[] file, int slot) {
        return ByteBuffer.wrap(file)
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong(slot * 4096 + CursorDescriptor.SEQUENCE_OFFSET);
    }

    private static long[] checkpoints(byte[] file) {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        return new long[] {
            bytes.getLong(CursorDescriptor.CHECKPOINT_OFFSET), bytes.getLong(4096 + CursorDescriptor.CHECKPOINT_OFFSET)
        };
    }

    /** A later commit that a power cut tears may leave only the slot that is older by then. */
    @Test
    void eventsAreNeededFromTheLesserSlotOnOfARequiredConsumerThatAnotherProcessCommits() throws IOException {
        byte[] between = betweenTheSlots();
        byte[] after = Files.readAllBytes(file());
        Files.write(file(), between);
        assertThat(io.call(cursors::needs).position()).isEqualTo(5);
        assertThat(cursors.stored("billing").checkpoint()).isEqualTo(9);
        Files.write(file(), after);
        assertThat(io.call(cursors::needs).position()).isEqualTo(9);
        // a slot that is damaged holds nobody back, as it can never hold again
        between[(sequence(between, 0) > sequence(between, 1) ? 4096 : 0) + 100] ^= 1;
        Files.write(file(), between);
        assertThat(io.call(cursors::needs).position()).isEqualTo(9);
    }

    @Test
    void slotThatWhoDiedInACommitLeftBehindFollowsWhenARequiredConsumerIsOpened() throws IOException {
        byte[] between = betweenTheSlots();
        Files.write(file(), between);
        Cursor cursor = cursors.open("billing");
        assertThat(cursor.checkpoint()).isEqualTo(9);
        assertThat(io.call(cursors::needs).position()).isEqualTo(9);
        assertThat(checkpoints(Files.readAllBytes(file()))).containsExactly(9, 9);
        cursor.close();
        assertThat(cursors.stored("billing")).isEqualTo(new Cursors.Stored("billing", 9, true, null));
    }

    @Test
    void toolThatPutsAPlaceKeepsThatTheConsumerProcesses() throws IOException {
        Cursor cursor = cursors.open("billing");
        cursor.process(() -> {});
        cursor.commit(5, false);
        cursor.close();
        byte[] damaged = Files.readAllBytes(file());
        damaged[CursorDescriptor.CHECKPOINT_OFFSET] ^= 1;
        damaged[4096 + CursorDescriptor.CHECKPOINT_OFFSET] ^= 1;
        Files.write(file(), damaged);
        assertThat(Cursors.reset(file(), journal.id(), journal.epoch(), 2, HookedFileOps.quick()))
                .isTrue();
        ByteBuffer reset = ByteBuffer.wrap(Files.readAllBytes(file())).order(ByteOrder.LITTLE_ENDIAN);
        for (int slot = 0; slot < 2; slot++) {
            assertThat(reset.getShort(slot * 4096 + CursorDescriptor.FLAGS_OFFSET))
                    .isEqualTo((short) CursorDescriptor.FLAG_PROCESSES);
        }
        assertThat(cursors.stored("billing")).isEqualTo(new Cursors.Stored("billing", 2, false, null));
        // what logs tell of it is old for whoever takes its name
        cursors.forget("billing");
        assertThat(cursors.has("billing")).isFalse();
        assertThat(cursors.open("billing").generation()).isPositive();
    }

    @Test
    void cursorOfAnotherConsumerUnderThisNameIsReported() throws IOException {
        byte[][] files = twoCommits();
        Path billing = file();
        Cursor other = cursors.open("shipping");
        other.commit(7, false);
        other.close();
        try (var all = Files.list(directory.resolve("cursors"))) {
            Path shipping =
                    all.filter(path -> !path.equals(billing)).findFirst().orElseThrow();
            Files.copy(billing, shipping, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
        assertThat(files[1]).isNotEmpty();
        assertThatThrownBy(() -> cursors.open("shipping"))
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining("another consumer");
        // and the failed open left the name free
        assertThatThrownBy(() -> cursors.open("shipping")).isInstanceOf(CorruptLogException.class);
    }

    @Test
    void nameHasOneOwnerUntilItIsClosed() {
        Cursor first = cursors.open("billing");
        assertThatThrownBy(() -> cursors.open("billing"))
                .isInstanceOf(LockedException.class)
                .hasMessageContaining("billing")
                .hasMessageContaining("thread " + Thread.currentThread().getName());
        assertThatThrownBy(() -> cursors.forget("billing")).isInstanceOf(IllegalStateException.class);
        first.close();
        Cursor second = cursors.open("billing");
        first.close();
        assertThatThrownBy(() -> cursors.open("billing")).isInstanceOf(LockedException.class);
        assertThatThrownBy(() -> first.commit(1, false)).isInstanceOf(LogClosedException.class);
        second.close();
    }

    @Test
    void inMemoryTooAnOldOwnerCannotGiveTheNameFree() {
        Journal memory =
                Journal.open(EventLogConfig.inMemory().build(), FileOps.system(), Clock.system(), io, Cursors::traces);
        Cursors inMemory = Cursors.open(memory, FileOps.system(), io);
        Cursor first = inMemory.open("billing");
        first.close();
        Cursor second = inMemory.open("billing");
        first.close();
        assertThatThrownBy(() -> inMemory.open("billing")).isInstanceOf(LockedException.class);
        assertThatThrownBy(() -> first.commit(1, false)).isInstanceOf(LogClosedException.class);
        second.commit(7, false);
        second.commit(4, true);
        second.close();
        Cursor third = inMemory.open("billing");
        assertThat(third.checkpoint()).isEqualTo(4);
        assertThat(third.highest()).isEqualTo(7);
    }

    @Test
    void namesThatDifferInCaseOnlyAreTwoConsumersInTwoFiles() throws IOException {
        Cursor lower = cursors.open("orders");
        Cursor upper = cursors.open("ORDERS");
        lower.commit(1, false);
        upper.commit(2, false);
        try (var files = Files.list(directory.resolve("cursors"))) {
            assertThat(files.map(file -> file.getFileName().toString().toLowerCase(java.util.Locale.ROOT)))
                    .doesNotHaveDuplicates()
                    .hasSize(2);
        }
        assertThat(cursors.names()).containsExactly("ORDERS", "orders");
        assertThat(cursors.stored("orders").checkpoint()).isEqualTo(1);
        assertThat(cursors.stored("ORDERS").checkpoint()).isEqualTo(2);
    }
}
