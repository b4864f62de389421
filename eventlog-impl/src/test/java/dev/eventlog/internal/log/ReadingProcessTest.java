package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.LockedException;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One process writes and two read, and each is killed, suspended and started again, at random. A reader meets no gap, no
 * wrong byte, no damage that is not there, and comes to the end. {@code -Deventlog.readers.rounds=} sets the number.
 */
class ReadingProcessTest {

    private static final int ROUNDS = Integer.getInteger("eventlog.readers.rounds", 4);
    private static final long KEPT_BYTES = 4 << 20;

    private final Seed seed = Seed.of(ReadingProcessTest.class);
    private final SplittableRandom random = seed.random();

    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("log");
    }

    private ChildJvm writer(long keptBytes) {
        ChildJvm child = ChildJvm.start(WritingChild.class, directory(), seed.value(), keptBytes);
        child.awaitLine("open");
        return child;
    }

    private Path reached(int number) {
        return temporary.resolve("reached-" + number);
    }

    private ChildJvm reader(int number) {
        Path classes = temporary.resolve("classes-" + number);
        ChildJvm child = ChildJvm.start(
                List.of(),
                List.of("-Xlog:class+load:file=" + classes),
                ReadingChild.class,
                directory(),
                "reader-" + number,
                reached(number),
                seed.value());
        child.awaitLine("open");
        return child;
    }

    private long position(int number) throws IOException {
        Path file = reached(number);
        byte[] bytes = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
        return bytes.length < Long.BYTES ? 0 : ByteBuffer.wrap(bytes).getLong();
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE, KEPT_BYTES})
    @Timeout(3600)
    void readersFollowThroughKillsAndSuspensionsOfEither(long keptBytes) throws IOException {
        ChildJvm[] readers = new ChildJvm[2];
        ChildJvm writer = writer(keptBytes);
        try {
            for (int i = 0; i < readers.length; i++) {
                readers[i] = reader(i);
            }
            for (int round = 1; round <= ROUNDS; round++) {
                writer = round(writer, keptBytes, readers);
                for (ChildJvm reader : readers) {
                    assertThat(reader.process().isAlive())
                            .as("reader ended, round %d, %s: %s", round, seed, reader.output())
                            .isTrue();
                }
            }
            writer.kill();
            awaitEnd(readers);
            for (int i = 0; i < readers.length; i++) {
                readers[i].kill();
                assertNoChronicle(i);
            }
        } finally {
            writer.kill();
            writer.close();
            for (ChildJvm reader : readers) {
                if (reader != null) {
                    reader.kill();
                    reader.close();
                }
            }
        }
    }

    private ChildJvm round(ChildJvm writer, long keptBytes, ChildJvm[] readers) {
        pause();
        int one = random.nextInt(readers.length);
        switch (random.nextInt(4)) {
            case 0 -> {
                writer.kill();
                writer.close();
                pause();
                return writer(keptBytes);
            }
            case 1 -> {
                readers[one].kill();
                readers[one].close();
                pause();
                readers[one] = reader(one);
            }
            case 2 -> suspend(writer);
            default -> suspend(readers[one]);
        }
        return writer;
    }

    private void suspend(ChildJvm child) {
        String pid = Long.toString(child.process().pid());
        assertThat(ChildJvm.succeeds("kill", "-STOP", pid)).isTrue();
        pause();
        assertThat(ChildJvm.succeeds("kill", "-CONT", pid)).isTrue();
    }

    /** Some time at random, in which the others go on. */
    private void pause() {
        LockSupport.parkNanos(random.nextLong(TimeUnit.MILLISECONDS.toNanos(200)));
    }

    /** Each reader comes to where the log ends. */
    private void awaitEnd(ChildJvm[] readers) throws IOException {
        long end;
        try (EventLog log =
                EventLog.open(EventLogConfig.at(directory()).readOnly().build())) {
            end = log.endPosition();
            assertThat(log.consumers())
                    .extracting(ConsumerStatus::state)
                    .as("%s", seed)
                    .containsOnly(ConsumerStatus.State.OPEN);
        }
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        for (int i = 0; i < readers.length; i++) {
            while (position(i) != end) {
                assertThat(readers[i].process().isAlive())
                        .as("reader ended, %s: %s", seed, readers[i].output())
                        .isTrue();
                assertThat(System.nanoTime())
                        .as("reader stays at %d of %d, %s: %s", position(i), end, seed, readers[i].output())
                        .isLessThan(deadline);
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    private void assertNoChronicle(int number) throws IOException {
        List<String> classes = Files.readAllLines(temporary.resolve("classes-" + number));
        assertThat(classes).anyMatch(line -> line.contains("dev.eventlog.internal.journal.FollowedJournal"));
        assertThat(classes).noneMatch(line -> line.contains("net.openhft"));
    }

    @Test
    @Timeout(300)
    void consumerOfAnotherProcessIsRefusedUntilThatOneIsKilled() {
        try (ChildJvm writer = writer(Long.MAX_VALUE);
                ChildJvm reader = reader(0);
                EventLog log =
                        EventLog.open(EventLogConfig.at(directory()).readOnly().build())) {
            String pid = "pid=" + reader.process().pid() + " ";
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> log.consumer("reader-0", Numbered.CODEC))
                        .isInstanceOfSatisfying(
                                LockedException.class,
                                refused -> assertThat(refused.owner()).contains(pid))
                        .hasMessageContaining("name=reader-0");
                assertThat(log.consumers())
                        .singleElement()
                        .satisfies(status -> assertThat(status.owner()).contains(pid));
            }
            reader.kill();
            try (Consumer<ByteBuffer> consumer = log.consumer("reader-0", Numbered.CODEC)) {
                assertThat(consumer.position()).isNotNegative();
            }
            assertThat(log.consumers()).singleElement().satisfies(status -> {
                assertThat(status.state()).isEqualTo(ConsumerStatus.State.CLOSED);
                assertThat(status.owner()).isNull();
            });
            writer.kill();
        }
    }

    @Test
    @Timeout(300)
    void consumerOfAnotherPidNamespaceIsRefusedUntilThatOneIsKilled() {
        List<String> namespace = List.of("unshare", "--pid", "--fork", "--mount-proc", "--kill-child");
        assumeTrue(
                ChildJvm.succeeds("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "true"),
                "needs root for a pid namespace");
        try (ChildJvm writer = writer(Long.MAX_VALUE);
                ChildJvm reader = ChildJvm.start(
                        namespace, List.of(), ReadingChild.class, directory(), "reader-0", reached(0), seed.value());
                EventLog log =
                        EventLog.open(EventLogConfig.at(directory()).readOnly().build())) {
            reader.awaitLine("open");
            assertThatThrownBy(() -> log.consumer("reader-0", Numbered.CODEC))
                    .isInstanceOfSatisfying(
                            LockedException.class,
                            refused -> assertThat(refused.owner()).contains("pid=1 "));
            assertThat(reader.process().isAlive()).as(reader.output()).isTrue();
            reader.kill();
            until(() -> log.consumers().get(0).state() == ConsumerStatus.State.CLOSED);
            log.consumer("reader-0", Numbered.CODEC).close();
            writer.kill();
        }
    }

    private static void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }
}
