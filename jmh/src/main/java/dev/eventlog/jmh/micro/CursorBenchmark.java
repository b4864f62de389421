package dev.eventlog.jmh.micro;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.EventLog;
import dev.eventlog.StartAt;
import dev.eventlog.jmh.ScratchDirectory;
import dev.eventlog.jmh.work.Payload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** A commit: one write of a checkpoint, in the system property {@code bench.dir} or the temporary directory. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class CursorBenchmark {

    private final ScratchDirectory scratch;
    private final EventLog log;
    private final Consumer<ByteBuffer> consumer;
    private long position;

    /** Opens a log with two events. */
    public CursorBenchmark() {
        try {
            scratch = new ScratchDirectory(
                    Path.of(System.getProperty("bench.dir", System.getProperty("java.io.tmpdir"))));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        log = EventLog.open(scratch.path().resolve("log"));
        Codec<ByteBuffer> codec = Codec.bytes("Tick");
        log.producer("bench", codec).append(Payload.create());
        log.producer("bench", codec).append(Payload.create());
        consumer = log.consumer("bench", codec);
    }

    /** Moves the cursor to and fro and commits it. */
    @Benchmark
    public void commit() {
        position ^= 1;
        consumer.seek(StartAt.position(position));
        consumer.commit();
    }

    /** Deletes what was written. */
    @TearDown
    public void end() throws IOException {
        consumer.close();
        log.close();
        scratch.close();
    }
}
