package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What pruning does to the files of a log: they go, their room is given back, and what reads them meanwhile goes on. */
@Timeout(120)
class PruneTest {

    private static final int SEGMENT = 1 << 20;

    private final Seed seed = Seed.of(PruneTest.class);
    private final Numbered numbered = new Numbered(seed.value(), 30_000);

    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("log");
    }

    private EventLog open(EventLogConfig.Builder config) {
        return LocalEventLog.open(config.build(), HookedFileOps.quick(), Clock.system());
    }

    private EventLog open() {
        return open(Numbered.config(directory()));
    }

    /** Keeps three segments, or a little less. */
    private EventLog openPruning() {
        return open(Numbered.config(directory()).retainBytes(3L * SEGMENT));
    }

    private void appendSegments(EventLog log, int count) {
        long length = 0;
        while (length < (long) count * SEGMENT) {
            var batch = numbered.batch(log.endPosition());
            log.producer("numbered", Numbered.CODEC).appendAll(batch);
            length += batch.stream()
                    .mapToInt(event -> event.data().remaining() + 64)
                    .sum();
        }
    }

    /** Waits for the file work that was asked for before. */
    private static void awaitFileWork(EventLog log) {
        assertThat(log.consumers()).isNotNull();
    }

    @Test
    void consumerThatIsOvertakenIsToldOfOnceUntilItMovesOn() throws Exception {
        var told = new LinkedBlockingQueue<Throwable>();
        try (EventLog log =
                open(Numbered.config(directory()).retainBytes(3L * SEGMENT).backgroundErrors(told::add))) {
            log.consumer("slow", Numbered.CODEC).close();
            appendSegments(log, 8);
            assertThat(told.poll(30, TimeUnit.SECONDS))
                    .isInstanceOfSatisfying(PositionExpiredException.class, expired -> {
                        assertThat(expired.position()).isZero();
                        assertThat(expired).hasMessageContaining("consumer=slow");
                    });
            appendSegments(log, 4);
            awaitFileWork(log);
            assertThat(told).isEmpty();
            try (Consumer<ByteBuffer> slow = log.consumer("slow", Numbered.CODEC)) {
                slow.seek(StartAt.earliest());
                slow.commit();
            }
            appendSegments(log, 8);
            assertThat(told.poll(30, TimeUnit.SECONDS)).isInstanceOf(PositionExpiredException.class);
        }
    }

    private List<String> names(String child) throws IOException {
        try (var files = Files.list(directory().resolve(child))) {
            return files.map(file -> file.getFileName().toString().substring(0, 10))
                    .sorted()
                    .toList();
        }
    }

    /** Channels on the sealed segments, by which their lengths are seen when their names are gone. */
    private Map<Path, FileChannel> channels() throws IOException {
        var channels = new TreeMap<Path, FileChannel>();
        try (var files = Files.list(directory().resolve("segments"))) {
            for (Path file : files.toList()) {
                channels.put(file, FileChannel.open(file));
            }
        }
        return channels;
    }

    @Test
    void segmentsAndIndexesOfPrunedEventsAreDeletedAndTheRestStays() throws IOException {
        try (EventLog log = openPruning()) {
            appendSegments(log, 8);
            awaitFileWork(log);
            assertThat(log.firstPosition()).isPositive();
            numbered.assertComplete(log);
            assertThat(names("segments")).hasSizeBetween(2, 3).isEqualTo(names("index"));
        }
        long first;
        try (EventLog log = open()) {
            first = log.firstPosition();
            assertThat(first).isPositive();
            numbered.assertComplete(log);
        }
        try (EventLog log = openPruning()) {
            assertThat(log.firstPosition()).isGreaterThanOrEqualTo(first);
            appendSegments(log, 8);
            awaitFileWork(log);
            numbered.assertComplete(log);
        }
    }

    @Test
    void logIsPrunedWhenItIsOpened() throws IOException {
        long end;
        try (EventLog log = open()) {
            appendSegments(log, 6);
            assertThat(log.firstPosition()).isZero();
            end = log.endPosition();
        }
        try (EventLog log = open(Numbered.config(directory()).retainBytes(1))) {
            assertThat(log.firstPosition()).isEqualTo(end);
            assertThat(log.endPosition()).isEqualTo(end);
            assertThat(names("segments")).isEmpty();
            assertThat(log.read(EventQuery.all(), Numbered.CODEC)).isEmpty();
        }
        for (int i = 0; i < 2; i++) {
            try (EventLog log = open()) {
                assertThat(log.firstPosition()).isEqualTo(end);
                assertThat(log.endPosition()).isEqualTo(end);
            }
        }
        try (EventLog log = open()) {
            numbered.appendTo(log, end + 10);
            numbered.assertComplete(log);
        }
        try (EventLog log = open()) {
            assertThat(log.firstPosition()).isEqualTo(end);
            numbered.assertComplete(log);
        }
    }

    @Test
    void roomOfAPrunedSegmentIsGivenBackAtOnceIfNobodyReadsIt() throws IOException {
        try (EventLog log = open()) {
            appendSegments(log, 3);
        }
        Map<Path, FileChannel> channels = channels();
        assertThat(channels).hasSizeGreaterThan(2);
        try (EventLog log = open(Numbered.config(directory()).retainBytes(1))) {
            assertThat(log.firstPosition()).isEqualTo(log.endPosition());
            for (FileChannel channel : channels.values()) {
                assertThat(channel.size()).isZero();
            }
        }
    }

    @Test
    void roomIsGivenBackWhenTheLastReaderMovesOnOrCloses() throws IOException {
        try (EventLog log = openPruning();
                Consumer<ByteBuffer> moving = log.consumer("moving", Numbered.CODEC)) {
            Consumer<ByteBuffer> closing = log.consumer("closing", Numbered.CODEC);
            appendSegments(log, 2);
            awaitFileWork(log);
            var stream = log.read(EventQuery.all(), Numbered.CODEC);
            Iterator<Event<ByteBuffer>> reading = stream.iterator();
            assertThat(reading.next().position()).isZero();
            assertThat(moving.poll(Duration.ZERO)).isNotEmpty();
            assertThat(closing.poll(Duration.ZERO)).isNotEmpty();
            try (FileChannel first = FileChannel.open(directory().resolve("segments/0000000001.segment"))) {
                appendSegments(log, 5);
                awaitFileWork(log);
                assertThat(log.firstPosition()).isPositive();
                assertThat(directory().resolve("segments/0000000001.segment")).doesNotExist();
                assertThat(first.size()).isPositive();

                moving.seek(StartAt.latest());
                assertThat(moving.poll(Duration.ZERO)).isEmpty();
                awaitFileWork(log);
                assertThat(first.size()).isPositive();
                // what it stands in can be read to its end
                long next = 1;
                while (next < 20) {
                    Event<ByteBuffer> event = reading.next();
                    assertThat(event.position()).isEqualTo(next++);
                    assertThat(numbered.isRight(event)).isTrue();
                }
                stream.close();
                awaitFileWork(log);
                assertThat(first.size()).isPositive();
                closing.close();
                awaitFileWork(log);
                assertThat(first.size()).isZero();
            }
        }
    }

    @Test
    void roomOfAReaderThatWasForgottenIsGivenBackOnceItIsCollected() throws IOException {
        try (EventLog log = openPruning()) {
            appendSegments(log, 2);
            awaitFileWork(log);
            assertThat(log.read(EventQuery.all(), Numbered.CODEC)
                            .iterator()
                            .next()
                            .position())
                    .isZero();
            try (FileChannel first = FileChannel.open(directory().resolve("segments/0000000001.segment"))) {
                appendSegments(log, 5);
                awaitFileWork(log);
                assertThat(log.firstPosition()).isPositive();
                while (first.size() > 0) {
                    System.gc();
                    appendSegments(log, 1);
                }
            }
        }
    }

    @Test
    void readerInAPrunedSegmentGoesOnToItsEndAndIsToldOfTheHole() {
        try (EventLog log = openPruning();
                Consumer<ByteBuffer> consumer = log.consumer("slow", Numbered.CODEC)) {
            appendSegments(log, 2);
            assertThat(consumer.poll(Duration.ZERO)).isNotEmpty();
            appendSegments(log, 8);
            awaitFileWork(log);
            long first = log.firstPosition();
            long next = 0;
            PositionExpiredException expired = null;
            while (expired == null) {
                try {
                    for (Event<ByteBuffer> event : consumer.poll(Duration.ZERO)) {
                        assertThat(event.position()).isEqualTo(next++);
                        assertThat(numbered.isRight(event)).isTrue();
                    }
                    consumer.commit();
                } catch (PositionExpiredException e) {
                    expired = e;
                }
            }
            assertThat(next).isBetween(1L, first - 1);
            assertThat(expired.position()).isEqualTo(next);
            assertThat(expired.firstPosition()).isEqualTo(first);
            assertThat(expired)
                    .hasMessageContaining("directory=" + directory())
                    .hasMessageContaining("StartAt.earliest()");
            assertThat(consumer.position()).isEqualTo(next);
            consumer.seek(StartAt.earliest());
            consumer.commit();
            assertThat(consumer.status().checkpoint()).isEqualTo(first);
            assertThat(consumer.poll(Duration.ZERO).get(0).position()).isEqualTo(first);
        }
    }

    @Test
    void anAccessToWhatWasGivenBackIsToldApartFromDamage() throws IOException {
        try (EventLog log = openPruning();
                Consumer<ByteBuffer> consumer = log.consumer("overlooked", Numbered.CODEC)) {
            appendSegments(log, 2);
            awaitFileWork(log);
            assertThat(consumer.poll(Duration.ZERO)).isNotEmpty();
            Path segment = directory().resolve("segments/0000000001.segment");
            try (FileChannel first = FileChannel.open(segment, StandardOpenOption.WRITE)) {
                appendSegments(log, 5);
                awaitFileWork(log);
                assertThat(segment).doesNotExist();
                first.truncate(0);
            }
            assertThatThrownBy(() -> {
                        while (consumer.poll(view -> {}, 100) > 0) {
                            assertThat(consumer.position()).isLessThan(log.firstPosition());
                        }
                    })
                    .isInstanceOf(PositionExpiredException.class);
            consumer.seek(StartAt.earliest());
            assertThat(consumer.poll(Duration.ZERO)).isNotEmpty();
        }
    }

    @Test
    void parkedEventsHoldTheLogUntilTheyAreTakenOffTheList() throws IOException {
        var config = ConsumerConfig.named("billing").attempts(1, Duration.ZERO).build();
        long parked;
        try (EventLog log = openPruning()) {
            appendSegments(log, 2);
            parked = log.endPosition() / 2;
            try (Subscription billing = log.subscribe(config, Numbered.CODEC, event -> {
                // without a key, so that it is parked alone
                if (event.position() / 3 == parked / 3 && event.key() == null) {
                    throw new IllegalStateException("cannot handle " + event.position());
                }
            })) {
                assertThat(billing.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
                assertThat(billing.status().parked()).isEqualTo(1);
            }
            appendSegments(log, 8);
            awaitFileWork(log);
            assertThat(log.firstPosition()).isLessThanOrEqualTo(parked);
        }
        // also where nobody has read the list since the log was opened
        try (EventLog log = openPruning()) {
            appendSegments(log, 4);
            awaitFileWork(log);
            assertThat(log.firstPosition()).isLessThanOrEqualTo(parked);
            try (Consumer<ByteBuffer> consumer =
                    log.consumer(ConsumerConfig.parkedBy("billing").build(), Numbered.CODEC)) {
                List<Event<ByteBuffer>> events = consumer.poll(Duration.ZERO);
                assertThat(events).hasSize(1);
                assertThat(numbered.isRight(events.get(0))).isTrue();
                consumer.commit();
            }
            appendSegments(log, 4);
            awaitFileWork(log);
            assertThat(log.firstPosition()).isGreaterThan(parked);
            assertThat(names("segments")).hasSizeBetween(2, 3);
        }
    }

    @Test
    void nothingIsPrunedWhileAListOfParkedEventsCannotBeRead() throws IOException {
        try (EventLog log = open()) {
            log.consumer("billing", Numbered.CODEC).close();
            appendSegments(log, 6);
        }
        Path list;
        try (var lists = Files.list(directory().resolve("parked"))) {
            list = lists.findFirst().orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(list);
        Files.delete(list);
        try (EventLog log = openPruning()) {
            assertThat(log.firstPosition()).isZero();
        }
        bytes[44] ^= 1;
        Files.write(list, bytes);
        try (EventLog log = openPruning()) {
            assertThat(log.firstPosition()).isZero();
            log.forget("billing");
            appendSegments(log, 2);
            awaitFileWork(log);
            assertThat(log.firstPosition()).isPositive();
        }
    }

    @Test
    void subscriptionIsRefusedAtAnExpiredCheckpointAndAConsumerLeadsOn() {
        try (EventLog log = open()) {
            log.consumer("billing", Numbered.CODEC).close();
            appendSegments(log, 6);
        }
        try (EventLog log = openPruning()) {
            long first = log.firstPosition();
            assertThatThrownBy(() -> log.subscribe("billing", Numbered.CODEC, event -> {}))
                    .isInstanceOfSatisfying(PositionExpiredException.class, expired -> {
                        assertThat(expired.position()).isZero();
                        assertThat(expired.firstPosition()).isEqualTo(first);
                    })
                    .hasMessageContaining("consumer=billing")
                    .hasMessageContaining("directory=");
            try (Consumer<ByteBuffer> consumer = log.consumer("billing", Numbered.CODEC)) {
                assertThat(consumer.status().lag()).isEqualTo(log.endPosition() - first);
                consumer.seek(StartAt.earliest());
                consumer.commit();
            }
            try (Subscription billing = log.subscribe("billing", Numbered.CODEC, event -> {})) {
                assertThat(billing.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
            }
        }
    }

    @Test
    void manifestDoesNotGrowWithWhatWasPruned() throws IOException {
        long longest = 0;
        for (int open = 0; open < 60; open++) {
            try (EventLog log = open(Numbered.config(directory()).retainBytes(1))) {
                appendSegments(log, 1);
                awaitFileWork(log);
            }
            longest = Math.max(longest, Files.size(directory().resolve("manifest")));
        }
        assertThat(longest).isLessThan(6_000);
        try (EventLog log = open()) {
            numbered.assertComplete(log);
        }
    }

    @Test
    void aSegmentWithASecondNameLosesItsOwnOnly() throws IOException {
        try (EventLog log = open()) {
            appendSegments(log, 3);
        }
        Path backup = temporary.resolve("backup");
        Path segment = directory().resolve("segments/0000000001.segment");
        byte[] bytes = Files.readAllBytes(segment);
        Files.createLink(backup, segment);
        open(Numbered.config(directory()).retainBytes(1)).close();
        assertThat(segment).doesNotExist();
        assertThat(Files.readAllBytes(backup)).isEqualTo(bytes);
    }

    @Test
    void aSmallDiskTakesManyTimesItsLengthWhileAReaderStandsStill() throws IOException {
        Path disk = Files.createDirectory(temporary.resolve("disk"));
        org.junit.jupiter.api.Assumptions.assumeTrue(
                ChildJvm.succeeds("mount", "-t", "tmpfs", "-o", "size=" + 32 * SEGMENT, "tmpfs", disk.toString()),
                "needs root to mount a small disk");
        try (EventLog log = open(Numbered.config(disk.resolve("log")).retainBytes(3L * SEGMENT));
                Consumer<ByteBuffer> consumer = log.consumer("idle", Numbered.CODEC)) {
            appendSegments(log, 1);
            assertThat(consumer.poll(Duration.ZERO)).isNotEmpty();
            for (int i = 0; i < 30; i++) {
                appendSegments(log, 4);
                awaitFileWork(log);
                numbered.assertComplete(log);
            }
        } finally {
            ChildJvm.succeeds("umount", "-l", disk.toString());
        }
    }
}
