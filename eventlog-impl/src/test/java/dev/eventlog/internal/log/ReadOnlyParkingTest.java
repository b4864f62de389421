package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Events that a process parks which only reads, beside a writer that prunes. Both are in this JVM and share files only. */
@Timeout(120)
class ReadOnlyParkingTest {

    private static final Duration LONG = Duration.ofMinutes(2);

    private final Seed seed = Seed.of(ReadOnlyParkingTest.class);
    private final Numbered numbered = new Numbered(seed.value(), 16 << 10);

    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("log");
    }

    @Test
    void eventThatAReaderParkedIsNotPrunedUntilItIsTakenOffItsList() {
        EventLogConfig config =
                Numbered.config(directory()).retainBytes(3 << 20).build();
        try (EventLog writing = LocalEventLog.open(config, FileOps.system(), Clock.system());
                EventLog reading =
                        EventLog.open(EventLogConfig.at(directory()).readOnly().build())) {
            // no more: a later event of the same key would be parked behind it
            for (long position = 0; position < 10; position++) {
                writing.producer("numbered", Numbered.CODEC).append(numbered.event(position));
            }
            var subscription = reading.subscribe(failing("parking"), Numbered.CODEC, ReadOnlyParkingTest::failAtFive);
            assertThat(subscription.awaitPosition(9, LONG)).isTrue();
            subscription.close();
            assertThat(writing.consumers())
                    .singleElement()
                    .satisfies(status -> assertThat(status.parked()).isOne());
            long segments = writing.endPosition();
            while (writing.endPosition() < segments + 3000) {
                numbered.appendTo(writing, writing.endPosition() + 100);
            }
            assertThat(writing.firstPosition()).isLessThanOrEqualTo(5);
            try (Consumer<ByteBuffer> parked =
                    reading.consumer(ConsumerConfig.parkedBy("parking").build(), Numbered.CODEC)) {
                assertThat(parked.poll(LONG)).singleElement().satisfies(event -> {
                    assertThat(event.position()).isEqualTo(5);
                    assertThat(numbered.isRight(event)).isTrue();
                });
                parked.commit();
            }
            while (writing.firstPosition() <= 5) {
                numbered.appendTo(writing, writing.endPosition() + 100);
            }
        }
    }

    private static ConsumerConfig failing(String name) {
        return ConsumerConfig.named(name).attempts(1, Duration.ZERO).build();
    }

    private static void failAtFive(Event<ByteBuffer> event) {
        if (event.position() == 5) {
            throw new IllegalStateException("cannot handle " + event.position());
        }
    }

    /** The list is written between the writer's look at the lists and what it says is pruned. */
    @Test
    void eventIsParkedOrPrunedAndNotBoth() throws Exception {
        var looked = new CountDownLatch(1);
        var parked = new CountDownLatch(1);
        var writersFiles = new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.DELETE && path.endsWith("index/0000000001.index")) {
                looked.countDown();
                await(parked);
            }
        });
        var readersFiles = new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.FORCE_DIRECTORY && path.endsWith("parked") && looked.getCount() == 0) {
                parked.countDown();
            }
        });
        EventLogConfig config =
                Numbered.config(directory()).retainBytes(3 << 20).build();
        EventLogConfig readOnly = EventLogConfig.at(directory()).readOnly().build();
        try (EventLog writing = LocalEventLog.open(config, writersFiles, Clock.system());
                EventLog reading = LocalEventLog.open(readOnly, readersFiles, Clock.system())) {
            numbered.appendTo(writing, 10);
            var subscription = reading.subscribe(failing("parking"), Numbered.CODEC, event -> {
                await(looked);
                throw new IllegalStateException("cannot handle " + event.position());
            });
            while (writing.firstPosition() == 0) {
                numbered.appendTo(writing, writing.endPosition() + 100);
            }
            assertThatThrownBy(() -> subscription.awaitPosition(0, LONG))
                    .isInstanceOf(IllegalStateException.class)
                    .hasRootCauseInstanceOf(PositionExpiredException.class);
            assertThat(writing.consumers())
                    .singleElement()
                    .satisfies(status -> assertThat(status.parked()).isZero());
        }
    }

    /** A clock that shows a tenth of a second more at each look, from some moment on. */
    private static final class HurryingClock implements Clock {
        private final Clock system = Clock.system();
        private final AtomicInteger looks = new AtomicInteger();
        private volatile boolean isHurrying;
        private volatile Runnable onLook = () -> {};

        @Override
        public long epochNanos() {
            return system.epochNanos();
        }

        @Override
        public long monotonicNanos() {
            if (isHurrying) {
                looks.incrementAndGet();
                onLook.run();
            }
            return system.monotonicNanos() + looks.get() * 100_000_000L;
        }
    }

    /** As above, where a force of the writer takes five seconds; or where it hangs, or died, for longer than is waited. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void parkingWaitsForAWriterThatIsSlowToPruneButNotForEver(boolean hangs) throws Exception {
        var looked = new CountDownLatch(1);
        var ends = new CountDownLatch(1);
        var clock = new HurryingClock();
        clock.onLook = () -> {
            if (!hangs && clock.looks.get() > 50) {
                ends.countDown();
            }
        };
        var writersFiles = new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.DELETE && path.endsWith("index/0000000001.index")) {
                looked.countDown();
                await(ends);
            }
        });
        var readersFiles = new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.FORCE_DIRECTORY && path.endsWith("parked") && looked.getCount() == 0) {
                clock.isHurrying = true;
            }
        });
        EventLogConfig config =
                Numbered.config(directory()).retainBytes(3 << 20).build();
        EventLogConfig readOnly = EventLogConfig.at(directory()).readOnly().build();
        try (EventLog writing = LocalEventLog.open(config, writersFiles, Clock.system());
                EventLog reading = LocalEventLog.open(readOnly, readersFiles, clock)) {
            numbered.appendTo(writing, 10);
            var appending = new Thread(() -> {
                while (writing.firstPosition() == 0) {
                    numbered.appendTo(writing, writing.endPosition() + 100);
                }
            });
            appending.start();
            try (var subscription = reading.subscribe(failing("parking"), Numbered.CODEC, event -> {
                await(looked);
                failAtEach(event);
            })) {
                if (hangs) {
                    // whether it will be pruned nobody knows; the consumer does not stop for that
                    while (subscription.status().parked() == 0) {
                        assertThat(subscription.status().failure()).isNull();
                        Thread.onSpinWait();
                    }
                } else {
                    assertThatThrownBy(() -> subscription.awaitPosition(0, LONG))
                            .isInstanceOf(IllegalStateException.class)
                            .hasRootCauseInstanceOf(PositionExpiredException.class);
                    assertThat(subscription.status().parked()).isZero();
                }
            } finally {
                ends.countDown();
                appending.join();
            }
        }
    }

    private static void failAtEach(Event<ByteBuffer> event) {
        throw new IllegalStateException("cannot handle " + event.position());
    }

    /** For hooks, which may throw nothing else. */
    static void await(CountDownLatch latch) throws IOException {
        try {
            assertThat(latch.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
