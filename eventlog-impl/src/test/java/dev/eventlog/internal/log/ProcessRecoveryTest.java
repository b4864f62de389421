package dev.eventlog.internal.log;

import static dev.eventlog.internal.log.NumberedOutputs.append;
import static dev.eventlog.internal.log.NumberedOutputs.assertAgree;
import static dev.eventlog.internal.log.NumberedOutputs.assertComplete;
import static dev.eventlog.internal.log.NumberedOutputs.processAll;
import static dev.eventlog.internal.log.NumberedOutputs.processSome;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.StartAt;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.tools.LogTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is left of processing behind power cuts, lost files, rolls, pruning and in copies: outputs and checkpoint agree. */
@Timeout(120)
class ProcessRecoveryTest {

    private static final UUID FIRST_BOOT = new UUID(1, 1);
    private static final UUID SECOND_BOOT = new UUID(2, 2);

    @TempDir
    private Path temporary;

    private static EventLog open(Path directory, UUID bootId) {
        return open(Numbered.config(directory), bootId);
    }

    private static EventLog open(EventLogConfig.Builder config, UUID bootId) {
        return LocalEventLog.open(config.build(), HookedFileOps.quick().withBootId(bootId), Clock.system());
    }

    private static void replaceCursors(Path from, Path to) throws IOException {
        Directories.delete(to.resolve("cursors"));
        Files.createDirectories(to.resolve("cursors"));
        try (var files = Files.list(from.resolve("cursors"))) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve("cursors").resolve(file.getFileName()));
            }
        }
    }

    private static void deleteCursors(Path directory) throws IOException {
        try (var files = Files.list(directory.resolve("cursors"))) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    private static Consumer<ByteBuffer> consumer(EventLog log) {
        return log.consumer(
                ConsumerConfig.named(NumberedOutputs.CONSUMER)
                        .query(NumberedOutputs.INPUTS)
                        .build(),
                NumberedOutputs.CODEC);
    }

    private static int process(Consumer<ByteBuffer> consumer, EventLog out, int limit) {
        return consumer.process(
                event -> NumberedOutputs.outputsOf(event.data().getLong(0)),
                out.producer("out", NumberedOutputs.CODEC),
                limit);
    }

    @Test
    void powerCutThatTakesOutputsTakesTheirCheckpointAlong() throws IOException {
        for (int forcedCalls = 0; forcedCalls < 4; forcedCalls++) {
            Path directory = temporary.resolve("log-" + forcedCalls);
            Path forced = temporary.resolve("forced-" + forcedCalls);
            Path later = temporary.resolve("later-" + forcedCalls);
            try (EventLog log = open(directory, FIRST_BOOT);
                    var consumer = consumer(log)) {
                append(log, 0, 300);
                for (int i = 0; i < forcedCalls; i++) {
                    assertThat(process(consumer, log, 10)).isEqualTo(10);
                }
                log.force();
                Directories.copyLog(directory, forced);
                for (int i = 0; i < 5; i++) {
                    assertThat(process(consumer, log, 10)).isEqualTo(10);
                }
                // may be written back at any time, before what was appended is
                Directories.copyLog(directory, later);
            }
            replaceCursors(later, forced);
            try (EventLog log = open(forced, SECOND_BOOT)) {
                assertAgree(log);
                processAll(log, log);
                assertComplete(log, log);
                assertAgree(log);
            }
        }
    }

    @Test
    void checkpointThatMovesWithoutOutputsIsNotKeptAheadOfOutputsBeforeIt() throws IOException {
        Path directory = temporary.resolve("log");
        Path forced = temporary.resolve("forced");
        Path later = temporary.resolve("later");
        try (EventLog log = open(directory, FIRST_BOOT);
                var consumer = consumer(log)) {
            append(log, 0, 9);
            log.force();
            Directories.copyLog(directory, forced);
            assertThat(process(consumer, log, 8)).isEqualTo(8);
            // number 8 has no outputs, and behind it only outputs follow, which are left out
            for (int i = 0; i < 3; i++) {
                assertThat(process(consumer, log, 8)).isEqualTo(i == 0 ? 1 : 0);
            }
            Directories.copyLog(directory, later);
        }
        replaceCursors(later, forced);
        try (EventLog log = open(forced, SECOND_BOOT)) {
            assertAgree(log);
            processAll(log, log);
            assertComplete(log, log);
        }
    }

    @Test
    void powerCutThatTakesOutputsOfAnotherLogHasThemMadeAgain() throws IOException {
        Path from = temporary.resolve("from");
        Path to = temporary.resolve("to");
        Path forced = temporary.resolve("forced");
        Path later = temporary.resolve("later");
        try (EventLog source = open(from, FIRST_BOOT);
                EventLog target = open(to, FIRST_BOOT);
                var consumer = consumer(source)) {
            append(source, 0, 300);
            source.force();
            assertThat(process(consumer, target, 40)).isEqualTo(40);
            target.force();
            Directories.copyLog(to, forced);
            for (int i = 0; i < 5; i++) {
                assertThat(process(consumer, target, 10)).isEqualTo(10);
            }
            Directories.copyLog(from, later);
        }
        try (EventLog source = open(later, SECOND_BOOT);
                EventLog target = open(forced, SECOND_BOOT)) {
            processAll(source, target);
            assertComplete(source, target);
        }
    }

    @Test
    void killThatLosesTheCursorOfTheSourceChangesNothing() throws IOException {
        Path from = temporary.resolve("from");
        Path to = temporary.resolve("to");
        try (EventLog source = open(from, FIRST_BOOT);
                EventLog target = open(to, FIRST_BOOT)) {
            append(source, 0, 300);
            processSome(source, target, 5, 10);
        }
        deleteCursors(from);
        try (EventLog source = open(from, FIRST_BOOT);
                EventLog target = open(to, FIRST_BOOT)) {
            processAll(source, target);
            assertComplete(source, target);
        }
    }

    @Test
    void seekHoldsAlsoWhereOnlyTheTargetKnewHowFarItWas() throws IOException {
        Path from = temporary.resolve("from");
        try (EventLog target = EventLog.inMemory()) {
            try (EventLog source = open(from, FIRST_BOOT)) {
                append(source, 0, 3);
                try (var consumer = consumer(source)) {
                    for (int i = 0; i < 3; i++) {
                        consumer.seek(StartAt.earliest());
                        assertThat(process(consumer, target, 9)).isEqualTo(3);
                    }
                }
            }
            deleteCursors(from);
            try (EventLog source = open(from, FIRST_BOOT);
                    var consumer = consumer(source)) {
                consumer.seek(StartAt.position(1));
                assertThat(process(consumer, target, 9)).isEqualTo(2);
            }
            deleteCursors(from);
            try (EventLog source = open(from, FIRST_BOOT);
                    var consumer = consumer(source)) {
                assertThat(process(consumer, target, 9)).isZero();
            }
        }
    }

    @Test
    void eventsThatTookThePositionsOfProcessedOnesAreProcessed() {
        Path from = temporary.resolve("from");
        Path to = temporary.resolve("to");
        Path forced = temporary.resolve("forced");
        try (EventLog source = open(from, FIRST_BOOT);
                EventLog target = open(to, FIRST_BOOT)) {
            append(source, 0, 40);
            source.force();
            Directories.copyLog(from, forced);
            append(source, 40, 60);
            processSome(source, target, 1, 60);
        }
        try (EventLog source = open(forced, SECOND_BOOT);
                EventLog target = open(to, SECOND_BOOT)) {
            assertThat(source.endPosition()).isEqualTo(40);
            append(source, 1_000, 1_040);
            processAll(source, target);
            var numbers = new ArrayList<Long>();
            target.read(NumberedOutputs.OUTPUTS, NumberedOutputs.CODEC)
                    .map(event -> event.data().getLong(0))
                    .distinct()
                    .forEach(numbers::add);
            List<Long> expected = LongStream.concat(LongStream.range(0, 60), LongStream.range(1_000, 1_040))
                    .filter(number -> NumberedOutputs.count(number) > 0)
                    .boxed()
                    .toList();
            assertThat(numbers).isEqualTo(expected);
        }
    }

    @Test
    void sourceThatWasRestoredFromAnOlderBackupIsReported() {
        Path from = temporary.resolve("from");
        Path to = temporary.resolve("to");
        Path backup = temporary.resolve("backup");
        try (EventLog source = open(from, FIRST_BOOT)) {
            append(source, 0, 10);
        }
        Directories.copyLog(from, backup);
        try (EventLog target = open(to, FIRST_BOOT)) {
            for (int i = 0; i < 3; i++) {
                try (EventLog source = open(from, FIRST_BOOT)) {
                    append(source, 10, 20);
                    processAll(source, target);
                }
            }
            try (EventLog source = open(backup, FIRST_BOOT);
                    var consumer = consumer(source)) {
                assertThatThrownBy(() -> process(consumer, target, 1))
                        .isInstanceOf(CorruptLogException.class)
                        .hasMessageContaining("older backup");
            }
        }
    }

    @Test
    void tornLastFrameTakesItsCheckpointAlong() throws IOException {
        Path directory = temporary.resolve("log");
        Path crashed = temporary.resolve("crashed");
        try (EventLog log = open(directory, FIRST_BOOT);
                var consumer = consumer(log)) {
            append(log, 0, 100);
            assertThat(process(consumer, log, 50)).isEqualTo(50);
            assertThat(process(consumer, log, 50)).isEqualTo(50);
            Directories.copyLog(directory, crashed);
        }
        // the outputs of 99, the last ones
        ByteBuffer last = ByteBuffer.allocate(2 * Long.BYTES).putLong(0, 99).putLong(Long.BYTES, 2);
        Path segment;
        try (var files = Files.walk(crashed.resolve("active"))) {
            segment = files.filter(file -> file.toString().endsWith(".cq4"))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(segment);
        int at = -1;
        for (int i = 0; i < bytes.length - last.capacity(); i += 4) {
            if (ByteBuffer.wrap(bytes, i, last.capacity())
                    .equals(last.duplicate().position(0))) {
                at = i;
            }
        }
        assertThat(at).isPositive();
        bytes[at] ^= 1;
        Files.write(segment, bytes);
        try (EventLog log = open(crashed, SECOND_BOOT)) {
            assertAgree(log);
            assertThat(NumberedOutputs.processed(log, log)).isBetween(1L, 50L);
            processAll(log, log);
            assertComplete(log, log);
        }
    }

    @Test
    void powerCutBehindARollThatOutputsCausedTakesTheirCheckpointAlong() throws IOException {
        Path directory = temporary.resolve("log");
        int rolls = 0;
        try (EventLog log = open(directory, FIRST_BOOT);
                var consumer = consumer(log)) {
            append(log, 0, 100);
            for (int i = 0; i < 40; i++) {
                int limit = 1 + i % 3;
                int unused = consumer.process(
                        event -> NumberedOutputs.outputsOf(event.data().getLong(0), 30 << 10),
                        log.producer("out", NumberedOutputs.CODEC),
                        limit);
                awaitSealing(log);
                Path copy = temporary.resolve("copy-" + i);
                Directories.copyLog(directory, copy);
                if (dropUnsealed(copy) && Files.exists(copy.resolve("segments"))) {
                    try (EventLog cut = open(copy, SECOND_BOOT)) {
                        if (cut.endPosition() > 0) {
                            rolls++;
                            assertAgree(cut);
                        }
                    }
                }
                Directories.delete(copy);
            }
        }
        assertThat(rolls).isGreaterThan(10);
    }

    /** Files are looked at on the thread that seals and prepares segments, behind that; else they move while they are copied. */
    private static void awaitSealing(EventLog log) {
        assertThat(log.consumers()).hasSize(1);
    }

    /** As a power cut may do with what was never forced. */
    private static boolean dropUnsealed(Path directory) throws IOException {
        try (var active = Files.list(directory.resolve("active"))) {
            List<Path> all = active.toList();
            all.forEach(Directories::delete);
            return !all.isEmpty();
        }
    }

    /** A log that has rolled, long behind the last outputs, and was closed, or died. */
    private Path rolledBehindOutputs(boolean isKilled, long retainBytes) {
        Path directory = temporary.resolve("rolled-" + isKilled + retainBytes);
        Path crashed = temporary.resolve("crashed-" + isKilled + retainBytes);
        try (EventLog log = open(Numbered.config(directory).retainBytes(retainBytes), FIRST_BOOT)) {
            append(log, 0, 100);
            processSome(log, log, 7, 10);
            var other = log.producer("other", NumberedOutputs.CODEC);
            for (int i = 0; i < 50; i++) {
                other.append(ByteBuffer.allocate(100 << 10));
            }
            append(log, 100, 200);
            log.force();
            awaitSealing(log);
            if (retainBytes == Long.MAX_VALUE) {
                Directories.copyLog(directory, crashed);
            }
        }
        return isKilled ? crashed : directory;
    }

    @Test
    void checkpointIsFoundManySegmentsBehindItsOutputs() throws IOException {
        for (boolean isKilled : new boolean[] {false, true}) {
            for (int lost = 0; lost < 4; lost++) {
                Path directory = rolledBehindOutputs(isKilled, Long.MAX_VALUE);
                if ((lost & 1) != 0) {
                    deleteCursors(directory);
                }
                if ((lost & 2) != 0) {
                    Files.delete(directory.resolve("manifest"));
                }
                try (EventLog log = open(directory, SECOND_BOOT)) {
                    if ((lost & 1) == 0) {
                        assertAgree(log);
                    }
                    processAll(log, log);
                    assertComplete(log, log);
                    assertAgree(log);
                }
                try (EventLog log = open(directory, SECOND_BOOT)) {
                    assertAgree(log);
                }
                Directories.delete(directory);
                Directories.delete(temporary);
                Files.createDirectories(temporary);
            }
        }
    }

    @Test
    void checkpointIsFoundAlsoWhereItsOutputsWerePruned() throws IOException {
        for (boolean isManifestLost : new boolean[] {false, true}) {
            Path directory = rolledBehindOutputs(false, 2 << 20);
            deleteCursors(directory);
            if (isManifestLost) {
                Files.delete(directory.resolve("manifest"));
            }
            try (EventLog log = open(Numbered.config(directory).retainBytes(2 << 20), FIRST_BOOT);
                    var consumer = consumer(log)) {
                assertThat(log.firstPosition()).isGreaterThan(100);
                // it has processed 70 inputs, and the rest of the first ones is no longer kept
                assertThat(consumer.position()).isEqualTo(70);
            }
            Directories.delete(directory);
        }
    }

    @Test
    void copyHasOutputsAndCheckpointOfOneMoment() throws IOException {
        Path directory = temporary.resolve("log");
        try (EventLog log = open(directory, FIRST_BOOT);
                var consumer = consumer(log)) {
            append(log, 0, 400);
            for (int i = 0; i < 20; i++) {
                assertThat(process(consumer, log, 7)).isEqualTo(7);
                Path copy = temporary.resolve("copy-" + i);
                LogTools.at(directory).copy(copy);
                assertThat(LogTools.at(copy).verify(true).findings()).isEmpty();
                if (i % 2 == 1) {
                    deleteCursors(copy);
                }
                try (EventLog copied = open(copy, FIRST_BOOT)) {
                    processAll(copied, copied);
                    assertComplete(copied, copied);
                }
                Directories.delete(copy);
            }
        }
    }

    @Test
    void toolsShowProgressAndFindNothingWrong() {
        Path directory = temporary.resolve("log");
        try (EventLog log = open(directory, FIRST_BOOT)) {
            append(log, 0, 10);
            processAll(log, log);
        }
        try (EventLog log = open(directory, FIRST_BOOT)) {
            append(log, 10, 11);
        }
        assertThat(LogTools.at(directory).verify(true).findings()).isEmpty();
        var out = new StringBuilder();
        LogTools.at(directory).dump(0, Long.MAX_VALUE, false, out);
        String shown = " consumer=\"" + NumberedOutputs.CONSUMER + "\" checkpoint=10 ";
        assertThat(out.toString().lines().filter(line -> line.contains("progress" + shown)))
                .as("with the outputs, and where the second segment begins: %s", out)
                .hasSize(2);
    }
}
