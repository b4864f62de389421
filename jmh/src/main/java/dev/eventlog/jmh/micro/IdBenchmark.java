package dev.eventlog.jmh.micro;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.jmh.work.Payload;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What ids and conditions add to an append of 64 bytes, in memory, with a full window of ids. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class IdBenchmark {

    /** More than the log remembers: what comes again is new. */
    private static final int IDS = 1 << 17;

    private static final EventQuery OTHERS = EventQuery.all().keys("another");

    private final ByteBuffer payload = Payload.create();
    private final NewEvent<ByteBuffer> plain = NewEvent.of("AAPL", payload);
    private final NewEvent<ByteBuffer> known = plain.withId("known");
    private final List<NewEvent<ByteBuffer>> identified = new ArrayList<>();
    private EventLog log = EventLog.inMemory();
    private Producer<ByteBuffer> producer = log.producer("feed", Codec.bytes("Tick"));
    private int next;

    /** Fills the window. */
    @Setup
    public void fill() {
        log.close();
        log = EventLog.open(EventLogConfig.inMemory().retainBytes(256 << 20).build());
        producer = log.producer("feed", Codec.bytes("Tick"));
        for (int i = 0; i < IDS; i++) {
            identified.add(plain.withId(new UUID(i, ~i).toString()));
        }
        identified.forEach(producer::append);
    }

    /** Closes the log. */
    @TearDown
    public void close() {
        log.close();
    }

    /** An event without an id. */
    @Benchmark
    public long without() {
        return producer.append(plain);
    }

    /** An event with an id that is new. */
    @Benchmark
    public long withNewId() {
        next = (next + 1) & (IDS - 1);
        return producer.append(identified.get(next));
    }

    /** An event that is in the log; the first time in two minutes it is not. */
    @Benchmark
    public long withKnownId() {
        return producer.append(known);
    }

    /** An event under a condition, where nothing came since. */
    @Benchmark
    public long ifNoneSince() {
        return producer.appendIfNone(OTHERS.after(log.endPosition() - 1), List.of(plain));
    }
}
