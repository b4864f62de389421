package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Seed;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Readers of all kinds while the log is pruned under them all the time: each gets the right events in order, or is told that
 * they are gone; never a wrong byte, a gap that it is not told of, damage, or a file that is missing.
 */
@Timeout(300)
class PruneThreadsTest {

    private static final long APPENDED_BYTES = 60L << 20;

    private final Seed seed = Seed.of(PruneThreadsTest.class);
    private final Numbered numbered = new Numbered(seed.value(), 20_000);
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final AtomicLong read = new AtomicLong();
    private final AtomicLong expired = new AtomicLong();

    @TempDir
    private Path temporary;

    /** Reads a little; the random is the thread's own. */
    private interface Reading {
        void read(SplittableRandom random) throws Exception;
    }

    private FutureTask<Boolean> start(int number, Reading reading) {
        SplittableRandom random = new SplittableRandom(seed.value() + number);
        var task = new FutureTask<>(() -> {
            while (!stopped.get()) {
                try {
                    reading.read(random);
                } catch (PositionExpiredException e) {
                    assertThat(e.position()).isLessThan(e.firstPosition());
                    expired.incrementAndGet();
                }
            }
            return true;
        });
        var thread = new Thread(task, "reader-" + number);
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    private void requireRight(Event<ByteBuffer> event, long position) {
        assertThat(event.position()).as("%s", seed).isEqualTo(position);
        assertThat(numbered.isRight(event)).as("event %d, %s", position, seed).isTrue();
        read.incrementAndGet();
    }

    private void readStream(EventLog log, SplittableRandom random) {
        boolean isLeft = random.nextInt(3) == 0;
        long least = log.firstPosition();
        var stream = log.read(EventQuery.all(), Numbered.CODEC);
        Iterator<Event<ByteBuffer>> events = stream.iterator();
        long next = -1;
        for (int count = random.nextInt(3_000); count > 0 && events.hasNext(); count--) {
            Event<ByteBuffer> event = events.next();
            assertThat(event.position()).isGreaterThanOrEqualTo(least);
            requireRight(event, next < 0 ? event.position() : next);
            next = event.position() + 1;
        }
        // some are forgotten and left to the garbage collector
        if (!isLeft) {
            stream.close();
        }
    }

    private void consume(EventLog log, String name, SplittableRandom random) {
        try (Consumer<ByteBuffer> consumer = log.consumer(name, Numbered.CODEC)) {
            long next = consumer.position();
            for (int polls = random.nextInt(30); polls > 0; polls--) {
                try {
                    if (random.nextBoolean()) {
                        for (Event<ByteBuffer> event : consumer.poll(Duration.ZERO)) {
                            requireRight(event, next++);
                        }
                        consumer.commit();
                    } else {
                        long[] at = {next};
                        int unused =
                                consumer.poll(view -> requireRight(view.toEvent(), at[0]++), 1 + random.nextInt(400));
                        next = at[0];
                    }
                    var status = consumer.status();
                    assertThat(status.lag()).isNotNegative();
                } catch (PositionExpiredException e) {
                    assertThat(e.position()).isEqualTo(consumer.position());
                    expired.incrementAndGet();
                    consumer.seek(random.nextBoolean() ? StartAt.earliest() : StartAt.latest());
                    consumer.commit();
                    next = consumer.position();
                    assertThat(next).isGreaterThanOrEqualTo(e.firstPosition());
                }
            }
        }
    }

    private void seek(EventLog log, SplittableRandom random) {
        try (Consumer<ByteBuffer> consumer =
                log.consumer(ConsumerConfig.unnamed().pollLimit(5, 1 << 20).build(), Numbered.CODEC)) {
            for (int i = 0; i < 50; i++) {
                long first = log.firstPosition();
                long position = random.nextLong(first, log.endPosition() + 1);
                try {
                    consumer.seek(StartAt.position(position));
                    for (Event<ByteBuffer> event : consumer.poll(Duration.ZERO)) {
                        requireRight(event, position++);
                    }
                    consumer.seek(StartAt.time(Instant.EPOCH));
                    for (Event<ByteBuffer> event : consumer.poll(Duration.ZERO)) {
                        assertThat(event.position()).isGreaterThanOrEqualTo(first);
                    }
                } catch (PositionExpiredException e) {
                    assertThat(log.firstPosition()).isGreaterThan(first);
                    expired.incrementAndGet();
                }
            }
        }
    }

    private void look(EventLog log) {
        long first = log.firstPosition();
        for (var status : log.consumers()) {
            assertThat(status.failure()).isNull();
            assertThat(status.lag()).isBetween(0L, log.endPosition() - first);
            assertThat(status.lagBytes()).isNotNegative();
            assertThat(status.lagAge().isNegative()).isFalse();
        }
        assertThat(log.firstPosition()).isGreaterThanOrEqualTo(first);
    }

    private void readersUnderPruning(EventLogConfig config) throws Exception {
        try (EventLog log = LocalEventLog.open(config, HookedFileOps.quick(), Clock.system())) {
            var tasks = new ArrayList<FutureTask<Boolean>>();
            for (int i = 0; i < 2; i++) {
                String name = "consumer-" + i;
                tasks.add(start(10 * i, random -> readStream(log, random)));
                tasks.add(start(10 * i + 1, random -> consume(log, name, random)));
                tasks.add(start(10 * i + 2, random -> seek(log, random)));
            }
            tasks.add(start(100, random -> look(log)));
            try {
                append(log, tasks, () -> read.get() > 0 && expired.get() > 0);
            } finally {
                stopped.set(true);
            }
            join(tasks);
            assertThat(log.firstPosition()).isPositive();
        }
        assertThat(read.get()).isPositive();
        assertThat(expired.get()).isPositive();
    }

    /** Appends, and goes on until what is to be seen was seen: how fast readers come by is up to the machine. */
    private void append(EventLog log, List<FutureTask<Boolean>> tasks, BooleanSupplier isSeen) {
        long length = 0;
        while (length < APPENDED_BYTES || (length < 50 * APPENDED_BYTES && !isSeen.getAsBoolean())) {
            if (tasks.stream().anyMatch(FutureTask::isDone)) {
                return;
            }
            var batch = numbered.batch(log.endPosition());
            log.producer("numbered", Numbered.CODEC).appendAll(batch);
            length += batch.stream()
                    .mapToInt(event -> event.data().remaining() + 64)
                    .sum();
        }
    }

    private static void join(List<FutureTask<Boolean>> tasks) throws Exception {
        for (FutureTask<Boolean> task : tasks) {
            try {
                assertThat(task.get(60, TimeUnit.SECONDS)).isTrue();
            } catch (ExecutionException e) {
                throw new AssertionError("a reader failed", e.getCause());
            } catch (TimeoutException e) {
                throw new AssertionError("a reader does not end", e);
            }
        }
    }

    @Test
    void readersOnDiskGetTheRightEventsOrAreToldThatTheyAreGone() throws Exception {
        readersUnderPruning(
                Numbered.config(temporary.resolve("log")).retainBytes(2 << 20).build());
    }

    @Test
    void readersInMemoryGetTheRightEventsOrAreToldThatTheyAreGone() throws Exception {
        readersUnderPruning(EventLogConfig.inMemory()
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(128 << 10)
                .retainBytes(2 << 20)
                .build());
    }

    /** A subscription that parks at the very edge of what is kept: each parked event stays, or it is told that it is gone. */
    private void parkingUnderPruning(EventLogConfig config) throws Exception {
        try (EventLog log = LocalEventLog.open(config, HookedFileOps.quick(), Clock.system())) {
            var recovered = new AtomicLong();
            var seen = ConcurrentHashMap.<Long>newKeySet();
            var parking = start(1, random -> {
                var slow = ConsumerConfig.named("slow")
                        .attempts(1, Duration.ZERO)
                        .pollLimit(1 + random.nextInt(20), 1 << 20)
                        .build();
                try (Subscription subscription = log.subscribe(slow, Numbered.CODEC, event -> {
                    if (event.key() == null && event.position() % 31 == 0) {
                        seen.add(event.position());
                        throw new IllegalStateException("cannot handle " + event.position());
                    }
                })) {
                    boolean unused = subscription.awaitCaughtUp(Duration.ofMillis(20));
                } catch (PositionExpiredException atTheStart) {
                    expired.incrementAndGet();
                } catch (IllegalStateException stopped) {
                    assertThat(stopped).hasCauseInstanceOf(PositionExpiredException.class);
                    expired.incrementAndGet();
                }
                takeParked(log);
                try (Consumer<ByteBuffer> consumer = log.consumer("slow", Numbered.CODEC)) {
                    if (consumer.position() < log.firstPosition()) {
                        consumer.seek(StartAt.earliest());
                        consumer.commit();
                        recovered.incrementAndGet();
                    }
                }
            });
            try {
                append(log, List.of(parking), () -> read.get() > 0 && recovered.get() > 0 && !seen.isEmpty());
            } finally {
                stopped.set(true);
            }
            join(List.of(parking));
            assertThat(log.firstPosition()).isPositive();
            assertThat(seen).isNotEmpty();
            assertThat(recovered.get()).isPositive();
        }
        assertThat(read.get()).as("parked events that were read").isPositive();
    }

    private void takeParked(EventLog log) {
        var parked = new TreeSet<Long>();
        try (Consumer<ByteBuffer> consumer =
                log.consumer(ConsumerConfig.parkedBy("slow").build(), Numbered.CODEC)) {
            long count = consumer.status().parked();
            for (var events = consumer.poll(Duration.ZERO); !events.isEmpty(); events = consumer.poll(Duration.ZERO)) {
                for (Event<ByteBuffer> event : events) {
                    requireRight(event, event.position());
                    parked.add(event.position());
                }
                consumer.commit();
            }
            assertThat(parked).hasSize((int) count);
        }
    }

    @Test
    void eventsParkedOnDiskAreNotPruned() throws Exception {
        parkingUnderPruning(
                Numbered.config(temporary.resolve("log")).retainBytes(2 << 20).build());
    }

    @Test
    void eventsParkedInMemoryAreNotPruned() throws Exception {
        parkingUnderPruning(EventLogConfig.inMemory()
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(128 << 10)
                .retainBytes(2 << 20)
                .build());
    }
}
