package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.EventView;
import dev.eventlog.Producer;
import dev.eventlog.ViewHandler;
import dev.eventlog.error.EventLogException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A pull consumer whose log cannot be read for a moment, amid a poll. */
@Timeout(60)
class PullFaultTest {

    private static final ConsumerConfig CONFIG = ConsumerConfig.named("puller")
            .query(EventQuery.all().types("Wanted"))
            .build();

    @TempDir
    private Path temporary;

    private final AtomicBoolean isFailing = new AtomicBoolean();
    private final List<Long> handled = new ArrayList<>();
    private final List<Integer> flushed = new ArrayList<>();

    private EventLog open() {
        EventLogConfig config = EventLogConfig.at(temporary.resolve("log"))
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(1 << 16)
                .build();
        var files = new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.MAP && isFailing.get()) {
                throw new IOException("Too many open files");
            }
        });
        return LocalEventLog.open(config, files.withoutForce(), Clock.system());
    }

    /** Handles two events, and then the rest of the log cannot be read. */
    private final class Failing implements ViewHandler<ByteBuffer> {

        @Override
        public void onEvent(EventView<ByteBuffer> event) {
            handled.add(event.position());
            isFailing.set(handled.size() == 2);
        }

        @Override
        public void onBatchEnd(int count) {
            flushed.add(count);
        }
    }

    @Test
    void awaitDoesNotCommitWhatWasNotFlushed() {
        try (EventLog log = open()) {
            Producer<ByteBuffer> wanted = log.producer("test", Codec.bytes("Wanted"));
            wanted.append(ByteBuffer.allocate(8));
            wanted.append(ByteBuffer.allocate(8));
            Producer<ByteBuffer> others = log.producer("test", Codec.bytes("Other"));
            for (int i = 0; i < 80; i++) {
                others.append(ByteBuffer.allocate(60_000));
            }
        }
        var handler = new Failing();
        try (EventLog log = open();
                Consumer<ByteBuffer> consumer = log.consumer(CONFIG, Codec.bytes())) {
            assertThatThrownBy(() -> consumer.poll(handler, 10)).isInstanceOf(EventLogException.class);
            isFailing.set(false);
            assertThat(handled).containsExactly(0L, 1L);
            assertThat(flushed).isEmpty();
            assertThat(consumer.await(Duration.ZERO)).isFalse();
            assertThat(consumer.status().checkpoint())
                    .as("what was handled and not flushed comes again")
                    .isZero();
            assertThat(consumer.poll(handler, 10)).isZero();
            assertThat(flushed).containsExactly(2);
            assertThat(consumer.status().checkpoint()).isEqualTo(82);
        }
    }
}
