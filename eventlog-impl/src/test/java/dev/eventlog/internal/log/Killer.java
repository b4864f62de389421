package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Kills processes that tell in a {@link KillLedger} what they do, at moments that are drawn from a seed. */
final class Killer {

    private static final long LONGEST_WAIT_NANOS = TimeUnit.MINUTES.toNanos(2);
    private static final long A_MOMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final Seed seed;
    private final SplittableRandom random;
    private final Path ledger;

    Killer(Seed seed, Path ledger) {
        this.seed = seed;
        this.ledger = ledger;
        random = seed.random();
    }

    /** Starts a process, lets it come some way, often a short one, and kills it. */
    void runAndKill(int mostRecords, Class<?> main, Object... arguments) throws IOException {
        int records = 2 + random.nextInt(random.nextBoolean() ? 50 : mostRecords);
        runAndKill(records, A_MOMENT_NANOS, main, arguments);
    }

    /**
     * The same.
     *
     * @param records that it tells before
     * @param nanos how long it lives behind that, at most
     */
    void runAndKill(int records, long nanos, Class<?> main, Object... arguments) throws IOException {
        try (var child = ChildJvm.start(main, arguments)) {
            await(child, KillLedger.count(ledger) + records);
            LockSupport.parkNanos(random.nextLong(nanos));
            child.kill();
        }
    }

    private void await(ChildJvm child, long records) throws IOException {
        long told = KillLedger.count(ledger);
        long since = System.nanoTime();
        while (told < records) {
            assertThat(child.process().isAlive())
                    .as("child ended, %s: %s", seed, child.output())
                    .isTrue();
            LockSupport.parkNanos(100_000);
            long now = KillLedger.count(ledger);
            if (now > told) {
                told = now;
                since = System.nanoTime();
            }
            assertThat(System.nanoTime() - since)
                    .as("no progress behind record %d, %s: %s", told, seed, child.output())
                    .isLessThan(LONGEST_WAIT_NANOS);
        }
    }

    SplittableRandom random() {
        return random;
    }
}
