package dev.eventlog.internal.cursor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ParkedFileTest {

    private static final int HEADER = 32;
    private static final int RECORD = 32;

    private final Seed seed = Seed.of(ParkedFileTest.class);
    private final IoThread io = new IoThread("test", null);
    private final UUID logId = new UUID(1, 2);

    @TempDir
    private Path directory;

    @AfterEach
    void close() {
        io.close();
    }

    private Path file() {
        return directory.resolve("billing.parked");
    }

    private ParkedList list() {
        return new ParkedList(new ParkedFile(file(), logId, HookedFileOps.quick(), io));
    }

    private static TreeSet<Long> positions(ParkedList list) {
        var found = new TreeSet<Long>();
        for (long at = list.next(0); at >= 0; at = list.next(at + 1)) {
            found.add(at);
        }
        return found;
    }

    @Test
    void listReadAgainIsWhatAPlainSetWouldBe() {
        SplittableRandom random = seed.random();
        var expected = new TreeSet<Long>();
        ParkedList list = list();
        for (int step = 0; step < 500; step++) {
            if (random.nextInt(3) > 0 || expected.isEmpty()) {
                long position = random.nextLong(200);
                list.park(position, 3);
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
    void fileCutAtAnyByteOfItsLastRecordIsTheListBeforeIt() throws IOException {
        ParkedList list = list();
        for (long position = 0; position < 4; position++) {
            list.park(position, 3);
        }
        byte[] bytes = Files.readAllBytes(file());
        for (int length = 0; length <= bytes.length; length++) {
            Files.write(file(), Arrays.copyOf(bytes, length));
            if (length > 0 && length < HEADER) {
                // a header was never forced in part: what stands there is not ours to overwrite, or nothing was parked
                try {
                    assertThat(positions(list())).isEmpty();
                } catch (CorruptLogException refused) {
                    assertThat(refused).hasMessageContaining(file().toString());
                }
                continue;
            }
            ParkedList read = list();
            int whole = Math.max(0, (length - HEADER) / RECORD);
            assertThat(read.count()).as("length %d", length).isEqualTo(whole);
            // the torn record is overwritten, and what follows is found again
            read.park(77, 1);
            assertThat(positions(list())).hasSize(whole + 1).contains(77L);
        }
    }

    @Test
    void damageBeforeTheLastRecordIsReported() throws IOException {
        ParkedList list = list();
        for (long position = 0; position < 5; position++) {
            list.park(position, 3);
        }
        byte[] bytes = Files.readAllBytes(file());
        for (int at = 0; at < bytes.length - RECORD; at++) {
            byte[] damaged = bytes.clone();
            damaged[at] ^= 0x10;
            Files.write(file(), damaged);
            assertThatThrownBy(() -> list().count())
                    .as("byte %d", at)
                    .isInstanceOfAny(CorruptLogException.class, dev.eventlog.error.UnknownFormatException.class)
                    .hasMessageContaining(file().toString());
        }
    }

    @Test
    void releaseOfManyTornAnywhereIsNoDamage() throws IOException {
        ParkedList list = list();
        for (long position = 0; position < 40; position++) {
            list.park(position, 3);
        }
        int before = (int) Files.size(file());
        list.release(List.of(3L, 4L, 5L, 6L, 7L, 8L));
        byte[] after = Files.readAllBytes(file());
        for (int length = before; length < after.length; length++) {
            Files.write(file(), Arrays.copyOf(after, length));
            assertThat(list().count()).isBetween(34, 40);
            // the file has grown, its blocks were not written
            byte[] zeros = after.clone();
            Arrays.fill(zeros, length, zeros.length, (byte) 0);
            Files.write(file(), zeros);
            assertThat(list().count()).isBetween(34, 40);
        }
    }

    @Test
    void fileOfOneThatDiedBeforeItsFirstRecordIsEmpty() throws IOException {
        Files.createFile(file());
        assertThat(list().count()).isZero();
        ParkedList list = list();
        list.park(5, 3);
        assertThat(positions(list())).containsExactly(5L);
    }

    @Test
    void fileGoesWithTheLastEvent() {
        ParkedList list = list();
        list.park(1, 3);
        list.park(2, 3);
        list.release(List.of(1L, 2L));
        assertThat(file()).doesNotExist();
        list.park(3, 3);
        assertThat(positions(list())).containsExactly(3L);
    }

    @Test
    void fullListRefusesToPark() {
        var list = new ParkedList(null);
        for (long position = 0; position < ParkedList.MAX_EVENTS; position++) {
            list.park(position, 1);
        }
        assertThatThrownBy(() -> list.park(ParkedList.MAX_EVENTS, 1)).isInstanceOf(IllegalStateException.class);
        list.park(7, 1);
        assertThat(list.count()).isEqualTo(ParkedList.MAX_EVENTS);
    }

    @Test
    void fileOfAListInUseForLongDoesNotGrowWithoutBound() throws IOException {
        ParkedList list = list();
        list.park(1_000_000, 3);
        byte[] one = Files.readAllBytes(file());
        // history of many parked and released events, as a long life leaves it
        var history = new java.io.ByteArrayOutputStream();
        history.write(one);
        byte[] record = Arrays.copyOfRange(one, HEADER, HEADER + RECORD);
        for (int i = 0; i < 200_000; i++) {
            history.write(record);
        }
        Files.write(file(), history.toByteArray());
        ParkedList long_ = list();
        long_.park(5, 3);
        long_.release(List.of(5L));
        assertThat(Files.size(file())).isLessThan(1000);
        assertThat(positions(list())).containsExactly(1_000_000L);
    }
}
