package dev.eventlog;

import java.time.Duration;

/**
 * A running push consumer. Made by {@link EventLog#subscribe}, closed with its log at the latest.
 *
 * <p>Events are handed to one handler in position order, or, with {@link ConsumerConfig.Builder#parallel}, in the order of
 * each key; or, with {@link ConsumerConfig.Builder#shared}, this is one of the members that share them, in no order, and
 * waiting is for all of them. When a handler throws, the event is tried again as configured with
 * {@link ConsumerConfig.Builder#attempts}; when its attempts ran out, it and the later events of its
 * key are parked and the others go on, or the subscription stops ({@link ConsumerConfig.Builder#stopOnFailure()}).
 * The checkpoint never passes an event that was neither handled nor parked. An event that the codec does not take, or
 * damage in the log, stops the subscription.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public interface Subscription extends AutoCloseable {

    /** Where this subscription stands, and why it failed if it did. */
    ConsumerStatus status();

    /**
     * Stops handing over events after the current one, until {@link #resume()}. An event that waits for its next attempt waits
     * on. Returns at once.
     */
    void pause();

    /** Goes on after {@link #pause()}. */
    void resume();

    /**
     * Waits until the event at a position was handled, parked or left out by the query, and the checkpoint is past it:
     * read your own writes.
     *
     * @return false if the time ran out or the thread was interrupted (its flag stays set)
     * @throws IllegalStateException if the subscription failed or was closed before it, the failure is the cause; or if
     *     called from its own handler, which would wait for itself
     */
    boolean awaitPosition(long position, Duration wait);

    /**
     * Waits until everything that the log held at this call is done, as {@link #awaitPosition} does. A subscription
     * that ends by itself ({@link ConsumerConfig.Builder#stopAtEnd()} or a bounded query) is waited for to its end.
     *
     * @return false if the time ran out or the thread was interrupted (its flag stays set)
     * @throws IllegalStateException if the subscription failed or was closed before it; the failure is the cause
     */
    boolean awaitCaughtUp(Duration wait);

    /**
     * Lets the handler finish its event, commits what was handled and stops the thread. Waits at most
     * {@link ConsumerConfig#closeTimeout()}, then interrupts the handler and leaves; the checkpoint is not moved past an
     * unfinished event. Called from the handler itself it does not wait. Idempotent.
     */
    @Override
    void close();
}
