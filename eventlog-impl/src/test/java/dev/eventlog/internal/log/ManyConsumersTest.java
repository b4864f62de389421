package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.EventLog;
import dev.eventlog.internal.file.HookedFileOps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** As many consumers as a log may have, and one more. */
@Timeout(300)
class ManyConsumersTest {

    private static final int MOST = 10_000;

    private final Numbered numbered = new Numbered(1, 300);

    @TempDir
    private Path temporary;

    @Test
    void oneConsumerTooManyIsRefusedAndTheOthersGoOn() {
        try (EventLog log = EventLog.inMemory()) {
            for (int i = 0; i < MOST; i++) {
                log.consumer("consumer-" + i, Numbered.CODEC).close();
            }
            assertRefusedUntilOneIsForgotten(log);
            assertThat(log.consumers()).hasSize(MOST);
        }
    }

    @Test
    void oneConsumerTooManyIsRefusedOnDiskToo() throws IOException {
        Path directory = temporary.resolve("log");
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            log.consumer("consumer-0", Numbered.CODEC).close();
            log.consumer("consumer-1", Numbered.CODEC).close();
            Path cursors = directory.resolve("cursors");
            // to make each as a consumer takes minutes
            for (int i = 2; i < MOST; i++) {
                Files.createFile(cursors.resolve("filling-" + i + ".cursor"));
            }
            assertRefusedUntilOneIsForgotten(log);
        }
    }

    private void assertRefusedUntilOneIsForgotten(EventLog log) {
        numbered.appendTo(log, 10);
        for (int again = 0; again < 2; again++) {
            assertThatThrownBy(() -> log.consumer("one-more", Numbered.CODEC))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("10000")
                    .hasMessageContaining("one-more")
                    .hasMessageContaining("forget");
        }
        try (var consumer = log.consumer("consumer-0", Numbered.CODEC)) {
            assertThat(consumer.poll(Duration.ZERO)).isNotEmpty();
            consumer.commit();
        }
        log.forget("consumer-1");
        log.consumer("one-more", Numbered.CODEC).close();
    }
}
