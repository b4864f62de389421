package dev.eventlog.internal.cursor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.eventlog.Codec;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.MemoryDirectory;
import dev.eventlog.internal.support.Names;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class ParkedFileTest {

    private static final int EVENTS = 300;
    private static final int ENTRY = 16;

    private final Seed seed = Seed.of(ParkedFileTest.class);
    private final IoThread io = new IoThread("test", null);
    private Journal journal;
    private Cursors cursors;

    @TempDir(factory = MemoryDirectory.class)
    private Path directory;

    @BeforeEach
    void openLogWithAConsumer() {
        journal = Journal.open(
                EventLogConfig.at(directory).build(), FileOps.system(), Clock.system(), io, Cursors::traces);
        FrameBuilder frame = journal.newFrame();
        frame.begin(FrameDescriptor.KIND_DATA);
        for (int i = 0; i < EVENTS; i++) {
            frame.add(Codec.bytes(), ByteBuffer.allocate(1), null, 1, 1);
        }
        frame.finish();
        journal.append(frame, false);
        cursors = Cursors.open(journal, HookedFileOps.quick(), io);
        cursors.open("billing").close();
    }

    @AfterEach
    void close() {
        cursors.close();
        journal.close();
        io.close();
    }

    private Path file() {
        return directory.resolve("parked").resolve(Names.fileName("billing") + ".parked");
    }

    private ParkedList list(FileOps files) {
        return new ParkedList(new ParkedFile("billing", journal, files, io));
    }

    private ParkedList list() {
        return list("billing");
    }

    private static TreeSet<Long> positions(ParkedList list) {
        var found = new TreeSet<Long>();
        for (long at = list.next(0); at >= 0; at = list.next(at + 1)) {
            found.add(at);
        }
        return found;
    }

    private byte[] fiveParked() throws IOException {
        ParkedList list = list();
        for (long position = 0; position < 5; position++) {
            list.park(position, 3, null);
        }
        return Files.readAllBytes(file());
    }

    private void assertReported(byte[] damaged, String what) throws IOException {
        Files.write(file(), damaged);
        ParkedList list = list();
        Throwable thrown = catchThrowable(list::count);
        assertThat(thrown)
                .as(what)
                .isInstanceOfSatisfying(
                        CorruptLogException.class, e -> assertThat(e.file()).isEqualTo(file()))
                .hasMessageContaining("file=" + file())
                .hasMessageContaining("offset=");
        // and nothing can be put on it or taken off it
        assertThatThrownBy(() -> list.park(9, 1, null)).as(what).isInstanceOf(CorruptLogException.class);
        assertThatThrownBy(() -> list.release(List.of(1L))).as(what).isInstanceOf(CorruptLogException.class);
        assertThat(Files.readAllBytes(file())).isEqualTo(damaged);
    }

    @Test
    void listReadAgainIsWhatAPlainSetWouldBe() {
        SplittableRandom random = seed.random();
        var expected = new TreeSet<Long>();
        ParkedList list = list();
        for (int step = 0; step < 500; step++) {
            if (random.nextInt(3) > 0 || expected.isEmpty()) {
                long position = random.nextLong(200);
                list.park(position, 3, null);
                expected.add(position);
            } else {
                List<Long> released =
                        expected.stream().filter(each -> random.nextInt(4) == 0).toList();
                list.release(released);
                released.forEach(expected::remove);
            }
            if (step % 7 == 0) {
                list = list();
            }
            assertThat(positions(list)).as("%s", seed).isEqualTo(expected);
        }
    }

    @Test
    void fileIsLaidOutAsTheFormatSays() throws IOException {
        ParkedList list = list();
        list.park(258, 3, null);
        list.park(7, 0, null);
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file())).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes.capacity()).isEqualTo(48 + 2 * (ENTRY + 2));
        assertThat(new String(bytes.array(), 0, 8, java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("EVLGPARK");
        assertThat(bytes.getLong(32)).isEqualTo(Names.hash64("billing"));
        assertThat(bytes.getInt(40)).isEqualTo(2);
        var crc = new java.util.zip.CRC32C();
        crc.update(bytes.array(), 32, 12);
        crc.update(bytes.array(), 48, 2 * (ENTRY + 2));
        assertThat(bytes.getInt(44)).isEqualTo((int) crc.getValue());
        assertThat(bytes.getLong(48)).isEqualTo(7);
        assertThat(bytes.getInt(56)).isEqualTo(journal.epoch());
        assertThat(bytes.getInt(60)).isZero();
        assertThat(bytes.getLong(64)).isEqualTo(258);
        assertThat(bytes.getInt(72)).isEqualTo(journal.epoch());
        assertThat(bytes.getInt(76)).isEqualTo(3);
    }

    @Test
    void eachFlippedBitIsReported() throws IOException {
        byte[] bytes = fiveParked();
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            byte[] damaged = bytes.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            assertReported(damaged, "bit " + bit);
        }
        Files.write(file(), bytes);
        assertThat(positions(list())).containsExactly(0L, 1L, 2L, 3L, 4L);
    }

    @Test
    void eachCutAndEachLongerFileIsReported() throws IOException {
        byte[] bytes = fiveParked();
        for (int length = 0; length < bytes.length; length++) {
            assertReported(Arrays.copyOf(bytes, length), "length " + length);
            byte[] zeros = bytes.clone();
            Arrays.fill(zeros, length, zeros.length, (byte) 0);
            if (!Arrays.equals(zeros, bytes)) {
                assertReported(zeros, "zeros from " + length);
            }
        }
        for (int more : new int[] {1, ENTRY, 1 << 20}) {
            assertReported(Arrays.copyOf(bytes, bytes.length + more), "longer by " + more);
        }
    }

    @Test
    void missingFileIsReportedAsLongAsThereIsAConsumer() throws IOException {
        for (boolean empty : new boolean[] {false, true}) {
            ParkedList list = list();
            if (empty) {
                list.release(positions(list));
            } else {
                list.park(1, 3, null);
            }
            byte[] bytes = Files.readAllBytes(file());
            Files.delete(file());
            assertThatThrownBy(() -> list().count())
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining("missing")
                    .hasMessageContaining("file=" + file());
            Files.write(file(), bytes);
        }
        cursors.forget("billing");
        assertThat(file()).doesNotExist();
        assertThat(list().count()).isZero();
    }

    @Test
    void listOfAnotherConsumerIsReported() throws IOException {
        cursors.open("shipping").close();
        cursors.parked("shipping").park(5, 1, null);
        Path other = directory.resolve("parked").resolve(Names.fileName("shipping") + ".parked");
        Files.copy(other, file(), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> list().count())
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining("another consumer");
    }

    /** A process crash leaves the files as they are at that instant: before and after each operation. */
    @Test
    void crashAtEachFileOperationLeavesTheListBeforeOrAfterTheChange() {
        var before = new TreeSet<Long>();
        var after = new TreeSet<Long>();
        var steps = new AtomicInteger();
        ParkedList list = list(new HookedFileOps((op, path) -> {
                    steps.incrementAndGet();
                    assertThat(positions(list())).as("%s %s", op, path).isIn(before, after);
                })
                .withoutForce());
        SplittableRandom random = seed.random();
        for (int change = 0; change < 60; change++) {
            before.clear();
            before.addAll(after);
            if (random.nextInt(3) > 0) {
                long position = random.nextLong(EVENTS);
                after.add(position);
                list.park(position, 1, null);
            } else {
                List<Long> released =
                        after.stream().filter(each -> random.nextBoolean()).toList();
                released.forEach(after::remove);
                list.release(released);
            }
            assertThat(positions(list())).as("%s", seed).isEqualTo(after);
        }
        assertThat(steps.get()).isGreaterThan(200);
    }

    @Test
    void crashAtEachFileOperationOfAConsumersBeginningAndEndIsNoDamage() {
        Set<String> seen = new LinkedHashSet<>();
        var crashing = Cursors.open(
                journal,
                new HookedFileOps((op, path) -> {
                            seen.add(op + " " + path.getFileName());
                            assertThat(damageOf("dying")).as("%s %s", op, path).isNull();
                            if (!cursors.has("dying")) {
                                // a consumer of this name that begins anew has nothing parked
                                assertThat(list("dying").count())
                                        .as("%s %s", op, path)
                                        .isZero();
                            }
                        })
                        .withoutForce(),
                io);
        for (int round = 0; round < 2; round++) {
            crashing.open("dying").close();
            crashing.parked("dying").park(round, 1, null);
            assertThat(cursors.stored("dying").damage()).isNull();
            crashing.forget("dying");
            assertThat(cursors.has("dying")).isFalse();
        }
        assertThat(seen).hasSizeGreaterThan(10);
    }

    /** What another process would report of a consumer; null if nothing. */
    private Throwable damageOf(String name) {
        Throwable damage = cursors.stored(name).damage();
        return damage != null ? damage : catchThrowable(() -> list(name).count());
    }

    private ParkedList list(String name) {
        return new ParkedList(new ParkedFile(name, journal, HookedFileOps.quick(), io));
    }

    @Test
    void failedWriteKeepsTheListInMemoryToo() throws IOException {
        byte[] bytes = fiveParked();
        ParkedList list = list(new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.WRITE) {
                throw new IOException("disk is gone");
            }
        }));
        assertThatThrownBy(() -> list.park(9, 1, null)).isInstanceOf(LogFailedException.class);
        assertThatThrownBy(() -> list.release(List.of(1L))).isInstanceOf(LogFailedException.class);
        assertThat(positions(list)).containsExactly(0L, 1L, 2L, 3L, 4L);
        assertThat(list.version()).isZero();
        assertThat(Files.readAllBytes(file())).isEqualTo(bytes);
    }

    @Test
    void listThatACopyBroughtWithoutItsCheckpointIsKept() throws IOException {
        byte[] bytes = fiveParked();
        cursors.forget("billing");
        Files.write(file(), bytes);
        cursors.open("billing").close();
        assertThat(positions(cursors.parked("billing"))).containsExactly(0L, 1L, 2L, 3L, 4L);
    }

    @Test
    void fullListRefusesToPark() {
        var list = new ParkedList(position -> {});
        for (long position = 0; position < ParkedList.MAX_EVENTS; position++) {
            list.park(position, 1, null);
        }
        assertThatThrownBy(() -> list.park(ParkedList.MAX_EVENTS, 1, null)).isInstanceOf(IllegalStateException.class);
        list.park(7, 1, null);
        assertThat(list.count()).isEqualTo(ParkedList.MAX_EVENTS);
    }

    @Test
    void fileIsAsLongAsItsListAndNoLonger() throws IOException {
        ParkedList list = list();
        for (long position = 0; position < EVENTS; position++) {
            list.park(position, 1, null);
        }
        assertThat(Files.size(file())).isEqualTo(48 + EVENTS * (ENTRY + 2));
        list.release(positions(list).headSet(EVENTS - 1L));
        assertThat(Files.size(file())).isEqualTo(48 + ENTRY + 2);
        assertThat(positions(list())).containsExactly(EVENTS - 1L);
    }
}
