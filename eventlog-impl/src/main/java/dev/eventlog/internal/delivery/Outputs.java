package dev.eventlog.internal.delivery;

import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.journal.Journal;

/**
 * A producer of a log as processing needs it: encodes events into frames that others append.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public interface Outputs<R> {

    /** Where it appends. */
    Journal journal();

    /** Whether what it appends must survive a power cut before its call returns. */
    boolean isDurable();

    /** Adds an event to a frame that was begun. */
    void add(FrameBuilder frame, NewEvent<? extends R> event);

    /**
     * What a producer is for processing.
     *
     * @throws IllegalArgumentException if no log made it
     */
    @SuppressWarnings("unchecked") // a producer of R that is one of these is one of R
    static <R> Outputs<R> of(Producer<R> producer) {
        if (producer instanceof Outputs<?> outputs) {
            return (Outputs<R>) outputs;
        }
        throw new IllegalArgumentException(
                "outputs go to producers only that a log on disk or in memory made: producer="
                        + producer.getClass().getName() + "; give what EventLog.producer returned, not wrapped");
    }
}
