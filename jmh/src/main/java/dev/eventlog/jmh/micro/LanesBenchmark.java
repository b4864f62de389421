package dev.eventlog.jmh.micro;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.Subscription;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Handlers that wait for others, each key in order: lanes, shared members (no order), and what one writes by hand, a thread
 * for each share of the keys. By hand nothing is remembered of what was done.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class LanesBenchmark {

    private static final int EVENTS = 2_000;
    private static final long WAIT_NANOS = 200_000;

    private final EventLog log = EventLog.inMemory();
    private final Codec<String> codec = Codec.utf8();
    private int run;

    /** Threads that handle events. */
    @Param({"1", "4", "16"})
    public int threads;

    /** Appends the events. */
    public LanesBenchmark() {
        var producer = log.producer("bench", codec);
        for (int i = 0; i < EVENTS; i++) {
            producer.append("key-" + i % 256, "text");
        }
    }

    private static void handle() {
        LockSupport.parkNanos(WAIT_NANOS);
    }

    private ConsumerConfig.Builder config() {
        return ConsumerConfig.named("run-" + run++);
    }

    private static void requireDone(Subscription subscription) {
        if (!subscription.awaitCaughtUp(Duration.ofMinutes(1))) {
            throw new IllegalStateException("not done: " + subscription.status());
        }
    }

    /** Lanes of a subscription. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void lanes() {
        ConsumerConfig config = config().parallel(threads).build();
        try (Subscription subscription = log.subscribe(config, codec, event -> handle())) {
            requireDone(subscription);
        }
        log.forget(Objects.requireNonNull(config.name()));
    }

    /** Members of a shared consumer. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void members() {
        ConsumerConfig config = config().shared(Duration.ofSeconds(30)).build();
        List<Subscription> members = IntStream.range(0, threads)
                .mapToObj(i -> log.subscribe(config, codec, event -> handle()))
                .toList();
        requireDone(members.get(0));
        members.forEach(Subscription::close);
        log.forget(Objects.requireNonNull(config.name()));
    }

    /** A thread for each share of the keys, by hand. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void executors() throws InterruptedException {
        List<ExecutorService> executors = IntStream.range(0, threads)
                .mapToObj(i -> Executors.newSingleThreadExecutor())
                .toList();
        Iterator<Event<String>> events = log.read(EventQuery.all(), codec).iterator();
        while (events.hasNext()) {
            Event<String> event = events.next();
            int share = Math.floorMod(Objects.hashCode(event.key()), threads);
            executors.get(share).execute(LanesBenchmark::handle);
        }
        for (ExecutorService each : executors) {
            each.shutdown();
            if (!each.awaitTermination(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException("not done");
            }
        }
    }

    /** Closes the log. */
    @TearDown
    public void end() {
        log.close();
    }
}
