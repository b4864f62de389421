package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Seed;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Executors that are shut down at once, again and again, amid all that a log does: what was acknowledged is there, each
 * call keeps the flag, and the log goes on.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PowerLossInterruptTest {

    private static final Codec<String> TEXT = Codec.utf8();
    private static final int ROUNDS = 40;

    @TempDir
    private Path temporary;

    private final Map<Long, String> acknowledged = new ConcurrentHashMap<>();
    private final List<Map.Entry<String, CompletableFuture<Long>>> handedOver = new ArrayList<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    @ParameterizedTest
    @EnumSource(Durability.class)
    void executorsShutDownAtAnyMomentLoseNothing(Durability durability) throws Exception {
        Seed seed = Seed.of(PowerLossInterruptTest.class);
        SplittableRandom random = seed.random();
        var config = Numbered.config(temporary.resolve("log"))
                .durability(durability)
                .forceInterval(Duration.ofMillis(2))
                .build();
        EventLog log = LocalEventLog.open(config, FileOps.system(), Clock.system());
        for (int round = 0; round < ROUNDS; round++) {
            ExecutorService executor = Executors.newFixedThreadPool(6);
            for (int t = 0; t < 6; t++) {
                SplittableRandom own = random.split();
                EventLog current = log;
                String name = round + "-" + t;
                executor.execute(() -> work(current, name, own));
            }
            long until = System.nanoTime() + random.nextLong(4_000_000);
            while (System.nanoTime() < until) {
                Thread.onSpinWait();
            }
            executor.shutdownNow();
            if (round % 8 == 7) {
                log.close();
            }
            assertThat(executor.awaitTermination(30, TimeUnit.SECONDS))
                    .as("%s", seed)
                    .isTrue();
            assertThat(failure.get()).as("%s", seed).isNull();
            if (round % 8 == 7) {
                log = LocalEventLog.open(config, HookedFileOps.quick(), Clock.system());
            }
        }
        log.producer("test", TEXT).append("last");
        log.close();
        log = LocalEventLog.open(config, HookedFileOps.quick(), Clock.system());
        takeFutures();
        assertThat(acknowledged).isNotEmpty();
        List<String> all =
                log.read(EventQuery.all(), TEXT).map(event -> event.data()).toList();
        acknowledged.forEach((position, text) ->
                assertThat(all.get(Math.toIntExact(position))).as("%s", seed).isEqualTo(text));
        assertThat(all).doesNotHaveDuplicates();
        log.close();
    }

    private void takeFutures() throws Exception {
        for (var each : handedOver) {
            assertThat(each.getValue().isDone()).isTrue();
            try {
                acknowledged.put(each.getValue().get(), each.getKey());
            } catch (ExecutionException refused) {
                assertThat(refused).hasCauseInstanceOf(LogClosedException.class);
            }
        }
    }

    private void work(EventLog log, String name, SplittableRandom random) {
        try (Consumer<String> consumer = log.consumer(ConsumerConfig.unnamed().build(), TEXT)) {
            Producer<String> producer = log.producer("test", TEXT);
            for (int i = 0; i < 100_000; i++) {
                boolean before = Thread.currentThread().isInterrupted();
                step(log, producer, consumer, name + ":" + i, random);
                if (before) {
                    assertThat(Thread.currentThread().isInterrupted())
                            .as("flag is kept")
                            .isTrue();
                    if (i > 50 && random.nextInt(4) == 0) {
                        return;
                    }
                }
            }
        } catch (LogClosedException closed) {
            assertThat(closed).isNotNull();
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        }
    }

    private void step(
            EventLog log, Producer<String> producer, Consumer<String> consumer, String text, SplittableRandom random) {
        switch (random.nextInt(8)) {
            case 0, 1 -> acknowledged.put(producer.append("key", text), text);
            case 2 -> {
                long last = producer.appendAll(List.of(NewEvent.of(text), NewEvent.of(text + "b")));
                acknowledged.put(last - 1, text);
                acknowledged.put(last, text + "b");
            }
            case 3 -> {
                var future = producer.appendAsync(NewEvent.of("key", text));
                synchronized (handedOver) {
                    handedOver.add(Map.entry(text, future));
                }
            }
            case 4 ->
                acknowledged.put(producer.withDurability(Durability.POWER_LOSS).append("key", text), text);
            case 5 -> producer.flush();
            case 6 -> log.force();
            default -> {
                var unused = consumer.poll(Duration.ofMillis(1));
                consumer.commit();
            }
        }
    }
}
