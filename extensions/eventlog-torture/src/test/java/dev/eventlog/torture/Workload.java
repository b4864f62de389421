package dev.eventlog.torture;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventLogConfig.WhenFull;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.error.AppendConflictException;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.log.Engine;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One life of a writing process: opens a log, appends in all ways, also again and under conditions, forces, consumes, alone
 * and shared, processes, parks, rolls and prunes by chance, also up to a limit, and tells a ledger. <b>Threading:</b> One thread at a time.
 */
final class Workload {

    private final SplittableRandom random;
    private final Ledger ledger;
    private final Runnable moment;
    private final int mostLength;
    private final boolean isStrong;
    private final boolean prunes;
    private final boolean isLimited;
    private final boolean keepsIds;
    // more than one segment
    private final boolean rolls;
    // whether the pulling consumer has much before it
    private final boolean isLazy;
    private final Duration forceInterval;
    // read by whoever looks at a moment
    private volatile @Nullable EventLog log;
    private Producer<ByteBuffer> producer;
    private Consumer<ByteBuffer> pulling;

    /**
     * @param isPruning whether it prunes in any case
     * @param moment between two steps power could be cut
     */
    Workload(SplittableRandom random, Ledger ledger, boolean isPruning, Runnable moment) {
        this.random = random;
        this.ledger = ledger;
        this.moment = moment;
        // a required consumer is there for the sake of pruning
        prunes = isPruning || random.nextInt(ledger.isRequired() ? 2 : 5) == 0;
        isLimited = prunes && random.nextInt(3) == 0;
        keepsIds = random.nextInt(2) == 0;
        isLazy = ledger.isRequired() && random.nextBoolean();
        rolls = prunes || random.nextInt(6) == 0;
        mostLength = rolls ? 60_000 : new int[] {200, 3_000, 20_000}[random.nextInt(3)];
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
        if (isLimited) {
            config.limit(3 << 20, ledger.isRequired() && random.nextBoolean() ? WhenFull.FAIL : WhenFull.DROP_OLDEST);
        } else if (prunes) {
            config.retainBytes(1 << 20);
        }
        try (EventLog opened = Engine.open(config.build(), files)) {
            ledger.cutTo(opened.endPosition());
            producer = opened.producer("torture", Expected.CODEC);
            log = opened;
            moment.run();
            var reading = ConsumerConfig.named(Oracle.PULLING);
            if (ledger.isRequired()) {
                reading.required();
            }
            try (Consumer<ByteBuffer> consumer = opened.consumer(reading.build(), Expected.CODEC)) {
                pulling = consumer;
                if (consumer.position() < opened.firstPosition()) {
                    leadOn();
                }
                live(opened, rolls ? 5 * steps : steps);
                takeParked(opened, Oracle.PUSHING, ledger.pushed());
                takeParked(opened, Oracle.SHARING, ledger.shared());
            }
            log = null;
        }
    }

    private void live(EventLog open, int steps) {
        var subscriptions = new ArrayList<Subscription>();
        try {
            for (int step = 0; step < steps; step++) {
                try {
                    if (step == steps / 3 && random.nextBoolean()) {
                        subscriptions.add(subscribe(open));
                    }
                    if (step == steps / 2 && random.nextInt(3) == 0) {
                        subscriptions.add(share(open));
                        subscriptions.add(share(open));
                    }
                    step(open);
                } catch (PositionExpiredException prunedJustNow) {
                    Oracle.require(prunes, "events are gone: " + prunedJustNow);
                } catch (StorageFullException full) {
                    Oracle.require(isLimited, "no room: " + full);
                    ledger.notAppended(open.endPosition());
                    // what makes room
                    pull(true);
                }
                askDurable();
            }
        } finally {
            subscriptions.forEach(Subscription::close);
        }
    }

