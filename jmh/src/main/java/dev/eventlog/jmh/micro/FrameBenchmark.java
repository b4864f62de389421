package dev.eventlog.jmh.micro;

import dev.eventlog.Codec;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.jmh.work.Payload;
import java.nio.ByteBuffer;
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
import org.openjdk.jmh.annotations.Warmup;

/** What an append does outside the lock: encodes events of 64 bytes into a frame and computes the body's checksum. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class FrameBenchmark {

    private static final int BATCH = 256;
    private static final int NUMBER = 1;

    private final Codec<ByteBuffer> codec = Codec.bytes("Tick");
    private final ByteBuffer payload = Payload.create();
    private final FrameBuilder frame = new FrameBuilder(1 << 20, 1 << 16, 1);

    /** A frame of one event. */
    @Benchmark
    public int one() {
        frame.begin(FrameDescriptor.KIND_DATA);
        frame.add(codec, payload, "AAPL", NUMBER, NUMBER);
        frame.finish();
        return frame.eventCount();
    }

    /** An event of a frame of 256. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int oneOf256() {
        frame.begin(FrameDescriptor.KIND_DATA);
        for (int i = 0; i < BATCH; i++) {
            frame.add(codec, payload, "AAPL", NUMBER, NUMBER);
        }
        frame.finish();
        return frame.eventCount();
    }
}
