package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A segment that cannot be sealed, with others behind it. */
@Timeout(300)
class SealFailureTest {

    private static final int EVENTS = 60;

    @TempDir
    private Path directory;

    @Test
    void segmentsBehindOneThatCouldNotBeSealedAreLeftToTheNextOpen() {
        EventLogConfig config = EventLogConfig.at(directory.resolve("log"))
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(128 << 10)
                .forceInterval(Duration.ZERO)
                .build();
        var written = new CountDownLatch(1);
        var files = new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.RENAME && path.endsWith("0000000001.segment")) {
                await(written);
                throw new IOException("Input/output error, on purpose");
            }
        });
        EventLog log = LocalEventLog.open(config, files, Clock.system());
        var producer = log.producer("test", Codec.bytes());
        int appended = 0;
        try {
            for (; appended < EVENTS; appended++) {
                producer.append(ByteBuffer.allocate(100_000));
                if (appended == 15) {
                    // the second segment is begun, and will be sealed behind the first
                    written.countDown();
                }
            }
        } catch (LogFailedException failed) {
            assertThat(failed.isOutcomeUnknown()).isFalse();
        }
        assertThat(appended).isGreaterThan(15);
        assertThatThrownBy(log::close).isInstanceOf(LogFailedException.class);

        try (EventLog again = EventLog.open(config);
                var events = again.read(EventQuery.all(), Codec.bytes())) {
            assertThat(events.count()).isEqualTo(appended);
        }
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
