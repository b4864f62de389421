package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.StartAt;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Directories;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is seen of a log that survives power cuts while a force is held back: nothing that is not durable. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PowerLossTest {

    private static final Codec<String> TEXT = Codec.utf8();
    private static final Duration LONG = Duration.ofMinutes(2);

    @TempDir
    private Path temporary;

    // written by the test, read by who forces
    private volatile boolean held;
    private volatile int holding;

    @AfterEach
    void letGo() {
        held = false;
    }

    private HookedFileOps files() {
        return new HookedFileOps((op, path) -> {
                    if (op == HookedFileOps.Op.FORCE && path.toString().contains("/active/")) {
                        holding++;
                        while (held) {
                            LockSupport.parkNanos(100_000);
                        }
                    }
                })
                .withoutForce();
    }

    private EventLog open(Durability durability) {
        return LocalEventLog.open(
                Numbered.config(temporary.resolve("log")).durability(durability).build(), files(), Clock.system());
    }

    private EventLog open() {
        return open(Durability.POWER_LOSS);
    }

    private static <R> FutureTask<R> start(Callable<R> work) {
        var task = new FutureTask<>(work);
        var thread = new Thread(task, "test");
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    private static <R> R join(FutureTask<R> task) throws Exception {
        return task.get(LONG.toSeconds(), TimeUnit.SECONDS);
    }

    private static void until(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }

    /** Holds forces back, appends an event and waits until its force is held. */
    private FutureTask<Long> appendHeld(EventLog log, String text) {
        held = true;
        int before = holding;
        long end = log.endPosition();
        FutureTask<Long> appending = start(() -> log.producer("test", TEXT).append("key", text));
        until(() -> holding > before && log.endPosition() > end);
        return appending;
    }

    private static List<String> texts(List<Event<String>> events) {
        return events.stream().map(Event::data).toList();
    }

    private static List<String> read(EventLog log, EventQuery query) {
        return texts(log.read(query, TEXT).toList());
    }

    @Test
    void nothingIsAcknowledgedOrSeenBeforeItIsDurable() throws Exception {
        try (EventLog log = open();
                Consumer<String> consumer = log.consumer("pulls", TEXT)) {
            log.producer("test", TEXT).append("key", "first");
            List<String> pushed = new CopyOnWriteArrayList<>();
            var subscription = log.subscribe("pushed", TEXT, event -> pushed.add(event.data()));
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();

            FutureTask<Long> appending = appendHeld(log, "second");
            assertThat(log.endPosition()).isEqualTo(2);
            assertThat(log.durablePosition()).isOne();
            assertThat(texts(consumer.poll(Duration.ofMillis(50)))).containsExactly("first");
            consumer.commit();
            assertThat(consumer.poll(Duration.ofMillis(50))).isEmpty();
            assertThat(consumer.poll(view -> {}, 10)).isZero();
            assertThat(consumer.await(Duration.ofMillis(5))).isFalse();
            assertThat(read(log, EventQuery.all())).containsExactly("first");
            assertThat(subscription.awaitPosition(1, Duration.ofMillis(50))).isFalse();
            assertThat(pushed).containsExactly("first");
            var bounded = ConsumerConfig.unnamed().stopAtEnd().build();
            try (Consumer<String> upToNow = log.consumer(bounded, TEXT)) {
                assertThat(texts(upToNow.poll(Duration.ZERO))).containsExactly("first");
            }
            assertThat(appending.isDone()).isFalse();

            FutureTask<List<Event<String>>> polling = start(() -> consumer.poll(LONG));
            held = false;
            assertThat(join(appending)).isOne();
            assertThat(log.durablePosition()).isEqualTo(2);
            assertThat(texts(join(polling))).containsExactly("second");
            assertThat(subscription.awaitPosition(1, LONG)).isTrue();
            assertThat(pushed).containsExactly("first", "second");
        }
    }

    @Test
    void consumerThatStartsAtTheLatestSeesNothingOlderOnceThatIsDurable() throws Exception {
        try (EventLog log = open()) {
            log.producer("test", TEXT).append("key", "first");
            FutureTask<Long> appending = appendHeld(log, "second");
            var latest = ConsumerConfig.unnamed().startAt(StartAt.latest()).build();
            var at = ConsumerConfig.unnamed().startAt(StartAt.position(1)).build();
            try (Consumer<String> consumer = log.consumer(latest, TEXT);
                    Consumer<String> second = log.consumer(at, TEXT)) {
                assertThat(consumer.poll(Duration.ZERO)).isEmpty();
                assertThat(second.poll(Duration.ZERO)).isEmpty();
                held = false;
                join(appending);
                assertThat(consumer.poll(Duration.ZERO)).isEmpty();
                log.producer("test", TEXT).append("key", "third");
                assertThat(texts(consumer.poll(LONG))).containsExactly("third");
                assertThat(texts(second.poll(LONG))).containsExactly("second", "third");
            }
        }
    }

    @Test
    void queryByAppendTimeDoesNotPassWhatIsNotDurableYet() throws Exception {
        try (EventLog log = open()) {
            log.producer("test", TEXT).append("key", "first");
            Instant from = Clock.toInstant(Clock.system().epochNanos());
            FutureTask<Long> appending = appendHeld(log, "second");
            var config = ConsumerConfig.unnamed()
                    .query(EventQuery.all().appendTime(from, Instant.MAX))
                    .build();
            var start = ConsumerConfig.unnamed().startAt(StartAt.time(from)).build();
            try (Consumer<String> byQuery = log.consumer(config, TEXT);
                    Consumer<String> byStart = log.consumer(start, TEXT)) {
                assertThat(byQuery.poll(Duration.ZERO)).isEmpty();
                assertThat(byStart.poll(Duration.ZERO)).isEmpty();
                held = false;
                join(appending);
                assertThat(texts(byQuery.poll(LONG))).containsExactly("second");
                assertThat(texts(byStart.poll(LONG))).containsExactly("second");
            }
        }
    }

    @Test
    void eventsOfAnEarlierProcessAreSeenAtOnce() throws IOException {
        var numbered = new Numbered(7, 2_000);
        Path copy = temporary.resolve("copy");
        try (EventLog log = open(Durability.PROCESS_CRASH)) {
            numbered.appendTo(log, 100);
            Directories.copyLog(temporary.resolve("log"), copy);
        }
        var config = Numbered.config(copy).durability(Durability.POWER_LOSS).build();
        for (int open = 0; open < 2; open++) {
            try (EventLog log = LocalEventLog.open(config, HookedFileOps.quick(), Clock.system())) {
                assertThat(log.endPosition()).isGreaterThanOrEqualTo(100);
                assertThat(log.durablePosition()).isEqualTo(log.endPosition());
                numbered.assertComplete(log);
            }
        }
    }

    @Test
    void weakerLogShowsEventsBeforeTheStrongerProducerReturns() throws Exception {
        try (EventLog log = open(Durability.PROCESS_CRASH);
                Consumer<String> consumer = log.consumer("c", TEXT)) {
            Producer<String> durable = log.producer("test", TEXT).withDurability(Durability.POWER_LOSS);
            held = true;
            FutureTask<List<Event<String>>> polling = start(() -> consumer.poll(LONG));
            FutureTask<Long> appending = start(() -> durable.append("key", "strong"));
            assertThat(texts(join(polling))).containsExactly("strong");
            assertThat(log.producer("test", TEXT).append("key", "weak")).isOne();
            assertThat(log.durablePosition()).isZero();
            assertThat(appending.isDone()).isFalse();
            held = false;
            assertThat(join(appending)).isZero();
            assertThat(log.durablePosition()).isPositive();
        }
    }

    @Test
    void flushAndFuturesWaitForTheForceThatIsUnderWay() throws Exception {
        try (EventLog log = open()) {
            Producer<String> producer = log.producer("test", TEXT);
            held = true;
            CompletableFuture<Long> first = producer.appendAsync(NewEvent.of("key", "first"));
            until(() -> holding > 0);
            FutureTask<Boolean> flushing = start(() -> {
                producer.flush();
                return first.isDone();
            });
            CompletableFuture<Long> second = producer.appendAsync(NewEvent.of("key", "second"));
            FutureTask<Boolean> flushingBoth = start(() -> {
                producer.flush();
                return first.isDone() && second.isDone();
            });
            until(() -> log.endPosition() == 2);
            LockSupport.parkNanos(5_000_000);
            assertThat(flushing.isDone() || flushingBoth.isDone() || first.isDone() || second.isDone())
                    .isFalse();
            held = false;
            assertThat(join(flushing)).isTrue();
            assertThat(join(flushingBoth)).isTrue();
            assertThat(first.join()).isZero();
            assertThat(second.join()).isOne();
            assertThat(log.durablePosition()).isEqualTo(2);
        }
    }

    @Test
    void closeLetsWaitingAppendsEndAndLosesNone() throws Exception {
        for (int round = 0; round < 20; round++) {
            EventLog log = open();
            Producer<String> producer = log.producer("test", TEXT);
            long base = log.endPosition();
            held = true;
            var appending = new ArrayList<FutureTask<Long>>();
            for (int i = 0; i < 4; i++) {
                appending.add(start(() -> producer.append("key", "x")));
            }
            CompletableFuture<Long> async = producer.appendAsync(NewEvent.of("key", "x"));
            until(() -> log.endPosition() == base + 5);
            FutureTask<Boolean> closing = start(() -> {
                log.close();
                return true;
            });
            until(() -> isRefused(log));
            held = false;
            for (FutureTask<Long> task : appending) {
                assertThat(join(task)).isBetween(base, base + 4);
            }
            assertThat(async.get(30, TimeUnit.SECONDS)).isBetween(base, base + 4);
            join(closing);
            assertThatThrownBy(() -> producer.append("late")).isInstanceOf(LogClosedException.class);
            try (EventLog again = open()) {
                assertThat(again.endPosition()).isEqualTo(base + 5);
            }
        }
    }

    private static boolean isRefused(EventLog log) {
        try {
            log.capabilities();
            return false;
        } catch (LogClosedException closed) {
            return true;
        }
    }

    @Test
    void namesOfTheDirectoriesThatALogMakesAreForcedBeforeAnythingIsInThem() {
        List<String> steps = new CopyOnWriteArrayList<>();
        Path parent = temporary.toAbsolutePath().resolve("data");
        Path directory = parent.resolve("orders");
        var files = new HookedFileOps((op, path) -> steps.add(op + " " + path)).withoutForce();
        LocalEventLog.open(Numbered.config(directory).build(), files, Clock.system())
                .close();
        assertThat(steps)
                .containsSubsequence(
                        "CREATE_DIRECTORY " + parent,
                        "FORCE_DIRECTORY " + temporary.toAbsolutePath(),
                        "CREATE_DIRECTORY " + directory,
                        "FORCE_DIRECTORY " + parent,
                        "CREATE " + directory.resolve("lock"));
    }

    @Test
    void nameOfADirectoryThatWasThereIsForcedToo() throws IOException {
        List<String> steps = new CopyOnWriteArrayList<>();
        Path directory = java.nio.file.Files.createDirectory(temporary.resolve("orders"));
        var files = new HookedFileOps((op, path) -> steps.add(op + " " + path)).withoutForce();
        LocalEventLog.open(Numbered.config(directory).build(), files, Clock.system())
                .close();
        assertThat(steps).contains("FORCE_DIRECTORY " + temporary.toRealPath());
        steps.clear();
        LocalEventLog.open(Numbered.config(directory).build(), files, Clock.system())
                .close();
        assertThat(steps).doesNotContain("FORCE_DIRECTORY " + temporary.toRealPath());
    }
}
