package dev.eventlog.jmh.ours;

import dev.eventlog.EventLog;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.nio.file.Files;
import org.jspecify.annotations.Nullable;

/** Opens a log that was closed cleanly; closing it again is outside the time. */
public final class Open implements Workload {

    private final Setting setting;
    private @Nullable EventLog log;

    /** Writes the log, unless an earlier fork has left it. */
    public Open(Setting setting) {
        this.setting = setting;
        if (!Files.exists(Logs.directory(setting))) {
            try (EventLog fresh = Logs.open(setting)) {
                Logs.fill(fresh, setting.logEvents());
            }
        }
    }

    @Override
    public void run(int operations) {
        log = Logs.open(setting);
    }

    @Override
    public void settle() {
        if (log != null) {
            log.close();
        }
        log = null;
    }

    @Override
    public void close() {
        settle();
    }
}
