package dev.eventlog.jmh.micro;

import dev.eventlog.Codec;
import dev.eventlog.jmh.work.Payload;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Encoding and decoding of payloads alone. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class CodecBenchmark {

    private static final int ROOM = 1024;

    /** A record of the size of a small order. */
    public record Order(String id, String symbol, long quantity, double price, boolean buy) {}

    private final Codec<ByteBuffer> bytes = Codec.bytes("Tick");
    private final Codec<Order> records = Codec.records(Order.class);
    private final ByteBuffer payload = Payload.create();
    private final Order order = new Order("o-4711", "AAPL", 100, 187.25, true);
    private final ByteBuffer target = ByteBuffer.allocateDirect(ROOM);
    private final ByteBuffer encoded = encoded();

    private ByteBuffer encoded() {
        ByteBuffer room = ByteBuffer.allocateDirect(ROOM);
        records.encode(order, room);
        return room.flip().slice().asReadOnlyBuffer();
    }

    /** 64 bytes. */
    @Benchmark
    public int bytesEncode() {
        target.clear();
        bytes.encode(payload, target);
        return target.position();
    }

    /** A record of five components. */
    @Benchmark
    public int recordsEncode() {
        target.clear();
        records.encode(order, target);
        return target.position();
    }

    /** The same, decoded. */
    @Benchmark
    public Order recordsDecode() {
        encoded.clear();
        return records.decode(records.schema(order), encoded);
    }
}
