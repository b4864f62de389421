package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.EventLog;
import dev.eventlog.internal.file.HookedFileOps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
                Files.createFile(cursors.resolve("filling-" + String.format("%016x", i) + ".cursor"));
            }
            assertRefusedUntilOneIsForgotten(log);
        }
    }

    /** Only what keeps old outputs from counting for whoever takes the name is left of them. */
    @Test
    void processingConsumersThatWereForgottenAreNotCounted() throws IOException {
        Path directory = temporary.resolve("log");
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            numbered.appendTo(log, 10);
            log.consumer("consumer-0", Numbered.CODEC).close();
            for (int i = 1; i <= 2; i++) {
                try (var consumer = log.consumer("consumer-" + i, Numbered.CODEC)) {
                    consumer.process(event -> List.of(), log.producer("out", Numbered.CODEC), 1);
                }
                log.forget("consumer-" + i);
            }
            Path cursors = directory.resolve("cursors");
            try (var left = Files.list(cursors)) {
                assertThat(left.count()).isEqualTo(3);
            }
            for (int i = 1; i < MOST - 1; i++) {
                Files.createFile(cursors.resolve("filling-" + String.format("%016x", i) + ".cursor"));
            }
            log.consumer("one-more", Numbered.CODEC).close();
            for (String name : List.of("too-many", "consumer-1")) {
                assertThatThrownBy(() -> log.consumer(name, Numbered.CODEC))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("10000")
                        .hasMessageContaining(name);
            }
            log.forget("consumer-0");
            log.consumer("consumer-1", Numbered.CODEC).close();
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
