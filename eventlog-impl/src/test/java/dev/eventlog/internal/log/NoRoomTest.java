package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.Subscription;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.file.HookedFileOps.Op;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A disk without room at each place where the log writes, put in below it. What is refused says so and changes nothing;
 * the log neither fails nor forgets, and goes on by itself.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NoRoomTest {

    private static final int ROUNDS = Integer.getInteger("eventlog.noroom.rounds", 16);
    /** What a disk without room refuses. A force is none of it: one that fails is final. */
    private static final Set<Op> TAKING_ROOM = EnumSet.of(Op.WRITE, Op.CREATE, Op.CREATE_DIRECTORY, Op.RENAME);

    private final Seed seed = Seed.of(NoRoomTest.class);
    private final SplittableRandom random = seed.random();
    private final Numbered numbered = new Numbered(seed.value(), 40_000);
    private final List<Throwable> reported = new CopyOnWriteArrayList<>();
    private final AtomicLong operations = new AtomicLong();
    // operations from one, inclusive, to another, exclusive, find no room
    private volatile long fullFrom = Long.MAX_VALUE;
    private volatile long fullTo = Long.MAX_VALUE;
    // files whose path contains this find no room
    private volatile String fullAt = "nowhere";

    // writes that find room when the second segment is filled
    private final AtomicInteger secondFill = new AtomicInteger(Integer.MAX_VALUE);

    @TempDir
    private Path temporary;

    private HookedFileOps files() {
        return new HookedFileOps((op, path) -> {
                    if (TAKING_ROOM.contains(op)) {
                        long operation = operations.getAndIncrement();
                        if ((operation >= fullFrom && operation < fullTo)
                                || path.toString().contains(fullAt)
                                || (op == Op.WRITE
                                        && path.toString().contains("/0000000002/1970")
                                        && secondFill.decrementAndGet() < 0)) {
                            throw new IOException("No space left on device");
                        }
                    }
                })
                .withoutForce();
    }

    private EventLog open(Path directory, Durability durability) {
        return LocalEventLog.open(
                Numbered.config(directory)
                        .durability(durability)
                        .backgroundErrors(reported::add)
                        .build(),
                files(),
                Clock.system());
    }

    private void room() {
        fullFrom = Long.MAX_VALUE;
        fullTo = Long.MAX_VALUE;
        fullAt = "nowhere";
        secondFill.set(Integer.MAX_VALUE);
    }

    @SuppressWarnings("ThreadPriorityCheck") // yielding is waiting without a sleep
    private static void until(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.yield();
        }
    }

    /** Does work until there is room for it; any other refusal is a fault. */
    private static void untilTaken(Runnable work) {
        while (true) {
            try {
                work.run();
                return;
            } catch (StorageFullException full) {
                assertThat(full).hasMessageContaining("storage is full");
            }
        }
    }

    @Test
    void logGoesOnWhereverThereWasNoRoomForAWhile() {
        long total = 0;
        for (int round = 0; round < ROUNDS; round++) {
            room();
            operations.set(0);
            Path directory = temporary.resolve("log-" + round);
            Durability durability = round % 2 == 0 ? Durability.PROCESS_CRASH : Durability.POWER_LOSS;
            EventLog log = open(directory, durability);
            if (round > 1) {
                fullFrom = operations.get() + random.nextLong(total);
                fullTo = fullFrom + 1 + random.nextLong(round % 3 == 0 ? 200 : 4);
            }
            String where = "round " + round + ", no room from operation " + fullFrom + " to " + fullTo + ", " + seed;
            work(log, where);
            total = Math.max(total, operations.get());
            assertThatCode(log::close).as(where).doesNotThrowAnyException();
            assertThat(reported).as(where).isEmpty();
            room();
            try (EventLog again = open(directory, durability)) {
                assertThat(again.endPosition()).as(where).isEqualTo(END);
                numbered.assertComplete(again);
                for (ConsumerStatus status : again.consumers()) {
                    assertThat(status.checkpoint()).as("%s: %s", where, status).isEqualTo(END);
                    assertThat(status.parked())
                            .as("%s: %s", where, status)
                            .isEqualTo(status.name().equals("parking") ? PARKED : 0);
                }
            }
            assertThat(Directories.names(directory)).as(where).noneMatch(name -> name.endsWith(".tmp"));
            Directories.delete(directory);
        }
    }

    private static final long END = 720;
    private static final int PARKED = 5;

    /** Appends over some rolls while a consumer reads along, another is opened later, and a subscription parks. */
    private void work(EventLog log, String where) {
        var producer = log.producer("numbered", Numbered.CODEC);
        var consumers = new CopyOnWriteArrayList<Consumer<ByteBuffer>>();
        var config = ConsumerConfig.named("parking")
                .attempts(1, Duration.ofMillis(1))
                .build();
        var subscriptions = new CopyOnWriteArrayList<Subscription>();
        untilTaken(() -> subscriptions.add(log.subscribe(config, Numbered.CODEC, event -> {
            if (event.position() % 150 == 30) {
                throw new IllegalStateException("parked on purpose");
            }
        })));
        for (long position = 0; position < END; position = log.endPosition()) {
            long end = position;
            if (position % 4 == 0) {
                untilTaken(() -> producer.appendAll(
                        List.of(numbered.event(end), numbered.event(end + 1), numbered.event(end + 2))));
            } else {
                untilTaken(() -> producer.append(numbered.event(end)));
            }
            assertThat(log.endPosition()).as(where).isEqualTo(position + (position % 4 == 0 ? 3 : 1));
            if (position % 60 == 0) {
                untilTaken(() -> consumers.add(log.consumer("pulled-" + end, Numbered.CODEC)));
            }
            if (position % 30 == 0) {
                consumers.forEach(NoRoomTest::drain);
            }
        }
        consumers.forEach(NoRoomTest::drain);
        // else only the attempts to park would use up the operations without room, one a second
        room();
        assertThat(subscriptions.get(0).awaitPosition(END - 1, Duration.ofMinutes(2)))
                .as("%s, %s", where, subscriptions.get(0).status())
                .isTrue();
        numbered.assertComplete(log);
    }

    private static void drain(Consumer<ByteBuffer> consumer) {
        while (!consumer.poll(Duration.ZERO).isEmpty()) {
            consumer.commit();
        }
    }

    /** For a seal that finds no room the log does not stop, and nobody has to do anything about it. */
    @Test
    void segmentsAreSealedOnceThereIsRoomInTheManifestOrTheDirectory() {
        for (String place : List.of("/manifest", "/segments/")) {
            room();
            reported.clear();
            Path directory = temporary.resolve("log" + place.replace('/', '-'));
            try (EventLog log = open(directory, Durability.PROCESS_CRASH)) {
                fullAt = place;
                numbered.appendTo(log, 1500);
                assertThat(activeSegments(directory)).as("waiting").isGreaterThan(3);
                log.force();
                assertThat(log.durablePosition()).isEqualTo(log.endPosition());
                numbered.assertComplete(log);
                assertThat(reported).isEmpty();
                room();
                until(() -> activeSegments(directory) <= 2);
                assertThat(reported).isEmpty();
                numbered.assertComplete(log);
                numbered.appendTo(log, 2000);
            }
            try (EventLog again = open(directory, Durability.PROCESS_CRASH)) {
                numbered.assertComplete(again);
            }
        }
    }

    private static long activeSegments(Path directory) {
        try (var names = Files.list(directory.resolve("active"))) {
            return names.count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** What is not recorded at the close is found at the next open. */
    @Test
    void logThatFindsNoRoomAtItsCloseLosesNothing() {
        for (String place : List.of("/manifest", "/segments/", "/index/")) {
            room();
            Path directory = temporary.resolve("log" + place.replace('/', '-'));
            EventLog log = open(directory, Durability.PROCESS_CRASH);
            numbered.appendTo(log, 300);
            fullAt = place;
            long end = log.endPosition();
            assertThatCode(log::close).as(place).doesNotThrowAnyException();
            room();
            try (EventLog again = open(directory, Durability.PROCESS_CRASH)) {
                assertThat(again.endPosition()).as(place).isEqualTo(end);
                numbered.assertComplete(again);
            }
        }
    }

    /** It cannot go past the event, and must not give up either. */
    @Test
    void subscriptionThatCannotParkWaitsForRoom() {
        var attempts = new AtomicInteger();
        var told = new CopyOnWriteArrayList<Throwable>();
        try (EventLog log = open(temporary.resolve("log"), Durability.PROCESS_CRASH)) {
            var config = ConsumerConfig.named("parking")
                    .attempts(2, Duration.ofMillis(1))
                    .onFailure((event, failure) -> told.add(failure))
                    .build();
            try (Subscription subscription = log.subscribe(config, Numbered.CODEC, event -> {
                if (event.position() == 1) {
                    attempts.incrementAndGet();
                    throw new IllegalStateException("on purpose");
                }
            })) {
                assertThat(subscription.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
                fullAt = "/parked/";
                appendSingly(log, 10);
                until(() -> told.stream().anyMatch(StorageFullException.class::isInstance));
                assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.OPEN);
                assertThat(subscription.status().checkpoint()).isEqualTo(1);
                assertThat(subscription.status().parked()).isZero();
                room();
                assertThat(subscription.awaitPosition(9, Duration.ofMinutes(2))).isTrue();
                assertThat(subscription.status().parked()).isOne();
            }
            assertThat(attempts).as("handed over again").hasValue(2);
            // also the close does not wait for room
            fullAt = "/parked/";
            told.clear();
            Subscription stuck = log.subscribe(config.toBuilder().build(), Numbered.CODEC, event -> {
                throw new IllegalStateException("on purpose");
            });
            appendSingly(log, log.endPosition() + 1);
            until(() -> told.stream().anyMatch(StorageFullException.class::isInstance));
            stuck.close();
            assertThat(stuck.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
            room();
        }
    }

    /** Up to this position and no further: later events may have the key of one that is parked. */
    private void appendSingly(EventLog log, long end) {
        var producer = log.producer("numbered", Numbered.CODEC);
        while (log.endPosition() < end) {
            producer.append(numbered.event(log.endPosition()));
        }
    }

    @Test
    void whatTakesParkedEventsOffTheirListSaysThatThereIsNoRoom() {
        try (EventLog log = open(temporary.resolve("log"), Durability.PROCESS_CRASH)) {
            numbered.appendTo(log, 10);
            var config = ConsumerConfig.named("parking")
                    .attempts(1, Duration.ofMillis(1))
                    .build();
            try (Subscription subscription = log.subscribe(config, Numbered.CODEC, event -> {
                throw new IllegalStateException("on purpose");
            })) {
                assertThat(subscription.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
            }
            try (var parked = log.consumer(ConsumerConfig.parkedBy("parking").build(), Numbered.CODEC)) {
                int count = parked.poll(Duration.ZERO).size();
                fullAt = "/parked/";
                assertThatThrownBy(parked::commit).isInstanceOf(StorageFullException.class);
                room();
                assertThat(parked.poll(Duration.ZERO)).hasSize(count);
                parked.commit();
                assertThat(parked.poll(Duration.ZERO)).isEmpty();
            }
        }
    }

    /** More is written at the beginning of a segment than a new one has room for. */
    @Test
    void rollOfALogWithManySourcesSaysThatThereIsNoRoomAndChangesNothing() {
        Path directory = temporary.resolve("log");
        EventLog log = LocalEventLog.open(
                Numbered.config(directory).segmentLengthBytes(4 << 20).build(), files(), Clock.system());
        // what a segment has before it is used, and no more
        secondFill.set((5 << 19) / (64 << 10));
        try (log) {
            String padding = "x".repeat(80);
            for (int i = 0; i < 6000; i++) {
                log.producer("source-" + i + padding, Numbered.CODEC)
                        .append(numbered.event(log.endPosition()).data().limit(0));
            }
            var producer = log.producer("numbered", Numbered.CODEC);
            assertThatThrownBy(() -> {
                        while (log.endPosition() < 20_000) {
                            producer.append(ByteBuffer.allocate(10_000));
                        }
                    })
                    .isInstanceOf(StorageFullException.class);
            long end = log.endPosition();
            assertThatThrownBy(() -> producer.append(ByteBuffer.allocate(10_000)))
                    .isInstanceOf(StorageFullException.class);
            room();
            assertThat(producer.append(ByteBuffer.allocate(10_000))).isEqualTo(end);
            log.force();
            assertThat(log.durablePosition()).isEqualTo(end + 1);
        }
    }
}
