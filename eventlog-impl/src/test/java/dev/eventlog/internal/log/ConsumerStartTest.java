package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.StartAt;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where a new consumer stands must survive a power cut at once, if it could pass over events by starting anew. */
class ConsumerStartTest {

    @TempDir
    private Path temporary;

    private final List<Path> forced = new CopyOnWriteArrayList<>();
    private final HookedFileOps files = new HookedFileOps((op, path) -> {
        if (op == HookedFileOps.Op.FORCE && path.toString().endsWith(".cursor")) {
            forced.add(path);
        }
    });

    private EventLog open() {
        var config = Numbered.config(temporary.resolve("log")).build();
        return LocalEventLog.open(config, files.withoutForce(), Clock.system());
    }

    private static List<StartAt> startsBehindOthers() {
        return List.of(StartAt.latest(), StartAt.position(1), StartAt.after(1));
    }

    @ParameterizedTest
    @MethodSource("startsBehindOthers")
    void startBehindOthersIsForcedBeforeTheConsumerIsThere(StartAt start) {
        try (EventLog log = open()) {
            new Numbered(1, 100).appendTo(log, 3);
            log.consumer(ConsumerConfig.named("new").startAt(start).build(), Numbered.CODEC)
                    .close();
            assertThat(forced).hasSize(1);
            // from here on it is where it was
            log.consumer(ConsumerConfig.named("new").startAt(start).build(), Numbered.CODEC)
                    .close();
            assertThat(forced).hasSize(1);
        }
    }

    @Test
    void startAtTheEarliestNeedsNoForce() {
        try (EventLog log = open()) {
            new Numbered(1, 100).appendTo(log, 3);
            log.consumer("new", Numbered.CODEC).close();
            assertThat(forced).isEmpty();
        }
    }
}
