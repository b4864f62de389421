package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Groups of appends that a roll divides: what is acknowledged was forced, older segments and directories first. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PowerLossRollTest {

    private static final Codec<String> TEXT = Codec.utf8();

    @TempDir
    private Path temporary;

    @Test
    void rollInTheMiddleOfAGroupLosesAndReordersNothing() throws Exception {
        var config = Numbered.config(temporary.resolve("log"))
                .durability(Durability.POWER_LOSS)
                .groupCommit(Duration.ofNanos(100_000), 1 << 16)
                .build();
        int threads = 16;
        int each = 60;
        Map<Long, String> acknowledged = new ConcurrentHashMap<>();
        var failure = new AtomicReference<Throwable>();
        String filler = "x".repeat(20_000);
        try (EventLog log = LocalEventLog.open(config, HookedFileOps.quick(), Clock.system())) {
            Producer<String> producer = log.producer("test", TEXT);
            List<Thread> running = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                String key = "t" + t;
                running.add(new Thread(() -> {
                    try {
                        long before = -1;
                        for (int i = 0; i < each; i++) {
                            String text = key + ":" + i + filler;
                            long position = i % 3 == 0
                                    ? producer.appendAsync(NewEvent.of(key, text))
                                            .get(30, TimeUnit.SECONDS)
                                    : producer.append(key, text);
                            assertThat(position).isGreaterThan(before);
                            assertThat(log.durablePosition()).isGreaterThan(position);
                            before = position;
                            acknowledged.put(position, text);
                        }
                    } catch (Throwable e) {
                        failure.set(e);
                    }
                }));
            }
            running.forEach(Thread::start);
            for (Thread thread : running) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
        }
        try (EventLog log = LocalEventLog.open(config, HookedFileOps.quick(), Clock.system())) {
            assertThat(log.endPosition()).isEqualTo((long) threads * each);
            for (Event<String> event : log.read(EventQuery.all(), TEXT).toList()) {
                assertThat(event.data()).isEqualTo(acknowledged.get(event.position()));
            }
        }
    }

    @Test
    void manySegmentsOfTheSmallestSizeKeepAllEvents() {
        for (Durability durability : Durability.values()) {
            var config = Numbered.config(temporary.resolve("many-" + durability))
                    .durability(durability)
                    .build();
            var numbered = new Numbered(11, 60_000);
            try (EventLog log = LocalEventLog.open(config, HookedFileOps.quick(), Clock.system())) {
                Producer<ByteBuffer> producer = log.producer("numbered", Numbered.CODEC);
                for (long position = 0; position < 12_000; position++) {
                    var unused = producer.appendAsync(numbered.event(position));
                }
                producer.flush();
                assertThat(log.endPosition()).isEqualTo(12_000);
                numbered.assertComplete(log);
            }
            try (EventLog log = LocalEventLog.open(config, HookedFileOps.quick(), Clock.system())) {
                assertThat(log.endPosition()).isEqualTo(12_000);
                numbered.assertComplete(log);
            }
        }
    }

    /** What was done to the files, and the appends that returned between. */
    private record Step(String what, String where) {}

    @Test
    void atARollOlderSegmentsAndDirectoriesAreForcedBeforeTheFirstAcknowledgement() {
        List<Step> steps = new ArrayList<>();
        Path directory = temporary.resolve("log");
        // seals wait, so that the waiter has to force the older segment by itself
        var held = new AtomicBoolean();
        var files = new HookedFileOps((op, path) -> {
                    boolean io = Thread.currentThread().getName().equals("eventlog-io");
                    if (io && op == HookedFileOps.Op.TRUNCATE) {
                        while (held.get()) {
                            LockSupport.parkNanos(100_000);
                        }
                    }
                    synchronized (steps) {
                        steps.add(new Step(
                                op.toString(),
                                directory.relativize(path.toAbsolutePath()).toString()));
                    }
                })
                .withoutForce();
        try (EventLog log = LocalEventLog.open(Numbered.config(directory).build(), files, Clock.system())) {
            Producer<String> weak = log.producer("test", TEXT);
            Producer<String> strong = weak.withDurability(Durability.POWER_LOSS);
            held.set(true);
            try {
                for (int i = 0; i < 13; i++) {
                    weak.append("key", "x".repeat(100_000));
                }
                assertThat(forces(steps, () -> strong.append("key", "first")))
                        .containsExactly("active/0000000001", "active/0000000002");
                int created = lastIndexOf(steps, "CREATE_DIRECTORY", "active/0000000002");
                assertThat(lastIndexOf(steps, "FORCE_DIRECTORY", "active/0000000002"))
                        .as("names of its files")
                        .isGreaterThan(created);
                assertThat(lastIndexOf(steps, "FORCE_DIRECTORY", "active"))
                        .as("its own name")
                        .isGreaterThan(created);
                assertThat(forces(steps, () -> strong.append("key", "second"))).containsExactly("active/0000000002");
            } finally {
                // the close goes on, whatever was found
                held.set(false);
            }
        }
    }

    /** Directories of the files that an append forces. */
    private static List<String> forces(List<Step> steps, Runnable append) {
        int from;
        synchronized (steps) {
            from = steps.size();
        }
        append.run();
        List<String> forced = new ArrayList<>();
        synchronized (steps) {
            for (Step step : steps.subList(from, steps.size())) {
                if (step.what().equals("FORCE")) {
                    forced.add(Path.of(step.where()).getParent().toString());
                }
            }
        }
        return forced;
    }

    private static int lastIndexOf(List<Step> steps, String what, String where) {
        synchronized (steps) {
            int index = steps.lastIndexOf(new Step(what, where));
            assertThat(index).as("%s %s", what, where).isNotNegative();
            return index;
        }
    }
}
