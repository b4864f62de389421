package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.file.FileOps.NoDescriptorException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.file.HookedFileOps.Op;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A log whose process has no file descriptor left at an open: it waits for one, whatever the open was for. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NoDescriptorTest {

    /** What needs a descriptor. */
    private static final Set<Op> OPENING = EnumSet.of(Op.OPEN, Op.CREATE, Op.OPEN_DIRECTORY, Op.LIST);

    /** An open for which there is no descriptor. */
    private record Need(Op op, String pathEnd) {
        private static final Need NONE = new Need(Op.OPEN, "nowhere");
    }

    private final Numbered numbered =
            new Numbered(Seed.of(NoDescriptorTest.class).value(), 40_000);
    private final List<Throwable> reported = new CopyOnWriteArrayList<>();
    private volatile Need need = Need.NONE;
    private volatile boolean isNoneLeft;

    @TempDir
    private Path temporary;

    private EventLog open(Path directory) {
        var files = new HookedFileOps((op, path) -> {
            Need now = need;
            if ((isNoneLeft && OPENING.contains(op)) || (op == now.op() && path.endsWith(now.pathEnd()))) {
                throw new NoDescriptorException(path, null);
            }
        });
        return LocalEventLog.open(
                Numbered.config(directory).backgroundErrors(reported::add).build(),
                files.withoutForce(),
                Clock.system());
    }

    @SuppressWarnings("ThreadPriorityCheck") // yielding is waiting without a sleep
    private static void until(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.yield();
        }
    }

    private static long activeSegments(Path directory) {
        try (var names = Files.list(directory.resolve("active"))) {
            return names.count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void segmentsAreSealedOnceThereIsADescriptorForIt() {
        for (Need missing : List.of(
                new Need(Op.OPEN_DIRECTORY, "segments"),
                new Need(Op.OPEN_DIRECTORY, "active/0000000001"),
                new Need(Op.LIST, "active/0000000001"))) {
            Path directory = temporary.resolve(missing.op() + missing.pathEnd().replace('/', '-'));
            try (EventLog log = open(directory)) {
                need = missing;
                numbered.appendTo(log, 1500);
                log.force();
                assertThat(log.durablePosition()).as("%s", missing).isEqualTo(log.endPosition());
                assertThat(activeSegments(directory)).as("%s", missing).isGreaterThan(3);
                numbered.assertComplete(log);
                need = Need.NONE;
                until(() -> activeSegments(directory) <= 2);
                numbered.appendTo(log, 2000);
                numbered.assertComplete(log);
            }
            assertThat(reported).as("%s", missing).isEmpty();
            try (EventLog again = open(directory)) {
                numbered.assertComplete(again);
            }
        }
    }

    @Test
    void segmentThatWaitsForADescriptorAtTheCloseIsSealedByTheNextOpen() {
        for (Need missing : List.of(new Need(Op.OPEN_DIRECTORY, "segments"), new Need(Op.LIST, "active/0000000001"))) {
            Path directory = temporary.resolve(missing.op() + missing.pathEnd().replace('/', '-'));
            EventLog log = open(directory);
            numbered.appendTo(log, 100);
            long end = log.endPosition();
            need = missing;
            assertThatCode(log::close).as("%s", missing).doesNotThrowAnyException();
            need = Need.NONE;
            try (EventLog again = open(directory)) {
                assertThat(again.endPosition()).as("%s", missing).isEqualTo(end);
                numbered.assertComplete(again);
            }
        }
    }

    @Test
    void appendThatNeedsTheNextSegmentIsRefusedAndSucceedsOnceThereIsADescriptor() {
        try (EventLog log = open(temporary)) {
            isNoneLeft = true;
            assertThatThrownBy(() -> numbered.appendTo(log, 2000))
                    .isInstanceOf(StorageFullException.class)
                    .hasMessageContaining("no file descriptor left")
                    .hasMessageContaining("nothing was appended");
            long end = log.endPosition();
            assertThat(end).isPositive();
            assertThatThrownBy(() -> numbered.appendTo(log, 2000)).isInstanceOf(StorageFullException.class);
            assertThat(log.endPosition()).isEqualTo(end);
            isNoneLeft = false;
            numbered.appendTo(log, 2000);
            numbered.assertComplete(log);
        }
        assertThat(reported).isEmpty();
    }

    @Test
    void subscriptionThatCannotParkWaitsForADescriptor() {
        List<Throwable> told = new CopyOnWriteArrayList<>();
        var config = ConsumerConfig.named("parking")
                .attempts(1, Duration.ZERO)
                .onFailure((event, why) -> told.add(why))
                .build();
        try (EventLog log = open(temporary);
                var subscription = log.subscribe(config, Numbered.CODEC, event -> {
                    throw new IllegalStateException("parked on purpose");
                })) {
            need = new Need(Op.OPEN_DIRECTORY, "parked");
            numbered.appendTo(log, 1);
            until(() -> told.stream().anyMatch(StorageFullException.class::isInstance));
            assertThat(subscription.status().parked()).isZero();
            need = Need.NONE;
            assertThat(subscription.awaitPosition(0, Duration.ofSeconds(30))).isTrue();
            assertThat(subscription.status().parked()).isPositive();
        }
    }

    /** Whatever words a force fails with: what is on the disk is unknown behind it. */
    @Test
    void failedForceOfADirectoryStopsTheLog() {
        var files = new HookedFileOps((op, path) -> {
            if (op == Op.FORCE_DIRECTORY && path.endsWith("segments")) {
                throw new IOException("Too many open files");
            }
        });
        EventLog log = LocalEventLog.open(
                Numbered.config(temporary).backgroundErrors(reported::add).build(), files, Clock.system());
        assertThatThrownBy(() -> {
                    numbered.appendTo(log, 700);
                    until(() -> {
                        log.force();
                        return false;
                    });
                })
                .isInstanceOf(LogFailedException.class);
        assertThatThrownBy(() -> numbered.appendTo(log, log.endPosition() + 1))
                .isInstanceOf(LogFailedException.class)
                .hasMessageContaining("stopped");
        assertThatThrownBy(log::close).isInstanceOf(LogFailedException.class);
    }
}
