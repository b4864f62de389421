package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.LockedException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process is stopped for half a minute, as a machine that swaps, a hypervisor or a container that is frozen stops it, and
 * goes on as if nothing had been. {@code -Deventlog.pause.seconds=} sets how long.
 */
@Tag("nightly")
@Timeout(900)
class LongPauseTest {

    private static final long PAUSE_SECONDS = Long.getLong("eventlog.pause.seconds", 31);
    private static final long KEPT_BYTES = 4 << 20;

    private final Seed seed = Seed.of(LongPauseTest.class);

    @TempDir
    private Path temporary;

    private static void signal(ChildJvm child, String name) {
        assertThat(ChildJvm.succeeds("kill", name, Long.toString(child.process().pid())))
                .isTrue();
    }

    /** What is tried is the time that passes. */
    private static void stopForLong(ChildJvm child, Runnable meanwhile) {
        signal(child, "-STOP");
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PAUSE_SECONDS);
        meanwhile.run();
        while (System.nanoTime() < until) {
            LockSupport.parkNanos(until - System.nanoTime());
        }
        signal(child, "-CONT");
    }

    private interface Progress {
        long now() throws IOException;
    }

    private static void awaitProgress(ChildJvm child, Progress progress) throws IOException {
        long before = progress.now();
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
        while (progress.now() <= before) {
            assertThat(child.process().isAlive()).as(child.output()).isTrue();
            assertThat(System.nanoTime()).as("no progress: %s", child.output()).isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static long longAt(Path file) throws IOException {
        byte[] bytes = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
        return bytes.length < Long.BYTES ? 0 : ByteBuffer.wrap(bytes).getLong();
    }

    @Test
    void writerAndReaderThatWereStoppedForLongGoOn() throws IOException {
        Path directory = temporary.resolve("log");
        Path reached = temporary.resolve("reached");
        try (ChildJvm writer = ChildJvm.start(WritingChild.class, directory, seed.value(), KEPT_BYTES)) {
            writer.awaitLine("open");
            try (ChildJvm reader = ChildJvm.start(ReadingChild.class, directory, "reader", reached, seed.value())) {
                reader.awaitLine("open");
                awaitProgress(reader, () -> longAt(reached));
                stopForLong(writer, () -> {
                    // nobody takes the log of one who only stands still
                    assertThatThrownBy(() -> Numbered.open(directory, HookedFileOps.quick()))
                            .isInstanceOf(LockedException.class);
                    try (EventLog log = EventLog.open(
                            EventLogConfig.at(directory).readOnly().build())) {
                        new Numbered(seed.value(), 16 << 10).assertComplete(log);
                    }
                });
                awaitProgress(reader, () -> longAt(reached));
                stopForLong(reader, () -> {});
                // it was overtaken by retention, and is told
                awaitProgress(reader, () -> longAt(reached));
                assertThat(writer.process().isAlive()).as(writer.output()).isTrue();
            }
            writer.kill();
        }
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            new Numbered(seed.value(), 16 << 10).assertComplete(log);
        }
    }

    @Test
    void membersThatWereStoppedForLongerThanTheirVisibilityHandleNothingTwice() throws IOException {
        Path ledger = temporary.resolve("ledger");
        try (ChildJvm child = ChildJvm.start(SharedKillChild.class, temporary.resolve("log"), ledger)) {
            awaitProgress(child, () -> Files.exists(ledger) ? Files.size(ledger) : 0);
            for (int i = 0; i < 2; i++) {
                stopForLong(child, () -> {});
                awaitProgress(child, () -> Files.size(ledger));
            }
            child.kill();
        }
        var handled = new BitSet();
        KillLedger.read(ledger, (kind, count, position) -> {
            if (kind == HandledLoad.HANDLED) {
                assertThat(handled.get((int) position)).as("%d twice", position).isFalse();
                handled.set((int) position);
            }
        });
        assertThat(handled.cardinality()).isPositive();
    }
}
