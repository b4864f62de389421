package dev.eventlog.jmh.latency;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventView;
import dev.eventlog.Producer;
import dev.eventlog.ViewHandler;
import dev.eventlog.jmh.work.Payload;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Through a log with segments of 16 MiB: at 100,000 events a second the next one begins about each second. */
final class LogLine implements Line, ViewHandler<ByteBuffer> {

    private static final long SEGMENT_LENGTH_BYTES = 16 << 20;

    private final ByteBuffer payload = Payload.create();
    private final EventLog log;
    private final Producer<ByteBuffer> producer;
    private final Consumer<ByteBuffer> consumer;
    private @Nullable Receiver receiver;

    LogLine(Path directory) {
        log = EventLog.open(EventLogConfig.at(directory.resolve("eventlog"))
                .segmentLengthBytes(SEGMENT_LENGTH_BYTES)
                .build());
        producer = log.producer("bench", Codec.bytes("Tick"));
        consumer = log.consumer(ConsumerConfig.unnamed().build(), Codec.bytes());
    }

    @Override
    public void send(long firstBytes) {
        payload.putLong(0, firstBytes);
        producer.append("AAPL", payload);
    }

    @Override
    public int poll(Receiver to, int limit) {
        receiver = to;
        return consumer.poll(this, limit);
    }

    @Override
    public void onEvent(EventView<ByteBuffer> event) {
        if (receiver != null) {
            receiver.onArrival(event.payload().getLong(0));
        }
    }

    @Override
    public void close() {
        consumer.close();
        log.close();
    }
}
