package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.Producer;
import dev.eventlog.ViewHandler;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** In steady state appending bytes and polling views allocate nothing per event, on disk and in memory. */
@Timeout(120)
class AllocationTest {

    private static final int WARM_UP = 60_000;
    private static final int MEASURED = 50_000;
    private static final int ROUNDS = 8;
    /** One doubling of a sparse index (24 bytes for each 64 KiB of the segment), and the clock's offset each second. */
    private static final long MOST_BYTES = 8192;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir
    private Path directory;

    private static long allocated() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }

    private static EventLog onDisk(Path directory) {
        return EventLog.open(EventLogConfig.at(directory)
                .forceInterval(Duration.ZERO)
                .segmentLengthBytes(256 << 20)
                .build());
    }

    @Test
    void appendAllocatesNothing() {
        try (EventLog log = onDisk(directory)) {
            assertAppendAllocatesNothing(log);
        }
    }

    @Test
    void appendThatWaitsForItsForceAllocatesItsPlaceAmongTheWaitingAndTheLookAtItsFile() {
        var config = EventLogConfig.at(directory)
                .durability(Durability.POWER_LOSS)
                .forceInterval(Duration.ZERO)
                .build();
        try (EventLog log = LocalEventLog.open(config, HookedFileOps.quick(), Clock.system())) {
            Producer<ByteBuffer> producer = log.producer("source", Codec.bytes());
            ByteBuffer payload = ByteBuffer.allocateDirect(64);
            assertAllocates(512L * MEASURED, count -> {
                for (int i = 0; i < count; i++) {
                    producer.append("key", payload);
                }
            });
        }
    }

    @Test
    void appendInMemoryAllocatesNothing() {
        try (EventLog log = EventLog.inMemory()) {
            assertAppendAllocatesNothing(log);
        }
    }

    private static void assertAppendAllocatesNothing(EventLog log) {
        Producer<ByteBuffer> producer = log.producer("source", Codec.bytes());
        ByteBuffer payload = ByteBuffer.allocateDirect(64);
        String[] keys = keys();
        assertAllocatesNothing(count -> {
            for (int i = 0; i < count; i++) {
                producer.append(keys[i & keys.length - 1], payload);
            }
        });
    }

    private static String[] keys() {
        var keys = new String[512];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = i % 2 == 0 ? "key-" + i : "schlüssel-" + i;
        }
        return keys;
    }

    @Test
    void pollOfViewsAllocatesNothing() {
        try (EventLog log = onDisk(directory)) {
            assertPollAllocatesNothing(log);
        }
    }

    @Test
    void pollOfViewsInMemoryAllocatesNothing() {
        try (EventLog log = EventLog.inMemory()) {
            assertPollAllocatesNothing(log);
        }
    }

    private static void assertPollAllocatesNothing(EventLog log) {
        Producer<ByteBuffer> producer = log.producer("source", Codec.bytes());
        ByteBuffer payload = ByteBuffer.allocateDirect(64);
        String[] keys = keys();
        for (int i = 0; i < WARM_UP + ROUNDS * MEASURED; i++) {
            producer.append(keys[i & keys.length - 1], payload);
        }
        long[] sum = new long[1];
        ViewHandler<ByteBuffer> handler = view -> sum[0] += view.position()
                + view.payload().remaining()
                + view.key().length()
                + view.timeNanos()
                + view.appendTimeNanos()
                + view.type().length()
                + view.source().length()
                + view.version();
        try (Consumer<ByteBuffer> consumer = log.consumer("consumer", Codec.bytes())) {
            assertAllocatesNothing(count -> {
                int left = count;
                while (left > 0) {
                    left -= consumer.poll(handler, Math.min(left, 100));
                }
            });
        }
        assertThat(sum[0]).isNotZero();
    }

    /** The least of some rounds: the compiler and the first use of a path allocate on the same thread. */
    private static void assertAllocatesNothing(IntConsumer work) {
        assertAllocates(MOST_BYTES, work);
    }

    private static void assertAllocates(long most, IntConsumer work) {
        work.accept(WARM_UP);
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long before = allocated();
            work.accept(MEASURED);
            least = Math.min(least, allocated() - before);
        }
        assertThat(least).isLessThan(most);
    }
}
