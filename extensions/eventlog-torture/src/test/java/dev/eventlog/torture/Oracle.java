package dev.eventlog.torture;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
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
    static final String SHARING = "sharing";

    private Oracle() {}

    /** The configuration of a log that is looked at: nothing is pruned, nothing forced unless asked. */
    static EventLogConfig.Builder config(Path log) {
        return EventLogConfig.at(log)
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(128 << 10)
                // looked at late on a machine that is busy
                .dedupWindow(1 << 16, Duration.ofDays(1))
                .forceInterval(Duration.ZERO);
    }

    /**
     * Opens what a power cut left, in another boot of the machine, and checks it.
     *
     * @return where the log ends
     * @throws AssertionError if something is lost or wrong
     */
    static long verify(Path log, Ledger ledger, Ledger.Moment moment, SplittableRandom random) {
        return new Verification(log, ledger, moment, random).run();
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

    /** For all parked events in one poll. */
    static ConsumerConfig parkedConfig(String name) {
        return ConsumerConfig.parkedBy(name).pollLimit(10_000, 1 << 28).build();
    }

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
