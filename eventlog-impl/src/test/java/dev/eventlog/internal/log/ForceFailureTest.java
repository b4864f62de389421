package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A force that fails once is final, although the next one would succeed: nothing is acknowledged any more. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ForceFailureTest {

    private static final Codec<String> TEXT = Codec.utf8();

    @TempDir
    private Path temporary;

    /** Forces of the active segment until one fails; below 0: none fails. */
    private final AtomicInteger left = new AtomicInteger(-1);

    private volatile boolean error;
    private final List<Throwable> reported = new CopyOnWriteArrayList<>();

    private HookedFileOps files() {
        return new HookedFileOps((op, path) -> {
                    boolean active =
                            op == HookedFileOps.Op.FORCE && path.toString().contains("/active/");
                    if (active && left.get() >= 0 && left.getAndDecrement() == 0) {
                        if (error) {
                            throw new InternalError("force failed on purpose");
                        }
                        throw new IOException("Input/output error, on purpose");
                    }
                })
                .withoutForce();
    }

    private EventLog open(Durability durability, Duration interval) {
        return LocalEventLog.open(
                Numbered.config(temporary.resolve("log"))
                        .durability(durability)
                        .forceInterval(interval)
                        .backgroundErrors(reported::add)
                        .build(),
                files(),
                Clock.system());
    }

    private static void until(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }

    private static long readable(EventLog log) {
        return log.read(EventQuery.all(), TEXT).count();
    }

    @ParameterizedTest
    @EnumSource(Durability.class)
    void failedForceOfAWaiterStopsTheLog(Durability durability) {
        EventLog log = open(durability, Duration.ZERO);
        Producer<String> producer = log.producer("test", TEXT).withDurability(Durability.POWER_LOSS);
        producer.append("key", "durable");
        left.set(0);
        LogFailedException failed =
                catchThrowableOfType(LogFailedException.class, () -> producer.append("key", "unknown"));
        assertThat(failed.isOutcomeUnknown()).isTrue();
        assertThat(failed).hasMessageContaining("forcing failed").hasMessageContaining("from 1 to 2");
        assertStopped(log, durability, 1, 2);
    }

    @ParameterizedTest
    @EnumSource(Durability.class)
    void failedForceOfTheLogStopsIt(Durability durability) {
        EventLog log = open(durability, Duration.ZERO);
        log.producer("test", TEXT).append("key", "one");
        if (durability == Durability.POWER_LOSS) {
            log.force();
            assertThat(log.durablePosition()).isOne();
            assertThat(left.get()).isEqualTo(-1);
            log.close();
            return;
        }
        left.set(0);
        LogFailedException failed = catchThrowableOfType(LogFailedException.class, log::force);
        assertThat(failed.isOutcomeUnknown()).isTrue();
        assertStopped(log, durability, 0, 1);
    }

    @Test
    void errorThatIsNoIoExceptionStopsTheLogToo() {
        error = true;
        EventLog log = open(Durability.POWER_LOSS, Duration.ZERO);
        Producer<String> producer = log.producer("test", TEXT);
        producer.append("key", "durable");
        left.set(0);
        LogFailedException failed =
                catchThrowableOfType(LogFailedException.class, () -> producer.append("key", "unknown"));
        assertThat(failed.isOutcomeUnknown()).isTrue();
        assertStopped(log, Durability.POWER_LOSS, 1, 2);
    }

    @ParameterizedTest
    @EnumSource(Durability.class)
    void failedForceInTheBackgroundStopsTheLog(Durability durability) {
        EventLog log = open(durability, Duration.ofMillis(1));
        Producer<String> producer = log.producer("test", TEXT);
        producer.append("key", "one");
        until(() -> log.durablePosition() == 1);
        left.set(0);
        Throwable thrown = catchThrowable(() -> {
            // in a log that survives power cuts the waiter's force may be the one that fails
            while (reported.isEmpty()) {
                producer.append("key", "two");
            }
        });
        assertThat(thrown == null || thrown instanceof LogFailedException).isTrue();
        assertStopped(log, durability, log.durablePosition(), log.endPosition());
    }

    @ParameterizedTest
    @EnumSource(Durability.class)
    void failedForceOfASealedSegmentStopsTheLog(Durability durability) {
        EventLog log = open(durability, Duration.ZERO);
        Producer<String> producer = log.producer("test", TEXT);
        producer.append("key", "one");
        String large = "x".repeat(100_000);
        Throwable thrown = catchThrowable(() -> {
            for (int i = 0; i < 200; i++) {
                if (i == 5) {
                    // in a log that survives power cuts forces of waiters are between
                    left.set(durability == Durability.POWER_LOSS ? 20 : 0);
                }
                producer.append("key", large);
            }
        });
        assertThat(thrown).isInstanceOf(LogFailedException.class);
        assertStopped(log, durability, log.durablePosition(), log.endPosition());
    }

    /** The log takes nothing and acknowledges nothing, is readable, and its close reports it; the next open is sound. */
    private void assertStopped(EventLog log, Durability durability, long durablePosition, long endPosition) {
        // one more may have been under way on another thread
        assertThat(left.get()).as("forces succeed again").isNegative();
        Producer<String> producer = log.producer("test", TEXT);
        Producer<String> strong = producer.withDurability(Durability.POWER_LOSS);
        for (int i = 0; i < 3; i++) {
            for (Producer<String> each : List.of(producer, strong)) {
                assertRefused(() -> each.append("key", "late"));
                assertRefused(() -> each.appendAll(List.of(NewEvent.of("late"))));
                assertRefused(() -> each.appendAsync(NewEvent.of("late")));
                assertRefused(each::flush);
            }
            assertThat(catchThrowable(log::force)).isInstanceOf(LogFailedException.class);
        }
        assertThat(log.endPosition()).isEqualTo(endPosition);
        assertThat(log.durablePosition()).isEqualTo(durablePosition).isLessThan(endPosition);
        long readable = durability == Durability.POWER_LOSS ? durablePosition : endPosition;
        assertThat(readable(log)).isEqualTo(readable);
        try (Consumer<String> consumer = log.consumer("goes-on", TEXT)) {
            long position = 0;
            while (position < readable) {
                var events = consumer.poll(Duration.ofSeconds(1));
                assertThat(events).isNotEmpty();
                position = events.get(events.size() - 1).position() + 1;
                consumer.commit();
            }
            assertThat(consumer.poll(Duration.ZERO)).isEmpty();
        }
        assertThatThrownBy(log::close)
                .isInstanceOf(LogFailedException.class)
                .hasMessageContaining("from " + durablePosition + " on");
        try (EventLog again = open(durability, Duration.ZERO)) {
            assertThat(readable(again)).isEqualTo(again.endPosition()).isEqualTo(endPosition);
            assertThat(again.producer("test", TEXT).append("key", "again")).isEqualTo(endPosition);
            assertThat(again.consumer("goes-on", TEXT).position()).isEqualTo(readable);
        }
    }

    private static void assertRefused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        LogFailedException refused = catchThrowableOfType(LogFailedException.class, call);
        assertThat(refused).isNotNull();
        assertThat(refused.isOutcomeUnknown()).as("certainly not appended").isFalse();
    }

    @Test
    void futuresOfAFailedForceFailAndFlushSaysSo() {
        EventLog log = open(Durability.POWER_LOSS, Duration.ZERO);
        Producer<String> producer = log.producer("test", TEXT);
        assertThat(producer.appendAsync(NewEvent.of("a")).join()).isZero();
        left.set(0);
        List<CompletableFuture<Long>> futures = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            try {
                futures.add(producer.appendAsync(NewEvent.of("b")));
            } catch (LogFailedException stopped) {
                assertThat(stopped.isOutcomeUnknown()).isFalse();
            }
        }
        assertThatThrownBy(producer::flush).isInstanceOf(LogFailedException.class);
        assertThat(futures).isNotEmpty().allSatisfy(future -> {
            assertThat(future.isDone()).isTrue();
            assertThatThrownBy(future::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(LogFailedException.class);
        });
        assertThat(log.durablePosition()).isOne();
        assertThatThrownBy(log::close).isInstanceOf(LogFailedException.class);
    }

    @Test
    void ofManyWaitersEachReturnsWithDurableEventsOrFails() throws Exception {
        Seed seed = Seed.of(ForceFailureTest.class);
        SplittableRandom random = seed.random();
        for (int round = 0; round < 25; round++) {
            EventLog log = open(Durability.POWER_LOSS, Duration.ofMillis(1 + random.nextInt(3)));
            Producer<String> producer = log.producer("test", TEXT);
            var acknowledged = new ConcurrentSkipListSet<Long>();
            var failures = new AtomicInteger();
            left.set(random.nextInt(60));
            var threads = new ArrayList<Thread>();
            for (int t = 0; t < 8; t++) {
                boolean async = t % 4 == 0;
                threads.add(new Thread(() -> {
                    try {
                        while (true) {
                            acknowledged.add(
                                    async
                                            ? producer.appendAsync(NewEvent.of("x".repeat(3000)))
                                                    .get(30, TimeUnit.SECONDS)
                                            : producer.append("x".repeat(3000)));
                        }
                    } catch (LogFailedException | ExecutionException failed) {
                        failures.incrementAndGet();
                    } catch (Exception wrong) {
                        wrong.printStackTrace();
                    }
                }));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join(30_000);
            }
            assertThat(failures.get()).as("%s", seed).isEqualTo(8);
            long durablePosition = log.durablePosition();
            assertThat(acknowledged.isEmpty() ? -1 : acknowledged.last())
                    .as("%s", seed)
                    .isLessThan(durablePosition);
            assertThat(catchThrowable(log::force)).isInstanceOf(LogFailedException.class);
            assertThat(log.durablePosition()).isEqualTo(durablePosition);
            assertThat(catchThrowable(log::close)).isInstanceOf(LogFailedException.class);
            try (EventLog again = open(Durability.POWER_LOSS, Duration.ZERO)) {
                assertThat(again.endPosition()).isGreaterThanOrEqualTo(durablePosition);
            }
        }
    }
}
