package dev.eventlog.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Consumer;
import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.Producer;
import dev.eventlog.error.EventLogException;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.log.Engine;
import dev.eventlog.torture.disk.DiskFileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A run of some appends, polls and a roll in which the n-th file operation fails, once or from there on, for each n: every
 * error is one of the library's, and the next open has each event that was acknowledged. Where only a file descriptor was
 * missing, once, in a log that is open, the log also goes on.
 */
class FaultSweepTest {

    private static final UUID BOOT = new UUID(5, 5);
    private static final String NO_DESCRIPTOR = "Too many open files";
    private static final String[] ERRORS = {"Input/output error", "No space left on device", NO_DESCRIPTOR};
    /** What needs a descriptor; any other operation fails with another error. */
    private static final Set<String> OPENING = Set.of("create", "open directory");

    private Path directory;
    private Run run;
    // whether what failed last was an open for want of a descriptor; written by the log's threads
    private volatile boolean isNoDescriptor;

    @Test
    @Tag("build")
    void someFailingOperationsLoseNothing() {
        sweep(Run.of(FaultSweepTest.class, 60, 8), false);
    }

    @Test
    @Tag("nightly")
    void eachFailingOperationLosesNothing() {
        sweep(Run.of(FaultSweepTest.class, Long.MAX_VALUE, 1200), true);
    }

    private void sweep(Run budget, boolean each) {
        run = budget;
        directory = run.directory();
        SplittableRandom random = run.random();
        long operations = live(directory.resolve("log"), new Ledger(), Long.MAX_VALUE, "", false);
        assertThat(operations).isGreaterThan(40);
        long until = System.nanoTime() + run.seconds() * 1_000_000_000L;
        long tried = 0;
        for (long n = 1; n <= operations && tried < run.cases() && System.nanoTime() < until; n++) {
            if (each || random.nextLong(operations) < run.cases()) {
                tried++;
                fail(n, ERRORS[random.nextInt(ERRORS.length)], random.nextBoolean());
            }
        }
        Run.delete(directory);
        System.out.printf("failing operations: %d of %d, seed %d%n", tried, operations, run.seed());
    }

    private void fail(long n, String error, boolean forEver) {
        isNoDescriptor = false;
        var ledger = new Ledger();
        Path log = directory.resolve("log");
        Run.delete(log);
        String what = "operation " + n + " fails " + (forEver ? "for ever" : "once") + " with " + error;
        try {
            live(log, ledger, n, error, forEver);
        } catch (EventLogException told) {
            // whatever it was, it was told
            Oracle.require(
                    forEver || !isNoDescriptor || ledger.intendedEnd() == 0,
                    what + ", and the log did not go on: " + told);
        } catch (Throwable e) {
            throw new AssertionError(what + ": " + e + "\n" + run, e);
        }
        try (EventLog opened =
                Engine.open(Oracle.config(log).build(), new DiskFileOps(null, BOOT, (operation, path) -> {}))) {
            Oracle.require(
                    opened.endPosition() >= ledger.durable(),
                    "lost: end=" + opened.endPosition() + " acknowledged=" + ledger.durable());
            Oracle.require(opened.endPosition() <= ledger.intendedEnd(), "end=" + opened.endPosition());
            Oracle.complete(opened, ledger, List.of());
            opened.consumers()
                    .forEach(status -> Oracle.require(
                            status.failure() == null && status.checkpoint() <= ledger.pulled(), status.toString()));
        } catch (Throwable e) {
            throw new AssertionError(what + ", then: " + e + "\n" + run, e);
        }
    }

    /** Returns how many operations there were. What is acknowledged stands in the ledger as durable. */
    private long live(Path log, Ledger ledger, long failing, String error, boolean forEver) {
        var operations = new AtomicLong();
        var files = new DiskFileOps(null, BOOT, (operation, path) -> {
            long n = operations.incrementAndGet();
            if (n == failing || (forEver && n > failing)) {
                isNoDescriptor = error.equals(NO_DESCRIPTOR) && OPENING.contains(operation);
                throw isNoDescriptor
                        ? new FileOps.NoDescriptorException(path, null)
                        : new IOException(error.equals(NO_DESCRIPTOR) ? "Input/output error" : error);
            }
        });
        var random = new SplittableRandom(run.seed());
        try (EventLog opened = Engine.open(Oracle.config(log).build(), files)) {
            Producer<ByteBuffer> producer = opened.producer("torture", Expected.CODEC);
            try (Consumer<ByteBuffer> consumer = opened.consumer(Oracle.PULLING, Expected.CODEC)) {
                for (int i = 0; i < 40; i++) {
                    append(i % 9 == 0 ? producer.withDurability(Durability.POWER_LOSS) : producer, ledger, random);
                    if (i % 10 == 0) {
                        consumer.poll(Duration.ZERO).forEach(event -> ledger.pulled(event.position() + 1));
                        consumer.commit();
                    }
                }
            }
        }
        return operations.get();
    }

    private static void append(Producer<ByteBuffer> producer, Ledger ledger, SplittableRandom random) {
        Expected event = Expected.random(random, 100_000);
        ledger.intend(event);
        long position;
        try {
            position = producer.append(event.toAppend());
        } catch (StorageFullException refused) {
            // the one operation that failed is over
            position = producer.append(event.toAppend());
        }
        Oracle.require(position == ledger.intendedEnd() - 1, "append gave position " + position);
        ledger.durable(position + 1);
    }
}