    private void step(EventLog open) {
        switch (random.nextInt(20)) {
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
            case 9, 10, 11 -> {
                if (!isLazy || random.nextInt(100) == 0) {
                    pull(random.nextInt(3) > 0);
                }
            }
            case 12 -> {
                if (random.nextInt(4) == 0) {
                    seek(open);
                }
            }
            case 13 -> appendAgain(open);
            case 14 -> appendIfNone(open);
            case 15, 16 -> make(open);
            default -> {
                // lives that roll have many steps, and there should be many of them too
                if (!rolls || random.nextInt(5) == 0) {
                    moment.run();
                }
            }
        }
    }

    private void seek(EventLog open) {
        // what a seek passes over needs no handling
        ledger.committing(open.endPosition());
        pulling.seek(random.nextBoolean() ? StartAt.earliest() : StartAt.latest());
        ledger.pulled(pulling.position());
    }

    /** Appends an event once more that is there: it is left out. */
    private void appendAgain(EventLog open) {
        if (prunes) {
            // what is kept changes meanwhile
            return;
        }
        long first = open.firstPosition();
        long end = open.endPosition();
        for (int tries = 0; tries < 20 && end > first; tries++) {
            long position = random.nextLong(first, end);
            String id = ledger.event(position).id();
            if (id != null) {
                var again = NewEvent.of("again", ByteBuffer.allocate(9)).withId(id);
                long returned = switch (random.nextInt(3)) {
                    case 0 -> producer.append(again);
                    case 1 -> producer.appendAll(List.of(intended().toAppend(), again));
                    default -> producer.appendAsync(again).join();
                };
                Oracle.require(
                        returned == position && open.endPosition() == ledger.intendedEnd(),
                        "id of " + position + " was appended again at " + returned);
                if (isStrong) {
                    ledger.durable(position + 1);
                }
                return;
            }
        }
    }

    private void appendIfNone(EventLog open) {
        if (prunes) {
            // what is kept changes meanwhile
            return;
        }
        String key = "key-" + random.nextInt(50);
        long end = open.endPosition();
        long after = random.nextInt(3) == 0 ? open.firstPosition() - 1 : Math.max(open.firstPosition(), end - 9) - 1;
        long conflict = after + 1;
        while (conflict < end && !key.equals(ledger.event(conflict).key())) {
            conflict++;
        }
        var query = EventQuery.all().keys(key).after(after);
        try {
            appended(producer.appendIfNone(query, List.of(intended().toAppend())), isStrong);
            Oracle.require(conflict == end, "appended although " + conflict + " has " + key);
        } catch (AppendConflictException e) {
            Oracle.require(e.position() == conflict, "conflict at " + e.position() + " and not at " + conflict);
            ledger.notAppended(end);
        }
    }

    /** Makes events out of others, by a call or by a subscription. */
    private void make(EventLog open) {
        try {
            if (random.nextInt(3) == 0 && !prunes) {
                makeAll(open);
                return;
            }
            try (Consumer<ByteBuffer> consumer = open.consumer(Making.config().build(), Expected.CODEC)) {
                long overtaken = consumer.position();
                if (overtaken < open.firstPosition()) {
                    consumer.seek(StartAt.earliest());
                    for (long position = overtaken; position < consumer.position(); position++) {
                        ledger.skipped().add(position);
                    }
                    consumer.commit();
                }
                int unused = consumer.process(
                        event -> outputs(event), open.producer(Making.SOURCE, Expected.CODEC), 1 + random.nextInt(20));
            }
        } catch (PositionExpiredException pruned) {
            ledger.notAppended(open.endPosition());
        }
    }

    private void makeAll(EventLog open) {
        var config = Making.config().attempts(3, Duration.ZERO).pollLimit(1 + random.nextInt(16), 1 << 20);
        try (Subscription subscription = open.process(
                config.build(),
                Expected.CODEC,
                event -> {
                    if (event.position() % 7 == 3 && event.attempt() == 1) {
                        throw new IllegalStateException("processor failed on purpose");
                    }
                    return outputs(event);
                },
                open.producer(Making.SOURCE, Expected.CODEC))) {
            boolean unused = subscription.awaitCaughtUp(Duration.ofSeconds(30));
        } catch (IllegalStateException stopped) {
            if (stopped.getCause() instanceof LogFailedException failed) {
                // ends the life, as in an append
                throw failed;
            }
            throw stopped;
        }
        // what it could not append
        ledger.notAppended(open.endPosition());
    }

