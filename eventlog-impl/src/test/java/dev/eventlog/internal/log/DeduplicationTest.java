package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Capability;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.tools.LogTools;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which ids a log on disk knows: over restarts, power cuts, damage and pruning. */
@Timeout(300)
class DeduplicationTest {

    private static final Duration DAY = Duration.ofDays(1);
    private static final UUID FIRST_BOOT = new UUID(1, 1);
    private static final UUID SECOND_BOOT = new UUID(2, 2);

    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("log");
    }

    private static EventLog open(EventLogConfig.Builder config, UUID boot) {
        return LocalEventLog.open(config.build(), HookedFileOps.quick().withBootId(boot), Clock.system());
    }

    private EventLog open(int count) {
        return open(Numbered.config(directory()).dedupWindow(count, DAY), FIRST_BOOT);
    }

    private static NewEvent<ByteBuffer> identified(String id) {
        return NewEvent.of(ByteBuffer.wrap(("data of " + id).getBytes(StandardCharsets.US_ASCII)))
                .withId(id);
    }

    private static long append(EventLog log, String id) {
        return log.producer("ids", Numbered.CODEC).append(identified(id));
    }

    private static void appendPlain(EventLog log, int count) {
        var producer = log.producer("plain", Numbered.CODEC);
        for (int i = 0; i < count; i++) {
            producer.append(ByteBuffer.allocate(10));
        }
    }

    private static List<String> ids(EventLog log) {
        return log.read(EventQuery.all().sources("ids"), Numbered.CODEC)
                .map(Event::id)
                .toList();
    }

    /** As many ids are known as the configuration says, whether the log stayed open or not, and whatever stands between. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 400, 20_000})
    void countIsExactAlsoAfterARestart(int plainEvents) {
        long[] first = new long[6];
        try (EventLog log = open(4)) {
            for (int i = 0; i < 6; i++) {
                first[i] = append(log, "id-" + i);
                appendPlain(log, plainEvents);
            }
            for (int i = 2; i < 6; i++) {
                assertThat(append(log, "id-" + i)).isEqualTo(first[i]);
            }
        }
        try (EventLog log = open(4)) {
            for (int i = 2; i < 6; i++) {
                assertThat(append(log, "id-" + i)).isEqualTo(first[i]);
            }
            long again = append(log, "id-1");
            assertThat(again).isEqualTo(log.endPosition() - 1);
            // which pushed the oldest out, and only that
            assertThat(append(log, "id-3")).isEqualTo(first[3]);
            assertThat(append(log, "id-2")).isEqualTo(again + 1);
            assertThat(append(log, "id-4")).isEqualTo(first[4]);
            assertThat(append(log, "id-1")).isEqualTo(again);
        }
    }

    @Test
    void idsOfManySegmentsAreKnownAfterARestart() {
        int count = 3_000;
        try (EventLog log = open(65_536)) {
            for (int i = 0; i < count; i++) {
                append(log, "id-" + i);
                log.producer("large", Numbered.CODEC).append(ByteBuffer.allocate(2_000));
            }
        }
        try (EventLog log = open(65_536)) {
            long end = log.endPosition();
            for (int i = 0; i < count; i++) {
                assertThat(append(log, "id-" + i)).isEqualTo(2L * i);
            }
            assertThat(log.endPosition()).isEqualTo(end);
        }
    }

    @Test
    void withoutAWindowEventsWithTheSameIdAreAllAppended() {
        try (EventLog log = open(0)) {
            append(log, "a");
            append(log, "a");
            NewEvent<ByteBuffer> copy = NewEvent.copyOf(
                    log.read(EventQuery.all(), Numbered.CODEC).findFirst().orElseThrow());
            log.producer("ids", Numbered.CODEC).appendAll(List.of(copy, copy));
            assertThat(log.producer("ids", Numbered.CODEC).appendAsync(copy).join())
                    .isEqualTo(4);
            assertThat(ids(log)).containsExactly("a", "a", "a", "a", "a");
            assertThat(log.capabilities())
                    .contains(Capability.CONDITIONAL_APPEND)
                    .doesNotContain(Capability.DEDUPLICATION);
            assertThatThrownBy(() -> log.require(Capability.DEDUPLICATION))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("DEDUPLICATION");
        }
        // what was written without it is known with it: the last of them
        try (EventLog log = open(10)) {
            assertThat(append(log, "a")).isEqualTo(4);
        }
    }

    /** Nothing is forced in the background here. */
    @Test
    void firstEventIsForcedForWhoAppendsItAgainAndAsksForThat() throws Exception {
        try (EventLog log = open(10)) {
            var producer = log.producer("ids", Numbered.CODEC);
            var durable = producer.withDurability(Durability.POWER_LOSS);
            producer.append(identified("a"));
            assertThat(log.durablePosition()).isZero();
            assertThat(durable.append(identified("a"))).isZero();
            assertThat(log.durablePosition()).isEqualTo(1);
            producer.append(identified("b"));
            assertThat(producer.append(identified("b"))).isEqualTo(1);
            assertThat(log.durablePosition()).isEqualTo(1);
            assertThat(durable.appendAsync(identified("b")).get(30, TimeUnit.SECONDS))
                    .isEqualTo(1);
            assertThat(log.durablePosition()).isEqualTo(2);
            assertThat(durable.appendAll(List.of(identified("c"), identified("a"))))
                    .isZero();
            assertThat(log.durablePosition()).isEqualTo(3);
            producer.appendAll(List.of(identified("d"), identified("e")));
            assertThat(durable.appendAll(List.of(identified("e"), identified("a"))))
                    .isZero();
            assertThat(log.durablePosition()).isEqualTo(5);
        }
    }

    @Test
    void closedLogTellsNoFirstPositions() {
        EventLog log = open(10);
        var producer = log.producer("ids", Numbered.CODEC);
        producer.append(identified("a"));
        log.close();
        assertThatThrownBy(() -> producer.append(identified("a"))).isInstanceOf(LogClosedException.class);
        assertThatThrownBy(() -> producer.appendAsync(identified("a"))).isInstanceOf(LogClosedException.class);
        assertThatThrownBy(() -> producer.appendIfNone(EventQuery.all().keys("k"), List.of(identified("a"))))
                .isInstanceOf(LogClosedException.class);
        // also where the ids were not read before
        EventLog again = open(10);
        var late = again.producer("ids", Numbered.CODEC);
        again.close();
        assertThatThrownBy(() -> late.append(identified("a"))).isInstanceOf(LogClosedException.class);
        assertThatThrownBy(() -> late.appendAsync(identified("a"))).isInstanceOf(LogClosedException.class);
        assertThatThrownBy(() -> late.appendIfNone(EventQuery.all().keys("k"), List.of(identified("a"))))
                .isInstanceOf(LogClosedException.class);
    }

    @Test
    void idsOfEventsThatAPowerCutTookAreForgotten() {
        Path forced = temporary.resolve("forced");
        EventLogConfig.Builder config = Numbered.config(directory());
        Event<ByteBuffer> lost;
        try (EventLog log = open(config, FIRST_BOOT)) {
            append(log, "kept");
            appendPlain(log, 1);
            log.force();
            Directories.copyLog(directory(), forced);
            append(log, "lost");
            appendPlain(log, 1);
            lost = log.read(EventQuery.all().after(2), Numbered.CODEC)
                    .findFirst()
                    .orElseThrow();
        }
        try (EventLog log = open(Numbered.config(forced), SECOND_BOOT)) {
            Event<ByteBuffer> plain = log.read(EventQuery.all().after(0), Numbered.CODEC)
                    .findFirst()
                    .orElseThrow();
            assertThat(log.endPosition()).isEqualTo(2);
            assertThat(append(log, "kept")).isZero();
            assertThat(append(log, "lost")).isEqualTo(2);
            // takes the position of the one that is lost, and has another id
            appendPlain(log, 1);
            var producer = log.producer("ids", Numbered.CODEC);
            assertThat(producer.append(NewEvent.copyOf(plain))).isEqualTo(1);
            assertThat(lost.position()).isEqualTo(3);
            assertThat(producer.append(NewEvent.copyOf(lost))).isEqualTo(4);
            assertThat(producer.append(NewEvent.copyOf(lost))).isEqualTo(4);
        }
    }

    @Test
    void idsOfEventsThatAreDamagedAreForgottenAndTheOthersAreNot() throws IOException {
        try (EventLog log = open(10)) {
            for (String id : List.of("a", "b", "c")) {
                append(log, id);
            }
        }
        Path segment = directory().resolve("segments").resolve("0000000001.segment");
        String bytes = Files.readString(segment, StandardCharsets.ISO_8859_1);
        try (var file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.seek(bytes.indexOf("data of b"));
            file.write('?');
        }
        try (EventLog log = open(10)) {
            assertThat(append(log, "c")).isEqualTo(2);
            assertThat(append(log, "a")).isZero();
            assertThat(append(log, "b")).isEqualTo(3);
        }
    }

    @Test
    void logThatWasPrunedKnowsWhatItKept() {
        try (EventLog log = open(1_000)) {
            for (int i = 0; i < 2_000; i++) {
                append(log, "id-" + i);
                log.producer("large", Numbered.CODEC).append(ByteBuffer.allocate(4_000));
            }
        }
        EventLogConfig.Builder config = Numbered.config(directory()).dedupWindow(1_000, DAY);
        try (EventLog log = open(config.retainBytes(1), FIRST_BOOT)) {
            // pruned to the segment that is being written when it was opened
            assertThat(log.firstPosition()).isEqualTo(4_000);
            assertThat(append(log, "id-1999")).isEqualTo(4_000);
            assertThat(append(log, "id-1999")).isEqualTo(4_000);
        }
    }

    @Test
    void salvageTakesBothOfTwoEventsWithTheSameId() {
        try (EventLog log = open(0)) {
            append(log, "a");
            append(log, "a");
        }
        Path target = temporary.resolve("salvaged");
        LogTools.at(directory()).salvage(target);
        try (EventLog log = open(Numbered.config(target), FIRST_BOOT)) {
            assertThat(ids(log)).containsExactly("a", "a");
        }
    }
}
