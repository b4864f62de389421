package dev.eventlog;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One event with its envelope, owned by the receiver. An interface, so that engines may keep primitives inside.
 *
 * <p><b>Threading:</b> Immutable, as far as {@link #data()} is.
 *
 * @param <T> the data of the event
 */
public interface Event<T> {

    /** Position in the log. */
    long position();

    /** Partition that the event is in; 0 in a local log. */
    default int partition() {
        return 0;
    }

    /** The id given by the producer, else one made of log, epoch and position. Unique and stable. */
    String id();

    /** Name of the data's type, as its {@link Codec.Schema} has it. */
    String type();

    /** Version of the data's type, as its {@link Codec.Schema} has it. */
    int version();

    /** When it happened, as the producer said; {@link #appendTime()} if the producer said nothing. */
    Instant time();

    /** When the log took it. Does not decrease within a segment. */
    Instant appendTime();

    /** Name of the producer's source. */
    String source();

    /** What the event is about, null if it has no key. */
    @Nullable
    String key();

    /** The decoded payload. */
    T data();

    /** Metadata given by the producer; unmodifiable, empty if none. */
    Map<String, String> metadata();

    /**
     * Number of this delivery to a subscription's handler, from 1; always 1 for pull consumers and reads. Of an event that
     * {@link ConsumerConfig#parkedBy} brings, the number of attempts before it was parked; 0 if it was parked without one,
     * behind another one of its key.
     */
    int attempt();

    /**
     * What the last attempt at an event failed of that {@link ConsumerConfig#parkedBy} brings: the exception's class and
     * message, the first 200 bytes of UTF-8 of it. Null if it was parked without an attempt, or is no parked event.
     */
    default @Nullable String failure() {
        return null;
    }

    /**
     * True if this consumer may have handled the event before (it is below the highest checkpoint the consumer ever
     * had), or, for an unnamed consumer or a read, if it was appended before the opening. Lets a handler leave out side effects.
     */
    boolean isReplay();
}
