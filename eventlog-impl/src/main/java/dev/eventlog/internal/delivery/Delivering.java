package dev.eventlog.internal.delivery;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventHandler;
import dev.eventlog.error.StorageFullException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands one event after the other to a handler, tries again what failed, and parks or gives up what keeps failing. While
 * an event waits for its next attempt nothing behind it is handed over, so order holds.
 *
 * <p><b>Threading:</b> One thread at a time: the subscription's.
 */
final class Delivering<T> {

    private static final Logger LOGGER = LoggerFactory.getLogger(Delivering.class);
    private static final long LONGEST_BACK_OFF_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final long FIRST_ROOM_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long LONGEST_ROOM_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final ConsumerConfig config;
    private final EventHandler<T> handler;
    private final Parking parking;
    private final LongPredicate backOff;
    private int unflushed;
    private boolean flushFailed;

    /**
     * @param backOff waits so many nanoseconds; false if the subscription is to stop
     */
    Delivering(ConsumerConfig config, EventHandler<? super T> handler, Parking parking, LongPredicate backOff) {
        this.config = config;
        this.handler = Handlers.owned(handler);
        this.parking = parking;
        this.backOff = backOff;
    }

    /**
     * Delivers an event.
     *
     * @param reached where the checkpoint may go: everything before was handled
     * @param commit moves it there, called before a wait
     * @return true if it was handled or parked; false if the subscription is to stop before it
     * @throws Exception what the handler threw last, where the configuration says to stop
     */
    boolean deliver(BorrowedEvent<T> view, long reached, LongConsumer commit) throws Exception {
        String key = view.key();
        if (parking.isBlocked(view.position(), key)) {
            var waiting = new Waiting(view.position(), reached, commit, full -> {});
            if (untilRoom(waiting, () -> isParkedBehind(view.position(), key))) {
                return true;
            }
            if (!backOff.test(0)) {
                return false;
            }
        }
        OwnedEvent<T> event = view.toEvent(1);
        while (true) {
            try {
                handler.onEvent(event);
                unflushed++;
                return true;
            } catch (Throwable failure) {
                tell(event, failure);
                if (!backOff.test(0)) {
                    // stopping: the failure may be the close's own interrupt, so the event comes again
                    return false;
                }
                if (event.attempt() >= config.attempts()) {
                    requireParking(event, failure);
                    OwnedEvent<T> parked = event;
                    var waiting = new Waiting(event.position(), reached, commit, full -> tell(parked, full));
                    return untilRoom(waiting, () -> {
                        parking.park(parked.position(), parked.key(), parked.attempt());
                        return true;
                    });
                }
            }
            flush();
            commit.accept(reached);
            if (!backOff.test(pauseNanos(event.attempt()))) {
                return false;
            }
            event = event.nextAttempt();
        }
    }

    /** Parks an event behind others of its key; false if they are not on the list any more. */
    private boolean isParkedBehind(long position, @Nullable String key) {
        // again only when others took events off the list, which ends
        while (parking.isBlocked(position, key)) {
            if (parking.parkBehind(position, key)) {
                return true;
            }
        }
        return false;
    }

    /**
     * An event that is to be parked.
     *
     * @param reached where the checkpoint may go meanwhile
     * @param told of a disk without room, once
     */
    private record Waiting(
            long position, long reached, LongConsumer commit, Consumer<? super StorageFullException> told) {}

    /**
     * Parks, and while the disk has no room tries again: the checkpoint cannot pass the event, and a full disk is no reason
     * to stop for good.
     *
     * @return what the work returned; false also if the subscription is to stop
     */
    private boolean untilRoom(Waiting waiting, BooleanSupplier work) throws Exception {
        for (int attempt = 1; ; attempt++) {
            try {
                return work.getAsBoolean();
            } catch (StorageFullException full) {
                if (attempt == 1) {
                    LOGGER.warn(
                            "no room to park an event, the subscription waits for some: consumer={} position={}",
                            config.name(),
                            waiting.position(),
                            full);
                    waiting.told().accept(full);
                    flush();
                    waiting.commit().accept(waiting.reached());
                }
            }
            if (!backOff.test(roomPauseNanos(attempt))) {
                return false;
            }
        }
    }

    /** Throws what the handler threw if it must not, or cannot, be parked. */
    private void requireParking(OwnedEvent<T> event, Throwable failure) throws Exception {
        if (config.isStopOnFailure() || !parking.isPossible()) {
            if (failure instanceof Error error) {
                throw error;
            }
            throw (Exception) failure;
        }
        LOGGER.warn(
                "event is to be parked after {} attempts: consumer={} position={}",
                event.attempt(),
                config.name(),
                event.position(),
                failure);
    }

    /** The pause before parking is tried again on a full disk. */
    private static long roomPauseNanos(int attempt) {
        return Math.min(LONGEST_ROOM_PAUSE_NANOS, FIRST_ROOM_PAUSE_NANOS << Math.min(attempt - 1, 20));
    }

    private void tell(OwnedEvent<T> event, Throwable failure) {
        try {
            config.onFailure().accept(event, failure);
        } catch (RuntimeException e) {
            LOGGER.warn("onFailure threw: consumer={} position={}", config.name(), event.position(), e);
        }
    }

    /** The pause behind the n-th attempt: doubling, with a fifth more or less at random so that many do not meet. */
    private long pauseNanos(int attempt) {
        long first = Math.min(Waits.nanos(config.backOff()), LONGEST_BACK_OFF_NANOS);
        long pause = Math.min(first << Math.min(attempt - 1, 20), LONGEST_BACK_OFF_NANOS);
        if (pause <= 0) {
            return first;
        }
        return (long) (pause * ThreadLocalRandom.current().nextDouble(0.8, 1.2));
    }

    /** Whether a flush threw: then nothing that was handled since the one before may be committed. */
    boolean isFlushFailed() {
        return flushFailed;
    }

    /** Lets the handler flush what it has handled since the last time. */
    void flush() throws Exception {
        if (unflushed > 0) {
            flushFailed = true;
            handler.onBatchEnd(unflushed);
            flushFailed = false;
            unflushed = 0;
        }
    }
}
