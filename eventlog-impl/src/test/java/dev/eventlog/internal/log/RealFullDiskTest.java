package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eventlog.ConsumerStatus;
import dev.eventlog.EventLog;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Seed;
import dev.eventlog.internal.support.SmallDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Disks, and a limit of the size of files, that are really used up, under a process of its own. Whatever is asked of the
 * log then is done or refused with a {@code StorageFullException}; what was acknowledged can be read, what was refused is
 * not there; with room again the same log goes on; and the JVM meets no fault. {@code -Deventlog.fulldisk.rounds=} sets how
 * often each disk is filled.
 */
@Timeout(600)
class RealFullDiskTest {

    private static final int ROUNDS = Integer.getInteger("eventlog.fulldisk.rounds", 2);
    private static final List<String> MODES = List.of("single", "all", "async", "strong");

    private final Seed seed = Seed.of(RealFullDiskTest.class);
    private final SplittableRandom random = seed.random();
    private int commands;

    @TempDir
    private Path temporary;

    private ChildJvm start(Path directory, long segmentLength, String... before) {
        var flags = List.of("-XX:ErrorFile=" + temporary.resolve("hs_err"), "-Xmx128m");
        return ChildJvm.start(
                List.of(before), flags, FullDiskChild.class, directory, temporary.resolve("ledger"), segmentLength);
    }

    private String ask(ChildJvm child, String command) {
        try {
            var input = child.process().getOutputStream();
            input.write((command + "\n").getBytes(StandardCharsets.UTF_8));
            input.flush();
        } catch (IOException e) {
            throw new AssertionError(child.output(), e);
        }
        String beginning = "#" + ++commands + " ";
        String line;
        do {
            // a line may be seen before all of it is there
            line = child.awaitLine(beginning);
        } while (!line.endsWith(FullDiskChild.LINE_END));
        return line.substring(beginning.length(), line.length() - FullDiskChild.LINE_END.length());
    }

    private void assertDone(ChildJvm child, String command, String where) {
        assertThat(ask(child, command)).as("%s: %s", where, command).startsWith("done");
    }

    private void assertDoneOrRefused(ChildJvm child, String command, String where) {
        assertThat(ask(child, command))
                .as("%s: %s", where, command)
                .matches("(done|refused|threw) ?.*".replace("threw", "threw dev.eventlog.error.StorageFullException:"));
    }

    private void assertSound(ChildJvm child, String where) {
        String read = ask(child, "read");
        assertThat(read).as(where).endsWith("wrong=[]");
        String end = read.replaceAll(".*readable=(\\d+).*", "$1");
        assertThat(ask(child, "poll")).as(where).isEqualTo("polled " + end + " of " + end + " checkpoint=" + end);
    }

    /** What makes room scarce. */
    private interface Room {
        void take(long left);

        void give();
    }

    @ParameterizedTest
    @CsvSource({"TMPFS, 1", "TMPFS, 4", "EXT4, 1", "EXT4, 4"})
    void diskThatIsFull(SmallDisk.Kind kind, int segmentMebibytes) throws IOException {
        try (var disk = SmallDisk.mount(kind, temporary.resolve("small"), (24L + 8 * ROUNDS) << 20);
                var child = start(disk.resolve("log"), (long) segmentMebibytes << 20)) {
            child.awaitLine("open");
            var room = new Room() {
                @Override
                public void take(long left) {
                    disk.fill(left);
                }

                @Override
                public void give() {
                    disk.free();
                }
            };
            int first = random.nextInt(MODES.size());
            for (int round = 0; round < ROUNDS; round++) {
                fillAndFree(child, room, MODES.get((first + round) % MODES.size()), round % 2 == 0 ? 0 : 1 << 20);
            }
            park(child, room);
            end(child, disk.resolve("log"), (long) segmentMebibytes << 20);
        }
    }

    private void fillAndFree(ChildJvm child, Room room, String mode, long mostLeft) {
        long left = mostLeft == 0 ? 0 : random.nextLong(mostLeft);
        String where = "appending " + mode + ", room left " + left + ", " + seed;
        assertDone(child, "append " + mode + " 2", where);
        room.take(left);
        assertThat(ask(child, "append " + mode + " 100000"))
                .as(where)
                .startsWith("refused dev.eventlog.error.StorageFullException:")
                .contains("storage is full", "nothing was appended");
        for (String other : MODES) {
            assertDoneOrRefused(child, "append " + other + " 2", where);
        }
        assertSound(child, where);
        assertDoneOrRefused(child, "consumer late-" + commands, where);
        room.give();
        // by itself: nothing is asked of the log in between
        for (String other : MODES) {
            assertDone(child, "append " + other + " 5", where);
        }
        assertDone(child, "consumer later-" + commands, where);
        assertSound(child, where);
    }

    private void park(ChildJvm child, Room room) {
        String where = "parking, " + seed;
        assertDone(child, "bad 3", where);
        room.take(0);
        assertThat(ask(child, "park")).as(where).startsWith("done").endsWith("OPEN");
        assertSound(child, where);
        room.give();
        assertThat(ask(child, "caught-up")).as(where).isEqualTo("done true parked=3 OPEN");
    }

