package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicLong;
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

    @TempDir
    private Path temporary;

    @ParameterizedTest
    @EnumSource(Durability.class)
    @Timeout(3600)
    void eventsThatAreAppendedAgainAfterAKillAreThereOnce(Durability durability) throws IOException {
        Path directory = temporary.resolve("log");
        Path ledger = temporary.resolve("ledger");
        var killer = new Killer(seed, ledger);
        long end = 0;
        for (int round = 1; round <= ROUNDS; round++) {
            long its = killer.random().nextLong();
            killer.runAndKill(mostRecords(durability), IdKillChild.class, directory, ledger, its, durability);
            end = verify(directory, durability, acknowledged(ledger));
        }
        System.out.printf("killed %d times with %s: %,d events; %s%n", ROUNDS, durability, end, seed);
    }

    /** Where each is forced a thousand take a slow disk a minute. */
    private static int mostRecords(Durability durability) {
        return durability == Durability.POWER_LOSS ? 500 : 5_000;
    }

    /** The end of what was acknowledged. */
    private long acknowledged(Path ledger) throws IOException {
        var end = new AtomicLong();
        KillLedger.read(ledger, (kind, count, position) -> {
            assertThat(kind).as("first position, %s", seed).isEqualTo(IdKillChild.ACKNOWLEDGED);
            end.accumulateAndGet(position + 1, Math::max);
        });
        return end.get();
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
