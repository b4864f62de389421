package dev.eventlog.jmh;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.EventView;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.ViewHandler;
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
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.wire.DocumentContext;
import net.openhft.chronicle.wire.Wire;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One thread reads 500,000 events of 64 bytes from the beginning and adds up their first eight bytes. eventlog checks
 * checksums, order and chain of every frame; Chronicle's tailer checks nothing.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 6)
@Measurement(iterations = 10)
@Fork(3)
public class PollBenchmark {

    private static final int EVENTS = 500_000;
    private static final int BATCH = 250;
    private static final int PAYLOAD_LENGTH = 64;

    private Path directory = Path.of("");
    private EventLog single = EventLog.inMemory();
    private EventLog batched = single;
    private final Sum sum = new Sum();

    static {
        JvmOpener.open();
    }

    /** Adds up the first eight bytes of each payload. */
    private static final class Sum implements ViewHandler<ByteBuffer> {
        private long total;

        @Override
        public void onEvent(EventView<ByteBuffer> event) {
            total += event.payload().getLong(0);
        }
    }

    /** Writes the events, once as frames of one and once as frames of 250, and as Chronicle's documents. */
    @Setup(Level.Trial)
    public void begin() throws IOException {
        directory = ScratchDirectory.create();
        ByteBuffer payload = ByteBuffer.allocateDirect(PAYLOAD_LENGTH);
        single = EventLog.open(directory.resolve("single"));
        batched = EventLog.open(directory.resolve("batched"));
        Producer<ByteBuffer> one = single.producer("bench", Codec.bytes("Tick"));
        Producer<ByteBuffer> many = batched.producer("bench", Codec.bytes("Tick"));
        List<NewEvent<ByteBuffer>> batch = new ArrayList<>();
        for (int i = 0; i < BATCH; i++) {
            batch.add(NewEvent.of("AAPL", payload));
        }
        for (int i = 0; i < EVENTS; i++) {
            one.append("AAPL", payload);
            if (i % BATCH == 0) {
                many.appendAll(batch);
            }
        }
        BytesStore<?, ByteBuffer> store = BytesStore.wrap(payload);
        try (ChronicleQueue queue = ChronicleQueue.single(chronicle());
                ExcerptAppender appender = queue.createAppender()) {
            for (int i = 0; i < EVENTS; i++) {
                try (DocumentContext document = appender.writingDocument()) {
                    Wire wire = document.wire();
                    assert wire != null;
                    wire.bytes().write(store, 0L, (long) PAYLOAD_LENGTH);
                }
            }
        }
    }

    private String chronicle() {
        return directory.resolve("chronicle").toString();
    }

    /** Deletes what was written. */
    @TearDown(Level.Trial)
    public void end() throws IOException {
        single.close();
        batched.close();
        ScratchDirectory.delete(directory);
    }

    /** Frames of one event. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public long eventlogSingle() {
        return replay(single);
    }

    /** Frames of 250 events. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public long eventlogFramesOf250() {
        return replay(batched);
    }

    private long replay(EventLog log) {
        try (Consumer<ByteBuffer> consumer =
                log.consumer(ConsumerConfig.unnamed().build(), Codec.bytes())) {
            int read = 0;
            while (read < EVENTS) {
                read += consumer.poll(sum, 256);
            }
        }
        return sum.total;
    }

    /** The peer: a tailer from the start. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public long chronicleTailer() {
        long total = 0;
        try (ChronicleQueue queue = ChronicleQueue.single(chronicle());
                ExcerptTailer tailer = queue.createTailer()) {
            for (int i = 0; i < EVENTS; i++) {
                try (DocumentContext document = tailer.readingDocument()) {
                    Wire wire = document.wire();
                    assert wire != null;
                    total += wire.bytes().readLong();
                }
            }
        }
        return total;
    }
}
