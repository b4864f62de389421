package dev.eventlog.jmh.micro;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.StartAt;
import dev.eventlog.jmh.work.Payload;
import java.nio.ByteBuffer;
import java.util.Collections;
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
import org.openjdk.jmh.infra.Blackhole;

/** Reads a log in memory that fits a processor's cache: parsing, copying and verifying frames without page faults. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class ScanBenchmark {

    private static final int EVENTS = 4096;

    /** Events in a frame. */
    @Param({"1", "256"})
    public int batch;

    private final EventLog log = EventLog.inMemory();
    private final Consumer<ByteBuffer> consumer =
            log.consumer(ConsumerConfig.unnamed().build(), Codec.bytes());

    /** Fills the log. */
    @Setup
    public void begin() {
        Producer<ByteBuffer> producer = log.producer("bench", Codec.bytes("Tick"));
        for (int i = 0; i < EVENTS; i += batch) {
            producer.appendAll(Collections.nCopies(batch, NewEvent.of("AAPL", Payload.create())));
        }
    }

    /** Ends the log. */
    @TearDown
    public void end() {
        log.close();
    }

    /** From the beginning to the end. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void scan(Blackhole sink) {
        consumer.seek(StartAt.earliest());
        int read = 0;
        while (read < EVENTS) {
            read += consumer.poll(event -> sink.consume(Payload.sum(event.payload())), 256);
        }
    }
}
