package dev.eventlog.internal.log;

import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Clock;

/** Opens logs of the engine on other files than the system's; in this package because that is not for users. */
public final class Engine {

    private Engine() {}

    /** Opens a log whose file operations go through these. */
    public static EventLog open(EventLogConfig config, FileOps files) {
        return LocalEventLog.open(config, files, Clock.system());
    }
}
