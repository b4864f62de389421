package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.EventLog;
import dev.eventlog.StartAt;
import dev.eventlog.error.LockedException;
import dev.eventlog.internal.file.HookedFileOps;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Interrupts: each call is done or not at all, the flag is kept, the log stays usable and locked. */
@Timeout(120)
class InterruptTest {

    private final Numbered numbered = new Numbered(5, 20_000);

    @TempDir
    private Path directory;

    @AfterEach
    void clearFlag() {
        Thread.interrupted();
    }

    private static void assertFlagKept() {
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
    }

    @Test
    void everythingWorksWithTheFlagSetAllTheTime() {
        Thread.currentThread().interrupt();
        for (int open = 1; open <= 3; open++) {
            try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                    var consumer = log.consumer("consumer", Numbered.CODEC)) {
                assertFlagKept();
                var producer = log.producer("numbered", Numbered.CODEC);
                for (int i = 0; i < 250; i++) {
                    long position = log.endPosition();
                    assertThat(producer.append(numbered.event(position))).isEqualTo(position);
                    assertFlagKept();
                    if (i % 10 == 0) {
                        log.force();
                        assertThat(log.durablePosition()).isEqualTo(position + 1);
                        assertFlagKept();
                        assertThat(consumer.poll(Duration.ofSeconds(1))).isNotEmpty();
                        consumer.commit();
                        assertFlagKept();
                    }
                }
                assertThatThrownBy(() -> EventLog.open(directory)).isInstanceOf(LockedException.class);
                numbered.assertComplete(log);
                consumer.seek(StartAt.position(7));
                assertThat(consumer.poll((view) -> {}, 5)).isEqualTo(5);
                assertFlagKept();
            }
            assertFlagKept();
        }
    }

    @Test
    void interruptsAtAnyMomentLoseNothing() throws InterruptedException {
        var failure = new AtomicReference<Throwable>();
        var done = new AtomicBoolean();
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            var appender = new Thread(() -> {
                try {
                    var producer = log.producer("numbered", Numbered.CODEC);
                    for (int i = 0; i < 2_000; i++) {
                        long position = log.endPosition();
                        assertThat(producer.append(numbered.event(position))).isEqualTo(position);
                        if (i % 50 == 0) {
                            log.force();
                        }
                        Thread.interrupted();
                    }
                } catch (Throwable e) {
                    failure.set(e);
                } finally {
                    done.set(true);
                }
            });
            appender.start();
            while (!done.get()) {
                appender.interrupt();
                Thread.onSpinWait();
            }
            appender.join();
            assertThat(failure.get()).isNull();
            assertThat(log.endPosition()).isEqualTo(2_000);
            numbered.assertComplete(log);
        }
    }

    @Test
    void waitingPollEndsEarlyWithTheFlagSet() {
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                var consumer = log.consumer("consumer", Numbered.CODEC)) {
            Thread.currentThread().interrupt();
            long before = System.nanoTime();
            assertThat(consumer.poll(Duration.ofMinutes(1))).isEmpty();
            assertFlagKept();
            assertThat(consumer.await(Duration.ofMinutes(1))).isFalse();
            assertFlagKept();
            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(30));
        }
    }

    @Test
    void interruptedSubscriptionHandlerKeepsTheLogUsable() {
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            var producer = log.producer("numbered", Numbered.CODEC);
            var subscription = log.subscribe("subscriber", Numbered.CODEC, event -> {
                Thread.currentThread().interrupt();
                if (event.position() < 50) {
                    producer.append(numbered.event(log.endPosition()));
                    log.force();
                }
            });
            producer.append(numbered.event(0));
            assertThat(subscription.awaitPosition(49, Duration.ofMinutes(2))).isTrue();
            subscription.close();
            numbered.assertComplete(log);
        }
    }
}
