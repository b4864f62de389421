package dev.eventlog;

import dev.eventlog.error.AppendConflictException;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.EventTooLargeException;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.error.StorageFullException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Appends events of one source. Made by {@link EventLog#producer}; not to be implemented or wrapped.
 *
 * <p>When an append returns, its events have the durability of the log or of the producer, if that is stronger: no crash
 * of this process can take them away, or no power cut. When it throws, none of them is in the log, with one exception:
 * {@link LogFailedException#isOutcomeUnknown()}.
 *
 * <p>Events that one thread appends have the order of its calls, whichever methods it uses.
 *
 * <p>An event with an id ({@link NewEvent#withId}) that the log remembers is left out, and its append returns the position of
 * the first event with that id, once that has the durability asked for: so an append whose outcome is unknown can be repeated,
 * also after a crash. How long ids are remembered: {@link EventLogConfig.Builder#dedupWindow}. Data, key and time are not
 * compared.
 *
 * <p>All methods throw
 * <ul>
 *   <li>{@link EventTooLargeException} if an event is above {@link EventLogConfig#maxEventLengthBytes()}, or the
 *       events of one call do not fit one frame,
 *   <li>{@link StorageFullException} if the disk has no room: the log stays readable,
 *   <li>{@link LogFailedException} if the log stopped writing after an error,
 *   <li>{@link LogClosedException} after the log was closed,
 *   <li>what the codec throws: nothing is appended then.
 * </ul>
 *
 * <p><b>Threading:</b> Thread-safe. Codecs run on the caller's thread and outside all locks.
 *
 * @param <T> the data of the events
 */
public interface Producer<T> {

    /** Appends an event without a key and returns its position. <b>Allocation:</b> none, if the codec has none. */
    long append(T data);

    /**
     * Appends an event and returns its position. <b>Allocation:</b> none, if the codec has none.
     *
     * @param key what the event is about, such as an order's id; at most 65,535 bytes of UTF-8; null: none
     */
    long append(@Nullable String key, T data);

    /** Appends an event with its id, time and metadata and returns its position; that of the first if its id is known. */
    long append(NewEvent<? extends T> event);

    /**
     * Appends events in this order as one: readers and crashes see all of them or none. Events whose ids are known are left
     * out, also where the list has an id twice; then this holds for the others.
     *
     * @return position of the last, where its id is known that of the first event with it. Where none was left out the others
     *     are directly below it
     * @throws IllegalArgumentException if the list is empty
     */
    long appendAll(List<? extends NewEvent<? extends T>> events);

    /**
     * As {@link #appendAll}, if no event in the log matches a query; no other append comes between the look and the append.
     *
     * <pre>{@code
     * producer.appendIfNone(EventQuery.all().keys(id), events);               // the key is new
     * producer.appendIfNone(history.after(seen), events);                     // nothing came since what was read
     * }</pre>
     *
     * <p>Only events are looked at that the query's positions and append times leave: behind {@link EventQuery#after} few, as
     * a rule; without it all of the log, each time. What retention has pruned is not in the log any more; but where the query
     * begins behind a position, and what is behind that is no longer kept, nothing is appended.
     *
     * <p>If the ids of all events are known, they are in the log and nothing is looked for: so this too can be repeated.
     *
     * @throws UnsupportedOperationException if the log lacks {@link Capability#CONDITIONAL_APPEND}
     * @throws AppendConflictException if an event matches; nothing is appended
     * @throws PositionExpiredException if events are no longer kept that the query begins with by position
     * @throws CorruptLogException if an event that could match is damaged
     * @throws IllegalArgumentException if the list is empty
     */
    long appendIfNone(EventQuery conflicting, List<? extends NewEvent<? extends T>> events);

    /**
     * Hands over an event to be appended together with others, and returns at once. The future completes with the event's
     * position when the event has the durability that {@link #append} would give it; futures complete in the order of the
     * calls, which is that of the positions but where ids are known, on a thread of the log: do nothing long in their callbacks, and do not wait there for another future.
     *
     * <p>The data is encoded before the method returns, and what is wrong with the event itself is thrown here. What goes
     * wrong later, such as a full disk, fails the future; later events may then be appended all the same. An event that
     * was handed over and not appended yet is lost if the process dies. To cancel the future does not take it back.
     *
     * <p>What is in flight is bounded (2 MiB and 16,384 events of a log); a caller beyond it waits, but not in a callback.
     */
    CompletableFuture<Long> appendAsync(NewEvent<? extends T> event);

    /**
     * Waits until everything that was handed over to {@link #appendAsync} of this log before is appended and has its
     * durability, or has failed, and the futures that tell it are complete. In a callback of a future, which is what the
     * others wait for, they complete later.
     */
    void flush();

    /** A producer of the same source whose appends have at least this durability when they return. */
    Producer<T> withDurability(Durability atLeast);
}
