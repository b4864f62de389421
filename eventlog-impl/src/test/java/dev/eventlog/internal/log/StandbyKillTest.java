package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.EventLog;
import dev.eventlog.Producer;
import dev.eventlog.Subscription;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A subscription stands by for one of another process, which is killed: it takes over, leaves nothing out, and begins no
 * earlier than the other one committed. {@code -Deventlog.kill.standby.rounds=} sets the number.
 */
class StandbyKillTest {

    private static final int ROUNDS = Integer.getInteger("eventlog.kill.standby.rounds", 1);
    private static final Duration LONG = Duration.ofMinutes(2);

    private final Seed seed = Seed.of(StandbyKillTest.class);
    private final SplittableRandom random = seed.random();

    @TempDir
    private Path temporary;

    @Test
    @Timeout(3600)
    void standbyTakesOverFromAProcessThatIsKilled() throws IOException {
        try (EventLog log = HandledLoad.open(temporary.resolve("log"))) {
            Producer<ByteBuffer> producer = log.producer("numbered", HandledLoad.CODEC);
            for (int round = 1; round <= ROUNDS; round++) {
                killOwner(log, producer, temporary.resolve("ledger-" + round));
            }
        }
    }

    private void killOwner(EventLog log, Producer<ByteBuffer> producer, Path ledger) throws IOException {
        long began = log.endPosition();
        int most = 1 + random.nextInt(100);
        long committed;
        List<Long> handled = Collections.synchronizedList(new ArrayList<>());
        try (var child = ChildJvm.start(StandbyKillChild.class, temporary.resolve("log"), ledger)) {
            String unused = child.awaitLine("owner");
            var config = ConsumerConfig.named(StandbyKillChild.NAME).standby().build();
            try (Subscription standby =
                    log.subscribe(config, HandledLoad.CODEC, event -> handled.add(event.position()))) {
                append(producer, 100 + random.nextInt(2_000));
                assertThat(standby.status().state()).isEqualTo(State.STANDBY);
                while (KillLedger.count(ledger) < most) {
                    Thread.onSpinWait();
                }
                committed = standby.status().checkpoint();
                child.kill();
                append(producer, 10);
                assertThat(standby.awaitCaughtUp(LONG)).as("%s", seed).isTrue();
                assertThat(standby.status().state()).isEqualTo(State.OPEN);
            }
        }
        List<Long> before = new ArrayList<>();
        KillLedger.read(ledger, (kind, count, position) -> before.add(position));
        assertThat(before.get(0)).as("%s", seed).isEqualTo(began);
        assertDense(before);
        assertDense(handled);
        assertThat(handled.get(0)).as("%s", seed).isBetween(Math.max(began, committed), began + before.size());
        assertThat(handled.get(handled.size() - 1)).isEqualTo(log.endPosition() - 1);
    }

    private static void append(Producer<ByteBuffer> producer, int count) {
        for (int i = 0; i < count; i++) {
            producer.append(ByteBuffer.allocate(Long.BYTES));
        }
    }

    private void assertDense(List<Long> positions) {
        for (int i = 1; i < positions.size(); i++) {
            assertThat(positions.get(i)).as("%s", seed).isEqualTo(positions.get(i - 1) + 1);
        }
    }
}
