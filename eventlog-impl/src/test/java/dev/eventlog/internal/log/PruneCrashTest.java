package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.MemoryDirectory;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Pruning that is cut short at any file operation, and logs that lost what tells what was pruned: what must be kept is
 * there, what was recorded as pruned goes, and lost segments are never taken for pruned ones as long as anything tells.
 * {@code -Deventlog.prune.appends=} sets how long each run is.
 */
@Timeout(600)
class PruneCrashTest {

    private static final long KEPT = 3L << 20;
    private static final int APPENDS = Integer.getInteger("eventlog.prune.appends", 9);

    private final Seed seed = Seed.of(PruneCrashTest.class);
    private final Numbered numbered = new Numbered(seed.value(), 60_000);
    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong first = new AtomicLong();
    private long copies;
    private Throwable failure;

    @TempDir(factory = MemoryDirectory.class)
    private Path temporary;

    private static EventLogConfig.Builder pruning(Path directory) {
        return Numbered.config(directory).retainBytes(KEPT);
    }

    private static EventLog open(EventLogConfig.Builder config) {
        return LocalEventLog.open(config.build(), HookedFileOps.quick(), Clock.system());
    }

    private static EventLog open(Path directory) {
        return open(Numbered.config(directory));
    }

    private void appendBytes(EventLog log, long count) {
        long length = 0;
        while (length < count) {
            var batch = numbered.batch(log.endPosition());
            acknowledged.set(log.producer("numbered", Numbered.CODEC).appendAll(batch) + 1);
            length += batch.stream()
                    .mapToInt(event -> event.data().remaining() + 64)
                    .sum();
        }
    }

    private static long length(EventLog log) {
        try (var consumer = log.consumer(dev.eventlog.ConsumerConfig.unnamed().build(), Numbered.CODEC)) {
            return consumer.status().lagBytes();
        }
    }

    private interface Verifying {
        /** What was so before the copy was begun. */
        void verify(Path copy, long leastFirst, long leastEnd) throws IOException;
    }

    /** Copies the directory as a crash at this moment would leave it. */
    private void crash(Path directory, String where, Verifying verifying) {
        if (failure != null) {
            return;
        }
        Path copy = temporary.resolve("copy-" + copies++);
        long leastFirst = first.get();
        long leastEnd = acknowledged.get();
        try {
            Directories.copyLog(directory, copy);
            verifying.verify(copy, leastFirst, leastEnd);
        } catch (Throwable e) {
            failure = new AssertionError("copy " + copy + " before " + where + ", " + seed, e);
            return;
        }
        Directories.delete(copy);
    }

    private void throwFailure() {
        if (failure != null) {
            throw new AssertionError(seed.toString(), failure);
        }
    }

    private static boolean isOfPruning(HookedFileOps.Op op, Path path) {
        String name = path.toString();
        return name.contains("manifest")
                || ((op == HookedFileOps.Op.DELETE || op == HookedFileOps.Op.TRUNCATE || op == HookedFileOps.Op.OPEN)
                        && (name.contains("/segments/") || name.contains("/index/")));
    }

    /** Appends and prunes; before each file operation that can be of a pruning the directory is looked at. */
    private void runAndCrash(Verifying verifying) {
        Path directory = temporary.resolve("log");
        var files = new HookedFileOps((op, path) -> {
            if (isOfPruning(op, path) && Files.exists(directory)) {
                crash(directory, op + " " + path, verifying);
            }
        });
        for (int opens = 0; opens < 2; opens++) {
            try (EventLog log = LocalEventLog.open(pruning(directory).build(), files.withoutForce(), Clock.system())) {
                for (int i = 0; i < APPENDS; i++) {
                    appendBytes(log, 700_000);
                    first.set(log.firstPosition());
                }
            }
            throwFailure();
        }
        assertThat(first.get()).isPositive();
        assertThat(copies).isGreaterThan(50);
    }

    /** All that was not pruned is there, and of that at least as much as is to be kept. */
    private void verify(EventLog log, long leastFirst, long leastEnd) {
        assertThat(log.firstPosition()).isGreaterThanOrEqualTo(leastFirst);
        assertThat(log.endPosition()).isGreaterThanOrEqualTo(leastEnd);
        if (log.firstPosition() > 0) {
            // less the segment that was one too many, and what the index does not tell of the last one
            assertThat(length(log)).isGreaterThan(KEPT - (1 << 20) - (300 << 10));
        }
        numbered.assertComplete(log);
        long end = log.endPosition();
        numbered.appendTo(log, end + 2);
        numbered.assertComplete(log);
    }

