package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.EventLog;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills a process again and again while it processes events into its own log, or into another one. Each input's outputs are
 * there once, all or none, and the checkpoint agrees with them. {@code -Deventlog.kill.process.rounds=} sets the number.
 */
class ProcessKillTest {

    private static final int ROUNDS = Integer.getInteger("eventlog.kill.process.rounds", 3);

    private final Seed seed = Seed.of(ProcessKillTest.class);
    private final SplittableRandom random = seed.random();

    @TempDir
    private Path temporary;

    @Test
    @Timeout(3600)
    void killedWithinOneLogEachOutputIsThereOnceAndTheCheckpointAgrees() throws IOException {
        Path directory = temporary.resolve("log");
        for (int round = 1; round <= ROUNDS; round++) {
            killOnce(directory, directory);
            try (EventLog log = ProcessKillChild.open(directory)) {
                NumberedOutputs.assertAgree(log);
            }
        }
        try (EventLog log = ProcessKillChild.open(directory)) {
            NumberedOutputs.processAll(log, log);
            NumberedOutputs.assertComplete(log, log);
            NumberedOutputs.assertAgree(log);
            told(log.endPosition());
        }
    }

    @Test
    @Timeout(3600)
    void killedIntoAnotherLogEachOutputIsThereOnce() throws IOException {
        Path from = temporary.resolve("from");
        Path to = temporary.resolve("to");
        long processed = 0;
        for (int round = 1; round <= ROUNDS; round++) {
            killOnce(from, to);
            try (EventLog source = ProcessKillChild.open(from);
                    EventLog target = ProcessKillChild.open(to)) {
                long now = NumberedOutputs.processed(source, target);
                assertThat(now).as("%s", seed).isGreaterThan(processed);
                processed = now;
            }
        }
        try (EventLog source = ProcessKillChild.open(from);
                EventLog target = ProcessKillChild.open(to)) {
            NumberedOutputs.processAll(source, target);
            NumberedOutputs.assertComplete(source, target);
            told(target.endPosition());
        }
    }

    private void told(long end) {
        System.out.printf("killed %d times: log of %,d events; %s%n", ROUNDS, end, seed);
    }

    private void killOnce(Path from, Path to) throws IOException {
        Path ledger = temporary.resolve("ledger");
        String way = random.nextBoolean() ? "pull" : "push";
        try (var child = ChildJvm.start(ProcessKillChild.class, from, to, ledger, way)) {
            awaitMoment(child, ledger);
            child.kill();
        }
    }

    private void awaitMoment(ChildJvm child, Path ledger) throws IOException {
        long before = Files.exists(ledger) ? Files.size(ledger) : 0;
        int calls = 100 + random.nextInt(random.nextBoolean() ? 500 : 20_000);
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (!Files.exists(ledger) || Files.size(ledger) < before + calls) {
            assertThat(child.process().isAlive())
                    .as("child ended, %s: %s", seed, child.output())
                    .isTrue();
            assertThat(System.nanoTime())
                    .as("no progress, %s: %s", seed, child.output())
                    .isLessThan(deadline);
            LockSupport.parkNanos(100_000);
        }
        LockSupport.parkNanos(random.nextLong(5_000_000L));
    }
}
