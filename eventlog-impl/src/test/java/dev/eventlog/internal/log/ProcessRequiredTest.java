package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventLogConfig.WhenFull;
import dev.eventlog.NewEvent;
import dev.eventlog.Processor;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Required consumers that process: what their log keeps for them, and what it lets go. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProcessRequiredTest {

    private static final long SEGMENT = 1 << 20;
    private static final long LIMIT = 4 * SEGMENT;
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final Processor<ByteBuffer, ByteBuffer> ONE =
            event -> List.of(NewEvent.of(ByteBuffer.allocate(8).putLong(0, event.position())));

    private final Numbered numbered =
            new Numbered(Seed.of(ProcessRequiredTest.class).value(), 30_000);

    @TempDir
    private Path temporary;

    private EventLogConfig.Builder config(String name) {
        return Numbered.config(temporary.resolve(name));
    }

    private static EventLog open(EventLogConfig.Builder config) {
        return LocalEventLog.open(config.build(), HookedFileOps.quick(), Clock.system());
    }

    private static ConsumerConfig.Builder required() {
        return ConsumerConfig.named("r").required();
    }

    private void appendSegments(EventLog log, int count) {
        long length = 0;
        while (length < count * SEGMENT) {
            var batch = numbered.batch(log.endPosition());
            log.producer("numbered", Numbered.CODEC).appendAll(batch);
            length += batch.stream().mapToInt(event -> event.data().remaining()).sum();
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // yielding is waiting without a sleep
    private void appendOnceThereIsRoom(EventLog log) {
        long deadline = System.nanoTime() + LONG.toNanos();
        boolean isAppended = false;
        while (!isAppended) {
            try {
                appendSegments(log, 1);
                isAppended = true;
            } catch (StorageFullException full) {
                assertThat(System.nanoTime() - deadline).as(full.getMessage()).isNegative();
                Thread.yield();
            }
        }
    }

    private static Subscription process(EventLog from, EventLog to) {
        return from.process(required().build(), Numbered.CODEC, ONE, to.producer("out", Numbered.CODEC));
    }

    @Test
    void oneThatHasProcessedAllMakesRoomOnceItsOutputsSurvive() throws IOException {
        try (EventLog to = open(config("to"));
                EventLog from = open(config("from").limit(LIMIT, WhenFull.FAIL));
                Subscription subscription = process(from, to)) {
            assertThatThrownBy(() -> appendSegments(from, 8)).isInstanceOf(StorageFullException.class);
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            Directories.copyLog(temporary.resolve("to"), temporary.resolve("to-2"));
            Directories.copyLog(temporary.resolve("from"), temporary.resolve("from-2"));
            assertThatThrownBy(() -> appendSegments(from, 1))
                    .as("a power cut may take outputs, so their events must stay")
                    .isInstanceOf(StorageFullException.class);
            to.force();
            appendOnceThereIsRoom(from);
        }
        // as a kill leaves it: only the log of the outputs tells how far it was
        try (EventLog to = open(config("to-2"));
                EventLog from = open(config("from-2").limit(LIMIT, WhenFull.FAIL));
                Subscription subscription = process(from, to)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            to.force();
            appendOnceThereIsRoom(from);
        }
    }

    @Test
    void whatASeekLedBackToIsKeptAlsoWhereOnlyTheLogTellsOfTheSeek() throws IOException {
        Path file;
        byte[] before;
        try (EventLog log = open(config("log"))) {
            appendSegments(log, 4);
            try (Consumer<ByteBuffer> consumer = log.consumer(inputs().build(), Numbered.CODEC)) {
                var out = log.producer("out", Numbered.CODEC);
                while (consumer.process(ONE, out, 100) > 0) {
                    log.force();
                }
            }
            try (var cursors = Files.list(temporary.resolve("log").resolve("cursors"))) {
                file = cursors.findFirst().orElseThrow();
            }
            before = Files.readAllBytes(file);
            try (Consumer<ByteBuffer> consumer = log.consumer(inputs().build(), Numbered.CODEC)) {
                consumer.seek(StartAt.earliest());
                assertThat(consumer.process(ONE, log.producer("out", Numbered.CODEC), 10))
                        .isEqualTo(10);
            }
        }
        // a power cut took what was not forced
        Files.write(file, before);
        for (boolean isOpen : new boolean[] {false, true}) {
            Path copy = temporary.resolve("copy-" + isOpen);
            Directories.copyLog(temporary.resolve("log"), copy);
            try (EventLog log = open(Numbered.config(copy).retainBytes(SEGMENT))) {
                if (!isOpen) {
                    appendSegments(log, 3);
                    assertThat(log.consumers()).isNotEmpty();
                }
                try (Consumer<ByteBuffer> consumer = log.consumer(inputs().build(), Numbered.CODEC);
                        var parked = log.consumer(ConsumerConfig.parkedBy("r").build(), Numbered.CODEC)) {
                    assertThat(parked.status().parked()).isZero();
                    assertThat(consumer.position()).isEqualTo(10);
                    appendSegments(log, 3);
                    assertThat(log.consumers()).isNotEmpty();
                    assertThat(log.firstPosition()).isLessThanOrEqualTo(10);
                    assertThat(consumer.poll(Duration.ZERO).get(0).position()).isEqualTo(10);
                }
            }
        }
    }

    /** Where the log is full of events that it has not processed, nobody else could make room for its outputs. */
    @Test
    void oneWhoseOutputsWouldWaitForItselfIsRefused() {
        for (WhenFull whenFull : WhenFull.values()) {
            var limited = config("limited-" + whenFull).limit(LIMIT, whenFull);
            try (EventLog log = open(limited);
                    EventLog to = open(config("to-" + whenFull))) {
                appendSegments(log, 1);
                var out = log.producer("out", Numbered.CODEC);
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> log.process(inputs().build(), Numbered.CODEC, ONE, out))
                        .withMessageContaining("wait for itself")
                        .withMessageContaining("consumer=r");
                assertThat(log.consumers()).isEmpty();
                try (Consumer<ByteBuffer> consumer = log.consumer(inputs().build(), Numbered.CODEC)) {
                    assertThatIllegalArgumentException()
                            .isThrownBy(() -> consumer.process(ONE, out, 1))
                            .withMessageContaining("wait for itself");
                    assertThat(consumer.process(ONE, to.producer("out", Numbered.CODEC), 1))
                            .isEqualTo(1);
                }
                // it stays required until it is forgotten, whatever it is opened with
                var sameName = ConsumerConfig.named("r").build();
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> log.process(sameName, Numbered.CODEC, ONE, out))
                        .withMessageContaining("wait for itself");
                log.forget("r");
                try (Consumer<ByteBuffer> consumer = log.consumer(sameName, Numbered.CODEC)) {
                    assertThat(consumer.process(ONE, out, 1)).isEqualTo(1);
                }
            }
        }
    }

    /** What it has processed is in the log, durable once it is forced; whether it processes again does not matter. */
    @Test
    void oneThatProcessedBeforeAndOnlyReadsHoldsBackNothingThatItHasProcessed() {
        Path copy = temporary.resolve("copy");
        long processed;
        try (EventLog log = open(config("log"))) {
            appendSegments(log, 4);
            try (Consumer<ByteBuffer> consumer = log.consumer(inputs().build(), Numbered.CODEC)) {
                var out = log.producer("out", Numbered.CODEC);
                while (consumer.process(ONE, out, 100) > 0) {
                    // the next ones
                }
                processed = consumer.position();
                // as a kill leaves it: the file is behind
                Directories.copyLog(temporary.resolve("log"), copy);
            }
        }
        try (EventLog log = open(Numbered.config(copy).retainBytes(SEGMENT));
                Consumer<ByteBuffer> consumer = log.consumer(inputs().build(), Numbered.CODEC)) {
            long position = consumer.position();
            assertThat(position).isPositive().isLessThanOrEqualTo(processed);
            appendSegments(log, 3);
            assertThat(log.consumers()).hasSize(1);
            assertThat(log.firstPosition()).isPositive().isLessThanOrEqualTo(position);
        }
    }

    private static ConsumerConfig.Builder inputs() {
        return required().query(dev.eventlog.EventQuery.all().sources("numbered"));
    }

    @Test
    void oneThatWasForgottenAndCouldNotBeginAgainHoldsNothingBack() {
        try (EventLog log = open(config("log").retainBytes(SEGMENT))) {
            appendSegments(log, 1);
            try (Consumer<ByteBuffer> consumer =
                    log.consumer(ConsumerConfig.named("r").build(), Numbered.CODEC)) {
                assertThat(consumer.process(ONE, log.producer("out", Numbered.CODEC), 1))
                        .isEqualTo(1);
            }
            log.forget("r");
            long beyond = log.endPosition() + 1;
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> log.consumer(
                            required().startAt(StartAt.position(beyond)).build(), Numbered.CODEC));
            assertThat(log.consumers()).isEmpty();
            log.consumer("r", Numbered.CODEC).close();
            long first = log.firstPosition();
            appendSegments(log, 6);
            assertThat(log.consumers()).hasSize(1);
            assertThat(log.firstPosition()).isGreaterThan(first);
        }
    }
}
