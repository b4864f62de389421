package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.Subscription;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Directories;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Power cuts take what was not forced, and backups are older than what they replace: consumers must not skip events. */
@Timeout(300)
class RebootTest {

    private static final UUID FIRST_BOOT = new UUID(1, 1);
    private static final UUID SECOND_BOOT = new UUID(2, 2);

    private final Numbered numbered = new Numbered(3, 300);

    @TempDir
    private Path temporary;

    private EventLog open(Path directory, UUID bootId) {
        return LocalEventLog.open(
                Numbered.config(directory).build(), HookedFileOps.quick().withBootId(bootId), Clock.system());
    }

    private static void append(Numbered numbered, EventLog log, long end) {
        var producer = log.producer("numbered", Numbered.CODEC);
        while (log.endPosition() < end) {
            producer.append(numbered.event(log.endPosition()));
        }
    }

    private static void consumeTo(Consumer<ByteBuffer> consumer, long end) {
        while (consumer.position() < end) {
            assertThat(consumer.poll(Duration.ZERO)).isNotEmpty();
            consumer.commit();
        }
    }

    private static void copy(Path from, Path to, String name) throws IOException {
        if (Files.isDirectory(to.resolve(name))) {
            Directories.delete(to.resolve(name));
        }
        Files.createDirectories(to.resolve(name));
        try (var files = Files.list(from.resolve(name))) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(name).resolve(file.getFileName()));
            }
        }
    }

    /** What a power cut leaves: the events as of the last force, the checkpoint as of later. */
    private Path cutPower() throws IOException {
        Path directory = temporary.resolve("log");
        Path forced = temporary.resolve("forced");
        Path later = temporary.resolve("later");
        try (EventLog log = open(directory, FIRST_BOOT);
                var consumer = log.consumer("billing", Numbered.CODEC)) {
            append(numbered, log, 100);
            log.force();
            Directories.copyLog(directory, forced);
            append(numbered, log, 150);
            consumeTo(consumer, 150);
            Directories.copyLog(directory, later);
        }
        copy(later, forced, "cursors");
        return forced;
    }

    @Test
    void checkpointBeyondWhatAPowerCutLeftIsSetBackAndSkipsNothing() throws IOException {
        Path directory = cutPower();
        var other = new Numbered(4, 300);
        try (EventLog log = open(directory, SECOND_BOOT);
                var consumer = log.consumer("billing", Numbered.CODEC)) {
            assertThat(log.endPosition()).isEqualTo(100);
            assertThat(consumer.position()).isEqualTo(100);
            append(other, log, 200);
            var event = consumer.poll(Duration.ZERO).get(0);
            assertThat(event.position()).isEqualTo(100);
            assertThat(other.isRight(event)).isTrue();
            assertThat(event.isReplay()).isFalse();
        }
    }

    @Test
    void checkpointIsSetBackAlsoIfOtherEventsTookThePositionsMeanwhile() throws IOException {
        Path directory = cutPower();
        var other = new Numbered(4, 300);
        try (EventLog log = open(directory, SECOND_BOOT)) {
            append(other, log, 300);
        }
        try (EventLog log = open(directory, SECOND_BOOT);
                var consumer = log.consumer("billing", Numbered.CODEC)) {
            assertThat(consumer.position()).isEqualTo(100);
        }
    }

    @Test
    void checkpointIsSetBackAlsoIfTheManifestWasLostToo() throws IOException {
        Path directory = cutPower();
        Files.delete(directory.resolve("manifest"));
        try (EventLog log = open(directory, SECOND_BOOT);
                var consumer = log.consumer("billing", Numbered.CODEC)) {
            assertThat(log.endPosition()).isEqualTo(100);
            assertThat(consumer.position()).isEqualTo(100);
        }
    }

    @Test
    void checkpointAheadOfALogThatWasRestoredFromAnOlderBackupIsReported() throws IOException {
        Path directory = temporary.resolve("log");
        Path backup = temporary.resolve("backup");
        try (EventLog log = open(directory, FIRST_BOOT)) {
            append(numbered, log, 100);
        }
        Directories.copyLog(directory, backup);
        for (int run = 1; run <= 3; run++) {
            try (EventLog log = open(directory, FIRST_BOOT);
                    var consumer = log.consumer("billing", Numbered.CODEC)) {
                append(numbered, log, 100 + run * 50L);
                consumeTo(consumer, log.endPosition());
            }
        }
        copy(directory, backup, "cursors");
        for (UUID boot : new UUID[] {FIRST_BOOT, SECOND_BOOT, SECOND_BOOT}) {
            try (EventLog log = open(backup, boot)) {
                assertThatThrownBy(() -> log.consumer("billing", Numbered.CODEC))
                        .isInstanceOf(CorruptLogException.class)
                        .hasMessageContaining("ahead of the log")
                        .hasMessageContaining("checkpoint=250")
                        .hasMessageContaining("endPosition=100");
                assertThat(log.consumer("other", Numbered.CODEC).poll(Duration.ZERO))
                        .isNotEmpty();
            }
        }
        try (EventLog log = open(backup, FIRST_BOOT)) {
            log.forget("billing");
            assertThat(log.consumer("billing", Numbered.CODEC).position()).isZero();
        }
    }

    /** As {@link #cutPower}, with every thirtieth event (which has no key) parked; the lists are forced, the last events were not. */
    private Path cutPowerBehindParkedEvents() throws IOException {
        Path directory = temporary.resolve("log");
        Path forced = temporary.resolve("forced");
        Path later = temporary.resolve("later");
        try (EventLog log = open(directory, FIRST_BOOT)) {
            append(numbered, log, 100);
            log.force();
            Directories.copyLog(directory, forced);
            append(numbered, log, 150);
            try (Subscription billing = parkEachThirtieth(log)) {
                assertThat(billing.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
                assertThat(billing.status().parked()).isEqualTo(5);
            }
            Directories.copyLog(directory, later);
        }
        copy(later, forced, "cursors");
        copy(later, forced, "parked");
        return forced;
    }

    private static Subscription parkEachThirtieth(EventLog log) {
        var config = ConsumerConfig.named("billing").attempts(1, Duration.ZERO).build();
        return log.subscribe(config, Numbered.CODEC, event -> {
            if (event.position() % 30 == 0) {
                throw new IllegalStateException("cannot handle " + event.position());
            }
        });
    }

    private static List<Long> parked(EventLog log) {
        var config = ConsumerConfig.parkedBy("billing").build();
        try (Consumer<ByteBuffer> consumer = log.consumer(config, Numbered.CODEC)) {
            return consumer.poll(Duration.ZERO).stream().map(Event::position).toList();
        }
    }

    @Test
    void parkedEventsThatAPowerCutTookLeaveTheListAndNewOnesInTheirPlaceAreDelivered() throws IOException {
        for (boolean appendedBefore : new boolean[] {false, true}) {
            for (boolean withoutManifest : new boolean[] {false, true}) {
                Directories.delete(temporary);
                Files.createDirectories(temporary);
                Path directory = cutPowerBehindParkedEvents();
                if (withoutManifest) {
                    Files.delete(directory.resolve("manifest"));
                }
                var other = new Numbered(4, 300);
                if (appendedBefore) {
                    try (EventLog log = open(directory, SECOND_BOOT)) {
                        append(other, log, 200);
                    }
                }
                try (EventLog log = open(directory, SECOND_BOOT)) {
                    List<Long> kept = List.of(0L, 30L, 60L, 90L);
                    assertThat(parked(log)).isEqualTo(kept);
                    append(other, log, 200);
                    var delivered = new ConcurrentSkipListSet<Long>();
                    try (var billing =
                            log.subscribe("billing", Numbered.CODEC, event -> delivered.add(event.position()))) {
                        assertThat(billing.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
                    }
                    assertThat(delivered.tailSet(100L)).hasSize(100);
                    assertThat(parked(log)).isEqualTo(kept);
                }
                try (EventLog log = open(directory, SECOND_BOOT)) {
                    assertThat(log.consumers().get(0).parked()).isEqualTo(4);
                }
            }
        }
    }

    @Test
    void parkedEventsBeyondTheEndOfACopyLeaveTheList() throws IOException {
        Path directory = temporary.resolve("log");
        Path copy = temporary.resolve("copy");
        try (EventLog log = open(directory, FIRST_BOOT)) {
            append(numbered, log, 100);
            Directories.copyLog(directory, copy);
            append(numbered, log, 150);
            try (Subscription billing = parkEachThirtieth(log)) {
                assertThat(billing.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
            }
            copy(directory, copy, "cursors");
            copy(directory, copy, "parked");
        }
        try (EventLog log = open(copy, FIRST_BOOT)) {
            assertThat(log.endPosition()).isEqualTo(100);
            assertThat(parked(log)).hasSize(4);
        }
    }

    @Test
    void parkedEventsAheadOfALogThatWasRestoredFromAnOlderBackupAreReported() throws IOException {
        Path directory = temporary.resolve("log");
        Path backup = temporary.resolve("backup");
        try (EventLog log = open(directory, FIRST_BOOT)) {
            append(numbered, log, 100);
        }
        Directories.copyLog(directory, backup);
        for (int run = 1; run <= 3; run++) {
            try (EventLog log = open(directory, FIRST_BOOT);
                    Subscription billing = parkEachThirtieth(log)) {
                append(numbered, log, 100 + run * 50L);
                assertThat(billing.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
            }
        }
        copy(directory, backup, "cursors");
        copy(directory, backup, "parked");
        for (UUID boot : new UUID[] {FIRST_BOOT, SECOND_BOOT, SECOND_BOOT}) {
            try (EventLog log = open(backup, boot)) {
                assertThatThrownBy(() -> parked(log))
                        .isInstanceOf(CorruptLogException.class)
                        .hasMessageContaining("ahead of the log")
                        .hasMessageContaining("file=")
                        .hasMessageContaining("offset=")
                        .hasMessageContaining("endPosition=100");
                assertThat(log.consumers()).hasSize(1);
            }
        }
    }

    @Test
    void forcedEventsThatAreMissingAfterAPowerCutAreReported() throws IOException {
        Path directory = temporary.resolve("log");
        Path before = temporary.resolve("before");
        Path forced = temporary.resolve("forced");
        try (EventLog log = open(directory, FIRST_BOOT)) {
            append(numbered, log, 50);
            Directories.copyLog(directory, before);
            append(numbered, log, 100);
            log.force();
            Directories.copyLog(directory, forced);
        }
        Files.copy(forced.resolve("state"), before.resolve("state"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> open(before, SECOND_BOOT))
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining("50..100");
    }

    @Test
    void copyOfALogThatIsWrittenMeanwhileOpens() throws IOException {
        Path directory = temporary.resolve("log");
        Path copy = temporary.resolve("copy");
        try (EventLog log = open(directory, FIRST_BOOT);
                var consumer = log.consumer("billing", Numbered.CODEC)) {
            append(numbered, log, 50);
            // cp -r goes by names: what is written while it runs is in what it copies last
            Files.createDirectory(copy);
            copyTree(directory.resolve("active"), copy.resolve("active"));
            append(numbered, log, 100);
            consumeTo(consumer, 100);
            for (String name : new String[] {"cursors", "index", "lock", "log.meta", "manifest", "segments", "state"}) {
                copyTree(directory.resolve(name), copy.resolve(name));
            }
        }
        try (EventLog log = open(copy, FIRST_BOOT);
                var consumer = log.consumer("billing", Numbered.CODEC)) {
            assertThat(log.endPosition()).isGreaterThanOrEqualTo(50);
            numbered.assertComplete(log);
            assertThat(consumer.position()).isLessThanOrEqualTo(log.endPosition());
        }
    }

    private static void copyTree(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectory(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
    }

    /** A log with forced events and some that say so, as a power cut leaves it, and a zeroed sector among the forced. */
    private Path holeInWhatWasForced(boolean sealed) throws IOException {
        Path directory = temporary.resolve("log-" + sealed);
        Path left = temporary.resolve("left-" + sealed);
        try (EventLog log = open(directory, FIRST_BOOT)) {
            append(numbered, log, 50);
            log.force();
            append(numbered, log, 60);
            if (!sealed) {
                Directories.copyLog(directory, left);
            }
        }
        if (sealed) {
            Directories.copyLog(directory, left);
        }
        Path file;
        try (var files = Files.walk(left)) {
            file = files.filter(path -> path.toString().matches(".*\\.(cq4|segment)"))
                    .findFirst()
                    .orElseThrow();
        }
        try (var damaged = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            damaged.seek(2048);
            damaged.write(new byte[512]);
        }
        return left;
    }

    @Test
    void holeInWhatWasForcedIsReportedThoughOnlyFramesBehindItTell() throws IOException {
        for (boolean sealed : new boolean[] {false, true}) {
            Path left = holeInWhatWasForced(sealed);
            Files.delete(left.resolve("state"));
            if (sealed) {
                Files.delete(left.resolve("manifest"));
            }
            var before = Directories.hashes(left.resolve(sealed ? "segments" : "active"));
            assertThatThrownBy(() -> open(left, SECOND_BOOT))
                    .as("sealed %s", sealed)
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining("..50");
            assertThat(Directories.hashes(left.resolve(sealed ? "segments" : "active")))
                    .isEqualTo(before);
        }
    }

    @Test
    void holeThatIsLongerThanWhatIsReadAtOnceIsReportedToo() throws IOException {
        Path directory = temporary.resolve("log");
        Path left = temporary.resolve("left");
        var config = Numbered.config(directory).segmentLengthBytes(16 << 20);
        try (EventLog log =
                LocalEventLog.open(config.build(), HookedFileOps.quick().withBootId(FIRST_BOOT), Clock.system())) {
            var producer = log.producer("numbered", Numbered.CODEC);
            for (int i = 0; i < 40; i++) {
                producer.append(ByteBuffer.allocate(100 << 10).putLong(0, i).put(99, (byte) 1));
                if (i == 35) {
                    log.force();
                }
            }
            Directories.copyLog(directory, left);
        }
        Path file;
        try (var files = Files.walk(left)) {
            file = files.filter(path -> path.toString().endsWith(".cq4"))
                    .findFirst()
                    .orElseThrow();
        }
        try (var damaged = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            // up to an odd place amid an event
            damaged.seek(2048);
            damaged.write(new byte[(3 << 20) + 4321]);
        }
        Files.delete(left.resolve("state"));
        assertThatThrownBy(() -> open(left, SECOND_BOOT))
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining("..36");
    }
}
