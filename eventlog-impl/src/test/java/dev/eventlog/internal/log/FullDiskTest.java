package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eventlog.EventLog;
import dev.eventlog.error.EventLogException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A disk that is used up. Whatever call meets it throws {@link StorageFullException}, or {@link LogFailedException} with
 * the outcome told; never is a log open that only seems to write; and with room again every acknowledged event is there.
 */
@Timeout(300)
class FullDiskTest {

    private static final int DISK_LENGTH = 8 << 20;

    private final Seed seed = Seed.of(FullDiskTest.class);
    private final SplittableRandom random = seed.random();
    private final Numbered numbered = new Numbered(seed.value(), 60_000);
    private Path disk;
    private boolean mounted;

    @TempDir
    private Path temporary;

    /** A fresh disk for each round: files that were deleted keep their room until Chronicle has let go of them. */
    @BeforeEach
    void mount() throws IOException {
        unmount();
        disk = Files.createTempDirectory(temporary, "disk");
        mounted = ChildJvm.succeeds("mount", "-t", "tmpfs", "-o", "size=" + DISK_LENGTH, "tmpfs", disk.toString());
        assumeTrue(mounted, "needs root to mount a small disk");
    }

    @AfterEach
    void unmount() {
        if (mounted) {
            ChildJvm.succeeds("umount", "-l", disk.toString());
            mounted = false;
        }
    }

    /** Takes up room so that this much is left. */
    private Path fill(long left) throws IOException {
        Path filler = disk.resolve("filler");
        Files.deleteIfExists(filler);
        byte[] block = new byte[4096];
        try (var file = new RandomAccessFile(filler.toFile(), "rw")) {
            for (long room = Files.getFileStore(disk).getUsableSpace(); room > left; room -= block.length) {
                file.write(block);
            }
        } catch (IOException full) {
            // the log takes room in the background, too
            assertThat(full).hasMessageContaining("No space left");
        }
        return filler;
    }

    @Test
    void openOnAFullDiskSaysSoAndWorksOnceThereIsRoom() throws IOException {
        for (long left = 0; left <= 256 << 10; left += 12 << 10) {
            mount();
            Path directory = disk.resolve("log");
            Path filler = fill(left);
            EventLog log = null;
            try {
                log = Numbered.open(directory, FileOps.system());
            } catch (StorageFullException | LogFailedException expected) {
                assertThat(expected).hasMessageContaining(directory.toString());
            }
            if (log != null) {
                appendUntilRefused(log);
                closeWhateverItSays(log);
            }
            Files.delete(filler);
            try (EventLog roomy = Numbered.open(directory, FileOps.system())) {
                roomy.producer("numbered", Numbered.CODEC).append(ByteBuffer.allocate(10));
            }
        }
    }

    /** Appends until an exception; returns the end of what was acknowledged. */
    private long appendUntilRefused(EventLog log) {
        long acknowledged = log.endPosition();
        try {
            var producer = log.producer("numbered", Numbered.CODEC);
            for (int i = 0; i < 5_000; i++) {
                acknowledged = producer.append(numbered.event(acknowledged)) + 1;
            }
            throw new AssertionError("a full disk took everything, " + seed);
        } catch (EventLogException refused) {
            assertThat(refused).as("%s", seed).isInstanceOfAny(StorageFullException.class, LogFailedException.class);
        }
        return acknowledged;
    }

    private static void closeWhateverItSays(EventLog log) {
        try {
            log.close();
        } catch (EventLogException told) {
            assertThat(told).isInstanceOfAny(StorageFullException.class, LogFailedException.class);
        }
    }

    @Test
    void diskThatFillsUpWhileAppendingLosesNothingThatWasAcknowledged() throws IOException {
        for (int round = 0; round < 12; round++) {
            mount();
            Path directory = disk.resolve("log");
            Path filler;
            long acknowledged;
            EventLog log = Numbered.open(directory, FileOps.system());
            try {
                numbered.appendTo(log, random.nextInt(1, 300));
                filler = fill(random.nextLong(1 << 20));
                acknowledged = appendUntilRefused(log);
            } finally {
                closeWhateverItSays(log);
            }
            Files.delete(filler);
            try (EventLog again = Numbered.open(directory, FileOps.system())) {
                assertThat(again.endPosition()).as("round %d, %s", round, seed).isGreaterThanOrEqualTo(acknowledged);
                numbered.assertComplete(again);
                numbered.appendTo(again, again.endPosition() + 2);
                numbered.assertComplete(again);
            }
        }
    }

    @Test
    void logThatFoundNoRoomGoesOnByItselfWhenThereIsSome() throws IOException {
        Path directory = disk.resolve("log");
        try (EventLog log = Numbered.open(directory, FileOps.system())) {
            numbered.appendTo(log, 20);
            for (int round = 0; round < 3; round++) {
                Path filler = fill(0);
                long acknowledged = appendUntilRefused(log);
                assertThat(log.endPosition()).isEqualTo(acknowledged);
                numbered.assertComplete(log);
                Files.delete(filler);
                if (round < 2) {
                    // nothing but the room changed: the log was neither closed nor opened
                    assertThat(log.producer("numbered", Numbered.CODEC).append(numbered.event(acknowledged)))
                            .isEqualTo(acknowledged);
                }
            }
        }
    }

    @Test
    void consumerThatCannotBeCreatedSaysSoAndTheLogGoesOn() throws IOException {
        Path directory = disk.resolve("log");
        try (EventLog log = Numbered.open(directory, FileOps.system())) {
            numbered.appendTo(log, 10);
            Path filler = fill(0);
            assertThatThrownBy(() -> log.consumer("billing", Numbered.CODEC)).isInstanceOf(StorageFullException.class);
            numbered.assertComplete(log);
            Files.delete(filler);
            log.consumer("billing", Numbered.CODEC).close();
        }
    }
}
