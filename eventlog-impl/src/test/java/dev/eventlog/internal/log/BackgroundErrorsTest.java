package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A user's code does not run on the threads that do a log's file work, and may use the log or close it. */
@Timeout(300)
class BackgroundErrorsTest {

    private final Numbered numbered = new Numbered(1, 20_000);
    private final AtomicReference<EventLog> opened = new AtomicReference<>();
    private Path directory;

    @TempDir
    private Path temporary;

    private EventLogConfig.Builder config() {
        directory = temporary.resolve("log");
        return Numbered.config(directory);
    }

    /** Opens a log that cannot move its first segment. */
    private EventLog open(EventLogConfig config) {
        var files = new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.RENAME && path.endsWith("0000000001.segment")) {
                throw new IOException("Input/output error, on purpose");
            }
        });
        InstantSource source = config.clock();
        EventLog log =
                LocalEventLog.open(config, files.withoutForce(), source == null ? Clock.system() : Clock.of(source));
        opened.set(log);
        return log;
    }

    /** Appends until the first segment is to be moved, or the log stops because it could not be. */
    private long fail(EventLog log) {
        try {
            numbered.appendTo(log, 2_000);
        } catch (LogFailedException stopped) {
            assertThat(stopped.isOutcomeUnknown()).isFalse();
        }
        return log.endPosition();
    }

    private void assertComplete(long end) {
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            assertThat(log.endPosition()).isEqualTo(end);
            numbered.assertComplete(log);
        }
    }

    @Test
    void callbackMayWaitForTheLog() throws Exception {
        var consumers = new CompletableFuture<Integer>();
        Consumer<Throwable> waits = error -> {
            var asked =
                    CompletableFuture.supplyAsync(() -> opened.get().consumers().size());
            try {
                consumers.complete(asked.get(5, TimeUnit.SECONDS));
            } catch (Exception e) {
                consumers.completeExceptionally(e);
            }
        };
        EventLog log = open(config().backgroundErrors(waits).build());
        log.consumer("billing", Numbered.CODEC).close();
        long end = fail(log);
        assertThat(consumers.get()).isOne();
        assertThatThrownBy(log::close).isInstanceOf(LogFailedException.class);
        assertComplete(end);
    }

    @Test
    void callbackMayCloseTheLog() throws Exception {
        var failed = new CountDownLatch(1);
        var closed = new CompletableFuture<Throwable>();
        EventLog log = open(config().backgroundErrors(error -> {
                    try {
                        failed.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    closed.complete(catchThrowable(opened.get()::close));
                })
                .build());
        // a handler that is closed needs file work to come to its end
        var handled = new AtomicInteger();
        log.subscribe("billing", Numbered.CODEC, event -> handled.incrementAndGet());
        long end = fail(log);
        failed.countDown();
        assertThat(closed.get()).isInstanceOf(LogFailedException.class).hasMessageContaining(directory.toString());
        log.close();
        assertComplete(end);
    }

    @Test
    void callbackThatThrowsOrHangsDoesNotStopFileWork() throws Exception {
        var told = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        EventLog log = open(config().backgroundErrors(error -> {
                    told.countDown();
                    try {
                        goOn.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    throw new IllegalStateException("on purpose");
                })
                .build());
        fail(log);
        told.await();
        assertThat(log.consumers()).isEmpty();
        goOn.countDown();
        assertThatThrownBy(log::close).isInstanceOf(LogFailedException.class);
    }

    @Test
    void noCodeOfTheUserRunsOnAThreadThatDoesFileWorkOnceTheLogIsOpen() throws Exception {
        Queue<Thread> fileThreads = new ConcurrentLinkedQueue<>();
        Queue<Thread> users = new ConcurrentLinkedQueue<>();
        var told = new CountDownLatch(1);
        var isOpen = new AtomicReference<>(false);
        EventLog log = open(config().threadFactory(work -> {
                    var made = new Thread(work, "made");
                    made.setDaemon(true);
                    if (!isOpen.get()) {
                        fileThreads.add(made);
                    }
                    return made;
                })
                .clock(() -> {
                    if (isOpen.get()) {
                        users.add(Thread.currentThread());
                    }
                    return java.time.Instant.EPOCH;
                })
                .backgroundErrors(error -> {
                    users.add(Thread.currentThread());
                    told.countDown();
                })
                .build());
        isOpen.set(true);
        // that of the files and that of the filling: no other is made while events are appended
        assertThat(fileThreads).hasSize(2);
        fail(log);
        told.await();
        assertThatThrownBy(log::close).isInstanceOf(LogFailedException.class);
        assertThat(users).isNotEmpty().doesNotContainAnyElementsOf(fileThreads);
    }

    @Test
    void closeOnTheThreadOfTheFilesIsRefused() throws Exception {
        var refused = new CompletableFuture<Throwable>();
        EventLog log = open(config().threadFactory(work -> {
                    EventLog there = opened.get();
                    if (there != null) {
                        // the thread that tells of errors is made by the one that met the first
                        refused.complete(catchThrowable(there::close));
                    }
                    var made = new Thread(work, "made");
                    made.setDaemon(true);
                    return made;
                })
                .build());
        long end = fail(log);
        assertThat(refused.get())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContaining("another thread");
        assertThatThrownBy(log::close).isInstanceOf(LogFailedException.class);
        assertComplete(end);
    }
}
