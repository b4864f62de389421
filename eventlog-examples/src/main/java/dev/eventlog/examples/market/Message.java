package dev.eventlog.examples.market;

import dev.eventlog.Event;
import dev.eventlog.EventView;
import java.time.Instant;

/**
 * One order message: what happened, and when. <b>Threading:</b> Immutable.
 *
 * @param timeNanos the exchange's time, nanoseconds since 1970-01-01T00:00Z
 * @param event what happened
 */
record Message(long timeNanos, OrderEvent event) {

    private static final long NANOS = 1_000_000_000;

    static Message of(EventView<OrderEvent> view) {
        return new Message(view.timeNanos(), view.data());
    }

    static Message of(Event<OrderEvent> event) {
        Instant time = event.time();
        return new Message(time.getEpochSecond() * NANOS + time.getNano(), event.data());
    }

    /** The exchange's time. */
    Instant time() {
        return Instant.ofEpochSecond(Math.floorDiv(timeNanos, NANOS), Math.floorMod(timeNanos, NANOS));
    }
}
