package dev.eventlog.testing;

import dev.eventlog.EventLogConfig;
import java.nio.file.Path;

/** The contract, kept by the log on disk with its default settings. */
class ChronicleDefaultsContractTest extends ChronicleEventLogContractTest {

    @Override
    EventLogConfig.Builder settings(Path where) {
        return EventLogConfig.at(where);
    }

    @Override
    protected int maxEventLengthBytes() {
        return 1 << 20;
    }
}
