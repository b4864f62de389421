package dev.eventlog;

import java.util.List;

/**
 * Makes events out of an event: user code of {@link EventLog#process} and {@link Consumer#process}.
 *
 * <p>What it returns is appended together with the consumer's checkpoint, or not at all. It may be called again for an event
 * whose outputs were not appended, so what it does besides is done at least once.
 *
 * <p><b>Threading:</b> One thread at a time.
 *
 * @param <T> the data of the events that it takes
 * @param <R> the data of the events that it makes
 */
@FunctionalInterface
public interface Processor<T, R> {

    /** Returns the outputs of an event, in order; an empty list if it has none. */
    List<? extends NewEvent<? extends R>> process(Event<T> event) throws Exception;
}
