package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.Subscription;
import dev.eventlog.internal.cursor.Cursor;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills a process again and again while members that come and go share its events, some of which fail, some take long, and
 * some are parked. No event is lost, and what was told to be done does not come again. {@code
 * -Deventlog.kill.shared.rounds=} sets the number.
 */
class SharedKillTest {

    private static final int ROUNDS = Integer.getInteger("eventlog.kill.shared.rounds", 3);
    private static final Duration LONG = Duration.ofMinutes(2);

    private final Seed seed = Seed.of(SharedKillTest.class);
    private final SplittableRandom random = seed.random();
    // of each life what its handlers returned from
    private final List<BitSet> lives = new ArrayList<>();
    // behind each life what its checkpoint says
    private final List<BitSet> committed = new ArrayList<>();
    private final BitSet parked = new BitSet();
    private long above;

    @TempDir
    private Path temporary;

    @Test
    @Timeout(3600)
    void killedMembersLoseNothingAndRepeatOnlyWhatWasNotDone() throws IOException {
        Path directory = temporary.resolve("log");
        Path ledger = temporary.resolve("ledger");
        for (int round = 1; round <= ROUNDS; round++) {
            try (var child = ChildJvm.start(SharedKillChild.class, directory, ledger)) {
                awaitMoment(child, ledger);
                child.kill();
            }
            committed.add(committed(directory));
        }
        read(ledger);
        var last = new BitSet();
        long end;
        try (EventLog log = SharedKillChild.open(directory)) {
            end = log.endPosition();
            var handler = SharedKillChild.handler(position -> {
                synchronized (last) {
                    assertThat(last.get((int) position)).as("twice in a life").isFalse();
                    last.set((int) position);
                }
            });
            try (Subscription one = log.subscribe(SharedKillChild.config(), SharedKillChild.CODEC, handler);
                    Subscription two = log.subscribe(SharedKillChild.config(), SharedKillChild.CODEC, handler)) {
                assertThat(one.awaitCaughtUp(LONG)).as("%s", seed).isTrue();
                assertThat(two.status().lag()).isZero();
            }
            readParked(log);
        }
        lives.add(last);
        verify(end);
    }

    private void readParked(EventLog log) {
        ConsumerConfig list =
                ConsumerConfig.parkedBy(SharedKillChild.NAME).stopAtEnd().build();
        try (var consumer = log.consumer(list, SharedKillChild.CODEC)) {
            for (var batch = consumer.poll(Duration.ZERO); !batch.isEmpty(); batch = consumer.poll(Duration.ZERO)) {
                batch.forEach(event -> parked.set((int) event.position()));
                consumer.commit();
            }
        }
    }

    /** What the checkpoint and what is kept above it say to be done. */
    private BitSet committed(Path directory) {
        EventLogConfig config = SharedKillChild.logConfig(directory);
        var done = new BitSet();
        try (var io = new IoThread("kill-io", null);
                Journal journal = Journal.open(config, FileOps.system(), Clock.system(), io, Cursors::traces);
                Cursors cursors = Cursors.open(journal, FileOps.system(), io)) {
            Cursor cursor = cursors.open(SharedKillChild.NAME);
            done.set(0, (int) Math.max(0, cursor.checkpoint()));
            long[] pairs = cursor.completions();
            for (int i = 0; i < pairs.length; i += 2) {
                done.set((int) pairs[i], (int) pairs[i + 1]);
                above += pairs[i + 1] - pairs[i];
            }
            cursor.close();
        }
        return done;
    }

    private void awaitMoment(ChildJvm child, Path ledger) throws IOException {
        long before = Files.exists(ledger) ? Files.size(ledger) : 0;
        int records = 2 + random.nextInt(random.nextBoolean() ? 50 : 5_000);
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (!Files.exists(ledger) || Files.size(ledger) < before + (long) records * SharedKillChild.RECORD_LENGTH) {
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
        while (records.remaining() >= SharedKillChild.RECORD_LENGTH) {
            int kind = records.getInt();
            records.getInt();
            int position = (int) records.getLong();
            if (kind == SharedKillChild.OPENED) {
                lives.add(new BitSet());
            } else {
                BitSet life = lives.get(lives.size() - 1);
                assertThat(life.get(position))
                        .as("position %d twice in life %d, %s", position, lives.size(), seed)
                        .isFalse();
                life.set(position);
            }
        }
    }

    private void verify(long end) {
        assertThat(lives).hasSize(ROUNDS + 1);
        var handled = new BitSet();
        int again = 0;
        for (int i = 0; i < lives.size(); i++) {
            if (i > 0) {
                assertThat(common(lives.get(i), committed.get(i - 1)))
                        .as("handled in life %d although it was done before, %s", i + 1, seed)
                        .isEqualTo(new BitSet());
            }
            again += common(lives.get(i), handled).cardinality();
            handled.or(lives.get(i));
            assertThat(common(handled, poison(end))).as("poison, %s", seed).isEqualTo(new BitSet());
            if (i < ROUNDS) {
                BitSet early = (BitSet) committed.get(i).clone();
                early.andNot(handled);
                early.andNot(poison(end));
                assertThat(early)
                        .as("done in life %d although no handler returned, %s", i + 1, seed)
                        .isEqualTo(new BitSet());
            }
        }
        handled.or(parked);
        assertThat(handled.nextClearBit(0))
                .as("was neither handled nor parked, %s", seed)
                .isEqualTo((int) end);
        assertThat(parked).as("%s", seed).isEqualTo(poison(end));
        System.out.printf(
                "killed %d times: %,d events, %,d parked, %,d done above checkpoints, %,d handled again; %s%n",
                ROUNDS, end, parked.cardinality(), above, again, seed);
    }

    private static BitSet poison(long end) {
        var poison = new BitSet();
        for (int position = 0; position < end; position++) {
            poison.set(position, SharedKillChild.isPoison(position));
        }
        return poison;
    }

    private static BitSet common(BitSet one, BitSet other) {
        var common = (BitSet) one.clone();
        common.and(other);
        return common;
    }
}
