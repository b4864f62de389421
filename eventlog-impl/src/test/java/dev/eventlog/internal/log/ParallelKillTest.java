package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.Subscription;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Kills a process again and again while it handles events, in the order of the log or on eight lanes; some of them fail and
 * some are parked. No event is lost, and each key has its order in each life and over all of them; without lanes, all events
 * have the order of the log. {@code -Deventlog.kill.parallel.rounds=} sets the number.
 */
class ParallelKillTest {

    private static final int ROUNDS = Integer.getInteger("eventlog.kill.parallel.rounds", 3);
    private static final int MOST_RECORDS = 5_000;
    private static final Duration LONG = Duration.ofMinutes(10);

    private final Seed seed = Seed.of(ParallelKillTest.class);
    private final List<List<Long>> lives = new ArrayList<>();
    private final Set<Long> parked = new HashSet<>();

    @TempDir
    private Path temporary;

    @ParameterizedTest
    @ValueSource(ints = {1, 8})
    @Timeout(3600)
    void killedLanesLoseNothingAndKeepTheOrderOfEachKey(int lanes) throws IOException {
        Path directory = temporary.resolve("log");
        Path ledger = temporary.resolve("ledger");
        var killer = new Killer(seed, ledger);
        for (int round = 1; round <= ROUNDS; round++) {
            killer.runAndKill(MOST_RECORDS, ParallelKillChild.class, directory, ledger, lanes);
            try (EventLog log = HandledLoad.open(directory)) {
                takeOffParked(log);
            }
        }
        KillLedger.read(ledger, this::take);
        var last = new ArrayList<Long>();
        long end;
        try (EventLog log = HandledLoad.open(directory)) {
            end = log.endPosition();
            var handler = HandledLoad.handler(ParallelKillChild::blockNanos, position -> {
                synchronized (last) {
                    last.add(position);
                }
            });
            try (Subscription subscription =
                    log.subscribe(ParallelKillChild.config(lanes), HandledLoad.CODEC, handler)) {
                assertThat(subscription.awaitCaughtUp(LONG)).as("%s", seed).isTrue();
            }
            takeOffParked(log);
        }
        lives.add(last);
        if (lanes == 1) {
            verifyOrderOfTheLog();
        }
        verify(lanes, end);
    }

    /** As somebody does who handles parked events: from there on their keys flow again. */
    private void takeOffParked(EventLog log) {
        if (log.consumers().isEmpty()) {
            return;
        }
        ConsumerConfig list =
                ConsumerConfig.parkedBy(ParallelKillChild.NAME).stopAtEnd().build();
        try (var consumer = log.consumer(list, HandledLoad.CODEC)) {
            for (var batch = consumer.poll(Duration.ZERO); !batch.isEmpty(); batch = consumer.poll(Duration.ZERO)) {
                batch.forEach(event -> parked.add(event.position()));
                consumer.commit();
            }
        }
    }

    private void take(int kind, int count, long position) {
        if (kind == HandledLoad.OPENED) {
            lives.add(new ArrayList<>());
        } else {
            lives.get(lives.size() - 1).add(position);
        }
    }

    /** Each life goes on from where one before it was, or before that, and leaves out nothing but what is parked. */
    private void verifyOrderOfTheLog() {
        long reached = 0;
        for (int i = 0; i < lives.size(); i++) {
            long expected = -1;
            for (long position : lives.get(i)) {
                String what = "position " + position + " in life " + i + ", " + seed;
                assertThat(position).as(what).isGreaterThanOrEqualTo(expected);
                for (long between = Math.max(0, expected); between < position; between++) {
                    assertThat(between < reached && expected < 0 || parked.contains(between))
                            .as("%d is left out before %s", between, what)
                            .isTrue();
                }
                expected = position + 1;
            }
            reached = Math.max(reached, expected);
        }
    }

    private void verify(int lanes, long end) {
        var handled = new BitSet();
        int again = 0;
        // of each key the position behind the last that was handled
        Map<String, Long> reached = new HashMap<>();
        for (int i = 0; i < lives.size(); i++) {
            Map<String, Long> before = new HashMap<>();
            for (long position : lives.get(i)) {
                String key = ParallelKillChild.key(position);
                String what = "position " + position + " in life " + i + ", " + seed;
                assertThat(HandledLoad.isPoison(position)).as(what).isFalse();
                if (handled.get((int) position)) {
                    again++;
                }
                handled.set((int) position);
                // one that was parked comes again where the process died before its checkpoint
                if (key != null && !parked.contains(position)) {
                    long expected = next(before.containsKey(key) ? before.get(key) + 1 : -1, key, reached);
                    assertThat(position).as("order of key %s, %s", key, what).isLessThanOrEqualTo(expected);
                    if (before.containsKey(key)) {
                        assertThat(position)
                                .as("order of key %s, %s", key, what)
                                .isEqualTo(expected);
                    }
                    before.put(key, position);
                    reached.merge(key, position, Math::max);
                }
            }
        }
        for (long position = 0; position < end; position++) {
            assertThat(handled.get((int) position) || parked.contains(position))
                    .as("position %d was neither handled nor parked, %s", position, seed)
                    .isTrue();
        }
        System.out.printf(
                "killed %d times with %d lanes: %,d events, %,d parked, %,d handled again; %s%n",
                ROUNDS, lanes, end, parked.size(), again, seed);
    }

    /** The next event of a key that was not parked: from a position on in a life, or behind what all lives reached. */
    private long next(long from, String key, Map<String, Long> reached) {
        long at = from >= 0 ? from : reached.containsKey(key) ? reached.get(key) + 1 : 0;
        while (!key.equals(ParallelKillChild.key(at)) || parked.contains(at)) {
            at++;
        }
        return at;
    }
}
