package dev.eventlog;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.DecodeException;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.PositionExpiredException;
import java.time.Duration;
import java.util.List;

/**
 * Pulls events at a cursor.
 *
 * <p>The cursor is the position of the next event. It moves when events are committed, and the commit is written to
 * the consumer's checkpoint: opened again under its name, also after a crash, a consumer goes on there. Delivery is
 * at least once: what was not committed comes again. Events that the query leaves out pass without a commit. Unless a
 * {@link #seek} says so, the checkpoint never passes an event that a {@link ViewHandler} has not handled and flushed.
 *
 * <p>Reading throws {@link CorruptLogException} where the log is damaged and {@link DecodeException} where the codec
 * does not take an event; the cursor stays before that event, and {@link #seek} gets past it. Where events at the cursor
 * were pruned it throws {@link PositionExpiredException}; {@code seek(StartAt.earliest())} and a commit go on with the
 * oldest event that is kept.
 *
 * <p><b>Threading:</b> One thread at a time: the caller; a second one gets an {@link IllegalStateException}. Except
 * {@link #close} and {@link #status}: any thread.
 *
 * @param <T> the data of the events
 */
public interface Consumer<T> extends AutoCloseable {

    /**
     * Returns the events from the cursor on, at most {@link ConsumerConfig#pollEvents()} of them. Does not move the
     * cursor: until a commit the same events come again. Only behind a {@link #poll(ViewHandler, int)} that failed it
     * first goes back to what that handed over and did not flush, so that a commit covers what the caller has seen.
     *
     * @param wait how long to wait for a first event; zero: not at all
     * @return the events in position order; empty if none came in time, or the thread was interrupted (its flag stays
     *     set), or the consumer was closed meanwhile
     */
    List<Event<T>> poll(Duration wait);

    /**
     * Hands borrowed views of the events from the cursor on to a handler, then calls {@link ViewHandler#onBatchEnd},
     * then commits. Does not wait. If the handler throws, the cursor stays at that event, the checkpoint where it
     * was, and the exception passes through; the next such poll goes on at that event, and its {@code onBatchEnd} is
     * for the events before it too. If {@code onBatchEnd} throws, the cursor goes back to the first event it was for.
     *
     * <p><b>Allocation:</b> none per event, as long as the handler takes no owned data from the views.
     *
     * @param limit most events to hand over, 1 or more
     * @return how many events were handed over; 0: none there
     */
    int poll(ViewHandler<? super T> handler, int limit);

    /**
     * Makes events out of the events from the cursor on: appends what a processor returns, in one frame with the checkpoint,
     * so that after any crash, a power cut included, each event's outputs are there once, or not yet. Does not wait for
     * events.
     *
     * <p>If the processor throws, the outputs of the events before are appended, the cursor stays at that event, and the
     * exception passes through; a checked one as the cause of an {@link IllegalStateException}. If the outputs cannot be
     * appended, the cursor stays before their events. See {@link EventLog#process} for where the outputs may go.
     *
     * @param limit most events to process, 1 or more
     * @return how many events were processed; 0: none there
     * @throws IllegalArgumentException if the producer is not one that a log made, or the consumer has no name, or it is
     *     required and the outputs go to the log that it reads, which has a limit
     * @throws UnsupportedOperationException if the log is open read-only, or this consumer reads parked events
     */
    <R> int process(Processor<? super T, ? extends R> processor, Producer<R> out, int limit);

    /**
     * Waits until an event is at the cursor.
     *
     * @return true if there is one; false if none came in time, or the thread was interrupted (its flag stays set), or
     *     the consumer was closed meanwhile
     */
    boolean await(Duration wait);

    /**
     * Commits all events of the last {@link #poll(Duration)}, and a {@link #seek} before it; nothing if there was neither.
     * Behind a {@link #poll(ViewHandler, int)} that failed it commits the seek before that, and none of its events.
     */
    void commit();

    /**
     * Commits the events up to and with this one of the last {@link #poll(Duration)}.
     *
     * @throws IllegalArgumentException if the event was not returned by the last poll, or is committed already
     */
    void commit(Event<? extends T> last);

    /**
     * Moves the cursor, now; the checkpoint follows with the next commit. Events that it moves past are not delivered,
     * nor flushed if a {@link #poll(ViewHandler, int)} that failed had handed them over.
     *
     * @throws IllegalArgumentException if the position is beyond the end of the log
     * @throws PositionExpiredException if the position is before the first that is kept
     */
    void seek(StartAt where);

    /** The cursor: position of the next event to deliver, or where it will be. */
    long position();

    /** Where this consumer stands. Callable from any thread. */
    ConsumerStatus status();

    /**
     * Closes the consumer; its checkpoint stays. Idempotent; callable from any thread. A waiting poll returns empty.
     * Every later call but {@link #status} throws {@link LogClosedException}.
     */
    @Override
    void close();
}
