package dev.eventlog.internal.log;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The process that {@link KillTest} kills: appends and consumes without end and tells in a ledger what it is about to do
 * and what it has done.
 */
final class KillChild {

    static final int OPENING = 1;
    static final int OPENED = 2;
    static final int INTENT = 3;
    static final int ACKNOWLEDGED = 4;
    static final int PULLED = 5;
    static final int PUSHED = 6;
    static final int WRONG = 7;

    private final Numbered numbered;
    private final KillLedger ledger;

    private KillChild(Numbered numbered, KillLedger ledger) {
        this.numbered = numbered;
        this.ledger = ledger;
    }

    public static void main(String[] arguments) throws IOException {
        var numbered = new Numbered(Long.parseLong(arguments[2]), 64 << 10);
        new KillChild(numbered, KillLedger.open(arguments[1]))
                .run(Path.of(arguments[0]), Durability.valueOf(arguments[3]));
    }

    private void run(Path directory, Durability durability) {
        tell(OPENING, 0, 0);
        EventLog log = Numbered.open(directory, FileOps.system(), durability);
        tell(OPENED, 0, log.endPosition());
        var config = ConsumerConfig.named("pushed").attempts(1, Duration.ZERO).stopOnFailure();
        log.subscribe(config.build(), Numbered.CODEC, event -> handled(PUSHED, event));
        var pulling = new Thread(() -> pull(log));
        pulling.start();
        if (durability == Durability.POWER_LOSS) {
            appendAsync(log);
        } else {
            append(log);
        }
    }

    /** One thread appends: its events have the order of its calls, so that the position of each is known before. */
    private void appendAsync(EventLog log) {
        var producer = log.producer("numbered", Numbered.CODEC);
        for (long next = log.endPosition(); ; next++) {
            long position = next;
            tell(INTENT, 1, position);
            if (position % 7 == 0) {
                tell(producer.append(numbered.event(position)) == position ? ACKNOWLEDGED : WRONG, 1, position);
            } else {
                var unused = producer.appendAsync(numbered.event(position))
                        .whenComplete((at, failure) ->
                                tell(failure == null && at == position ? ACKNOWLEDGED : WRONG, 1, position));
            }
            if (position % 64 == 0) {
                producer.flush();
            }
        }
    }

    private void append(EventLog log) {
        var producer = log.producer("numbered", Numbered.CODEC);
        for (int appends = 1; ; appends++) {
            long position = log.endPosition();
            var batch = numbered.batch(position);
            tell(INTENT, batch.size(), position);
            long last = producer.appendAll(batch);
            tell(last == position + batch.size() - 1 ? ACKNOWLEDGED : WRONG, batch.size(), position);
            if (appends % 64 == 0) {
                log.force();
            }
        }
    }

    private void pull(EventLog log) {
        try (Consumer<ByteBuffer> consumer = log.consumer("pulled", Numbered.CODEC)) {
            while (true) {
                for (Event<ByteBuffer> event : consumer.poll(Duration.ofSeconds(1))) {
                    handled(PULLED, event);
                }
                consumer.commit();
            }
        }
    }

    private void handled(int kind, Event<ByteBuffer> event) {
        tell(numbered.isRight(event) ? kind : WRONG, 1, event.position());
    }

    private void tell(int kind, int count, long position) {
        ledger.tell(kind, count, position);
    }
}
