package dev.eventlog.jmh;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.internal.support.JvmOpener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import net.openhft.chronicle.bytes.BytesStore;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.wire.DocumentContext;
import net.openhft.chronicle.wire.Wire;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One thread appends events of 64 bytes, each visible when the call returns. eventlog writes its envelope, checksums,
 * position and time with it; Chronicle writes the bytes, through {@code writingDocument}, with its defaults. Each
 * iteration begins with an empty directory.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4)
@Measurement(iterations = 8)
@Fork(3)
public class AppendBenchmark {

    private static final int EVENTS = 500_000;
    private static final int BATCH = 256;
    private static final int PAYLOAD_LENGTH = 64;

    private final ByteBuffer payload = ByteBuffer.allocateDirect(PAYLOAD_LENGTH);
    private final BytesStore<?, ByteBuffer> store = BytesStore.wrap(payload);
    private final List<NewEvent<ByteBuffer>> batch = new ArrayList<>();
    private Path directory = Path.of("");
    private EventLog log = EventLog.inMemory();
    private Producer<ByteBuffer> producer = log.producer("bench", Codec.bytes("Tick"));

    static {
        JvmOpener.open();
    }

    /** An empty directory. */
    @Setup(Level.Iteration)
    public void begin() throws IOException {
        directory = ScratchDirectory.create();
        log = EventLog.open(directory.resolve("eventlog"));
        producer = log.producer("bench", Codec.bytes("Tick"));
        batch.clear();
        for (int i = 0; i < BATCH; i++) {
            batch.add(NewEvent.of("AAPL", payload));
        }
    }

    /** Deletes what was written. */
    @TearDown(Level.Iteration)
    public void end() throws IOException {
        log.close();
        ScratchDirectory.delete(directory);
    }

    /** Events one by one. */
    @Benchmark
    @org.openjdk.jmh.annotations.OperationsPerInvocation(EVENTS)
    public long eventlogSingle() {
        long position = 0;
        for (int i = 0; i < EVENTS; i++) {
            payload.putLong(0, i);
            position = producer.append("AAPL", payload);
        }
        return position;
    }

    /** 256 events in each call. */
    @Benchmark
    @org.openjdk.jmh.annotations.OperationsPerInvocation(EVENTS)
    public long eventlogBatchOf256() {
        long position = 0;
        for (int i = 0; i < EVENTS; i += BATCH) {
            payload.putLong(0, i);
            position = producer.appendAll(batch);
        }
        return position;
    }

    /** The peer: one document an event. */
    @Benchmark
    @org.openjdk.jmh.annotations.OperationsPerInvocation(EVENTS)
    public long chronicle() {
        try (ChronicleQueue queue =
                        ChronicleQueue.single(directory.resolve("chronicle").toString());
                ExcerptAppender appender = queue.createAppender()) {
            for (int i = 0; i < EVENTS; i++) {
                payload.putLong(0, i);
                try (DocumentContext document = appender.writingDocument()) {
                    Wire wire = document.wire();
                    assert wire != null;
                    wire.bytes().write(store, 0L, (long) PAYLOAD_LENGTH);
                }
            }
            return appender.lastIndexAppended();
        }
    }
}
