package dev.eventlog.jmh.micro;

import com.lmax.disruptor.BatchEventProcessor;
import com.lmax.disruptor.BatchEventProcessorBuilder;
import com.lmax.disruptor.EventHandler;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.YieldingWaitStrategy;
import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.Subscription;
import dev.eventlog.jmh.ScratchDirectory;
import dev.eventlog.jmh.work.Payload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
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

/**
 * What handing over an event costs, by each way to consume: a log of events that are there already, read from its beginning
 * to its end. Beside it the Disruptor's {@code BatchEventProcessor}, with a thread that publishes as many.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(2)
public class DeliveryBenchmark {

    private static final int EVENTS = 200_000;
    private static final int SLOTS = 1 << 14;

    private final ScratchDirectory scratch;
    private final EventLog log;
    private final Codec<ByteBuffer> codec = Codec.bytes("Tick");
    // so that no read is left out by the compiler
    private final LongAdder total = new LongAdder();

    /** Appends the events. */
    public DeliveryBenchmark() {
        try {
            scratch = new ScratchDirectory(
                    Path.of(System.getProperty("bench.dir", System.getProperty("java.io.tmpdir"))));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        log = EventLog.open(scratch.path().resolve("log"));
        var producer = log.producer("bench", codec);
        for (int i = 0; i < EVENTS; i++) {
            producer.append("key-" + i % 64, Payload.create());
        }
    }

    /** Borrowed views. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void pollViews() {
        try (Consumer<ByteBuffer> consumer =
                log.consumer(ConsumerConfig.unnamed().build(), codec)) {
            int left = EVENTS;
            while (left > 0) {
                left -= consumer.poll(event -> total.add(Payload.sum(event.payload())), 256);
            }
        }
    }

    /** Owned events. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void pollOwned() {
        try (Consumer<ByteBuffer> consumer =
                log.consumer(ConsumerConfig.unnamed().build(), codec)) {
            int left = EVENTS;
            while (left > 0) {
                for (Event<ByteBuffer> event : consumer.poll(Duration.ZERO)) {
                    total.add(Payload.sum(event.data()));
                    left--;
                }
                consumer.commit();
            }
        }
    }

    /** A handler on a thread of the subscription. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void subscribe() throws InterruptedException {
        deliver(ConsumerConfig.unnamed().build());
    }

    /** Handlers on four lanes. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void lanes() throws InterruptedException {
        deliver(ConsumerConfig.unnamed().parallel(4).build());
    }

    private void deliver(ConsumerConfig config) throws InterruptedException {
        // a thread that asks the subscription how far it is would be woken at each batch
        var left = new AtomicInteger(EVENTS);
        var done = new CountDownLatch(1);
        try (Subscription subscription = log.subscribe(config, codec, event -> {
            total.add(Payload.sum(event.data()));
            if (left.decrementAndGet() == 0) {
                done.countDown();
            }
        })) {
            if (!done.await(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException("not done: " + subscription.status());
            }
        }
    }

    /** The Disruptor with a handler on a thread of its own, in memory, nothing kept. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void batchEventProcessor() throws InterruptedException {
        RingBuffer<ByteBuffer> ring =
                RingBuffer.createSingleProducer(Payload::create, SLOTS, new YieldingWaitStrategy());
        var done = new CountDownLatch(1);
        EventHandler<ByteBuffer> handler = (event, sequence, endOfBatch) -> {
            total.add(Payload.sum(event));
            if (sequence == EVENTS - 1) {
                done.countDown();
            }
        };
        BatchEventProcessor<ByteBuffer> processor =
                new BatchEventProcessorBuilder().build(ring, ring.newBarrier(), handler);
        ring.addGatingSequences(processor.getSequence());
        var thread = new Thread(processor, "processor");
        thread.start();
        for (int i = 0; i < EVENTS; i++) {
            long sequence = ring.next();
            ring.get(sequence).putLong(0, i);
            ring.publish(sequence);
        }
        done.await();
        processor.halt();
        thread.join();
    }

    /** Deletes what was written. */
    @TearDown
    public void end() throws IOException {
        log.close();
        scratch.close();
    }
}
