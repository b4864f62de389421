package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.EventLog;
import dev.eventlog.Processor;
import dev.eventlog.Subscription;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Outputs that find no room: a subscription waits for some, a call says so, and nothing comes twice or is parked. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProcessNoRoomTest {

    /** Long enough for some segments. */
    private static final Processor<ByteBuffer, ByteBuffer> LARGE =
            event -> NumberedOutputs.outputsOf(event.data().getLong(0), 30 << 10);

    private final AtomicLong refused = new AtomicLong();
    private volatile boolean isFull;

    @TempDir
    private Path temporary;

    /** @param segment where it is long, frames of outputs are appended amid a batch */
    private EventLog open(int segment) {
        var files = new HookedFileOps((op, path) -> {
            boolean takesRoom = op == HookedFileOps.Op.WRITE
                    || op == HookedFileOps.Op.CREATE
                    || op == HookedFileOps.Op.CREATE_DIRECTORY;
            if (isFull && takesRoom && path.toString().contains("/active")) {
                refused.incrementAndGet();
                throw new IOException("No space left on device");
            }
        });
        return LocalEventLog.open(
                Numbered.config(temporary.resolve("log"))
                        .segmentLengthBytes(segment)
                        .build(),
                files.withoutForce(),
                Clock.system());
    }

    @SuppressWarnings("ThreadPriorityCheck") // yielding is waiting without a sleep
    private void awaitRefusals(long count, Subscription subscription) {
        long before = refused.get();
        while (refused.get() < before + count) {
            assertThat(subscription.status().state()).isEqualTo(State.OPEN);
            Thread.yield();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1 << 20, 8 << 20})
    void subscriptionWaitsForRoom(int segment) {
        try (EventLog log = open(segment)) {
            NumberedOutputs.append(log, 0, segment / (14 << 10));
            isFull = true;
            var config = NumberedOutputs.config().pollLimit(256, 1 << 20).build();
            try (var subscription =
                    log.process(config, NumberedOutputs.CODEC, LARGE, log.producer("out", NumberedOutputs.CODEC))) {
                // more than what is tried in the background
                awaitRefusals(8, subscription);
                isFull = false;
                assertThat(subscription.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
                assertThat(subscription.status().parked()).isZero();
            }
            NumberedOutputs.assertComplete(log, log);
            NumberedOutputs.assertAgree(log);
        }
    }

    @Test
    void waitForRoomIsToldOnceAndItsEndToo() {
        var told = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(told, true, StandardCharsets.UTF_8));
        try (EventLog log = open(8 << 20)) {
            NumberedOutputs.append(log, 0, (8 << 20) / (14 << 10));
            isFull = true;
            var config = NumberedOutputs.config().pollLimit(256, 1 << 20).build();
            try (var subscription =
                    log.process(config, NumberedOutputs.CODEC, LARGE, log.producer("out", NumberedOutputs.CODEC))) {
                awaitRefusals(8, subscription);
                isFull = false;
                assertThat(subscription.awaitCaughtUp(Duration.ofMinutes(1))).isTrue();
            }
        } finally {
            System.setErr(before);
        }
        List<String> lines = told.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines)
                .filteredOn(line -> line.contains("no room for outputs"))
                .hasSize(1);
        assertThat(lines)
                .filteredOn(line -> line.contains("room for outputs again"))
                .hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1 << 20, 8 << 20})
    void callSaysThatThereIsNoRoomAndItsEventsComeAgain(int segment) {
        try (EventLog log = open(segment);
                var consumer = log.consumer(NumberedOutputs.pulled(), NumberedOutputs.CODEC)) {
            NumberedOutputs.append(log, 0, segment / (14 << 10));
            isFull = true;
            var out = log.producer("out", NumberedOutputs.CODEC);
            assertThatThrownBy(() -> {
                        while (consumer.process(LARGE, out, 30) > 0) {
                            NumberedOutputs.assertAgree(log);
                        }
                    })
                    .isInstanceOf(StorageFullException.class);
            NumberedOutputs.assertAgree(log);
            assertThatThrownBy(() -> consumer.process(LARGE, out, 30)).isInstanceOf(StorageFullException.class);
            isFull = false;
            while (consumer.process(LARGE, out, 30) > 0) {
                NumberedOutputs.assertAgree(log);
            }
            NumberedOutputs.assertComplete(log, log);
        }
    }
}
