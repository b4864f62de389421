package dev.eventlog.internal.log;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.Subscription;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The process that {@link SharedKillTest} kills: appends without end, and members that come and go share the events. It tells
 * in a ledger what a handler is about to return from.
 */
final class SharedKillChild {

    static final int RECORD_LENGTH = 16;
    static final int OPENED = 1;
    static final int HANDLED = 2;
    static final String NAME = "shared";
    static final Codec<ByteBuffer> CODEC = Codec.bytes("numbered");

    private static final int MEMBERS = 6;
    private static final int MOST_AHEAD = 3_000;

    private SharedKillChild() {}

    public static void main(String[] arguments) throws IOException {
        FileChannel ledger =
                FileChannel.open(Path.of(arguments[1]), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        EventLog log = open(Path.of(arguments[0]));
        tell(ledger, OPENED, log.endPosition());
        var handled = new AtomicLong();
        EventHandler<ByteBuffer> handler = handler(position -> {
            tell(ledger, HANDLED, position);
            handled.incrementAndGet();
        });
        var members = new ArrayDeque<Subscription>();
        for (int i = 0; i < MEMBERS; i++) {
            members.add(log.subscribe(config(), CODEC, handler));
        }
        var producer = log.producer("numbered", CODEC);
        long began = log.endPosition();
        for (long position = began; ; position++) {
            while (position - began - handled.get() > MOST_AHEAD) {
                LockSupport.parkNanos(100_000);
            }
            producer.append("k" + position % 3, ByteBuffer.allocate(8).putLong(0, position));
            if (position % 501 == 500) {
                members.add(log.subscribe(config(), CODEC, handler));
                members.remove().close();
            }
        }
    }

    static EventLog open(Path directory) {
        return LocalEventLog.open(logConfig(directory), FileOps.system(), Clock.system());
    }

    static EventLogConfig logConfig(Path directory) {
        return Numbered.config(directory).build();
    }

    static ConsumerConfig config() {
        return ConsumerConfig.named(NAME)
                .shared(Duration.ofSeconds(5))
                .attempts(3, Duration.ofMillis(2))
                .build();
    }

    /** Whether no attempt at an event ends well: it is parked. */
    static boolean isPoison(long position) {
        return position % 1_999 == 1_001;
    }

    /** Told of positions that are handled. */
    @FunctionalInterface
    interface Told {
        void handled(long position);
    }

    /** Blocks a little, now and then for long, fails now and then, and for ever at poison. */
    static EventHandler<ByteBuffer> handler(Told told) {
        return (Event<ByteBuffer> event) -> {
            long position = event.position();
            if (event.data().getLong(0) != position) {
                throw new AssertionError("wrong event at " + position);
            }
            LockSupport.parkNanos(position % 997 == 3 ? 30_000_000 : 20_000);
            if (isPoison(position) || (position % 101 == 50 && event.attempt() == 1)) {
                throw new IllegalStateException("handler failed on purpose");
            }
            told.handled(position);
        };
    }

    private static void tell(FileChannel ledger, int kind, long position) {
        ByteBuffer record = ByteBuffer.allocate(RECORD_LENGTH);
        record.putInt(kind).putInt(0).putLong(position).flip();
        try {
            ledger.write(record);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
