package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.ConsumerStatus;
import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Kills a process again and again while it appends and consumes, and each third time while it opens. Afterwards each
 * acknowledged event is there once, in order, with the bytes it was given; at most what was being appended is there
 * besides; and no checkpoint is ahead of what was handled. With power-loss durability it appends asynchronously too. {@code -Deventlog.kill.rounds=} sets the number.
 */
class KillTest {

    private static final int ROUNDS = Integer.getInteger("eventlog.kill.rounds", 4);

    private final Seed seed = Seed.of(KillTest.class);
    private final Numbered numbered = new Numbered(seed.value(), 64 << 10);

    @TempDir
    private Path temporary;

    /** What the ledger tells. */
    private final class Told {
        long acknowledgedEnd;
        long intendedEnd;
        final BitSet pulled = new BitSet();
        final BitSet pushed = new BitSet();

        void take(int kind, int count, long position) {
            long end = position + count;
            switch (kind) {
                case KillChild.OPENED -> assertThat(position).as("%s", seed).isGreaterThanOrEqualTo(acknowledgedEnd);
                case KillChild.INTENT -> intendedEnd = Math.max(intendedEnd, end);
                case KillChild.ACKNOWLEDGED -> acknowledgedEnd = Math.max(acknowledgedEnd, end);
                case KillChild.PULLED -> pulled.set((int) position);
                case KillChild.PUSHED -> pushed.set((int) position);
                case KillChild.WRONG ->
                    throw new AssertionError("wrong event or position at " + position + ", " + seed);
                default -> assertThat(kind).isEqualTo(KillChild.OPENING);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Durability.class)
    @Timeout(3600)
    void killedProcessLosesNothingThatItAcknowledged(Durability durability) throws IOException {
        Path directory = temporary.resolve("log");
        Path ledger = temporary.resolve("ledger");
        var killer = new Killer(seed, ledger);
        SplittableRandom random = killer.random();
        for (int round = 1; round <= ROUNDS; round++) {
            boolean isOpening = round % 3 == 0;
            int records = isOpening ? 1 : 2 + random.nextInt(random.nextBoolean() ? 40 : 4000);
            long nanos = isOpening ? 400_000_000L : 5_000_000L;
            killer.runAndKill(records, nanos, KillChild.class, directory, ledger, seed.value(), durability);
            var told = new Told();
            KillLedger.read(ledger, told::take);
            verify(directory, durability, told, round);
        }
    }

    private void verify(Path directory, Durability durability, Told told, int round) {
        try (EventLog log = Numbered.open(directory, FileOps.system(), durability)) {
            assertThat(log.endPosition())
                    .as("end, round %d, %s", round, seed)
                    .isGreaterThanOrEqualTo(told.acknowledgedEnd)
                    .isLessThanOrEqualTo(Math.max(told.intendedEnd, told.acknowledgedEnd));
            numbered.assertComplete(log);
            for (ConsumerStatus status : log.consumers()) {
                BitSet handled = status.name().equals("pulled") ? told.pulled : told.pushed;
                assertThat(status.checkpoint())
                        .as("checkpoint of %s, round %d, %s", status.name(), round, seed)
                        .isLessThanOrEqualTo(handled.nextClearBit(0));
            }
        }
    }
}
