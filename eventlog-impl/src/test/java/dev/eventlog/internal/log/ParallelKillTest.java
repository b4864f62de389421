package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.Subscription;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills a process again and again while it handles events on eight lanes, some of which fail and some of which are parked. No
 * event is lost, and each key has its order in each life and over all of them. {@code -Deventlog.kill.parallel.rounds=} sets
 * the number.
 */
class ParallelKillTest {

    private static final int ROUNDS = Integer.getInteger("eventlog.kill.parallel.rounds", 3);
    private static final Duration LONG = Duration.ofMinutes(2);

    private final Seed seed = Seed.of(ParallelKillTest.class);
    private final SplittableRandom random = seed.random();
    private final List<List<Long>> lives = new ArrayList<>();
    private final Set<Long> parked = new HashSet<>();

    @TempDir
    private Path temporary;

    @Test
    @Timeout(3600)
    void killedLanesLoseNothingAndKeepTheOrderOfEachKey() throws IOException {
        Path directory = temporary.resolve("log");
        Path ledger = temporary.resolve("ledger");
        for (int round = 1; round <= ROUNDS; round++) {
            try (var child = ChildJvm.start(ParallelKillChild.class, directory, ledger)) {
                awaitMoment(child, ledger);
                child.kill();
            }
            try (EventLog log = ParallelKillChild.open(directory)) {
                takeOffParked(log);
            }
        }
        read(ledger);
        var last = new ArrayList<Long>();
        long end;
        try (EventLog log = ParallelKillChild.open(directory)) {
            end = log.endPosition();
            try (Subscription subscription =
                    log.subscribe(ParallelKillChild.config(), ParallelKillChild.CODEC, ParallelKillChild.handler(p -> {
                        synchronized (last) {
                            last.add(p);
                        }
                    }))) {
                assertThat(subscription.awaitCaughtUp(LONG)).as("%s", seed).isTrue();
            }
            takeOffParked(log);
        }
        lives.add(last);
        verify(end);
    }

    /** As somebody does who handles parked events: from there on their keys flow again. */
    private void takeOffParked(EventLog log) {
        if (log.consumers().isEmpty()) {
            return;
        }
        ConsumerConfig list = ConsumerConfig.parkedBy("lanes").stopAtEnd().build();
        try (var consumer = log.consumer(list, ParallelKillChild.CODEC)) {
            for (var batch = consumer.poll(Duration.ZERO); !batch.isEmpty(); batch = consumer.poll(Duration.ZERO)) {
                batch.forEach(event -> parked.add(event.position()));
                consumer.commit();
            }
        }
    }

    private void awaitMoment(ChildJvm child, Path ledger) throws IOException {
        long before = Files.exists(ledger) ? Files.size(ledger) : 0;
        int records = 2 + random.nextInt(random.nextBoolean() ? 50 : 5_000);
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (!Files.exists(ledger)
                || Files.size(ledger) < before + (long) records * ParallelKillChild.RECORD_LENGTH) {
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

    private void read(Path ledger) throws IOException {
        ByteBuffer records = ByteBuffer.wrap(Files.readAllBytes(ledger));
        List<Long> life = new ArrayList<>();
        while (records.remaining() >= ParallelKillChild.RECORD_LENGTH) {
            int kind = records.getInt();
            records.getInt();
            long position = records.getLong();
            if (kind == ParallelKillChild.OPENED) {
                life = new ArrayList<>();
                lives.add(life);
            } else {
                life.add(position);
            }
        }
    }

    private void verify(long end) {
        var handled = new BitSet();
        int again = 0;
        // of each key the position behind the last that was handled
        Map<String, Long> reached = new HashMap<>();
        for (int i = 0; i < lives.size(); i++) {
            Map<String, Long> before = new HashMap<>();
            for (long position : lives.get(i)) {
                String key = ParallelKillChild.key(position);
                String what = "position " + position + " in life " + i + ", " + seed;
                assertThat(ParallelKillChild.isPoison(position)).as(what).isFalse();
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
                "killed %d times: %,d events, %,d parked, %,d handled again; %s%n",
                ROUNDS, end, parked.size(), again, seed);
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
