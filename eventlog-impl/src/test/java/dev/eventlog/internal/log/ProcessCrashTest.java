package dev.eventlog.internal.log;

import static dev.eventlog.internal.log.NumberedOutputs.append;
import static dev.eventlog.internal.log.NumberedOutputs.assertAgree;
import static dev.eventlog.internal.log.NumberedOutputs.assertComplete;
import static dev.eventlog.internal.log.NumberedOutputs.processAll;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.EventLog;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Directories;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Before every file operation of a run that makes events out of events, and rolls, the directory is copied, and the copy is
 * opened as after a crash of the process: the outputs of each input are there once and together with their checkpoint, and
 * whoever goes on makes those that are missing, and no others.
 */
@Timeout(600)
class ProcessCrashTest {

    private static final int ROUNDS = 2;
    private static final int INPUTS = 60;
    private static final int CALLS = 12;
    /** Of so many copies one goes on to the end. */
    private static final int SAMPLE = 2;

    @TempDir
    private Path temporary;

    private final ReentrantLock copying = new ReentrantLock();
    private final AtomicLong copies = new AtomicLong();
    private volatile Throwable failure;

    @Test
    void crashAtEachFileOperationLeavesOutputsTogetherWithTheirCheckpoint() {
        Path directory = temporary.resolve("log");
        var files = new HookedFileOps((op, path) -> crash(directory, op, path)).withoutForce();
        long number = 0;
        for (int opens = 0; opens < 2; opens++) {
            try (EventLog log = Numbered.open(directory, files)) {
                for (int round = 0; round < ROUNDS; round++) {
                    append(log, number, number + INPUTS);
                    number += INPUTS;
                    if (round % 2 == 0) {
                        processAndRoll(log);
                    } else {
                        processAll(log, log);
                    }
                }
                assertAgree(log);
            }
            if (failure != null) {
                throw new AssertionError(failure);
            }
        }
        System.out.println("process crashes: " + copies + " copies");
        assertThat(copies.get()).isGreaterThan(60);
    }

    /** Forces and rolls while outputs are appended whose checkpoint no file has yet. */
    private static void processAndRoll(EventLog log) {
        var other = log.producer("other", NumberedOutputs.CODEC);
        try (var consumer = log.consumer(NumberedOutputs.pulled(), NumberedOutputs.CODEC)) {
            for (int call = 0; call < CALLS; call++) {
                int unused = consumer.process(
                        event -> NumberedOutputs.outputsOf(event.data().getLong(0)),
                        log.producer("out", NumberedOutputs.CODEC),
                        INPUTS / CALLS);
                other.append(ByteBuffer.allocate(120 << 10));
                if (call % 3 == 1) {
                    log.force();
                }
            }
        }
    }

    private void crash(Path directory, HookedFileOps.Op op, Path path) {
        // only what others can see; files that are allocated ahead are written most, and tell of nothing
        boolean isSeen = switch (op) {
            case OPEN, MAP, LOCK, UNLOCK -> false;
            case WRITE -> path.endsWith("manifest");
            default -> true;
        };
        if (!isSeen || failure != null || !Files.exists(directory)) {
            return;
        }
        copying.lock();
        Path copy = temporary.resolve("copy-" + copies.getAndIncrement());
        try {
            Directories.copyLog(directory, copy);
            verify(copy, copies.get() % SAMPLE == 0);
        } catch (Throwable e) {
            failure = new AssertionError("copy " + copy + " before " + op + " " + path, e);
            return;
        } finally {
            copying.unlock();
        }
        Directories.delete(copy);
    }

    private static void verify(Path copy, boolean goesOn) {
        try (EventLog log = Numbered.open(copy, HookedFileOps.quick())) {
            assertAgree(log);
            if (!goesOn) {
                return;
            }
            processAll(log, log);
            assertComplete(log, log);
        }
        try (EventLog log = Numbered.open(copy, HookedFileOps.quick())) {
            assertAgree(log);
            assertComplete(log, log);
        }
    }
}
