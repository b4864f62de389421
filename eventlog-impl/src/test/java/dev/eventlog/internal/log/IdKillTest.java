package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Kills a process again and again that appends events with ids, and in each life appends those again that it does not know the
 * outcome of. Each id is in the log once. {@code -Deventlog.kill.id.rounds=} sets the number.
 */
class IdKillTest {

    private static final int ROUNDS = Integer.getInteger("eventlog.kill.id.rounds", 3);

    private final Seed seed = Seed.of(IdKillTest.class);
    private final SplittableRandom random = seed.random();

    @TempDir
    private Path temporary;

    @ParameterizedTest
    @EnumSource(Durability.class)
    @Timeout(3600)
    void eventsThatAreAppendedAgainAfterAKillAreThereOnce(Durability durability) throws IOException {
        Path directory = temporary.resolve("log");
        Path ledger = temporary.resolve("ledger");
        long end = 0;
        for (int round = 1; round <= ROUNDS; round++) {
            try (var child = ChildJvm.start(IdKillChild.class, directory, ledger, random.nextLong(), durability)) {
                awaitMoment(child, ledger, durability);
                child.kill();
            }
            end = verify(directory, durability, acknowledged(ledger));
        }
        System.out.printf("killed %d times with %s: %,d events; %s%n", ROUNDS, durability, end, seed);
    }

    private void awaitMoment(ChildJvm child, Path ledger, Durability durability) throws IOException {
        long before = Files.exists(ledger) ? Files.size(ledger) : 0;
        // where each is forced a thousand take a slow disk a minute
        int most = durability == Durability.POWER_LOSS ? 500 : 5_000;
        int records = 2 + random.nextInt(random.nextBoolean() ? 50 : most);
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (!Files.exists(ledger) || Files.size(ledger) < before + (long) records * IdKillChild.RECORD_LENGTH) {
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

    /** The end of what was acknowledged. */
    private long acknowledged(Path ledger) throws IOException {
        ByteBuffer records = ByteBuffer.wrap(Files.readAllBytes(ledger));
        long end = 0;
        while (records.remaining() >= IdKillChild.RECORD_LENGTH) {
            long position = records.getLong();
            assertThat(position).as("first position, %s", seed).isNotEqualTo(IdKillChild.WRONG);
            end = Math.max(end, position + 1);
        }
        return end;
    }

    private long verify(Path directory, Durability durability, long acknowledged) {
        try (EventLog log = IdKillChild.open(directory, durability)) {
            assertThat(log.endPosition()).as("%s", seed).isGreaterThanOrEqualTo(acknowledged);
            Iterator<Event<ByteBuffer>> events =
                    log.read(EventQuery.all(), Numbered.CODEC).iterator();
            long expected = 0;
            while (events.hasNext()) {
                Event<ByteBuffer> event = events.next();
                assertThat(event.id()).as("%s", seed).isEqualTo("id-" + expected);
                assertThat(event.data().getLong(0)).isEqualTo(expected);
                expected++;
            }
            assertThat(expected).isEqualTo(log.endPosition());
            return expected;
        }
    }
}
