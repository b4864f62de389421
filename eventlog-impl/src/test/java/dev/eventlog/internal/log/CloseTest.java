package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Closing a log from the thread that its close waits for. */
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CloseTest {

    @TempDir
    private Path directory;

    @Test
    void aReportOfABackgroundErrorMayCloseALogThatIsClosing() throws InterruptedException {
        var failing = new AtomicBoolean();
        var files = new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.FORCE && failing.get()) {
                throw new IOException("Input/output error, on purpose");
            }
        });
        var opened = new AtomicReference<EventLog>();
        var reported = new CountDownLatch(1);
        var returned = new CountDownLatch(1);
        EventLogConfig config = EventLogConfig.at(directory.resolve("log"))
                .forceInterval(Duration.ofMillis(1))
                .backgroundErrors(error -> {
                    EventLog log = opened.get();
                    reported.countDown();
                    awaitClosing(log);
                    log.close();
                    returned.countDown();
                })
                .build();
        EventLog log = LocalEventLog.open(config, files, Clock.system());
        opened.set(log);
        failing.set(true);
        log.producer("test", Codec.utf8()).append("a");
        reported.await();
        // waits for the thread that reports
        assertThatThrownBy(log::close).isInstanceOf(LogFailedException.class);
        assertThat(returned.await(10, TimeUnit.SECONDS)).isTrue();
    }

    private static void awaitClosing(EventLog log) {
        while (true) {
            try {
                long unused = log.endPosition();
                Thread.onSpinWait();
            } catch (LogClosedException begun) {
                return;
            }
        }
    }
}
