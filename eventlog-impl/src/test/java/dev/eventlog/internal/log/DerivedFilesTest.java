package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Consumer;
import dev.eventlog.EventLog;
import dev.eventlog.StartAt;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.MemoryDirectory;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Manifest, state and indexes can be made anew from the segments: damaged or deleted, the log is the same. */
@Timeout(300)
class DerivedFilesTest {

    private final Seed seed = Seed.of(DerivedFilesTest.class);
    private final SplittableRandom random = seed.random();
    private final Numbered numbered = new Numbered(seed.value(), 30_000);
    private Path directory;
    private Path original;
    private long end;
    private long checkpoint;

    @TempDir(factory = MemoryDirectory.class)
    private Path temporary;

    @BeforeEach
    void writeLog() {
        directory = temporary.resolve("log");
        original = temporary.resolve("original");
        for (int open = 1; open <= 3; open++) {
            try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
                numbered.appendTo(log, open * 200L);
                end = log.endPosition();
            }
        }
        // the checkpoint is of an epoch that has no segment
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                Consumer<ByteBuffer> consumer = log.consumer("billing", Numbered.CODEC)) {
            var batch = consumer.poll(Duration.ZERO);
            consumer.commit();
            checkpoint = batch.get(batch.size() - 1).position() + 1;
        }
        Directories.copyLog(directory, original);
    }

    private void verify(String what) {
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                Consumer<ByteBuffer> consumer = log.consumer("billing", Numbered.CODEC)) {
            assertThat(log.endPosition()).as("%s, %s", what, seed).isEqualTo(end);
            numbered.assertComplete(log);
            assertThat(consumer.position()).as("%s, %s", what, seed).isEqualTo(checkpoint);
            for (int i = 0; i < 5; i++) {
                long position = random.nextLong(end);
                consumer.seek(StartAt.position(position));
                assertThat(consumer.poll(Duration.ZERO).get(0).position()).isEqualTo(position);
            }
            numbered.appendTo(log, end + 3);
            numbered.assertComplete(log);
        }
    }

    private void restore() {
        Directories.delete(directory);
        Directories.copyLog(original, directory);
    }

    @Test
    void logIsTheSameWithoutThem() throws IOException {
        for (List<String> missing : List.of(
                List.of("state"), List.of("manifest"), List.of("index"), List.of("state", "manifest", "index"))) {
            restore();
            for (String name : missing) {
                if (name.equals("index")) {
                    Directories.delete(directory.resolve(name));
                } else {
                    Files.delete(directory.resolve(name));
                }
            }
            verify("without " + missing);
        }
    }

    @Test
    void logIsTheSameWithDamagedOnes() throws IOException {
        var victims = new ArrayList<Path>(List.of(Path.of("state"), Path.of("manifest")));
        try (var indexes = Files.list(directory.resolve("index"))) {
            indexes.forEach(index -> victims.add(directory.relativize(index)));
        }
        for (int round = 0; round < 60; round++) {
            restore();
            Path victim = directory.resolve(victims.get(random.nextInt(victims.size())));
            byte[] bytes = Files.readAllBytes(victim);
            // behind the magic and the version, which would make it another file or a newer one, and where something is
            int used = Math.min(bytes.length, 200);
            int at = 16 + random.nextInt(used - 16);
            String what = victim + " byte " + at;
            if (random.nextInt(4) == 0) {
                bytes = Arrays.copyOf(bytes, at);
                what += " cut";
            } else {
                bytes[at] ^= (byte) (1 << random.nextInt(8));
            }
            Files.write(victim, bytes);
            verify(what);
        }
    }

    @Test
    void tornEndOfTheManifestIsMadeAnew() throws IOException {
        byte[] bytes = Files.readAllBytes(directory.resolve("manifest"));
        for (int length = bytes.length - 130; length < bytes.length; length += 3) {
            restore();
            Files.write(directory.resolve("manifest"), Arrays.copyOf(bytes, length));
            verify("manifest of " + length + " bytes");
        }
    }

    @Test
    void readingNeedsNoIndexThatCanBeWritten() throws IOException {
        Directories.delete(directory.resolve("index"));
        var files = new HookedFileOps((op, path) -> {
            if (path.toString().contains("/index/") && op != HookedFileOps.Op.DELETE) {
                throw new IOException("No space left on device");
            }
        });
        try (EventLog log = Numbered.open(directory, files.withoutForce());
                Consumer<ByteBuffer> consumer = log.consumer("reader", Numbered.CODEC)) {
            consumer.seek(StartAt.position(end / 2));
            assertThat(consumer.poll(Duration.ZERO).get(0).position()).isEqualTo(end / 2);
            numbered.appendTo(log, end + 600);
            numbered.assertComplete(log);
        }
    }

    @Test
    void leftoversThatHoldNoEventArePutAsideEachTime() throws IOException {
        for (int crash = 0; crash < 3; crash++) {
            for (int number = 90; number < 93; number++) {
                Path leftover = directory.resolve("active").resolve(String.format("%010d", number));
                Files.createDirectories(leftover);
                byte[] garbage = new byte[10_000];
                random.nextBytes(garbage);
                garbage[3] |= (byte) 0x80;
                Files.write(leftover.resolve("19700102E.cq4"), garbage);
                Files.write(leftover.resolve("metadata.cq4t"), garbage);
            }
            try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
                assertThat(log.endPosition()).isEqualTo(end);
                numbered.assertComplete(log);
            }
        }
    }

    /** The epoch that the state file names. */
    private static int epoch(Path log) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(log.resolve("state")))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt(56);
    }

    @Test
    void epochThatOnlyACheckpointKnowsIsNotGivenAgain() throws IOException {
        for (int open = 1; open <= 3; open++) {
            try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                    Consumer<ByteBuffer> consumer = log.consumer("billing", Numbered.CODEC)) {
                checkpoint = end - 10 * open;
                consumer.seek(StartAt.position(checkpoint));
                consumer.commit();
            }
        }
        int last = epoch(directory);
        for (int loss = 1; loss <= 2; loss++) {
            Files.delete(directory.resolve("state"));
            Files.delete(directory.resolve("manifest"));
            try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                    Consumer<ByteBuffer> consumer = log.consumer("billing", Numbered.CODEC)) {
                assertThat(consumer.position()).isEqualTo(checkpoint);
                checkpoint--;
                consumer.seek(StartAt.position(checkpoint));
                consumer.commit();
            }
            assertThat(epoch(directory)).isGreaterThan(last);
            last = epoch(directory);
        }
        verify("without state and manifest, twice");
    }

    @Test
    void epochOfASegmentThatIsLeftOutIsNotGivenAgain() throws IOException {
        Path crashed = temporary.resolve("crashed");
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            // the segment that is written has no event: the next open deletes it
            assertThat(log.endPosition()).isEqualTo(end);
            Directories.copyLog(directory, crashed);
        }
        int last = epoch(crashed);
        Files.delete(crashed.resolve("state"));
        Files.delete(crashed.resolve("manifest"));
        Directories.delete(crashed.resolve("cursors"));
        Numbered.open(crashed, HookedFileOps.quick()).close();
        assertThat(epoch(crashed)).isGreaterThan(last);
    }
}