    private void end(ChildJvm child, Path directory, long segmentLength) throws IOException {
        assertDone(child, "close", seed.toString());
        child.process().getOutputStream().close();
        assertThat(child.await()).as(child.output()).isZero();
        assertThat(child.output()).doesNotContain("InternalError", "SIGBUS");
        assertThat(temporary.resolve("hs_err")).doesNotExist();
        var acknowledged = new TreeMap<Long, Long>();
        ByteBuffer ledger = ByteBuffer.wrap(Files.readAllBytes(temporary.resolve("ledger")));
        while (ledger.hasRemaining()) {
            acknowledged.put(ledger.getLong(), ledger.getLong());
        }
        try (EventLog again = EventLog.open(FullDiskChild.config(directory, segmentLength))) {
            assertThat(FullDiskChild.wrong(again, acknowledged, new BitSet()))
                    .as("acknowledged=%d readable=%d, %s", acknowledged.size(), again.endPosition(), seed)
                    .isEqualTo("[]");
            assertThat(again.consumers().stream()
                            .filter(status -> status.name().equals("parking"))
                            .mapToLong(ConsumerStatus::parked))
                    .as("%s", seed)
                    .allMatch(parked -> parked == 0 || parked == 3);
        }
    }

    @Test
    void limitOfTheSizeOfFilesThatIsReached() throws IOException {
        assumeTrue(
                ChildJvm.succeeds("prlimit", "--version"),
                "not tried here: prlimit, which changes the limit of a process that runs, is not installed");
        Path directory = temporary.resolve("log");
        long segmentLength = 64 << 20;
        try (var child = start(directory, segmentLength, "sh", "-c", "exec \"$@\"", "sh")) {
            child.awaitLine("open");
            var room = new Room() {
                private long limit = 3 << 20;

                @Override
                public void take(long left) {
                    setLimit(child, Long.toString(limit));
                    limit += 1 << 20;
                }

                @Override
                public void give() {
                    setLimit(child, "unlimited");
                }
            };
            int first = random.nextInt(MODES.size());
            for (int round = 0; round < Math.min(ROUNDS, 6); round++) {
                fillAndFree(child, room, MODES.get((first + round) % MODES.size()), 0);
            }
            // nobody can begin a segment
            end(child, directory, segmentLength);
        }
    }

    private static void setLimit(ChildJvm child, String limit) {
        assertThat(ChildJvm.succeeds(
                        "prlimit", "--pid", Long.toString(child.process().pid()), "--fsize=" + limit + ":"))
                .isTrue();
    }

    /** As copies have that leave out what is zero; the blocks of a small ext4 are smaller than a page. */
    @Test
    void checkpointWithHolesIsNeverStoredInto() throws IOException {
        try (var disk = SmallDisk.mount(SmallDisk.Kind.EXT4, temporary.resolve("small"), 32 << 20)) {
            Path directory = disk.resolve("log");
            try (var child = start(directory, 1 << 20)) {
                child.awaitLine("open");
                assertDone(child, "append single 600", seed.toString());
                assertDone(child, "commit holed", seed.toString());
                end(child, directory, 1 << 20);
            }
            try (var names = Files.list(directory.resolve("cursors"))) {
                Path file = names.filter(name -> name.getFileName().toString().startsWith("holed"))
                        .findFirst()
                        .orElseThrow();
                for (int slot = 0; slot < 8192; slot += 4096) {
                    assumeTrue(
                            ChildJvm.succeeds(
                                    "fallocate", "-p", "-o", "" + (slot + 1024), "-l", "3072", file.toString()),
                            "not tried here: fallocate, which makes holes, is not installed");
                }
            }
            commands = 0;
            try (var child = start(directory, 1 << 20)) {
                child.awaitLine("open");
                disk.fill(0);
                assertDoneOrRefused(child, "commit holed", seed.toString());
                disk.free();
                assertDone(child, "commit holed", seed.toString());
                assertThat(child.output()).doesNotContain("InternalError", "SIGBUS");
                assertDone(child, "close", seed.toString());
            }
            assertThat(temporary.resolve("hs_err")).doesNotExist();
        }
    }

    /** Needs no right that a user does not have. */
    @Test
    void limitBelowTheLengthOfASegmentIsToldAtTheOpen() throws IOException {
        Path directory = temporary.resolve("log");
        for (int blocks : new int[] {1, 20_000}) {
            try (var child = start(directory, 64 << 20, "sh", "-c", "ulimit -f " + blocks + " && exec \"$@\"", "sh")) {
                child.process().getOutputStream().close();
                assertThat(child.await()).as(child.output()).isZero();
                if (child.out().isEmpty()) {
                    // not even the line had room
                    assertThat(blocks).isOne();
                } else {
                    assertThat(child.awaitLine("refused"))
                            .contains("StorageFullException", directory.toString(), "storage is full");
                }
            }
            assertThat(temporary.resolve("hs_err")).doesNotExist();
        }
        commands = 0;
        try (var child = start(directory, 64 << 20)) {
            child.awaitLine("open");
            assertDone(child, "append single 10", "without a limit");
            assertSound(child, "without a limit");
            end(child, directory, 64 << 20);
        }
    }
}
