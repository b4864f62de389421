package dev.eventlog.jmh.micro;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.jmh.work.Payload;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Many consumers of one log, each on a thread of its own, each of all events: time for each event of the log. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class FanOutBenchmark {

    private static final int EVENTS = 100_000;

    private final EventLog log = EventLog.inMemory();
    private final Codec<ByteBuffer> codec = Codec.bytes("Tick");
    private final List<Callable<Long>> readers = new ArrayList<>();
    private ExecutorService executor = Executors.newCachedThreadPool();

    /** Consumers. */
    @Param({"1", "2", "4", "8", "16", "32", "64"})
    public int consumers;

    /** Appends the events. */
    @Setup
    public void begin() {
        var producer = log.producer("bench", codec);
        ByteBuffer payload = Payload.create();
        for (int i = 0; i < EVENTS; i++) {
            producer.append(payload);
        }
        executor = Executors.newFixedThreadPool(consumers);
        for (int i = 0; i < consumers; i++) {
            readers.add(this::readAll);
        }
    }

    private long readAll() {
        long[] total = new long[1];
        try (Consumer<ByteBuffer> consumer =
                log.consumer(ConsumerConfig.unnamed().build(), codec)) {
            int left = EVENTS;
            while (left > 0) {
                left -= consumer.poll(event -> total[0] += Payload.sum(event.payload()), 256);
            }
        }
        return total[0];
    }

    /** All consumers read all events. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public long fanOut() throws Exception {
        long total = 0;
        for (var each : executor.invokeAll(readers)) {
            total += each.get();
        }
        return total;
    }

    /** Closes the log. */
    @TearDown
    public void end() {
        executor.shutdown();
        log.close();
    }
}
