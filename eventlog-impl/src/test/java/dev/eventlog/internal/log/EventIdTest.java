package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.tools.LogTools;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ids of events that were given none: log, epoch of the writer, position. */
class EventIdTest {

    @TempDir
    private Path temporary;

    @Test
    void idIsMadeOfLogEpochAndPositionUnlessOneWasGiven() {
        Path directory = temporary.resolve("log");
        for (int epoch = 1; epoch <= 2; epoch++) {
            try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
                var producer = log.producer("test", Numbered.CODEC);
                producer.append("k", ByteBuffer.allocate(8));
                producer.append(NewEvent.of("k", ByteBuffer.allocate(8)).withId("given" + epoch));
            }
        }
        String logId = LogTools.at(directory).verify(false).logId();
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                var events = log.read(EventQuery.all(), Numbered.CODEC)) {
            assertThat(events.map(event -> event.id()))
                    .containsExactly(logId + "-1-0", "given1", logId + "-2-2", "given2");
        }
    }
}
