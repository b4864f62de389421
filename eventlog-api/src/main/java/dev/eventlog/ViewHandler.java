package dev.eventlog;

/**
 * User code that takes borrowed views of events, for {@link Consumer#poll(ViewHandler, int)}.
 *
 * @param <T> the data of the events
 */
@FunctionalInterface
public interface ViewHandler<T> {

    /** Handles one event. The view, its payload included, is valid until this method returns. */
    void onEvent(EventView<T> event);

    /**
     * Called after the last event of a poll that handed over at least one, <em>before</em> the checkpoint is written:
     * the place to flush.
     *
     * @param count events handed over since the last call
     */
    default void onBatchEnd(int count) {}
}
