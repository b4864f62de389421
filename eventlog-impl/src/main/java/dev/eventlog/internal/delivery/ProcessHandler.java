package dev.eventlog.internal.delivery;

import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.StorageFullException;

/**
 * Processes the events of a subscription, in batches: each flush appends their outputs. Events come in the order of the log, so
 * all before the last one is done or parked when it does.
 *
 * <p><b>Threading:</b> One thread at a time: the subscription's.
 */
final class ProcessHandler<T> implements EventHandler<T> {

    private final OutputBatch<T, ?> batch;

    ProcessHandler(OutputBatch<T, ?> batch) {
        this.batch = batch;
    }

    @Override
    public void onEvent(Event<T> event) throws Exception {
        batch.process(event);
    }

    @Override
    public void onBatchEnd(int count) {
        batch.append();
    }

    /** Whether an event failed because its outputs have nowhere to go, which is no fault of its own. */
    static boolean isStop(EventHandler<?> handler, Throwable why) {
        return handler instanceof ProcessHandler<?>
                && (why instanceof LogClosedException || why instanceof LogFailedException);
    }

    /** Whether outputs found no room, and there may be some later. */
    static boolean isNoRoom(EventHandler<?> handler, Throwable why) {
        return why instanceof StorageFullException
                && handler instanceof ProcessHandler<?> processing
                && !processing.batch.isOfProcessor(why);
    }
}
