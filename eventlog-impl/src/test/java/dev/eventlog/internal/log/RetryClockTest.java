package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.Subscription;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The pauses between attempts, and what waits for a subscription, go by the log's clock. */
@Timeout(300)
class RetryClockTest {

    private static final Duration LONG = Duration.ofMinutes(2);

    /** A clock that stands, or goes on by a step each time that the subscription's thread reads it. */
    private static final class ManualClock implements Clock {

        // its zero means nothing: it may well pass the greatest long
        final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);
        final CountDownLatch readTwice = new CountDownLatch(2);
        volatile Duration step = Duration.ZERO;

        @Override
        public long epochNanos() {
            return 1_700_000_000_000_000_000L;
        }

        @Override
        public long monotonicNanos() {
            if (Thread.currentThread().getName().equals("eventlog-s")) {
                readTwice.countDown();
                return nanos.addAndGet(step.toNanos());
            }
            return nanos.get();
        }
    }

    private final ManualClock clock = new ManualClock();
    private final EventLog log = LocalEventLog.open(EventLogConfig.inMemory().build(), FileOps.system(), clock);
    private final List<Integer> attempts = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        log.close();
    }

    /** A subscription whose handler fails until an attempt. */
    private Subscription subscribe(int last, Duration backOff) {
        log.producer("test", Codec.utf8()).append("a");
        var config = ConsumerConfig.named("s").attempts(last, backOff).build();
        return log.subscribe(config, Codec.utf8(), event -> {
            attempts.add(event.attempt());
            if (event.attempt() < last) {
                throw new IllegalStateException("handler failed on purpose");
            }
        });
    }

    @Test
    void aPauseEndsWhenTheClockSaysSo() {
        clock.step = Duration.ofSeconds(30);
        try (Subscription subscription = subscribe(4, Duration.ofMinutes(1))) {
            assertThat(subscription.awaitCaughtUp(Duration.ofDays(1))).isTrue();
        }
        assertThat(attempts).containsExactly(1, 2, 3, 4);
    }

    @Test
    void aPauseLastsAsLongAsTheClockStands() throws InterruptedException {
        try (Subscription subscription = subscribe(2, Duration.ofMillis(1))) {
            assertThat(clock.readTwice.await(LONG.toSeconds(), TimeUnit.SECONDS))
                    .as("pause begun")
                    .isTrue();
            assertThat(attempts).containsExactly(1);
            assertThat(subscription.status().lag()).isEqualTo(1);
            clock.nanos.addAndGet(Duration.ofMillis(2).toNanos());
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(attempts).containsExactly(1, 2);
    }

    @Test
    void closeEndsAPauseAlthoughTheClockStands() throws InterruptedException {
        Subscription subscription = subscribe(2, Duration.ofMinutes(1));
        assertThat(clock.readTwice.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        subscription.close();
        assertThat(attempts).containsExactly(1);
        assertThat(log.consumers().get(0).lag()).isEqualTo(1);
    }
}
