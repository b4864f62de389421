package dev.eventlog.internal.log;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import java.io.IOException;
import java.nio.file.Path;

/** The process that {@link StandbyKillTest} kills: reads a log beside its writer, and owns a consumer. */
final class StandbyKillChild {

    static final String NAME = "owned";

    private StandbyKillChild() {}

    /**
     * @param arguments directory, ledger
     */
    public static void main(String[] arguments) throws IOException {
        KillLedger ledger = KillLedger.open(arguments[1]);
        EventLog log = EventLog.open(
                EventLogConfig.at(Path.of(arguments[0])).readOnly().build());
        log.subscribe(
                ConsumerConfig.named(NAME).build(),
                HandledLoad.CODEC,
                event -> ledger.tell(HandledLoad.HANDLED, 1, event.position()));
        System.out.println("owner");
    }
}
