package dev.eventlog;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A borrowed view of one event, valid only inside {@link ViewHandler#onEvent}. With assertions enabled, later use
 * throws an {@link AssertionError}.
 *
 * <p><b>Threading:</b> One thread at a time: the one that polls. <b>Allocation:</b> none, except where a method says so.
 *
 * @param <T> the data of the event
 */
public interface EventView<T> {

    /** Position in the log. */
    long position();

    /** Partition that the event is in; 0 in a local log. */
    default int partition() {
        return 0;
    }

    /** Name of the data's type; the same instance each time. */
    String type();

    /** Version of the data's type. */
    int version();

    /** Media type of the payload; the same instance each time. */
    String contentType();

    /** When it happened: nanoseconds since 1970-01-01T00:00Z. */
    long timeNanos();

    /** When the log took it: nanoseconds since 1970-01-01T00:00Z. */
    long appendTimeNanos();

    /** Name of the producer's source; the same instance each time. */
    String source();

    /**
     * What the event is about, null if it has no key. <b>Allocation:</b> none for the consumer's 1,024 most recent
     * distinct keys.
     */
    @Nullable
    String key();

    /**
     * The payload's bytes: a read-only buffer whose index 0 is the first of them and whose limit is their number;
     * big-endian when handed out.
     */
    ByteBuffer payload();

    /** The decoded payload. <b>Allocation:</b> the codec's. */
    T data();

    /** A copy that may be kept. <b>Allocation:</b> the copy. */
    Event<T> toEvent();

    /** As {@link Event#isReplay()}. */
    boolean isReplay();
}
