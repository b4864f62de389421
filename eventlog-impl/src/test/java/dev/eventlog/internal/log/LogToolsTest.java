package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.NewEvent;
import dev.eventlog.StartAt;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.EventLogException;
import dev.eventlog.error.LockedException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.MemoryDirectory;
import dev.eventlog.internal.support.Seed;
import dev.eventlog.tools.LogTools;
import dev.eventlog.tools.Report;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The tools on logs that are whole, written, killed or damaged. */
@Timeout(120)
class LogToolsTest {

    private static final int EVENTS_PER_SEGMENT = 40;
    private static final int SEGMENTS = 3;
    private static final int EVENTS = SEGMENTS * EVENTS_PER_SEGMENT;

    private final Seed seed = Seed.of(LogToolsTest.class);
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
            try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                    var consumer = log.consumer("billing", Numbered.CODEC)) {
                var producer = log.producer("numbered", Numbered.CODEC);
                while (log.endPosition() < (long) segment * EVENTS_PER_SEGMENT) {
                    producer.append(numbered.event(log.endPosition()));
                }
                assertThat(consumer.poll(Duration.ZERO)).isNotEmpty();
                consumer.commit();
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

    private static void flip(Path file, long at) throws IOException {
        try (var open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(at);
            int before = open.read();
            open.seek(at);
            open.write(before ^ 0x10);
        }
    }

    private EventLog open(Path where, EventLogConfig.Recovery recovery) {
        return LocalEventLog.open(
                Numbered.config(where).recovery(recovery).build(), HookedFileOps.quick(), Clock.system());
    }

    private static Path activeFile(Path log) throws IOException {
        try (var files = Files.walk(log.resolve("active"))) {
            return files.filter(path -> path.toString().endsWith(".cq4"))
                    .min(java.util.Comparator.naturalOrder())
                    .orElseThrow();
        }
    }

    @Test
    void wholeLogIsSoundAndNothingIsChangedByLookingAtIt() {
        Map<String, String> before = Directories.hashes(directory);
        for (boolean isFull : new boolean[] {false, true}) {
            Report report = LogTools.at(directory).verify(isFull);
            assertThat(report.isSound()).as("%s", report).isTrue();
            assertThat(report.findings()).isEmpty();
            assertThat(report.endPosition()).isEqualTo(EVENTS);
            assertThat(report.segments()).isEqualTo(SEGMENTS);
            assertThat(report.events()).isEqualTo(isFull ? EVENTS : 0);
        }
        assertThat(Directories.hashes(directory)).isEqualTo(before);
    }

    @Test
    void eachDamagedFileIsFoundAndNamed() throws IOException {
        List<String> files = new ArrayList<>(Directories.hashes(original).keySet());
        files.remove("lock");
        // who owns a consumer: the lock tells, and not what stands there
        files.removeIf(name -> name.startsWith("owners"));
        for (String name : files) {
            for (int round = 0; round < 8; round++) {
                restore();
                Path file = directory.resolve(name);
                long first = 0;
                long length = name.equals("state") ? 64 : name.startsWith("cursors") ? 172 : Files.size(file);
                if (name.startsWith("segments")) {
                    // Chronicle's own documents before it, and zeros to the page's end behind it, are read by nobody
                    byte[] bytes = Files.readAllBytes(file);
                    first = firstFrame(bytes);
                    length = lastUsed(bytes);
                }
                long at = random.nextLong(first, length);
                flip(file, at);
                List<Report.Finding> wrong;
                try {
                    Report report = LogTools.at(directory).verify(true);
                    wrong = report.findings(Report.Severity.IMPERFECTION);
                } catch (EventLogException refused) {
                    // a header that names another log or version
                    assertThat(refused.getMessage())
                            .as("%s at %d, %s", name, at, seed)
                            .contains(name);
                    continue;
                }
                assertThat(wrong).as("%s at %d, %s", name, at, seed).isNotEmpty();
                assertThat(wrong.get(0).file())
                        .as("%s at %d, %s", name, at, seed)
                        .isEqualTo(file);
            }
        }
    }

    /** Offset of the document header before the first frame. */
    private static int firstFrame(byte[] bytes) {
        int magic = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("EVLF");
        assertThat(magic).isGreaterThan(0);
        return magic - 4;
    }

    private static int lastUsed(byte[] bytes) {
        int last = bytes.length;
        while (bytes[last - 1] == 0) {
            last--;
        }
        return last;
    }

    @Test
    void lossIsReportedWithItsPositionsAndAsJson() throws IOException {
        Files.delete(segment(2));
        Report report = LogTools.at(directory).verify(false);
        assertThat(report.isSound()).isFalse();
        assertThat(report.findings(Report.Severity.DAMAGE)).singleElement().satisfies(finding -> {
            assertThat(finding.file()).isEqualTo(segment(2));
            assertThat(finding.fromPosition()).isEqualTo(EVENTS_PER_SEGMENT);
            assertThat(finding.toPosition()).isEqualTo(2 * EVENTS_PER_SEGMENT);
        });
        assertThat(report.toJson())
                .startsWith("{\"directory\":\"")
                .contains("\"sound\":false")
                .contains("\"fromPosition\":40,\"toPosition\":80")
                .endsWith("]}");
    }

    @Test
    void logIsSoundWhileItIsWrittenInThisJvmAndItsLockIsKept() throws Exception {
        Path live = temporary.resolve("live");
        var failure = new AtomicReference<Throwable>();
        var stopping = new AtomicBoolean();
        try (EventLog log = Numbered.open(live, HookedFileOps.quick())) {
            numbered.appendTo(log, 10);
            var writer = new Thread(() -> {
                try {
                    while (!stopping.get() && log.endPosition() < 6000) {
                        numbered.appendTo(log, log.endPosition() + 1);
                    }
                } catch (Throwable e) {
                    failure.set(e);
                }
            });
            writer.start();
            long last = 0;
            for (int round = 0; round < 12; round++) {
                Report report = LogTools.at(live).verify(true);
                assertThat(report.findings(Report.Severity.IMPERFECTION))
                        .as("round %d", round)
                        .isEmpty();
                assertThat(report.endPosition()).isGreaterThanOrEqualTo(last);
                last = report.endPosition();
                Path copy = temporary.resolve("copy-" + round);
                long least = log.endPosition();
                Report copied = LogTools.at(live).copy(copy);
                assertThat(copied.findings(Report.Severity.IMPERFECTION)).isEmpty();
                assertThat(copied.endPosition()).isGreaterThanOrEqualTo(least);
                assertThat(LogTools.at(copy).verify(true).findings()).isEmpty();
                try (EventLog opened = open(copy, EventLogConfig.Recovery.ABSOLUTE)) {
                    assertThat(opened.endPosition()).isEqualTo(copied.endPosition());
                    numbered.assertComplete(opened);
                    numbered.appendTo(opened, opened.endPosition() + 2);
                }
                Directories.delete(copy);
            }
            stopping.set(true);
            writer.join();
            assertThat(failure.get()).isNull();
            assertThatThrownBy(() -> Numbered.open(live, HookedFileOps.quick())).isInstanceOf(LockedException.class);
            try (var child = ChildJvm.start(Locker.class, live)) {
                assertThat(child.await()).as(child.output()).isZero();
                assertThat(child.out()).contains("refused");
            }
        }
    }

    @Test
    void lookInTheWritersJvmFreesNeitherOfItsLocks() throws IOException {
        Path live = temporary.resolve("live");
        EventLog log = Numbered.open(live, HookedFileOps.quick());
        try {
            LogTools.at(live).verify(true);
            LogTools.at(live).copy(temporary.resolve("copy"));
            // the lock on log.meta alone keeps another process out now
            Files.delete(live.resolve("lock"));
            try (var child = ChildJvm.start(Locker.class, live)) {
                assertThat(child.await()).as(child.output()).isZero();
                assertThat(child.out()).contains("refused");
            }
        } finally {
            try {
                log.close();
            } catch (EventLogException lockWasDeleted) {
                assertThat(lockWasDeleted).isNotNull();
            }
        }
    }

    /** Tries to open a log from another process. */
    static final class Locker {
        public static void main(String[] arguments) {
            try (EventLog log = EventLog.open(Path.of(arguments[0]))) {
                System.out.println("opened " + log);
            } catch (LockedException e) {
                System.out.println("refused");
            }
        }
    }

    @Test
    void copyCarriesConsumersAndRefusesATargetThatExists() throws IOException {
        Path copy = temporary.resolve("copy");
        LogTools.at(directory).copy(copy);
        assertThatThrownBy(() -> LogTools.at(directory).copy(copy)).hasMessageContaining("exists");
        assertThatThrownBy(() -> LogTools.at(directory).copy(directory.resolve("inside")))
                .hasMessageContaining("lies in the log");
        try (EventLog log = open(copy, EventLogConfig.Recovery.ABSOLUTE);
                Consumer<ByteBuffer> consumer = log.consumer("billing", Numbered.CODEC)) {
            assertThat(consumer.position()).isEqualTo(EVENTS);
        }
    }

    @Test
    void absoluteOpenRefusesWhateverIsNotPerfectAndListsIt() throws IOException {
        open(directory, EventLogConfig.Recovery.ABSOLUTE).close();
        List<String> files = new ArrayList<>(Directories.hashes(original).keySet());
        files.remove("lock");
        // who owns a consumer: the lock tells, and not what stands there
        files.removeIf(name -> name.startsWith("owners"));
        for (String name : files) {
            restore();
            Path file = directory.resolve(name);
            long at = name.startsWith("segments") ? 450 + random.nextInt(1000) : 12 + random.nextInt(20);
            flip(file, at);
            Map<String, String> before = Directories.hashes(directory);
            assertThatThrownBy(() -> open(directory, EventLogConfig.Recovery.ABSOLUTE))
                    .as("%s at %d, %s", name, at, seed)
                    .isInstanceOf(EventLogException.class)
                    .hasMessageContaining(file.getFileName().toString());
            before.remove("lock");
            Map<String, String> after = Directories.hashes(directory);
            after.remove("lock");
            assertThat(after).isEqualTo(before);
        }
    }

    @Test
    void absoluteOpenRefusesATornEndThatTheDefaultLeavesOut() throws IOException {
        Path killed = temporary.resolve("killed");
        Path copy = temporary.resolve("killed-copy");
        long end;
        try (EventLog log = Numbered.open(killed, HookedFileOps.quick())) {
            numbered.appendTo(log, 20);
            // the first append may have been all of them, and the end is torn only behind something
            numbered.appendTo(log, log.endPosition() + 1);
            Directories.copyLog(killed, copy);
            end = log.endPosition();
        }
        byte[] bytes = Files.readAllBytes(activeFile(copy));
        flip(activeFile(copy), lastUsed(bytes) - 1);
        assertThat(LogTools.at(copy).verify(true).isSound()).isTrue();
        assertThatThrownBy(() -> open(copy, EventLogConfig.Recovery.ABSOLUTE))
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining("torn end of the log")
                .hasMessageContaining("file=" + activeFile(copy));
        try (EventLog log = open(copy, EventLogConfig.Recovery.RECOVER)) {
            assertThat(log.endPosition()).isLessThan(end);
        }
    }

    @Test
    void salvageModeReadsADamagedLogWithoutTouchingIt() throws IOException {
        for (int round = 0; round < 25; round++) {
            restore();
            for (String name : List.of("manifest", "state", "log.meta")) {
                if (random.nextInt(3) == 0) {
                    Files.delete(directory.resolve(name));
                }
            }
            Path victim = segment(1 + random.nextInt(SEGMENTS));
            if (random.nextInt(4) == 0) {
                Files.delete(victim);
            } else {
                for (int i = 0; i < 3; i++) {
                    flip(victim, random.nextLong(Files.size(victim)));
                }
            }
            Map<String, String> before = Directories.hashes(directory);
            EventLog log;
            try {
                log = open(directory, EventLogConfig.Recovery.SALVAGE);
            } catch (CorruptLogException unknownLog) {
                assertThat(unknownLog.getMessage()).contains("log cannot be identified");
                continue;
            }
            try (log) {
                var lost = new TreeSet<Long>();
                var got = new TreeSet<Long>();
                read(log, got, lost);
                assertThat(got.size() + lost.size()).as("%s", seed).isEqualTo((int) log.endPosition());
                assertThat(lost.size()).as("%s", seed).isLessThanOrEqualTo(EVENTS_PER_SEGMENT);
                assertThatThrownBy(() -> log.producer("x", Numbered.CODEC))
                        .isInstanceOf(UnsupportedOperationException.class);
            }
            assertThat(Directories.hashes(directory)).isEqualTo(before);
        }
    }

    private void read(EventLog log, TreeSet<Long> got, TreeSet<Long> lost) {
        var config = ConsumerConfig.named("billing")
                .onDamage(gap -> {
                    for (long position = gap.fromPosition(); position < gap.toPosition(); position++) {
                        lost.add(position);
                    }
                })
                .build();
        try (var consumer = log.consumer(config, Numbered.CODEC)) {
            for (var events = consumer.poll(Duration.ZERO); !events.isEmpty(); events = consumer.poll(Duration.ZERO)) {
                for (Event<ByteBuffer> event : events) {
                    assertThat(numbered.isRight(event)).as("%s", seed).isTrue();
                    got.add(event.position());
                }
                consumer.commit();
            }
        }
    }

    @Test
    void salvageModeNeedsNoLockOfALivingWriter() {
        Path live = temporary.resolve("live");
        try (EventLog log = Numbered.open(live, HookedFileOps.quick())) {
            numbered.appendTo(log, 50);
            try (EventLog salvaged = open(live, EventLogConfig.Recovery.SALVAGE)) {
                assertThat(salvaged.endPosition()).isEqualTo(log.endPosition());
                numbered.assertComplete(salvaged);
            }
            numbered.appendTo(log, 60);
            numbered.assertComplete(log);
        }
    }

    @Test
    void salvagedLogHasEveryIntactEventWithAllThatBelongsToIt() throws IOException {
        Path rich = temporary.resolve("rich");
        Instant then = Instant.parse("2020-01-02T03:04:05Z");
        try (EventLog log = Numbered.open(rich, HookedFileOps.quick())) {
            var notes = log.producer("notes", Codec.utf8("Note"));
            for (int i = 0; i < 30; i++) {
                notes.append(NewEvent.of("k" + i, "text " + i)
                        .withId("id-" + i)
                        .withTime(then.plusSeconds(i))
                        .withMetadata(Map.of("trace", "t" + i)));
                log.producer("raw", Codec.bytes("Raw")).append(ByteBuffer.wrap(new byte[] {(byte) i}));
            }
        }
        Path file = rich.resolve("segments/0000000001.segment");
        flip(file, Files.size(file) / 4);
        flip(file, Files.size(file) / 2);
        Path target = temporary.resolve("target");
        Report report = LogTools.at(rich).salvage(target);
        assertThat(report.isSound()).isFalse();
        List<Long> lost = new ArrayList<>();
        for (Report.Finding finding : report.findings(Report.Severity.DAMAGE)) {
            for (long position = finding.fromPosition(); position < finding.toPosition(); position++) {
                lost.add(position);
            }
        }
        assertThat(lost).isNotEmpty().hasSizeLessThanOrEqualTo(2);
        assertThat(report.events()).isEqualTo(60 - lost.size());
        assertThat(LogTools.at(target).verify(true).findings()).isEmpty();
        List<String> expected = new ArrayList<>();
        try (EventLog log = open(rich, EventLogConfig.Recovery.SALVAGE)) {
            for (long position = 0; position < 60; position++) {
                if (!lost.contains(position)) {
                    expected.add(all(log, position));
                }
            }
        }
        try (EventLog log = EventLog.open(target)) {
            assertThat(log.endPosition()).isEqualTo(expected.size());
            for (int position = 0; position < expected.size(); position++) {
                assertThat(all(log, position)).isEqualTo(expected.get(position));
            }
        }
        assertThatThrownBy(() -> LogTools.at(rich).salvage(target)).hasMessageContaining("not empty");
    }

    /** It would make outputs again that are in the new log; who salvages is told where to let it begin. */
    @Test
    void salvageTellsHowFarConsumersHadComeWhoseOutputsAreInTheLog() throws IOException {
        Path outputs = temporary.resolve("outputs");
        String logId;
        long checkpoint;
        try (EventLog from = Numbered.open(temporary.resolve("inputs"), HookedFileOps.quick());
                EventLog to = Numbered.open(outputs, HookedFileOps.quick())) {
            NumberedOutputs.append(from, 0, 20);
            NumberedOutputs.processSome(from, to, 3, 5);
            NumberedOutputs.append(to, 0, 5);
            NumberedOutputs.processSome(to, to, 1, 2);
            checkpoint = NumberedOutputs.checkpoint(from);
            logId = LogTools.at(temporary.resolve("inputs")).verify(false).logId();
        }
        assertThat(checkpoint).isEqualTo(15);
        for (int round = 0; round < 2; round++) {
            Report report = LogTools.at(outputs).salvage(temporary.resolve("salvaged-" + round));
            assertThat(report.isSound()).isTrue();
            assertThat(report.findings())
                    .filteredOn(finding -> finding.what().contains("processing"))
                    .hasSize(2)
                    .anySatisfy(finding -> assertThat(finding.what())
                            .contains("position " + checkpoint)
                            .contains(logId)
                            .contains("seek"))
                    .anySatisfy(finding -> assertThat(finding.what()).contains("given anew"));
            // as a kill leaves it: only frames tell
            Files.deleteIfExists(outputs.resolve("manifest"));
        }
        try (EventLog log = EventLog.open(temporary.resolve("salvaged-0"))) {
            assertThat(log.endPosition()).isPositive();
        }
        assertThat(LogTools.at(temporary.resolve("inputs"))
                        .salvage(temporary.resolve("other"))
                        .findings())
                .isEmpty();
    }

    private static String all(EventLog log, long position) {
        var config =
                ConsumerConfig.unnamed().startAt(StartAt.position(position)).build();
        try (var consumer = log.consumer(config, Codec.bytes())) {
            Event<ByteBuffer> event = consumer.poll(Duration.ZERO).get(0);
            return String.join(
                    "|",
                    event.source(),
                    event.type(),
                    String.valueOf(event.version()),
                    String.valueOf(event.key()),
                    event.id(),
                    event.time().toString(),
                    event.metadata().toString(),
                    event.data().toString() + event.data().hashCode());
        }
    }

    @Test
    void repairMakesAnewWhatIsDerivedAndKeepsTheOriginals() throws IOException {
        for (String name : List.of("manifest", "state", "index/0000000002.index", "log.meta")) {
            restore();
            Path file = directory.resolve(name);
            flip(file, 40);
            byte[] damaged = Files.readAllBytes(file);
            assertThat(LogTools.at(directory).verify(false).isSound()).as(name).isFalse();
            Report report = LogTools.at(directory).repair();
            assertThat(report.isSound()).as("%s: %s", name, report).isTrue();
            assertThat(Files.readAllBytes(directory.resolve("replaced/1").resolve(file.getFileName())))
                    .isEqualTo(damaged);
            try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
                numbered.assertComplete(log);
            }
        }
    }

    @Test
    void repairRefusesWhatItWasNotAskedForAndALogThatIsOpen() throws IOException {
        Files.delete(segment(2));
        Map<String, String> before = Directories.hashes(directory);
        assertThatThrownBy(() -> LogTools.at(directory).repair()).isInstanceOf(CorruptLogException.class);
        before.remove("lock");
        Map<String, String> after = Directories.hashes(directory);
        after.remove("lock");
        assertThat(after).isEqualTo(before);
        Report report = LogTools.at(directory).repair(LogTools.Repair.RECORD_DAMAGE);
        assertThat(report.isSound()).as("%s", report).isTrue();
        assertThat(report.findings(Report.Severity.IMPERFECTION)).isNotEmpty();
        assertThat(directory.resolve("replaced/1/manifest")).exists();
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            assertThat(log.endPosition()).isEqualTo(EVENTS);
            assertThatThrownBy(() -> LogTools.at(directory).repair()).isInstanceOf(LockedException.class);
        }
    }

    @Test
    void checkpointThatIsDamagedInBothSlotsIsResetToTheOldestEventOnlyWhenAsked() throws IOException {
        Path cursor;
        try (var cursors = Files.list(directory.resolve("cursors"))) {
            cursor = cursors.findFirst().orElseThrow();
        }
        flip(cursor, 40);
        flip(cursor, 4096 + 40);
        assertThat(LogTools.at(directory).verify(false).findings(Report.Severity.DAMAGE))
                .singleElement()
                .satisfies(finding -> assertThat(finding.file()).isEqualTo(cursor));
        assertThat(LogTools.at(directory).repair().isSound()).isFalse();
        byte[] damaged = Files.readAllBytes(cursor);
        Report report = LogTools.at(directory).repair(LogTools.Repair.RESET_CHECKPOINTS);
        assertThat(report.isSound()).as("%s", report).isTrue();
        try (var kept = Files.walk(directory.resolve("replaced"))) {
            assertThat(kept.filter(path -> path.endsWith(cursor.getFileName())).toList())
                    .singleElement()
                    .satisfies(path -> assertThat(Files.readAllBytes(path)).isEqualTo(damaged));
        }
        var latest = ConsumerConfig.named("billing").startAt(StartAt.latest()).build();
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                Consumer<ByteBuffer> consumer = log.consumer(latest, Numbered.CODEC)) {
            assertThat(consumer.position()).isZero();
            assertThat(consumer.poll(Duration.ZERO).get(0).position()).isZero();
        }
    }

    @Test
    void dumpEscapesWhatStandsInTheLog() throws IOException {
        Path evil = temporary.resolve("evil");
        String key = "\u001b[31mkey\n\u202e";
        try (EventLog log = Numbered.open(evil, HookedFileOps.quick())) {
            log.producer("source", Codec.utf8("Note"))
                    .append(NewEvent.of(key, "secret").withId("\u0007id").withMetadata(Map.of("\r", "\u009b")));
        }
        var text = new StringBuilder();
        LogTools.at(evil).dump(0, Long.MAX_VALUE, false, text);
        assertThat(text.toString().replace(System.lineSeparator(), ""))
                .matches("[ -~]*")
                .contains("\\u001B[31mkey\\u000A")
                .contains("type=\"Note\"/1 source=\"source\"")
                .contains("payload=6 bytes")
                .doesNotContain("736563726574");
        text.setLength(0);
        LogTools.at(evil).dump(0, 1, true, text);
        assertThat(text).contains("736563726574");
        text.setLength(0);
        LogTools.at(directory).dump(50, 53, false, text);
        assertThat(text.toString().split("event position=")).hasSize(4);
        assertThat(text).contains("event position=50 ").contains("event position=52 ");
    }

    @Test
    void filesWithNamesThatAreNotOursAreIgnoredAndToldEscaped() throws IOException {
        Files.writeString(directory.resolve("evil\n\u001b[2J"), "x");
        Files.writeString(directory.resolve("cursors/evil\n\u001b[2J.cursor"), "x");
        Report report = LogTools.at(directory).verify(true);
        assertThat(report.isSound()).isTrue();
        assertThat(report.toJson()).matches("[ -~]*").contains("unknown file is ignored");
        assertThat(report.toString().replace(System.lineSeparator(), "")).matches("[ -~]*");
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            assertThat(log.consumers())
                    .singleElement()
                    .satisfies(status -> assertThat(status.name()).isEqualTo("billing"));
        }
    }

    @Test
    void linkInPlaceOfASegmentIsNotFollowed() throws IOException {
        Path aside = temporary.resolve("aside");
        Files.move(segment(2), aside);
        Files.createSymbolicLink(segment(2), aside);
        assertThatThrownBy(() -> LogTools.at(directory).verify(true))
                .hasMessageContaining("not a regular file")
                .hasMessageContaining(segment(2).toString());
        assertThatThrownBy(() -> LogTools.at(directory).copy(temporary.resolve("copy")))
                .hasMessageContaining("not a regular file");
        assertThat(temporary.resolve("copy")).doesNotExist();
    }

    @Test
    void everythingOfACopyIsForItsOwnerOnly() throws IOException {
        Path copy = temporary.resolve("copy");
        LogTools.at(directory).copy(copy);
        try (var files = Files.walk(copy)) {
            for (Path file : files.toList()) {
                assertThat(java.nio.file.attribute.PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .as("%s", file)
                        .isEqualTo(Files.isDirectory(file) ? "rwx------" : "rw-------");
            }
        }
    }

    @Test
    void lengthsThatAreNotTrueTakeNoMemory() throws IOException {
        Path file = segment(2);
        try (var open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(160L << 20);
            for (int at : new int[] {400, 2000, 4096}) {
                open.seek(at);
                // a document of 128 MiB
                open.write(new byte[] {0, 0, 0, 8});
            }
        }
        List<String> flags = List.of("-Xmx24m", "-XX:MaxDirectMemorySize=8m");
        for (String tool : List.of("verify", "dump")) {
            List<String> arguments = tool.equals("verify") ? List.of("--full") : List.of("--hex");
            try (var child = ChildJvm.start(
                    List.of(), flags, dev.eventlog.tools.Main.class, tool, arguments.get(0), directory)) {
                assertThat(child.await()).as(child.output()).isEqualTo(1);
                assertThat(child.out()).contains("DAMAGE: ").contains("offset=");
            }
        }
    }
}
