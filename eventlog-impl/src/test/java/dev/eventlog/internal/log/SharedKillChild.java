package dev.eventlog.internal.log;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventHandler;
import dev.eventlog.EventLog;
import dev.eventlog.Subscription;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;

/** The process that {@link SharedKillTest} kills: appends without end, and members that come and go share the events. */
final class SharedKillChild {

    static final String NAME = "shared";

    private static final int MEMBERS = 6;

    private SharedKillChild() {}

    /**
     * @param arguments directory, ledger
     */
    public static void main(String[] arguments) throws IOException {
        EventLog log = HandledLoad.open(Path.of(arguments[0]));
        var load = new HandledLoad(log, KillLedger.open(arguments[1]));
        EventHandler<ByteBuffer> handler = load.handler(SharedKillChild::blockNanos);
        var members = new ArrayDeque<Subscription>();
        for (int i = 0; i < MEMBERS; i++) {
            members.add(log.subscribe(config(), HandledLoad.CODEC, handler));
        }
        load.append(position -> "k" + position % 3, position -> {
            if (position % 501 == 500) {
                members.add(log.subscribe(config(), HandledLoad.CODEC, handler));
                members.remove().close();
            }
        });
    }

    static ConsumerConfig config() {
        return ConsumerConfig.named(NAME)
                .shared(Duration.ofSeconds(5))
                .attempts(3, Duration.ofMillis(2))
                .build();
    }

    /** Now and then long. */
    static long blockNanos(long position) {
        return position % 997 == 3 ? 30_000_000 : 20_000;
    }
}
