package dev.eventlog.jmh.micro;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** CRC32C alone, over direct memory: 60 bytes are a frame's header, 112 the body of a frame of one event of 64 bytes. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class ChecksumBenchmark {

    /** Bytes. */
    @Param({"60", "112", "4096", "28672"})
    public int length;

    private final CRC32C crc = new CRC32C();
    private ByteBuffer bytes = ByteBuffer.allocateDirect(0);

    /** Makes the bytes. */
    @Setup
    public void begin() {
        bytes = ByteBuffer.allocateDirect(length);
    }

    /** Over all of them. */
    @Benchmark
    public long crc() {
        crc.reset();
        bytes.clear();
        crc.update(bytes);
        return crc.getValue();
    }
}
