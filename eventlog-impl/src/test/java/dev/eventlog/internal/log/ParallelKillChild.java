package dev.eventlog.internal.log;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The process that {@link ParallelKillTest} kills: appends without end and handles in the order of the log, or on lanes. */
final class ParallelKillChild {

    static final String NAME = "lanes";
    static final int KEYS = 23;

    private ParallelKillChild() {}

    /**
     * @param arguments directory, ledger, lanes
     */
    public static void main(String[] arguments) throws IOException {
        EventLog log = HandledLoad.open(Path.of(arguments[0]));
        var load = new HandledLoad(log, KillLedger.open(arguments[1]));
        var handler = load.handler(ParallelKillChild::blockNanos);
        log.subscribe(config(Integer.parseInt(arguments[2])), HandledLoad.CODEC, handler);
        load.append(ParallelKillChild::key, position -> {});
    }

    static ConsumerConfig config(int lanes) {
        var config = ConsumerConfig.named(NAME).attempts(3, Duration.ofMillis(2));
        return lanes == 1 ? config.build() : config.parallel(lanes).build();
    }

    static long blockNanos(long position) {
        return 20_000;
    }

    /** Each fifth event has none. */
    static @Nullable String key(long position) {
        return position % 5 == 0 ? null : "k" + position % KEYS;
    }
}
