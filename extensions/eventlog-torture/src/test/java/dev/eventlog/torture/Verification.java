package dev.eventlog.torture;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.error.AppendConflictException;
import dev.eventlog.internal.log.Engine;
import dev.eventlog.torture.disk.DiskFileOps;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One look at what a power cut left, see {@link Oracle}: it is opened twice, and between that the log goes on, in ways that
 * chance chooses.
 *
 * <p><b>Threading:</b> One thread.
 */
final class Verification {

    private static final int MORE = 3;
    private static final int PROCESSED = 5;
    private static final Duration LONG = Duration.ofSeconds(30);

    private final Path directory;
    private final Ledger ledger;
    private final long durable;
    private final SplittableRandom random;
    // what is appended to the image
    private final List<Expected> more = new ArrayList<>();
    // events that need no outputs
    private final Set<Long> skipped;
    // where the image ended
    private long end;
    // of who processes, once it did; -1: not here
    private long madeTo = -1;

    Verification(Path directory, Ledger ledger, Ledger.Moment moment, SplittableRandom random) {
        this.directory = directory;
        this.ledger = ledger;
        this.random = random;
        durable = moment.durable();
        skipped = new HashSet<>(ledger.skipped());
    }

    /** Returns where the image ended. */
    long run() {
        long boot = 1000 + random.nextInt(1000);
        try (EventLog log = Engine.open(Oracle.config(directory).build(), DiskFileOps.inBoot(boot))) {
            end = log.endPosition();
            Oracle.require(end >= durable, "durable events are lost: end=" + end + " durable=" + durable);
            Oracle.require(end <= ledger.intendedEnd(), "more events than were appended: " + end);
            Oracle.require(
                    !ledger.isRequired() || log.firstPosition() <= ledger.committing(),
                    "events are gone that are required: first=" + log.firstPosition() + " committed at most="
                            + ledger.committing());
            Oracle.complete(log, ledger, more);
            consumers(log);
            goOn(log);
            Oracle.complete(log, ledger, more);
        }
        long nextBoot = random.nextBoolean() ? boot : boot + 1;
        try (EventLog log = Engine.open(Oracle.config(directory).build(), DiskFileOps.inBoot(nextBoot))) {
            Oracle.require(
                    log.endPosition() == end + more.size(),
                    "second open: end=" + log.endPosition() + " was " + (end + more.size()));
            Oracle.complete(log, ledger, more);
            Map<String, Long> checkpoints = consumers(log);
            if (madeTo >= 0) {
                long checkpoint = checkpoints.get(Making.NAME);
                Oracle.require(checkpoint == madeTo, "second open: processed to " + checkpoint + " was " + madeTo);
            }
            for (String name : List.of(Oracle.PUSHING, Oracle.SHARING)) {
                if (checkpoints.containsKey(name) && random.nextInt(4) == 0) {
                    deliver(log, name, checkpoints.get(name));
                }
            }
        }
        return end;
    }

    private Expected event(long position) {
        return position < end ? ledger.event(position) : more.get((int) (position - end));
    }

    private void goOn(EventLog log) {
        for (int i = 0; i < MORE; i++) {
            append(log, Expected.random(random, 3000));
        }
        if (random.nextInt(3) == 0) {
            appendAgain(log);
        }
        if (random.nextInt(4) == 0) {
            appendIfNone(log);
        }
        if (random.nextInt(3) == 0) {
            make(log);
        }
    }

    private Producer<ByteBuffer> producer(EventLog log) {
        Producer<ByteBuffer> producer = log.producer(Expected.SOURCE, Expected.CODEC);
        return random.nextInt(4) == 0 ? producer.withDurability(Durability.POWER_LOSS) : producer;
    }

    private void append(EventLog log, Expected event) {
        long position = log.endPosition();
        more.add(event);
        Oracle.require(
                producer(log).append(event.toAppend()) == position, "append gave another position than " + position);
    }

    /** Events whose ids are in the log are not appended, those whose ids the power cut took are. */
    private void appendAgain(EventLog log) {
        for (int tries = 0; tries < 20 && end > log.firstPosition(); tries++) {
            long position = random.nextLong(log.firstPosition(), end);
            String id = ledger.event(position).id();
            if (id != null) {
                long before = log.endPosition();
                NewEvent<ByteBuffer> again =
                        NewEvent.of("again", ByteBuffer.allocate(7)).withId(id);
                long returned = producer(log).append(again);
                Oracle.require(
                        returned == position && log.endPosition() == before,
                        "id of " + position + " was appended again at " + returned);
                break;
            }
        }
        for (long position = end; position < ledger.intendedEnd(); position++) {
            Expected lost = ledger.event(position);
            if (lost.id() != null) {
                append(log, lost);
                break;
            }
        }
    }

    private void appendIfNone(EventLog log) {
        String key = "key-" + random.nextInt(50);
        long after = random.nextBoolean() ? log.endPosition() - 1 - random.nextInt(MORE) : log.firstPosition() - 1;
        long conflict = after + 1;
        while (conflict < log.endPosition() && !key.equals(event(conflict).key())) {
            conflict++;
        }
        Expected event = Expected.random(random, 500);
        long position = log.endPosition();
        try {
            long returned =
                    producer(log).appendIfNone(EventQuery.all().keys(key).after(after), List.of(event.toAppend()));
            Oracle.require(
                    conflict == position && returned == position,
                    "appended at " + returned + " although " + conflict + " has " + key);
            more.add(event);
        } catch (AppendConflictException e) {
            Oracle.require(e.position() == conflict, "conflict at " + e.position() + " and not at " + conflict);
        }
    }

