package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.Subscription;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.MemoryDirectory;
import dev.eventlog.internal.support.Seed;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process crash leaves the files as they are at that instant. So before every file operation of a run with three rolls
 * the directory is copied, and the copy is opened: it must have each acknowledged event and take new ones. The same again
 * one level deeper: before operations of that recovery the copy is copied, and opened; so for one of as many recoveries as
 * {@code -Deventlog.crash.sample=} says.
 */
@Timeout(600)
class CrashCopyTest {

    private static final int ROLLS = 3;
    private final Seed seed = Seed.of(CrashCopyTest.class);
    private final Numbered numbered = new Numbered(seed.value(), 64 << 10);
    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong handled = new AtomicLong();
    private long copies;
    // of so many recoveries one is crashed at each of its own steps
    private int sample = Integer.getInteger("eventlog.crash.sample", 120);
    private long steps;
    private Throwable failure;

    @TempDir(factory = MemoryDirectory.class)
    private Path temporary;

    @Test
    void crashAtEachFileOperationLosesNothing() {
        runAndCrash(false);
        assertThat(copies).isGreaterThan(100);
    }

    @Test
    void crashOfARecoveryLosesNothing() {
        runAndCrash(true);
        assertThat(copies).isGreaterThan(10);
    }

    private void runAndCrash(boolean recoveriesToo) {
        Path directory = temporary.resolve("log");
        var files = new HookedFileOps((op, path) -> crash(directory, op + " " + path, recoveriesToo));
        for (int opens = 0; opens < 2; opens++) {
            try (EventLog log = Numbered.open(directory, files.withoutForce());
                    Consumer<ByteBuffer> consumer = log.consumer("consumer", Numbered.CODEC)) {
                var producer = log.producer("numbered", Numbered.CODEC);
                long length = 0;
                // the first open rolls; the second one meets what a close has left
                while (length < (opens == 0 ? (long) ROLLS << 20 : 50_000)) {
                    var batch = numbered.batch(log.endPosition());
                    acknowledged.set(producer.appendAll(batch) + 1);
                    length += batch.stream()
                            .mapToInt(event -> event.data().remaining() + 128)
                            .sum();
                    var events = consumer.poll(Duration.ZERO);
                    handled.set(events.get(events.size() - 1).position() + 1);
                    consumer.commit();
                }
            }
            if (failure != null) {
                throw new AssertionError(seed.toString(), failure);
            }
        }
    }

    private void crash(Path directory, String where, boolean recoveryToo) {
        if (failure != null || !Files.exists(directory) || (recoveryToo && (steps++ + seed.value()) % sample != 0)) {
            return;
        }
        long least = acknowledged.get();
        crash(directory, where, copy -> {
            if (recoveryToo) {
                recoverCrashing(copy, least);
            }
            verify(copy, least);
        });
    }

    @Test
    void crashWhileEventsAreParkedAndTakenOffLosesNone() {
        Path directory = temporary.resolve("log");
        Set<Long> done = new ConcurrentSkipListSet<>();
        var crashing = new AtomicBoolean();
        var files = new HookedFileOps((op, path) -> {
            // what segments do is the other tests' subject
            if (crashing.get()
                    && (path.toString().contains("parked") || path.toString().contains("cursors"))) {
                crash(directory, op + " " + path, copy -> verifyParked(copy, done));
            }
        });
        try (EventLog log = Numbered.open(directory, files.withoutForce())) {
            numbered.appendTo(log, 60);
            crashing.set(true);
            var config =
                    ConsumerConfig.named("consumer").attempts(1, Duration.ZERO).build();
            try (Subscription subscription = log.subscribe(config, Numbered.CODEC, event -> {
                if (event.position() % 6 == 0) {
                    throw new IllegalStateException("cannot handle " + event.position());
                }
                done.add(event.position());
            })) {
                assertThat(subscription.awaitCaughtUp(Duration.ofMinutes(5))).isTrue();
            }
            var parked =
                    ConsumerConfig.parkedBy("consumer").pollLimit(3, 1 << 20).build();
            try (Consumer<ByteBuffer> consumer = log.consumer(parked, Numbered.CODEC)) {
                for (var events = consumer.poll(Duration.ZERO);
                        !events.isEmpty();
                        events = consumer.poll(Duration.ZERO)) {
                    events.forEach(event -> done.add(event.position()));
                    consumer.commit();
                }
            }
            assertThat(done).hasSize((int) log.endPosition());
        }
        if (failure != null) {
            throw new AssertionError(seed.toString(), failure);
        }
        assertThat(copies).isGreaterThan(60);
    }

    /** Each event below the checkpoint is handled, or on the list. */
    private static void verifyParked(Path directory, Set<Long> done) {
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            for (var status : log.consumers()) {
                assertThat(status.failure()).isNull();
                Set<Long> kept = new TreeSet<>(done);
                try (Consumer<ByteBuffer> consumer =
                        log.consumer(ConsumerConfig.parkedBy(status.name()).build(), Numbered.CODEC)) {
                    consumer.poll(Duration.ZERO).forEach(event -> kept.add(event.position()));
                }
                for (long position = 0; position < status.checkpoint(); position++) {
                    assertThat(kept).contains(position);
                }
            }
        }
    }

    private void crash(Path directory, String where, java.util.function.Consumer<Path> verify) {
        if (failure != null) {
            return;
        }
        Path copy = temporary.resolve("copy-" + copies++);
        try {
            Directories.copyLog(directory, copy);
            verify.accept(copy);
        } catch (Throwable e) {
            failure = new AssertionError("copy " + copy + " before " + where, e);
            return;
        }
        Directories.delete(copy);
    }

    /** Recovers a copy, and before each step of that a copy of the copy. */
    private void recoverCrashing(Path copy, long least) {
        var files = new HookedFileOps((op, path) -> {
            Path second = temporary.resolve("second-" + copies++);
            Directories.copyLog(copy, second);
            verify(second, least);
            Directories.delete(second);
        });
        Numbered.open(copy, files.withoutForce()).close();
    }

    private void verify(Path directory, long least) {
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            assertThat(log.endPosition()).isGreaterThanOrEqualTo(least);
            numbered.assertComplete(log);
            for (var status : log.consumers()) {
                assertThat(status.checkpoint()).isLessThanOrEqualTo(handled.get());
            }
            long end = log.endPosition();
            numbered.appendTo(log, end + 2);
            numbered.assertComplete(log);
        }
    }

    @Test
    @Tag("nightly")
    void crashOfEachRecoveryLosesNothing() {
        sample = 1;
        runAndCrash(true);
    }
}
