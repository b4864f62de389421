package dev.eventlog.internal.log;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.EventHandler;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Clock;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What processes do that are killed while handlers are at work: they append events that tell their position, and handlers
 * fail at some of them once, and at others for ever. A ledger tells what a handler is about to return from.
 */
final class HandledLoad {

    static final int OPENED = 1;
    static final int HANDLED = 2;
    static final Codec<ByteBuffer> CODEC = Codec.bytes("numbered");

    private static final int MOST_AHEAD = 3_000;

    private final EventLog log;
    private final KillLedger ledger;
    // handled by this life; what former ones left counts as well
    private final AtomicLong handled = new AtomicLong();
    private final long left;

    HandledLoad(EventLog log, KillLedger ledger) {
        this.log = log;
        this.ledger = ledger;
        left = log.consumers().stream().mapToLong(ConsumerStatus::lag).sum();
        ledger.tell(OPENED, 0, log.endPosition());
    }

    static EventLog open(Path directory) {
        return LocalEventLog.open(config(directory), FileOps.system(), Clock.system());
    }

    static EventLogConfig config(Path directory) {
        return Numbered.config(directory).build();
    }

    /** Whether no attempt at an event ends well: it is parked. */
    static boolean isPoison(long position) {
        return position % 1_999 == 1_001;
    }

    /** Tells the ledger what it handled. */
    EventHandler<ByteBuffer> handler(LongUnaryOperator blockNanos) {
        return handler(blockNanos, position -> {
            ledger.tell(HANDLED, 0, position);
            handled.incrementAndGet();
        });
    }

    /**
     * Blocks, fails now and then, and for ever at poison.
     *
     * @param blockNanos of a position
     * @param told of positions that are handled
     */
    static EventHandler<ByteBuffer> handler(LongUnaryOperator blockNanos, LongConsumer told) {
        return event -> {
            long position = event.position();
            if (event.data().getLong(0) != position) {
                throw new AssertionError("wrong event at " + position);
            }
            LockSupport.parkNanos(blockNanos.applyAsLong(position));
            if (isPoison(position) || (position % 101 == 50 && event.attempt() == 1)) {
                throw new IllegalStateException("handler failed on purpose");
            }
            told.accept(position);
        };
    }

    /**
     * Appends without end, some way ahead of the handlers.
     *
     * @param keys of positions
     * @param behindEach told of each position
     */
    void append(LongFunction<@Nullable String> keys, LongConsumer behindEach) {
        var producer = log.producer("numbered", CODEC);
        long began = log.endPosition();
        for (long position = began; ; position++) {
            while (left + position - began - handled.get() > MOST_AHEAD) {
                LockSupport.parkNanos(100_000);
            }
            String key = keys.apply(position);
            ByteBuffer data = ByteBuffer.allocate(Long.BYTES).putLong(0, position);
            if (key == null) {
                producer.append(data);
            } else {
                producer.append(key, data);
            }
            behindEach.accept(position);
        }
    }
}
