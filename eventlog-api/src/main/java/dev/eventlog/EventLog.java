package dev.eventlog;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.spi.EventLogProvider;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * An ordered, durable, append-only log of events.
 *
 * <pre>{@code
 * try (var log = EventLog.open(Path.of("data/orders"))) {
 *     var codec = Codec.records(OrderEvent.class);
 *     log.producer("checkout", codec).append("o-17", new Placed("o-17", 2_500));
 *
 *     try (var billing = log.consumer("billing", codec)) {
 *         for (var event : billing.poll(Duration.ofSeconds(1))) charge(event.data());
 *         billing.commit();
 *     }
 * }
 * }</pre>
 *
 * <p>A <b>position</b> is a {@code long} that orders all events of a log. In a local log positions are 0, 1, 2, …
 * without gaps. Portable code compares positions and passes them on; it never counts with them.
 *
 * <p>One process writes a local log at a time, and any number may read it: {@link EventLogConfig.Builder#readOnly}. When
 * an append returns, no crash of that process can take the event
 * away. What is below {@link #durablePosition()} also survives a power cut; it moves in the background each
 * {@link EventLogConfig#forceInterval()}, and at once with {@link #force()}.
 *
 * <p>After {@link #close()} every method except {@code close} throws {@link LogClosedException}; a stream that was taken
 * before may end with it.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public interface EventLog extends AutoCloseable {

    /**
     * Opens the log in a directory for writing, with default settings; creates directory and log if absent.
     *
     * @throws LockedException if the log is open for writing already, here or in another process
     * @throws CorruptLogException if events that were acknowledged are missing or damaged
     * @throws UnknownFormatException if a newer version of this library wrote the log
     * @throws StorageFullException if there is no room to begin a segment
     * @throws LogFailedException if the directory cannot be used: no permission, others may write into it, no directory
     */
    static EventLog open(Path directory) {
        return open(EventLogConfig.at(directory).build());
    }

    /**
     * Opens a log as configured.
     *
     * @throws LockedException if the log is open for writing already, here or in another process; not where it is opened
     *     {@linkplain EventLogConfig.Builder#readOnly read-only}
     * @throws CorruptLogException if events that were acknowledged are missing or damaged
     * @throws UnknownFormatException if a newer version of this library wrote the log
     * @throws StorageFullException if there is no room to begin a segment
     * @throws LogFailedException if the directory cannot be used: no permission, others may write into it, no directory, or
     *     no log in it where it is opened read-only
     */
    static EventLog open(EventLogConfig config) {
        return EventLogProvider.installed().open(config);
    }

    /** Opens a new log that lives in memory and is gone when closed: {@code open(EventLogConfig.inMemory().build())}. */
    static EventLog inMemory() {
        return open(EventLogConfig.inMemory().build());
    }

    /**
     * Returns a producer that appends events on behalf of a source. Cheap; needs no close; may be shared by threads.
     *
     * @param source name of the appending part of the application, kept with each event; 1 to 100 of
     *     {@code A-Z a-z 0-9 . _ -}, beginning with a letter or digit
     * @throws IllegalArgumentException if the name is not allowed
     * @throws UnsupportedOperationException if the log is open read-only
     */
    <T> Producer<T> producer(String source, Codec<T> codec);

    /**
     * Opens the named consumer at its checkpoint, or at the earliest event if it has none yet. It can be opened at a
     * checkpoint whose events were pruned; its polls tell.
     *
     * @param name 1 to 100 of {@code A-Z a-z 0-9 . _ -}, beginning with a letter or digit
     * @throws LockedException if the name is open already, as a consumer or a subscription, in whichever process
     * @throws CorruptLogException if the checkpoint is damaged or points beyond the end of the log
     * @throws IllegalArgumentException if the name is not allowed
     */
    default <T> Consumer<T> consumer(String name, Codec<T> codec) {
        return consumer(ConsumerConfig.named(name).build(), codec);
    }

    /**
     * Opens a consumer as configured. Options that only a subscription has are refused.
     *
     * @throws LockedException if the name is open already, as a consumer or a subscription, in whichever process
     * @throws CorruptLogException if the checkpoint is damaged or points beyond the end of the log
     * @throws IllegalArgumentException if the configuration has options of a subscription
     */
    <T> Consumer<T> consumer(ConsumerConfig config, Codec<T> codec);

    /**
     * Starts handing each event to a handler on a thread of its own, from the named consumer's checkpoint on.
     *
     * @throws LockedException if the name is open already, as a consumer or a subscription, in whichever process
     * @throws PositionExpiredException if events at the checkpoint were pruned. Open it with {@link #consumer} instead,
     *     {@code seek(StartAt.earliest())}, commit and close it, then subscribe again
     * @throws CorruptLogException if the checkpoint or the list of parked events is damaged or beyond the end of the log
     * @throws IllegalArgumentException if the name is not allowed
     */
    default <T> Subscription subscribe(String name, Codec<T> codec, EventHandler<? super T> handler) {
        return subscribe(ConsumerConfig.named(name).build(), codec, handler);
    }

    /**
     * Starts handing each event to a handler as configured.
     *
     * @throws LockedException if the name is open already, as a consumer or a subscription, in whichever process
     * @throws PositionExpiredException if events at the checkpoint were pruned; see {@link #subscribe(String, Codec,
     *     EventHandler)}
     * @throws CorruptLogException if the checkpoint or the list of parked events is damaged or beyond the end of the log
     */
    <T> Subscription subscribe(ConsumerConfig config, Codec<T> codec, EventHandler<? super T> handler);

    /**
     * Starts making events out of events: appends what a processor returns together with the consumer's checkpoint, so that
     * after any crash, a power cut included, each event's outputs are there once, or not yet.
     *
     * <p>The outputs of several events may stand in one frame. Where they go to this log too, they come to this consumer as
     * well, unless its query leaves them out. Where they go to another log, that one keeps how far the consumer has come.
     * An event that fails is tried again and parked as in {@link #subscribe(ConsumerConfig, Codec, EventHandler)}, with no
     * outputs.
     *
     * @param out a producer that a log made, this one or another, that is open for writing in this process
     * @throws IllegalArgumentException if the consumer has no name, or lanes, or the producer is of another kind; or the
     *     consumer is required and the outputs go to this log, which has a limit: once it is full of events that are not
     *     processed, the outputs would wait for room that only they could make
     * @throws UnsupportedOperationException if this log is open read-only
     * @throws LockedException if the name is open already, as a consumer or a subscription, in whichever process
     * @throws PositionExpiredException if events at the checkpoint were pruned; see {@link #subscribe(String, Codec,
     *     EventHandler)}
     * @throws CorruptLogException if what the log of the outputs tells of the consumer is ahead of this log
     */
    <T, R> Subscription process(
            ConsumerConfig config, Codec<T> codec, Processor<? super T, ? extends R> processor, Producer<R> out);

    /**
     * Reads the events that match a query, in position order, from {@link #firstPosition()} up to the end of the log as of
     * this call.
     *
     * <p>Lazy: memory does not grow with the log. A stream that is read to its end needs no close. One that is left before
     * keeps the storage of pruned events in use until it is closed or garbage-collected. It throws
     * {@link PositionExpiredException} if events are pruned before it comes to them.
     */
    <T> Stream<Event<T>> read(EventQuery query, Codec<T> codec);

    /**
     * Position of the oldest event that is kept; equal to {@link #endPosition()} if there is none. It moves up when
     * retention prunes, see {@link EventLogConfig.Builder#retainFor} and {@link EventLogConfig.Builder#retainBytes}.
     */
    long firstPosition();

    /** Position that the next event will get: one above the newest event. */
    long endPosition();

    /**
     * Everything below this position survives a power cut. Never above {@link #endPosition()}. A log in memory has
     * nothing that survives; there it equals {@code endPosition()}, so that code which waits for it goes on.
     */
    long durablePosition();

    /**
     * Makes everything that was appended or handed over before this call survive a power cut; blocks for as long as the
     * disk takes.
     *
     * @throws LogFailedException if the disk reports an error: the log then takes no further append
     * @throws UnsupportedOperationException if the log is open read-only
     */
    void force();

    /**
     * Status of all named consumers, open or closed, ordered by name. One whose checkpoint or list of parked events is
     * damaged is among them, as {@link ConsumerStatus.State#FAILED}.
     */
    List<ConsumerStatus> consumers();

    /**
     * Deletes the checkpoint of a closed consumer, and its parked events' list. A consumer opened under this name
     * later begins anew.
     *
     * @throws IllegalStateException if it is open, in whichever process
     * @throws IllegalArgumentException if there is no such consumer
     */
    void forget(String consumer);

    /** What this log can do beyond the common contract. */
    Set<Capability> capabilities();

    /**
     * Fails at start-up rather than later where a program needs what this log cannot do.
     *
     * @throws UnsupportedOperationException naming each capability that is missing
     */
    void require(Capability... needed);

    /**
     * Stops subscriptions, closes consumers, forces what was appended and frees the directory. Idempotent. A call while
     * another one closes the log waits until it is closed; only one on a thread that the other waits for, such as that
     * of a subscription's handler or of a future's callback, returns at once.
     *
     * @throws LogFailedException if what was appended could not be forced; everything is closed all the same
     */
    @Override
    void close();
}