    private static void assertNothingIsLeftOver(Path directory, long first) throws IOException {
        try (EventLog log = open(directory)) {
            assertThat(log.firstPosition()).isEqualTo(first);
        }
        try (var segments = Files.list(directory.resolve("segments"));
                var indexes = Files.list(directory.resolve("index"))) {
            long least = segments.mapToLong(PruneCrashTest::number).min().orElse(Long.MAX_VALUE);
            assertThat(indexes.mapToLong(PruneCrashTest::number).allMatch(number -> number >= least))
                    .isTrue();
        }
    }

    private static long number(Path file) {
        return Long.parseLong(file.getFileName().toString().substring(0, 10));
    }

    @Test
    void crashAtEachFileOperationLosesNothingThatIsKept() {
        runAndCrash((copy, leastFirst, leastEnd) -> {
            long found;
            try (EventLog log = open(copy)) {
                found = log.firstPosition();
                verify(log, leastFirst, leastEnd);
            }
            assertNothingIsLeftOver(copy, found);
        });
    }

    @Test
    void crashAtEachFileOperationLosesNothingAlsoWithoutTheManifest() {
        runAndCrash((copy, leastFirst, leastEnd) -> {
            Files.deleteIfExists(copy.resolve("manifest"));
            try (EventLog log = open(copy)) {
                verify(log, 0, leastEnd);
            }
        });
    }

    @Test
    void crashAtEachFileOperationLosesNothingAlsoWithACutManifest() {
        runAndCrash((copy, leastFirst, leastEnd) -> {
            Path manifest = copy.resolve("manifest");
            if (Files.exists(manifest)) {
                byte[] bytes = Files.readAllBytes(manifest);
                int length = (int) (32 + (copies * 7919) % (bytes.length - 31));
                Files.write(manifest, Arrays.copyOf(bytes, length));
            }
            try (EventLog log = open(copy)) {
                verify(log, 0, leastEnd);
            }
        });
    }

    @Test
    void crashAtEachFileOperationLosesNothingAlsoInAnotherBoot() {
        runAndCrash((copy, leastFirst, leastEnd) -> {
            var otherBoot = HookedFileOps.quick().withBootId(new UUID(7, copies));
            try (EventLog log = LocalEventLog.open(pruning(copy).build(), otherBoot, Clock.system())) {
                // what was not forced may be gone: here it is not
                verify(log, leastFirst, log.endPosition());
            }
        });
    }

    @Test
    void crashOfARecoveryThatFinishesThePruningLosesNothing() {
        var sampled = new AtomicLong(seed.value() & 31);
        runAndCrash((copy, leastFirst, leastEnd) -> {
            if (sampled.incrementAndGet() % 32 != 0) {
                return;
            }
            var files = new HookedFileOps((op, path) -> {
                Path second = temporary.resolve("second-" + copies++);
                Directories.copyLog(copy, second);
                try (EventLog log = open(second)) {
                    verify(log, leastFirst, leastEnd);
                }
                Directories.delete(second);
            });
            LocalEventLog.open(Numbered.config(copy).build(), files.withoutForce(), Clock.system())
                    .close();
        });
    }

    /** A log of which half was pruned. */
    private Path prunedLog() {
        Path directory = temporary.resolve("pruned");
        Path copy = temporary.resolve("case-" + copies++);
        if (!Files.exists(directory)) {
            try (EventLog log = open(pruning(directory))) {
                appendBytes(log, 6 << 20);
                log.consumers();
                first.set(log.firstPosition());
            }
            assertThat(first.get()).isPositive();
        }
        Directories.copyLog(directory, copy);
        return copy;
    }

    private static Path oldestSegment(Path directory) throws IOException {
        try (var segments = Files.list(directory.resolve("segments"))) {
            return segments.min(Path::compareTo).orElseThrow();
        }
    }

