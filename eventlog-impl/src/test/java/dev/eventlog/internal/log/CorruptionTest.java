package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.StartAt;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.EventLogException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.MemoryDirectory;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damaged segments. Whatever is done to them, a reader gets the events that were appended, in order and without a gap, to
 * the end; or it gets a part of that from the beginning and then {@link CorruptLogException} with file and offset; or the
 * open refuses with one. Never other bytes, never a silent end, no hang and no other error.
 */
@Timeout(300)
class CorruptionTest {

    private static final int EVENTS_PER_SEGMENT = 25;
    private static final int SEGMENTS = 3;
    private static final int EVENTS = SEGMENTS * EVENTS_PER_SEGMENT;

    private final Seed seed = Seed.of(CorruptionTest.class);
    private final SplittableRandom random = seed.random();
    private final Numbered numbered = new Numbered(seed.value(), 300);
    private Path directory;
    private Path original;

    @TempDir(factory = MemoryDirectory.class)
    private Path temporary;

    @BeforeEach
    void writeThreeSmallSegments() {
        directory = temporary.resolve("log");
        original = temporary.resolve("original");
        for (int segment = 1; segment <= SEGMENTS; segment++) {
            try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
                var producer = log.producer("numbered", Numbered.CODEC);
                while (log.endPosition() < (long) segment * EVENTS_PER_SEGMENT) {
                    producer.append(numbered.event(log.endPosition()));
                }
            }
        }
        Directories.copyLog(directory, original);
    }

    private void restore() {
        Directories.delete(directory);
        Directories.copyLog(original, directory);
    }

    private Path segment(int number) {
        return directory.resolve("segments").resolve(String.format("%010d.segment", number));
    }

    /** Reads all; returns how many events came before the end, or before the damage was reported. */
    private int readAll(EventLog log) {
        Iterator<Event<ByteBuffer>> events =
                log.read(EventQuery.all(), Numbered.CODEC).iterator();
        int count = 0;
        try {
            while (events.hasNext()) {
                Event<ByteBuffer> event = events.next();
                assertThat(event.position()).as("%s", seed).isEqualTo(count);
                assertThat(numbered.isRight(event))
                        .as("event %d, %s", count, seed)
                        .isTrue();
                count++;
            }
        } catch (CorruptLogException e) {
            assertNamesThePlace(e);
            return count;
        }
        assertThat(count).as("a silent end, %s", seed).isEqualTo(EVENTS);
        return count;
    }

    private void assertNamesThePlace(CorruptLogException e) {
        assertThat(e.file()).isNotNull();
        assertThat(e.getMessage())
                .contains("file=" + e.file())
                .contains("offset=" + e.offset())
                .contains(directory.getFileName().toString());
    }

    /** Opens and reads; returns -1 if the open refused. */
    private int openAndRead() {
        EventLog log;
        try {
            log = Numbered.open(directory, HookedFileOps.quick());
        } catch (CorruptLogException e) {
            assertNamesThePlace(e);
            return -1;
        }
        try (log) {
            return readAll(log);
        }
    }

    @Test
    void eachFlippedByteOfASegmentIsHarmlessOrReported() throws IOException {
        int reported = 0;
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                var file = new RandomAccessFile(segment(2).toFile(), "rw")) {
            long length = file.length();
            for (long at = 0; at < length; at++) {
                flip(file, at, 1 << random.nextInt(8));
                int count = readAll(log);
                reported += count < EVENTS ? 1 : 0;
                assertThat(count).as("byte %d, %s", at, seed).isGreaterThanOrEqualTo(EVENTS_PER_SEGMENT);
                undo(file);
            }
            assertThat(readAll(log)).isEqualTo(EVENTS);
        }
        assertThat(reported).isGreaterThan(1000);
    }

    private long flippedAt;
    private int flippedByte;

    private void flip(RandomAccessFile file, long at, int bits) throws IOException {
        file.seek(at);
        flippedAt = at;
        flippedByte = file.read();
        file.seek(at);
        file.write(flippedByte ^ bits);
    }

    /** Flips a bit of a frame: a flipped header of a document is read around, the frame behind it proves itself. */
    private void flipInTheMiddle(EventLog log, RandomAccessFile file) throws IOException {
        long at = file.length() / 2;
        flip(file, at, 4);
        while (readAll(log) == EVENTS) {
            undo(file);
            at += Long.BYTES;
            flip(file, at, 4);
        }
    }

    private void undo(RandomAccessFile file) throws IOException {
        file.seek(flippedAt);
        file.write(flippedByte);
    }

    @Test
    void flippedByteIsReportedAlsoWhereSegmentsAreScannedAnew() throws IOException {
        for (int round = 0; round < 80; round++) {
            restore();
            Files.delete(directory.resolve("manifest"));
            if (random.nextBoolean()) {
                Files.delete(directory.resolve("state"));
            }
            Path victim = segment(1 + random.nextInt(2));
            try (var file = new RandomAccessFile(victim.toFile(), "rw")) {
                flip(file, random.nextLong(file.length()), 1 << random.nextInt(8));
            }
            openAndRead();
        }
    }

    @Test
    void flippedByteIsReportedToAConsumerAndItStaysBeforeIt() throws IOException {
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                var consumer = log.consumer("consumer", Numbered.CODEC);
                var file = new RandomAccessFile(segment(2).toFile(), "rw")) {
            flipInTheMiddle(log, file);
            long handled = 0;
            while (true) {
                try {
                    var batch = consumer.poll(Duration.ZERO);
                    assertThat(batch).isNotEmpty();
                    handled = batch.get(batch.size() - 1).position() + 1;
                    consumer.commit();
                } catch (CorruptLogException e) {
                    assertNamesThePlace(e);
                    assertThat(e.fromPosition()).isLessThanOrEqualTo(handled);
                    break;
                }
            }
            assertThat(handled).isBetween((long) EVENTS_PER_SEGMENT, 2L * EVENTS_PER_SEGMENT);
            assertThat(consumer.position()).isEqualTo(handled);
            assertThat(consumer.status().checkpoint()).isEqualTo(handled);
            for (int again = 0; again < 3; again++) {
                assertThatThrownBy(() -> consumer.poll(Duration.ZERO)).isInstanceOf(CorruptLogException.class);
                assertThatThrownBy(() -> consumer.poll(event -> {}, 10)).isInstanceOf(CorruptLogException.class);
            }
            undo(file);
            assertThat(consumer.poll(Duration.ZERO).get(0).position()).isEqualTo(handled);
        }
    }

    @Test
    void segmentThatTheDiskCannotReadIsReportedAndTheOthersAreRead() {
        var isBroken = new AtomicBoolean();
        Path broken = segment(2);
        var files = new HookedFileOps((op, path) -> {
            if (isBroken.get() && path.endsWith(broken.getFileName())) {
                throw new IOException("Input/output error");
            }
        });
        try (EventLog log = Numbered.open(directory, files.withoutForce());
                var consumer = log.consumer("consumer", Numbered.CODEC)) {
            isBroken.set(true);
            long handled = 0;
            EventLogException told = null;
            while (told == null) {
                try {
                    var batch = consumer.poll(Duration.ZERO);
                    assertThat(batch).isNotEmpty();
                    handled = batch.get(batch.size() - 1).position() + 1;
                    consumer.commit();
                } catch (EventLogException e) {
                    told = e;
                }
            }
            assertThat(handled).isEqualTo(EVENTS_PER_SEGMENT);
            assertThat(told)
                    .hasMessageContaining(broken.getFileName().toString())
                    .hasMessageContaining("Input/output");
            assertThat(consumer.position()).isEqualTo(handled);
            consumer.seek(StartAt.position(2 * EVENTS_PER_SEGMENT));
            assertThat(consumer.poll(Duration.ZERO)).hasSize(EVENTS_PER_SEGMENT);
            isBroken.set(false);
            consumer.seek(StartAt.position(handled));
            assertThat(consumer.poll(Duration.ZERO)).hasSize(2 * EVENTS_PER_SEGMENT);
        }
    }

    @Test
    void subscriptionThatMeetsDamageFailsAndSaysSo() throws IOException {
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                var file = new RandomAccessFile(segment(2).toFile(), "rw")) {
            flipInTheMiddle(log, file);
            var config = ConsumerConfig.named("subscriber").build();
            try (var subscription = log.subscribe(config, Numbered.CODEC, event -> {})) {
                assertThatThrownBy(() -> subscription.awaitPosition(EVENTS - 1, Duration.ofMinutes(2)))
                        .isInstanceOf(IllegalStateException.class)
                        .hasCauseInstanceOf(CorruptLogException.class);
                ConsumerStatus status = subscription.status();
                assertThat(status.state()).isEqualTo(ConsumerStatus.State.FAILED);
                assertThat(status.failure()).isInstanceOf(CorruptLogException.class);
                assertThat(log.consumers()).hasSize(1);
            }
        }
    }

    @Test
    void segmentCutAnywhereIsHarmlessOrReported() throws IOException {
        for (int round = 0; round < 60; round++) {
            restore();
            boolean manifestToo = random.nextBoolean();
            if (manifestToo) {
                Files.delete(directory.resolve("manifest"));
            }
            Path victim = segment(1 + random.nextInt(SEGMENTS));
            try (var file = new RandomAccessFile(victim.toFile(), "rw")) {
                file.setLength(random.nextLong(file.length()));
            }
            openAndRead();
        }
    }

    @Test
    void zeroedPagesAndGarbageAreHarmlessOrReported() throws IOException {
        for (int round = 0; round < 60; round++) {
            restore();
            if (random.nextBoolean()) {
                Files.delete(directory.resolve("manifest"));
            }
            Path victim = segment(1 + random.nextInt(SEGMENTS));
            try (var file = new RandomAccessFile(victim.toFile(), "rw")) {
                byte[] run = new byte[512 << random.nextInt(4)];
                if (random.nextInt(3) == 0) {
                    random.nextBytes(run);
                }
                file.seek(random.nextLong(file.length()) / 512 * 512);
                file.write(run);
            }
            openAndRead();
        }
    }

    @Test
    void segmentsInEachOthersPlaceAreReported() throws IOException {
        for (boolean manifestToo : new boolean[] {false, true}) {
            restore();
            if (manifestToo) {
                Files.delete(directory.resolve("manifest"));
            }
            Path aside = directory.resolve("aside");
            Files.move(segment(1), aside);
            Files.move(segment(2), segment(1));
            Files.move(aside, segment(2));
            assertThat(openAndRead()).isLessThan(EVENTS);
        }
    }

    @Test
    void copyInPlaceOfAnotherSegmentIsReported() throws IOException {
        Files.copy(segment(1), segment(2), StandardCopyOption.REPLACE_EXISTING);
        assertThat(openAndRead()).isLessThan(EVENTS);
    }

    @Test
    void segmentOfAnotherLogIsReported() throws IOException {
        Path other = temporary.resolve("other");
        Path own = directory;
        directory = other;
        writeOther();
        directory = own;
        Files.copy(other.resolve("segments/0000000001.segment"), segment(1), StandardCopyOption.REPLACE_EXISTING);
        assertThat(openAndRead()).isLessThanOrEqualTo(0);
    }

    private void writeOther() {
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            var producer = log.producer("numbered", Numbered.CODEC);
            while (log.endPosition() < EVENTS_PER_SEGMENT) {
                producer.append(numbered.event(log.endPosition()));
            }
        }
    }

    @Test
    void missingSegmentIsReportedByTheOpen() throws IOException {
        for (int number = 1; number <= SEGMENTS; number++) {
            for (boolean manifestToo : new boolean[] {false, true}) {
                restore();
                if (manifestToo) {
                    Files.delete(directory.resolve("manifest"));
                }
                Files.delete(segment(number));
                List<String> before = Directories.names(directory.resolve("segments"));
                assertThat(openAndRead()).as("segment %d", number).isEqualTo(-1);
                assertThat(Directories.names(directory.resolve("segments"))).isEqualTo(before);
            }
        }
    }

    @Test
    void lostEventsOfTheLastSegmentAreReportedThoughTheirFileLooksWhole() throws IOException {
        // a kill leaves the last segment unsealed; the page cache must have all of it
        Path killed = temporary.resolve("killed");
        Path file;
        byte[] bytes;
        try (EventLog log = Numbered.open(killed, FileOps.system())) {
            numbered.appendTo(log, 20);
            file = activeFile(killed);
            bytes = Files.readAllBytes(file);
            Directories.copyLog(killed, temporary.resolve("killed-copy"));
        }
        // back to what the kill left, in the same directory
        for (String name : List.of("segments", "index", "active", "manifest", "state")) {
            Path path = killed.resolve(name);
            if (Files.isDirectory(path)) {
                Directories.delete(path);
            } else {
                Files.delete(path);
            }
        }
        Path copy = temporary.resolve("killed-copy");
        try (var names = Files.walk(copy)) {
            for (Path each : names.toList()) {
                Path target = killed.resolve(copy.relativize(each));
                if (Files.isDirectory(each)) {
                    Files.createDirectories(target);
                } else if (!Files.exists(target)) {
                    Files.copy(each, target);
                }
            }
        }
        byte[] cut = bytes.clone();
        Arrays.fill(cut, lastUsed(bytes) - 200, cut.length, (byte) 0);
        Files.write(file, cut);
        assertThatThrownBy(() -> Numbered.open(killed, FileOps.system()))
                .isInstanceOfSatisfying(
                        CorruptLogException.class, e -> assertThat(e.file()).isEqualTo(file));
        assertThat(Files.readAllBytes(file)).isEqualTo(cut);
        Files.write(file, bytes);
        try (EventLog log = Numbered.open(killed, FileOps.system())) {
            numbered.assertComplete(log);
            assertThat(log.endPosition()).isGreaterThanOrEqualTo(20);
        }
    }

    private static Path activeFile(Path log) throws IOException {
        try (var files = Files.walk(log.resolve("active"))) {
            return files.filter(path -> path.toString().endsWith(".cq4"))
                    .max(java.util.Comparator.naturalOrder())
                    .orElseThrow();
        }
    }

    private static int lastUsed(byte[] bytes) {
        int last = bytes.length;
        while (bytes[last - 1] == 0) {
            last--;
        }
        return last;
    }

    @Test
    void somethingElseInPlaceOfASegmentIsRefusedWithoutAHang() throws IOException {
        assumeTrue(ChildJvm.succeeds("mkfifo", temporary.resolve("fifo").toString()), "needs mkfifo");
        for (String kind : List.of("fifo", "directory", "empty", "byte", "zeros", "link", "hard link", "garbage")) {
            for (boolean manifestToo : new boolean[] {false, true}) {
                restore();
                if (manifestToo) {
                    Files.delete(directory.resolve("manifest"));
                }
                replace(segment(2), kind);
                assertThatThrownBy(() -> {
                            try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
                                log.read(EventQuery.all(), Numbered.CODEC).forEach(event -> {});
                            }
                        })
                        .as(kind)
                        .isInstanceOf(EventLogException.class)
                        .hasMessageContaining(segment(2).getFileName().toString());
            }
        }
    }

    private void replace(Path file, String kind) throws IOException {
        Path aside = temporary.resolve("aside-" + random.nextLong(Long.MAX_VALUE));
        Files.move(file, aside);
        switch (kind) {
            case "fifo" -> ChildJvm.succeeds("mkfifo", file.toString());
            case "directory" -> Files.createDirectory(file);
            case "empty" -> Files.createFile(file);
            case "byte" -> Files.write(file, new byte[1]);
            case "zeros" -> Files.write(file, new byte[100_000]);
            case "link" -> Files.createSymbolicLink(file, aside);
            case "hard link" -> Files.createLink(file, aside);
            default -> {
                byte[] garbage = new byte[50_000];
                random.nextBytes(garbage);
                Files.write(file, garbage);
            }
        }
    }

    @Test
    void segmentCutWhileItIsReadIsReportedAsDamage() throws IOException {
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            numbered.assertComplete(log);
            for (long length : new long[] {8192, 4096, 0}) {
                var consumer = log.consumer(ConsumerConfig.unnamed().build(), Numbered.CODEC);
                try (var file = new RandomAccessFile(segment(2).toFile(), "rw")) {
                    file.setLength(Math.min(file.length(), length));
                }
                assertThat(readAll(log)).isBetween(EVENTS_PER_SEGMENT, EVENTS);
                consumer.close();
            }
            assertThat(readAll(log)).isEqualTo(EVENTS_PER_SEGMENT);
        }
    }

    @Test
    void segmentThatGrewBeyondAllBoundsIsReadAsBefore() throws IOException {
        try (var file = new RandomAccessFile(segment(2).toFile(), "rw")) {
            file.setLength(3L << 30);
        }
        assertThat(openAndRead()).isEqualTo(EVENTS);
    }
}