    /** Processes some events more. */
    private void make(EventLog log) {
        try (Consumer<ByteBuffer> consumer = log.consumer(Making.config().build(), Expected.CODEC)) {
            if (consumer.position() < log.firstPosition()) {
                for (long position = consumer.position(); position < log.firstPosition(); position++) {
                    skipped.add(position);
                }
                consumer.seek(StartAt.earliest());
            }
            int unused = consumer.process(
                    event -> {
                        List<Expected> outputs = Making.outputsOf(
                                event.position(), event(event.position()).payload());
                        more.addAll(outputs);
                        return Making.toAppend(outputs);
                    },
                    log.producer(Making.SOURCE, Expected.CODEC),
                    PROCESSED);
            madeTo = consumer.position();
        }
    }

    /**
     * What consumers say that they have done they have, and nothing of what they are to keep is gone. Returns the
     * checkpoints.
     */
    private Map<String, Long> consumers(EventLog log) {
        var checkpoints = new HashMap<String, Long>();
        for (ConsumerStatus status : log.consumers()) {
            Oracle.require(status.failure() == null, "consumer " + status.name() + " failed: " + status.failure());
            // looked at by one who opens it: what is ahead of the log is set back then
            try (Consumer<ByteBuffer> consumer = log.consumer(status.name(), Expected.CODEC)) {
                checkpoints.put(status.name(), consumer.position());
            }
        }
        checkpoints.forEach((name, checkpoint) -> Oracle.require(
                checkpoint <= end + more.size(),
                name + " consumer is ahead: position=" + checkpoint + " end=" + (end + more.size())));
        if (checkpoints.containsKey(Oracle.PULLING)) {
            pulling(log, checkpoints.get(Oracle.PULLING));
        }
        if (checkpoints.containsKey(Oracle.PUSHING)) {
            handled(log, Oracle.PUSHING, checkpoints.get(Oracle.PUSHING), ledger.pushed());
        }
        if (checkpoints.containsKey(Oracle.SHARING)) {
            handled(log, Oracle.SHARING, checkpoints.get(Oracle.SHARING), ledger.shared());
        }
        Making.check(this::event, end + more.size(), checkpoints.getOrDefault(Making.NAME, 0L), skipped);
        return checkpoints;
    }

    private void pulling(EventLog log, long checkpoint) {
        Oracle.require(
                // one whose first checkpoint was never forced begins anew, with the oldest event that is kept
                checkpoint <= Math.min(end, Math.max(log.firstPosition(), ledger.pulled())),
                "pulling consumer is ahead: position=" + checkpoint + " end=" + end + " handled=" + ledger.pulled());
        Oracle.require(
                !ledger.isRequired() || checkpoint >= log.firstPosition(),
                "events are gone that are required: position=" + checkpoint + " first=" + log.firstPosition());
    }

    /** Each event below the checkpoint was handled, or is on the list of parked ones. */
    private void handled(EventLog log, String name, long checkpoint, Set<Long> handled) {
        var kept = new HashSet<>(handled);
        kept.addAll(parked(log, name));
        for (long position = 0; position < checkpoint; position++) {
            Oracle.require(
                    kept.contains(position),
                    "event " + position + " was neither handled nor parked: " + name + " checkpoint=" + checkpoint);
        }
    }

    private Set<Long> parked(EventLog log, String name) {
        var positions = new HashSet<Long>();
        try (Consumer<ByteBuffer> parked = log.consumer(Oracle.parkedConfig(name), Expected.CODEC)) {
            for (Event<ByteBuffer> event : parked.poll(Duration.ZERO)) {
                String problem = event.position() < end + more.size()
                        ? event(event.position()).problem(event)
                        : "it is new";
                Oracle.require(problem == null, "wrong parked event at " + event.position() + ": " + problem);
                positions.add(event.position());
            }
        }
        return positions;
    }

    /** What is not done comes, nothing below the checkpoint does, and nothing is left out that was not done. */
    private void deliver(EventLog log, String name, long checkpoint) {
        if (checkpoint < log.firstPosition()) {
            return;
        }
        boolean isShared = name.equals(Oracle.SHARING);
        Set<Long> done = new HashSet<>(isShared ? ledger.shared() : ledger.pushed());
        done.addAll(parked(log, name));
        Set<Long> delivered = ConcurrentHashMap.newKeySet();
        Set<String> problems = ConcurrentHashMap.newKeySet();
        ConsumerConfig.Builder config = ConsumerConfig.named(name).stopAtEnd();
        if (isShared) {
            config.shared(LONG);
        } else if (random.nextBoolean()) {
            config.parallel(2);
        }
        try (Subscription subscription = log.subscribe(config.build(), Expected.CODEC, event -> {
            if (event.position() < checkpoint || !delivered.add(event.position())) {
                problems.add("event " + event.position() + " comes again");
            }
        })) {
            Oracle.require(subscription.awaitCaughtUp(LONG), name + " does not catch up");
        }
        Oracle.require(problems.isEmpty(), name + ": " + problems);
        done.addAll(delivered);
        // a key of which an event is parked: later ones are parked behind it
        done.addAll(parked(log, name));
        for (long position = 0; position < end + more.size(); position++) {
            Oracle.require(
                    done.contains(position),
                    "event " + position + " does not come: " + name + " checkpoint=" + checkpoint);
        }
    }
}