    private List<NewEvent<ByteBuffer>> outputs(Event<ByteBuffer> event) {
        byte[] payload = new byte[event.data().remaining()];
        event.data().duplicate().get(payload);
        List<Expected> outputs = Making.outputsOf(event.position(), payload);
        outputs.forEach(ledger::intend);
        return Making.toAppend(outputs);
    }

    private Expected intended() {
        Expected event = Expected.random(random, mostLength);
        if (keepsIds && event.id() == null) {
            event = event.withId("id-" + random.nextLong());
        }
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
        if (isLimited) {
            // some could fail, and later ones not
            return;
        }
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
            leadOn();
            return;
        }
        for (Event<ByteBuffer> event : events) {
            String problem = ledger.event(event.position()).problem(event);
            Oracle.require(problem == null, "consumer got a wrong event at " + event.position() + ": " + problem);
            ledger.pulled(event.position() + 1);
        }
        if (commits) {
            ledger.committing(pulling.position());
            pulling.commit();
        }
    }

    /** What was pruned before it was read needs no handling. */
    private void leadOn() {
        Oracle.require(!ledger.isRequired(), "events are gone that are required");
        pulling.seek(StartAt.earliest());
        ledger.pulled(pulling.position());
    }

    private Subscription subscribe(EventLog open) {
        leadOn(open, Oracle.PUSHING, ledger.pushed());
        var config = ConsumerConfig.named(Oracle.PUSHING).attempts(1, Duration.ZERO);
        if (random.nextInt(3) == 0) {
            config.parallel(3);
        }
        return open.subscribe(config.build(), Expected.CODEC, event -> {
            if (event.position() % 11 == 0) {
                throw new IllegalStateException("refused");
            }
            ledger.pushed().add(event.position());
        });
    }

    /** One member more that shares. */
    private Subscription share(EventLog open) {
        leadOn(open, Oracle.SHARING, ledger.shared());
        var config = ConsumerConfig.named(Oracle.SHARING)
                .shared(Duration.ofSeconds(30))
                .attempts(2, Duration.ZERO);
        return open.subscribe(config.build(), Expected.CODEC, event -> {
            if (event.position() % 17 == 5 || (event.position() % 7 == 1 && event.attempt() == 1)) {
                throw new IllegalStateException("refused");
            }
            ledger.shared().add(event.position());
        });
    }

    /** Leads a consumer over what was pruned, which needs no handling. */
    private static void leadOn(EventLog open, String name, Set<Long> handled) {
        if (open.firstPosition() == 0) {
            return;
        }
        try (Consumer<ByteBuffer> consumer = open.consumer(name, Expected.CODEC)) {
            if (consumer.position() <= open.firstPosition()) {
                consumer.seek(StartAt.earliest());
                for (long position = 0; position < consumer.position(); position++) {
                    handled.add(position);
                }
                consumer.commit();
            }
        } catch (LockedException isShared) {
            // by the first member, which has led it
        }
    }

    private void takeParked(EventLog open, String name, Set<Long> handled) {
        boolean known =
                open.consumers().stream().anyMatch(status -> status.name().equals(name));
        if (!known || random.nextBoolean()) {
            return;
        }
        var config = ConsumerConfig.parkedBy(name).pollLimit(3, 1 << 20);
        try (Consumer<ByteBuffer> parked = open.consumer(config.build(), Expected.CODEC)) {
            parked.poll(Duration.ZERO).forEach(event -> handled.add(event.position()));
            parked.commit();
        }
    }
}
