package dev.eventlog.internal.log;

import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Clock;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/** A process of {@link ReadingProcessTest} that writes: appends, in bursts, until it is killed. */
final class WritingChild {

    private WritingChild() {}

    /**
     * @param arguments directory, seed, bytes to keep
     */
    public static void main(String[] arguments) {
        long seed = Long.parseLong(arguments[1]);
        var numbered = new Numbered(seed, 16 << 10);
        EventLogConfig config = Numbered.config(Path.of(arguments[0]))
                .retainBytes(Long.parseLong(arguments[2]))
                .build();
        EventLog log = LocalEventLog.open(config, FileOps.system(), Clock.system());
        System.out.println("open at " + log.endPosition());
        for (long burst = 1; ; burst++) {
            numbered.appendTo(log, log.endPosition() + 1 + (burst * seed & 63));
            LockSupport.parkNanos(1_000_000);
        }
    }
}
