package dev.eventlog.torture;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.Producer;
import dev.eventlog.internal.log.Engine;
import dev.eventlog.torture.disk.DiskFileOps;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What a log must show after a power cut: all that was acknowledged as durable, with its bytes; behind that a part of what
 * was appended, without a gap; consumers that are not ahead of it and have lost no event; and it must go on: what is
 * appended then is read, by the next open too.
 *
 * <p><b>Threading:</b> Without state.
 */
final class Oracle {

    static final String PULLING = "pulling";
    static final String PUSHING = "pushing";

    private static final int MORE = 3;

    private Oracle() {}

    /** The configuration of a log that is looked at: nothing is pruned, nothing forced unless asked. */
    static EventLogConfig.Builder config(Path log) {
        return EventLogConfig.at(log)
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(128 << 10)
                .forceInterval(Duration.ZERO);
    }

    /**
     * Opens what a power cut left, in another boot of the machine, and checks it.
     *
     * @return where the log ends
     * @throws AssertionError if something is lost or wrong
     */
    static long verify(Path log, Ledger ledger, Ledger.Moment moment, SplittableRandom random) {
        long boot = 1000 + random.nextInt(1000);
        long end;
        var more = new ArrayList<Expected>();
        for (int i = 0; i < MORE; i++) {
            more.add(Expected.random(random, 3000));
        }
        try (EventLog opened = Engine.open(config(log).build(), DiskFileOps.inBoot(boot))) {
            end = opened.endPosition();
            require(end >= moment.durable(), "durable events are lost: end=" + end + " durable=" + moment.durable());
            require(end <= ledger.intendedEnd(), "more events than were appended: " + end);
            complete(opened, ledger, List.of());
            consumers(opened, ledger, end);
            append(opened, more, random.nextBoolean());
            complete(opened, ledger, more);
        }
        boolean sameBoot = random.nextBoolean();
        try (EventLog opened = Engine.open(config(log).build(), DiskFileOps.inBoot(sameBoot ? boot : boot + 1))) {
            require(opened.endPosition() == end + MORE, "second open: end=" + opened.endPosition() + " was " + end);
            complete(opened, ledger, more);
            consumers(opened, ledger, end);
        }
        return end;
    }

    private static void append(EventLog log, List<Expected> events, boolean forced) {
        Producer<ByteBuffer> producer = log.producer("torture", Expected.CODEC);
        if (forced) {
            producer = producer.withDurability(Durability.POWER_LOSS);
        }
        for (Expected event : events) {
            long position = log.endPosition();
            require(producer.append(event.toAppend()) == position, "append gave another position than " + position);
        }
    }

    /** All events from the first position to the end are there, as they were appended. */
    static void complete(EventLog log, Ledger ledger, List<Expected> more) {
        long end = log.endPosition();
        long base = end - more.size();
        long expected = log.firstPosition();
        Iterator<Event<ByteBuffer>> events =
                log.read(EventQuery.all(), Expected.CODEC).iterator();
        while (events.hasNext()) {
            Event<ByteBuffer> event = events.next();
            require(event.position() == expected, "gap: " + expected + " then " + event.position());
            String problem =
                    (expected < base ? ledger.event(expected) : more.get((int) (expected - base))).problem(event);
            require(problem == null, "wrong event at " + expected + ": " + problem);
            expected++;
        }
        require(expected == end, "events end at " + expected + ", the log at " + end);
    }

    private static void consumers(EventLog log, Ledger ledger, long end) {
        var names = new HashSet<String>();
        for (ConsumerStatus status : log.consumers()) {
            require(status.failure() == null, "consumer " + status.name() + " failed: " + status.failure());
            names.add(status.name());
        }
        if (names.contains(PULLING)) {
            try (Consumer<ByteBuffer> consumer = log.consumer(PULLING, Expected.CODEC)) {
                require(
                        // one whose first checkpoint was never forced begins anew, with the oldest event that is kept
                        consumer.position() <= Math.min(end, Math.max(log.firstPosition(), ledger.pulled())),
                        "pulling consumer is ahead: position=" + consumer.position() + " end=" + end + " handled="
                                + ledger.pulled());
            }
        }
        if (names.contains(PUSHING)) {
            pushing(log, ledger, end);
        }
    }

    /** Each event below the checkpoint was handled, or is on the list of parked ones. */
    private static void pushing(EventLog log, Ledger ledger, long end) {
        long checkpoint;
        try (Consumer<ByteBuffer> consumer = log.consumer(PUSHING, Expected.CODEC)) {
            checkpoint = consumer.position();
        }
        require(checkpoint <= end, "pushing consumer is ahead: position=" + checkpoint + " end=" + end);
        var kept = new HashSet<>(ledger.pushed());
        try (Consumer<ByteBuffer> parked = log.consumer(parkedConfig(), Expected.CODEC)) {
            for (Event<ByteBuffer> event : parked.poll(Duration.ZERO)) {
                String problem =
                        event.position() < end ? ledger.event(event.position()).problem(event) : "it is new";
                require(problem == null, "wrong parked event at " + event.position() + ": " + problem);
                kept.add(event.position());
            }
        }
        for (long position = 0; position < checkpoint; position++) {
            require(
                    kept.contains(position),
                    "event " + position + " was neither handled nor parked: checkpoint=" + checkpoint);
        }
    }

    /** For all parked events in one poll. */
    static ConsumerConfig parkedConfig() {
        return ConsumerConfig.parkedBy(PUSHING).pollLimit(10_000, 1 << 28).build();
    }

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
