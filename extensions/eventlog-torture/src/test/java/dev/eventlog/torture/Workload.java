package dev.eventlog.torture;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.log.Engine;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One life of a writing process: opens a log, appends in all ways, forces, consumes, parks, rolls and prunes by chance,
 * and tells a ledger. <b>Threading:</b> One thread at a time.
 */
final class Workload {

    private final SplittableRandom random;
    private final Ledger ledger;
    private final Runnable moment;
    private final int mostLength;
    private final boolean isStrong;
    private final boolean prunes;
    private final Duration forceInterval;
    // read by whoever looks at a moment
    private volatile @Nullable EventLog log;
    private Producer<ByteBuffer> producer;
    private Consumer<ByteBuffer> pulling;

    /**
     * @param moment between two steps power could be cut
     */
    Workload(SplittableRandom random, Ledger ledger, Runnable moment) {
        this.random = random;
        this.ledger = ledger;
        this.moment = moment;
        prunes = random.nextInt(5) == 0;
        // what prunes must roll
        mostLength = prunes ? 60_000 : new int[] {200, 3_000, 20_000}[random.nextInt(3)];
        isStrong = random.nextInt(3) == 0;
        forceInterval = random.nextInt(3) == 0 ? Duration.ofMillis(2) : Duration.ZERO;
    }

    /** What the log says that survives a power cut by now. */
    void askDurable() {
        EventLog open = log;
        if (open != null) {
            try {
                ledger.durable(open.durablePosition());
            } catch (LogClosedException closesJustNow) {
                // what it said before holds
            }
        }
    }

    /** Opens, works for so many steps, closes. */
    void run(Path directory, FileOps files, int steps) {
        try {
            live(directory, files, steps);
        } catch (LogFailedException forceFailed) {
            // a life ends early, as an application should end it
        } finally {
            log = null;
        }
        moment.run();
    }

    private void live(Path directory, FileOps files, int steps) {
        EventLogConfig.Builder config = Oracle.config(directory)
                .durability(isStrong ? Durability.POWER_LOSS : Durability.PROCESS_CRASH)
                .forceInterval(forceInterval);
        if (prunes) {
            config.retainBytes(1 << 20);
        }
        try (EventLog opened = Engine.open(config.build(), files)) {
            ledger.cutTo(opened.endPosition());
            producer = opened.producer("torture", Expected.CODEC);
            log = opened;
            moment.run();
            try (Consumer<ByteBuffer> consumer = opened.consumer(Oracle.PULLING, Expected.CODEC)) {
                pulling = consumer;
                if (consumer.position() < opened.firstPosition()) {
                    consumer.seek(StartAt.earliest());
                    ledger.pulled(consumer.position());
                }
                Subscription subscription = null;
                int all = prunes ? 5 * steps : steps;
                for (int step = 0; step < all; step++) {
                    if (step == all / 3 && random.nextBoolean()) {
                        subscription = subscribe(opened);
                    }
                    step(opened);
                }
                if (subscription != null) {
                    subscription.close();
                }
                takeParked(opened);
            }
            log = null;
        }
    }

    private void step(EventLog open) {
        switch (random.nextInt(16)) {
            case 0, 1, 2 -> appended(producer.append(intended().toAppend()), isStrong);
            case 3, 4 -> appended(producer.appendAll(batch()), isStrong);
            case 5 ->
                appended(
                        producer.withDurability(Durability.POWER_LOSS)
                                .append(intended().toAppend()),
                        true);
            case 6, 7 -> appendAsync();
            case 8 -> {
                open.force();
                ledger.durable(open.endPosition());
            }
            case 9, 10 -> pull(true);
            case 11 -> pull(false);
            case 12 -> {
                if (random.nextInt(4) == 0) {
                    pulling.seek(random.nextBoolean() ? StartAt.earliest() : StartAt.latest());
                    // what a seek passes over needs no handling
                    ledger.pulled(pulling.position());
                }
            }
            default -> moment.run();
        }
        askDurable();
    }

    private Expected intended() {
        Expected event = Expected.random(random, mostLength);
        ledger.intend(event);
        return event;
    }

    private List<NewEvent<ByteBuffer>> batch() {
        var batch = new ArrayList<NewEvent<ByteBuffer>>();
        int length = 0;
        int count = 1 + random.nextInt(12);
        do {
            Expected event = intended();
            length += event.length();
            batch.add(event.toAppend());
        } while (batch.size() < count && length < 60_000);
        return batch;
    }

    private void appended(long last, boolean survivesPowerCut) {
        Oracle.require(last == ledger.intendedEnd() - 1, "append gave position " + last);
        if (survivesPowerCut) {
            ledger.durable(last + 1);
        }
    }

    private void appendAsync() {
        for (int count = 1 + random.nextInt(20); count > 0; count--) {
            var unused = producer.appendAsync(intended().toAppend()).thenAccept(position -> {
                if (isStrong) {
                    ledger.durable(position + 1);
                }
            });
        }
        // what is in flight has no position yet, and the other ways to append need to know theirs
        moment.run();
        producer.flush();
    }

    private void pull(boolean commits) {
        List<Event<ByteBuffer>> events;
        try {
            events = pulling.poll(Duration.ZERO);
        } catch (PositionExpiredException pruned) {
            pulling.seek(StartAt.earliest());
            ledger.pulled(pulling.position());
            return;
        }
        for (Event<ByteBuffer> event : events) {
            String problem = ledger.event(event.position()).problem(event);
            Oracle.require(problem == null, "consumer got a wrong event at " + event.position() + ": " + problem);
            ledger.pulled(event.position() + 1);
        }
        if (commits) {
            pulling.commit();
        }
    }

    private Subscription subscribe(EventLog open) {
        // what was pruned before it begins needs no handling
        for (long position = 0; position < open.firstPosition(); position++) {
            ledger.pushed().add(position);
        }
        var config =
                ConsumerConfig.named(Oracle.PUSHING).startAt(StartAt.earliest()).attempts(1, Duration.ZERO);
        return open.subscribe(config.build(), Expected.CODEC, event -> {
            if (event.position() % 11 == 0) {
                throw new IllegalStateException("refused");
            }
            ledger.pushed().add(event.position());
        });
    }

    private void takeParked(EventLog open) {
        boolean known =
                open.consumers().stream().anyMatch(status -> status.name().equals(Oracle.PUSHING));
        if (!known || random.nextBoolean()) {
            return;
        }
        var config = ConsumerConfig.parkedBy(Oracle.PUSHING).pollLimit(3, 1 << 20);
        try (Consumer<ByteBuffer> parked = open.consumer(config.build(), Expected.CODEC)) {
            parked.poll(Duration.ZERO).forEach(event -> ledger.pushed().add(event.position()));
            parked.commit();
        }
    }
}