    private static void damage(Path file, int at) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[at] ^= 0x10;
        Files.write(file, bytes);
    }

    @Test
    void whereItBeginsIsKnownWithoutTheManifestOrWithoutTheState() throws IOException {
        for (String lost : List.of("manifest", "state")) {
            Path directory = prunedLog();
            Files.delete(directory.resolve(lost));
            for (int i = 0; i < 2; i++) {
                try (EventLog log = open(directory)) {
                    assertThat(log.firstPosition()).isEqualTo(first.get());
                    numbered.assertComplete(log);
                }
            }
        }
    }

    @Test
    void lostOldestSegmentIsCorruptionAsLongAsAnythingTells() throws IOException {
        for (String lost : List.of("nothing", "manifest", "state")) {
            for (EventLogConfig.Builder config : List.of(Numbered.config(prunedLog()), pruning(prunedLog()))) {
                Path directory = config.build().directory();
                Files.deleteIfExists(directory.resolve(lost));
                Path oldest = oldestSegment(directory);
                Files.delete(oldest);
                assertThatThrownBy(() -> open(config))
                        .as("without %s", lost)
                        .isInstanceOf(CorruptLogException.class)
                        .hasMessageContaining("segment is missing")
                        .hasMessageContaining("positions=" + (lost.equals("manifest") ? 0 : first.get()) + "..");
            }
        }
    }

    @Test
    void lostOldestSegmentOfALogThatWasNeverPrunedIsCorruption() throws IOException {
        Path original = temporary.resolve("whole");
        try (EventLog log = open(original)) {
            appendBytes(log, 4 << 20);
        }
        for (List<String> lost : List.of(List.<String>of(), List.of("manifest"), List.of("state"))) {
            Path directory = temporary.resolve("whole-" + copies++);
            Directories.copyLog(original, directory);
            for (String name : lost) {
                Files.delete(directory.resolve(name));
            }
            Files.delete(oldestSegment(directory));
            assertThatThrownBy(() -> open(pruning(directory)))
                    .as("without %s", lost)
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining("segment is missing");
        }
    }

    @Test
    void withoutManifestAndStateTheRuleOfTheOpenDecides() throws IOException {
        for (boolean isDamaged : new boolean[] {false, true}) {
            Path directory = prunedLog();
            if (isDamaged) {
                damage(directory.resolve("manifest"), 40);
                damage(directory.resolve("state"), 80);
            } else {
                Files.delete(directory.resolve("manifest"));
                Files.delete(directory.resolve("state"));
            }
            assertThatThrownBy(() -> open(directory))
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining("segment is missing or was pruned")
                    .hasMessageContaining("retainBytes");
            long kept;
            try (EventLog log = open(pruning(directory))) {
                numbered.assertComplete(log);
                kept = log.firstPosition();
            }
            // the open may have begun to prune by itself
            assertThat(kept).isGreaterThanOrEqualTo(first.get());
            try (EventLog log = open(directory)) {
                assertThat(log.firstPosition()).isGreaterThanOrEqualTo(kept);
                numbered.assertComplete(log);
            }
        }
    }

    @Test
    void aSegmentThatBeganWhenNothingWasKeptProvesTheBeginning() throws IOException {
        Path directory = temporary.resolve("log");
        long begin;
        try (EventLog log = open(directory)) {
            appendBytes(log, 3 << 20);
            begin = log.endPosition();
        }
        open(Numbered.config(directory).retainBytes(1)).close();
        try (EventLog log = open(directory)) {
            appendBytes(log, 3 << 20);
        }
        Files.delete(directory.resolve("manifest"));
        Files.delete(directory.resolve("state"));
        try (EventLog log = open(directory)) {
            assertThat(log.firstPosition()).isEqualTo(begin);
            numbered.assertComplete(log);
        }
    }

    @Test
    void aLogOfWhichAllWasPrunedIsKnownWithoutTheManifest() throws IOException {
        Path directory = temporary.resolve("log");
        long end;
        try (EventLog log = open(directory)) {
            appendBytes(log, 3 << 20);
            end = log.endPosition();
        }
        open(Numbered.config(directory).retainBytes(1)).close();
        Files.delete(directory.resolve("manifest"));
        try (EventLog log = open(directory)) {
            assertThat(log.firstPosition()).isEqualTo(end);
            assertThat(log.endPosition()).isEqualTo(end);
            numbered.appendTo(log, end + 3);
            numbered.assertComplete(log);
        }
    }

    @Test
    void namesThatAPowerCutBringsBackAreDeleted() throws IOException {
        Path directory = prunedLog();
        byte[] bytes = Files.readAllBytes(oldestSegment(directory));
        for (byte[] contents : List.of(bytes, new byte[0], new byte[4096])) {
            Path segment = directory.resolve("segments/0000000001.segment");
            Path index = directory.resolve("index/0000000001.index");
            Path active = directory.resolve("active/0000000001");
            Files.write(segment, contents);
            Files.write(index, contents);
            Files.createDirectories(active);
            Files.write(active.resolve("19700102E.cq4"), contents);
            try (EventLog log = open(directory)) {
                assertThat(log.firstPosition()).isEqualTo(first.get());
                numbered.assertComplete(log);
            }
            assertThat(segment).doesNotExist();
            assertThat(index).doesNotExist();
            assertThat(active).doesNotExist();
            assertThat(directory.resolve("torn")).doesNotExist();
        }
    }

    @Test
    void lostLogMetaOfAPrunedLogIsMadeAnew() throws IOException {
        Path directory = prunedLog();
        Files.delete(directory.resolve("log.meta"));
        try (EventLog log = open(directory)) {
            assertThat(log.firstPosition()).isEqualTo(first.get());
            numbered.assertComplete(log);
        }
    }

    @Test
    void aFullDiskThatCannotTakeTheRecordHoldsThePruningUpOnly() {
        Path directory = temporary.resolve("log");
        try (EventLog log = open(directory)) {
            appendBytes(log, 2 << 20);
        }
        var isFull = new AtomicBoolean(true);
        var isPruning = new AtomicBoolean();
        var refused = new AtomicLong();
        var files = new HookedFileOps((op, path) -> {
            // a pruning begins with the index; the manifest is written for other reasons too
            if (op == HookedFileOps.Op.DELETE && path.toString().contains("/index/")) {
                isPruning.set(true);
            }
            if (isFull.get()
                    && op == HookedFileOps.Op.WRITE
                    && path.endsWith("manifest")
                    && isPruning.getAndSet(false)) {
                refused.incrementAndGet();
                throw new IOException("No space left on device");
            }
        });
        try (EventLog log = LocalEventLog.open(pruning(directory).build(), files.withoutForce(), Clock.system())) {
            appendBytes(log, 4 << 20);
            log.consumers();
            assertThat(refused.get()).isPositive();
            assertThat(log.firstPosition()).isZero();
            numbered.assertComplete(log);
            isFull.set(false);
            appendBytes(log, 2 << 20);
            log.consumers();
            assertThat(log.firstPosition()).isPositive();
            numbered.assertComplete(log);
        }
    }

    @Test
    void segmentThatCannotBeDeletedIsDeletedByTheNextOpen() throws IOException {
        Path directory = temporary.resolve("log");
        var files = new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.DELETE && path.toString().contains("/segments/")) {
                throw new IOException("not permitted");
            }
        });
        long begin;
        try (EventLog log = LocalEventLog.open(pruning(directory).build(), files.withoutForce(), Clock.system())) {
            appendBytes(log, 6 << 20);
            log.consumers();
            begin = log.firstPosition();
            assertThat(begin).isPositive();
            numbered.assertComplete(log);
        }
        assertThat(number(oldestSegment(directory))).isEqualTo(1);
        try (EventLog log = open(directory)) {
            assertThat(log.firstPosition()).isEqualTo(begin);
            numbered.assertComplete(log);
        }
        assertThat(number(oldestSegment(directory))).isGreaterThan(1);
    }

    @Test
    void aFailedForceOfTheRecordStopsTheLogAndLosesNothing() {
        Path directory = temporary.resolve("log");
        try (EventLog log = open(directory)) {
            appendBytes(log, 2 << 20);
        }
        var failing = new AtomicBoolean();
        var pruned = new AtomicBoolean();
        var files = new HookedFileOps((op, path) -> {
            pruned.compareAndSet(
                    false, op == HookedFileOps.Op.DELETE && path.toString().contains("/index/"));
            if (failing.get() && pruned.get() && op == HookedFileOps.Op.FORCE && path.endsWith("manifest")) {
                throw new IOException("Input/output error");
            }
        });
        EventLog log = LocalEventLog.open(pruning(directory).build(), files.withoutForce(), Clock.system());
        failing.set(true);
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 100; i++) {
                        appendBytes(log, 300_000);
                        log.consumers();
                    }
                })
                .isInstanceOf(LogFailedException.class);
        assertThat(log.firstPosition()).isZero();
        try {
            log.close();
        } catch (LogFailedException expected) {
            assertThat(expected).hasMessageContaining("power cut");
        }
        try (EventLog again = open(directory)) {
            numbered.assertComplete(again);
            assertThat(again.endPosition()).isGreaterThanOrEqualTo(acknowledged.get());
        }
    }
}
