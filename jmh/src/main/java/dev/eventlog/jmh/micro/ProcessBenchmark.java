package dev.eventlog.jmh.micro;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.StartAt;
import dev.eventlog.jmh.ScratchDirectory;
import dev.eventlog.jmh.work.Payload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One event out of each event: exactly once, and at least once by an append and then a commit. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class ProcessBenchmark {

    private static final int EVENTS = 20_000;
    private static final int BATCH = 256;

    private final ScratchDirectory scratch;
    private final EventLog log;
    private final Codec<ByteBuffer> codec = Codec.bytes("Tick");
    private final ByteBuffer payload = Payload.create();
    private final Producer<ByteBuffer> out;
    private final Consumer<ByteBuffer> processing;
    private final Consumer<ByteBuffer> committing;

    /** Appends the events. */
    public ProcessBenchmark() {
        try {
            scratch = new ScratchDirectory(
                    Path.of(System.getProperty("bench.dir", System.getProperty("java.io.tmpdir"))));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        log = EventLog.open(scratch.path().resolve("log"));
        var producer = log.producer("bench", codec);
        for (int i = 0; i < EVENTS; i++) {
            producer.append(payload);
        }
        out = log.producer("out", codec);
        EventQuery inputs = EventQuery.all().sources("bench").before(EVENTS);
        processing =
                log.consumer(ConsumerConfig.named("processing").query(inputs).build(), codec);
        committing =
                log.consumer(ConsumerConfig.named("committing").query(inputs).build(), codec);
    }

    /** Outputs and checkpoint in one frame. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void process() {
        processing.seek(StartAt.earliest());
        processing.commit();
        int left = EVENTS;
        while (left > 0) {
            left -= processing.process(event -> List.of(NewEvent.of(payload)), out, BATCH);
        }
    }

    /** Outputs of a batch in one frame, and the checkpoint behind it. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void appendThenCommit() {
        committing.seek(StartAt.earliest());
        committing.commit();
        int left = EVENTS;
        while (left > 0) {
            var outputs = new ArrayList<NewEvent<ByteBuffer>>();
            for (Event<ByteBuffer> event : committing.poll(Duration.ZERO)) {
                outputs.add(NewEvent.of(payload));
                left -= event.data().remaining() > 0 ? 1 : 0;
            }
            out.appendAll(outputs);
            committing.commit();
        }
    }

    /** Deletes what was written. */
    @TearDown
    public void end() throws IOException {
        log.close();
        scratch.close();
    }
}
