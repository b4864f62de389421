package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventLogConfig.WhenFull;
import dev.eventlog.StartAt;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.journal.ReadJournal;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Required consumers on disk: what they have not committed outlives retention, restarts, kills and power cuts, also where they
 * belong to another process; and a log at its limit stays there. {@code -Deventlog.kill.rounds=} sets the number of kills.
 */
@Timeout(300)
class RequiredTest {

    private static final int ROUNDS = Integer.getInteger("eventlog.kill.rounds", 4);
    private static final long SEGMENT = 1 << 20;
    private static final long LIMIT = 4 * SEGMENT;
    private static final int SLOT_CHECKSUM = 168;

    private final Seed seed = Seed.of(RequiredTest.class);
    private final Numbered numbered = new Numbered(seed.value(), 30_000);

    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("log");
    }

    private static EventLog open(EventLogConfig.Builder config, FileOps files) {
        return LocalEventLog.open(config.build(), files, Clock.system());
    }

    private static EventLog open(EventLogConfig.Builder config) {
        return open(config, HookedFileOps.quick());
    }

    private EventLogConfig.Builder pruning() {
        return Numbered.config(directory()).retainBytes(SEGMENT);
    }

    private EventLogConfig.Builder limited(WhenFull whenFull) {
        return Numbered.config(directory()).limit(LIMIT, whenFull);
    }

    private EventLog openReading() {
        return EventLog.open(EventLogConfig.at(directory()).readOnly().build());
    }

    private static ConsumerConfig required(StartAt where) {
        return ConsumerConfig.named("r").required().startAt(where).build();
    }

    private void appendSegments(EventLog log, int count) {
        long length = 0;
        while (length < count * SEGMENT) {
            var batch = numbered.batch(log.endPosition());
            log.producer("numbered", Numbered.CODEC).appendAll(batch);
            length += batch.stream()
                    .mapToInt(event -> event.data().remaining() + 64)
                    .sum();
        }
    }

    /** Waits for the file work that was asked for before, pruning among it. */
    private static void awaitFileWork(EventLog log) {
        assertThat(log.consumers()).isNotNull();
    }

    /** Polls and commits to the end; returns the position behind the last. */
    private long drain(Consumer<ByteBuffer> consumer, long from) {
        long expected = from;
        while (true) {
            var batch = consumer.poll(Duration.ZERO);
            for (Event<ByteBuffer> event : batch) {
                assertThat(event.position()).isEqualTo(expected++);
                assertThat(numbered.isRight(event)).isTrue();
            }
            if (batch.isEmpty()) {
                return expected;
            }
            consumer.commit();
        }
    }

    /** Bytes that the log takes. */
    private static long length(EventLog log) {
        try (var consumer = log.consumer(ConsumerConfig.unnamed().build(), Numbered.CODEC)) {
            return consumer.status().lagBytes();
        }
    }

    @Test
    void aConsumerStaysRequiredOverRestartsUntilItIsForgotten() {
        try (EventLog log = open(Numbered.config(directory()))) {
            log.consumer(required(StartAt.earliest()), Numbered.CODEC).close();
            appendSegments(log, 4);
        }
        for (int i = 0; i < 3; i++) {
            try (EventLog log = open(pruning())) {
                // whoever opens it without the option does not lose it what it needs
                log.consumer("r", Numbered.CODEC).close();
                appendSegments(log, 1);
                awaitFileWork(log);
                assertThat(log.firstPosition()).isZero();
            }
        }
        try (EventLog log = open(pruning())) {
            try (Consumer<ByteBuffer> consumer = log.consumer("r", Numbered.CODEC)) {
                assertThat(drain(consumer, 0)).isEqualTo(log.endPosition());
            }
            appendSegments(log, 2);
            awaitFileWork(log);
            assertThat(log.firstPosition()).isPositive();
            long first = log.firstPosition();
            log.forget("r");
            log.consumer("r", Numbered.CODEC).close();
            appendSegments(log, 4);
            awaitFileWork(log);
            assertThat(log.firstPosition()).isGreaterThan(first);
            assertThat(log.consumers().get(0).checkpoint()).isLessThan(log.firstPosition());
        }
    }

    @Test
    void aConsumerOfAReadingProcessIsHonoured() {
        try (EventLog writing = open(pruning())) {
            appendSegments(writing, 3);
            awaitFileWork(writing);
            long start;
            try (EventLog reading = openReading();
                    Consumer<ByteBuffer> consumer = reading.consumer(required(StartAt.earliest()), Numbered.CODEC)) {
                start = consumer.position();
                assertThat(start).isPositive();
                appendSegments(writing, 3);
                awaitFileWork(writing);
                assertThat(writing.firstPosition()).isEqualTo(start);
            }
            appendSegments(writing, 3);
            awaitFileWork(writing);
            assertThat(writing.firstPosition()).isEqualTo(start);
            try (EventLog reading = openReading();
                    Consumer<ByteBuffer> consumer = reading.consumer("r", Numbered.CODEC)) {
                assertThat(drain(consumer, start)).isEqualTo(writing.endPosition());
                appendSegments(writing, 2);
                awaitFileWork(writing);
                assertThat(writing.firstPosition()).isGreaterThan(start);
            }
        }
    }

    @Test
    void aConsumerThatBeginsInAReadingProcessWhileItIsPrunedMissesNothing() {
        var reading = new AtomicReference<EventLog>();
        var opened = new AtomicReference<Consumer<ByteBuffer>>();
        var opening = new AtomicReference<Thread>();
        var isArmed = new AtomicBoolean();
        // the pruning is announced and those who need events have been asked: the moment at which a mark comes too late
        var files = new HookedFileOps((op, path) -> {
            if (isArmed.get() && op == HookedFileOps.Op.DELETE && path.endsWith("index/0000000001.index")) {
                isArmed.set(false);
                var thread = new Thread(
                        () -> opened.set(reading.get().consumer(required(StartAt.earliest()), Numbered.CODEC)));
                opening.set(thread);
                thread.start();
                until(() -> isWaitingForPruning(thread));
            }
        });
        try (EventLog writing = open(Numbered.config(directory()).retainBytes(2 * SEGMENT), files.withoutForce());
                EventLog other = openReadingOnceThereIsALog(writing)) {
            reading.set(other);
            isArmed.set(true);
            appendSegments(writing, 4);
            awaitFileWork(writing);
            until(() -> opened.get() != null);
            long start = opened.get().position();
            assertThat(start).isPositive().isEqualTo(writing.firstPosition());
            appendSegments(writing, 4);
            awaitFileWork(writing);
            assertThat(writing.firstPosition()).isEqualTo(start);
            assertThat(drain(opened.get(), start)).isEqualTo(writing.endPosition());
        }
    }

    private EventLog openReadingOnceThereIsALog(EventLog writing) {
        assertThat(writing.endPosition()).isZero();
        return openReading();
    }

    private static boolean isWaitingForPruning(Thread thread) {
        for (StackTraceElement frame : thread.getStackTrace()) {
            if (frame.getMethodName().equals("awaitPruning")) {
                return true;
            }
        }
        return !thread.isAlive();
    }

    @SuppressWarnings("ThreadPriorityCheck") // yielding is waiting without a sleep
    private static void until(java.util.function.BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).isNegative();
            Thread.yield();
        }
    }

    /** What was pruned must be below what the consumer is set back to, whichever of its commits reached the disk. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPowerCutSetsNobodyBackBehindWhatWasPruned(boolean isListOpen) throws IOException {
        var forced = new AtomicReference<byte[]>();
        var cursor = new AtomicReference<Path>();
        var files = new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.FORCE && path.toString().contains("/cursors/")) {
                cursor.set(path);
                forced.set(Files.readAllBytes(path));
            }
        });
        SplittableRandom random = seed.random();
        try (EventLog log = open(pruning(), files.withoutForce())) {
            Consumer<ByteBuffer> consumer = log.consumer(required(StartAt.earliest()), Numbered.CODEC);
            if (isListOpen) {
                // then pruning asks the cursor, and reads no file
                var unused = log.consumer(ConsumerConfig.parkedBy("r").build(), Numbered.CODEC);
            }
            for (int i = 0; i < 40; i++) {
                appendSegments(log, 1);
                int polls = random.nextInt(6);
                for (int p = 0; p < polls; p++) {
                    consumer.poll(Duration.ZERO);
                    consumer.commit();
                }
                if (random.nextInt(8) == 0) {
                    consumer.close();
                    consumer = log.consumer("r", Numbered.CODEC);
                }
                awaitFileWork(log);
                long first = log.firstPosition();
                if (first > 0) {
                    for (int torn : new int[] {-1, 0, 1}) {
                        // a force amid a commit leaves one slot that does not hold, and a cut perhaps none: that is
                        // told
                        long checkpoint = checkpointAfter(forced.get(), torn);
                        if (torn < 0 || checkpoint != -1 || holds(forced.get(), 1 - torn)) {
                            assertThat(checkpoint).as("%s", seed).isGreaterThanOrEqualTo(first);
                        }
                    }
                }
            }
            assertThat(log.firstPosition()).isPositive();
            consumer.close();
        }
        assertThat(cursor.get()).isNotNull();
    }

    /** The checkpoint in a file one of whose slots a cut left in pieces; -1: none. */
    private static long checkpointAfter(byte[] file, int torn) {
        long newest = -1;
        long checkpoint = -1;
        ByteBuffer bytes = ByteBuffer.wrap(file).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        for (int slot = 0; slot < 2; slot++) {
            if (slot != torn && holds(file, slot) && bytes.getLong(slot * 4096 + 32) > newest) {
                newest = bytes.getLong(slot * 4096 + 32);
                checkpoint = bytes.getLong(slot * 4096 + 40);
            }
        }
        return checkpoint;
    }

    /** Whether a slot has its checksum, and so is no commit that was half done. */
    private static boolean holds(byte[] file, int slot) {
        var crc = new CRC32C();
        crc.update(file, slot * 4096 + 32, SLOT_CHECKSUM - 32);
        ByteBuffer bytes = ByteBuffer.wrap(file).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        return bytes.getInt(slot * 4096 + SLOT_CHECKSUM) == (int) crc.getValue();
    }

    @Test
    void aCopyHasWhatItsRequiredConsumersNeed() throws IOException {
        Path copy = temporary.resolve("copy");
        var isArmed = new AtomicBoolean(true);
        try (EventLog log = open(pruning());
                Consumer<ByteBuffer> consumer = log.consumer(required(StartAt.earliest()), Numbered.CODEC)) {
            appendSegments(log, 4);
            // the checkpoint is copied, and no segment is
            var files = new HookedFileOps((op, path) -> {
                boolean isBetween = op == HookedFileOps.Op.FORCE_DIRECTORY && path.endsWith("cursors");
                if (isBetween && isArmed.getAndSet(false)) {
                    drain(consumer, 0);
                    appendSegments(log, 2);
                    awaitFileWork(log);
                    assertThat(log.firstPosition()).isPositive();
                }
            });
            ReadJournal.copy(directory(), copy, read -> {}, Cursors::traces, files.withoutForce());
        }
        assertThat(isArmed).isFalse();
        try (EventLog copied = open(Numbered.config(copy));
                Consumer<ByteBuffer> consumer = copied.consumer("r", Numbered.CODEC)) {
            long start = consumer.position();
            assertThat(start).isGreaterThanOrEqualTo(copied.firstPosition());
            assertThat(drain(consumer, start)).isEqualTo(copied.endPosition());
        }
    }

    @Test
    void aDamagedCheckpointKeepsEverything() throws IOException {
        try (EventLog log = open(Numbered.config(directory()))) {
            log.consumer(required(StartAt.earliest()), Numbered.CODEC).close();
            appendSegments(log, 3);
        }
        Path file;
        try (var cursors = Files.list(directory().resolve("cursors"))) {
            file = cursors.findFirst().orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(file);
        // one slot: the other one says it too
        bytes[100] ^= 1;
        Files.write(file, bytes);
        try (EventLog log = open(pruning())) {
            appendSegments(log, 3);
            awaitFileWork(log);
            assertThat(log.firstPosition()).isZero();
        }
        bytes[4096 + 100] ^= 1;
        Files.write(file, bytes);
        try (EventLog log = open(pruning())) {
            appendSegments(log, 3);
            awaitFileWork(log);
            assertThat(log.firstPosition()).isZero();
        }
    }

    @Test
    void aFullLogStaysAtItsLimitOverRestartsAndKills() throws IOException {
        long end = -1;
        for (int i = 0; i < 8; i++) {
            Path copy = temporary.resolve("copy-" + i);
            try (EventLog log = open(limited(WhenFull.FAIL))) {
                if (i == 0) {
                    log.consumer(required(StartAt.earliest()), Numbered.CODEC).close();
                }
                // what was too little for a segment that goes on may be found by one that begins
                assertThatThrownBy(() -> appendSegments(log, 8)).isInstanceOf(StorageFullException.class);
                assertThat(length(log)).isBetween(LIMIT - SEGMENT, LIMIT);
                end = log.endPosition();
                Directories.copyLog(directory(), copy);
            }
            try (EventLog log = open(Numbered.config(copy).limit(LIMIT, WhenFull.FAIL))) {
                numbered.assertComplete(log);
                assertThat(log.firstPosition()).isZero();
                assertThat(log.endPosition()).isEqualTo(end);
            }
        }
        try (EventLog log = open(limited(WhenFull.FAIL))) {
            numbered.assertComplete(log);
            try (Consumer<ByteBuffer> consumer = log.consumer("r", Numbered.CODEC)) {
                assertThat(drain(consumer, 0)).isEqualTo(end);
            }
            appendSegments(log, 1);
            numbered.assertComplete(log);
        }
    }

    @Test
    void aSmallerLimitThanTheLogTakesStopsAppendsUntilThereIsRoom() {
        try (EventLog log = open(Numbered.config(directory()))) {
            appendSegments(log, 7);
        }
        try (EventLog log = open(limited(WhenFull.FAIL))) {
            assertThatThrownBy(() -> appendSegments(log, 1))
                    .isInstanceOf(StorageFullException.class)
                    .hasMessageContaining("no consumer is required");
            numbered.assertComplete(log);
            assertThat(log.firstPosition()).isZero();
            try (Consumer<ByteBuffer> consumer = log.consumer(required(StartAt.earliest()), Numbered.CODEC)) {
                drain(consumer, 0);
                appendSegments(log, 1);
                drain(consumer, consumer.position());
            }
        }
        try (EventLog log = open(limited(WhenFull.DROP_OLDEST))) {
            log.forget("r");
            appendSegments(log, 8);
            numbered.assertComplete(log);
        }
    }

    /** The process that is killed appends to a log at its limit, and hands each event to two required consumers. */
    @Test
    @Timeout(3600)
    void killedAppenderAndConsumerMissNothing() throws IOException {
        SplittableRandom random = seed.random();
        Path reached = temporary.resolve("reached");
        long before = 0;
        for (int round = 1; round <= ROUNDS; round++) {
            try (var child = ChildJvm.start(RequiredChild.class, directory(), reached, seed.value())) {
                child.awaitLine("open");
                long wanted = before + 100 + random.nextInt(1_500);
                until(() -> !child.process().isAlive() || reached(reached) > wanted);
                LockSupport.parkNanos(random.nextLong(20_000_000));
                assertThat(child.process().isAlive())
                        .as("child ended, %s: %s", seed, child.output())
                        .isTrue();
                child.kill();
            }
            before = reached(reached);
            try (EventLog log = open(Numbered.config(directory()))) {
                numbered.assertComplete(log);
                for (var status : log.consumers()) {
                    assertThat(status.checkpoint())
                            .as("%s, round %d, %s", status.name(), round, seed)
                            .isGreaterThanOrEqualTo(log.firstPosition());
                }
                assertThat(log.consumers()).hasSize(2);
                assertThat(length(log)).isLessThanOrEqualTo(LIMIT);
            }
        }
        try (EventLog log = open(Numbered.config(directory()))) {
            assertThat(log.firstPosition()).as("something was pruned, %s", seed).isPositive();
        }
    }

    private static long reached(Path file) {
        try {
            byte[] bytes = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
            return bytes.length < Long.BYTES ? 0 : ByteBuffer.wrap(bytes).getLong();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
