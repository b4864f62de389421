package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.EventHandler;
import dev.eventlog.Subscription;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.delivery.DeliveryMachine.Step;
import dev.eventlog.internal.delivery.SharedEvents.Turn;
import dev.eventlog.internal.journal.ReadJournal;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One member of a {@link SharedConsumer}: hands the events that it gets to its handler, on a thread of its own.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class MemberSubscription<T> implements Subscription {

    private static final Logger LOGGER = LoggerFactory.getLogger(MemberSubscription.class);

    private final SharedConsumer consumer;
    private final ConsumerConfig config;
    private final Codec<T> codec;
    private final EventHandler<T> handler;
    private final boolean flushes;
    private final ReadJournal journal;
    private final Statuses statuses;
    private final SubscriptionState state;
    private final SharedEvents.Seat seat;
    private final Thread thread;
    // written by its thread as it begins, read by the reader and who closes; published by volatile
    private volatile @Nullable Thread runner;
    // guarded by this
    private boolean isStarted;
    // written before its end under the consumer's gate, read behind that
    private @Nullable Throwable failure;
    // its thread's: what the last attempt failed of
    private @Nullable Throwable lastFailure;
    // the event that it was of; another member's may be left to be parked here
    private long lastFailedPosition = -1;

    MemberSubscription(
            SharedConsumer consumer,
            ReadJournal journal,
            Statuses statuses,
            ConsumerConfig config,
            Codec<T> codec,
            EventHandler<? super T> handler) {
        this.consumer = consumer;
        this.journal = journal;
        this.statuses = statuses;
        this.config = config;
        this.codec = codec;
        this.handler = Handlers.owned(handler);
        flushes = Handlers.flushes(handler);
        state = new SubscriptionState(journal.clock());
        seat = consumer.events().newSeat();
        thread = SharedConsumer.newThread(config, this::run, "-" + consumer.nextNumber());
    }

    SharedEvents.Seat seat() {
        return seat;
    }

    SubscriptionState state() {
        return state;
    }

    ConsumerConfig config() {
        return config;
    }

    /** Starts its thread, and the consumer with it, unless this was closed before; to be called once. */
    void start() {
        boolean isRunning = false;
        try {
            isRunning = startThreads();
        } finally {
            if (!isRunning) {
                statuses.closed(this);
                consumer.left(this);
            }
        }
    }

    private synchronized boolean startThreads() {
        if (state.isStopping()) {
            return false;
        }
        consumer.start();
        thread.start();
        isStarted = true;
        return true;
    }

    private void run() {
        Thread current = Thread.currentThread();
        runsOn(current);
        consumer.threads().add(current);
        try {
            deliver();
        } finally {
            consumer.threads().remove(current);
        }
    }

    private void deliver() {
        try {
            Turn turn = consumer.events().next(seat);
            while (turn.step() != Step.END) {
                if (turn.step() != Step.WAIT && !take(turn, Objects.requireNonNull(turn.event()))) {
                    return;
                }
                turn = consumer.events().next(seat);
            }
            consumer.left(this);
        } catch (Throwable e) {
            fail(e, true);
        }
    }

    /** Handles or parks an event; false if this cannot go on, and the event is another's. */
    private boolean take(Turn turn, OwnedEvent<ByteBuffer> event) {
        OwnedEvent<T> decoded;
        try {
            // it may be on the list since an earlier life: then it is done
            if (consumer.parking().holdsBack(event.position(), null)) {
                consumer.events().done(seat);
                return true;
            }
            if (turn.step() == Step.PARK) {
                park(turn, event);
                return true;
            }
            decoded = event.with(decode(event), turn.attempt());
        } catch (StorageFullException full) {
            noRoom(turn, event, full);
            return true;
        } catch (Throwable e) {
            fail(e, false);
            return false;
        }
        handle(decoded);
        return true;
    }

    private void fail(Throwable why, boolean hadEvent) {
        consumer.failed(this, why, hadEvent);
        // told behind it: whatever a logger does, the event is free
        if (!state.isStopping()) {
            LOGGER.error("member of shared consumer {} fails, others go on", config.name(), why);
        }
    }

    private T decode(OwnedEvent<ByteBuffer> event) {
        Codec.Schema schema = event.schema();
        if (!codec.decodes(schema)) {
            throw BorrowedEvent.refused(event.position(), schema, "codec " + codec + " does not take it", null);
        }
        T decoded;
        try {
            decoded = codec.decode(schema, event.data().duplicate());
        } catch (RuntimeException | StackOverflowError e) {
            throw BorrowedEvent.refused(event.position(), schema, String.valueOf(e.getMessage()), e);
        }
        if (decoded == null) {
            throw BorrowedEvent.refused(event.position(), schema, "codec " + codec + " returned null", null);
        }
        return decoded;
    }

    private void handle(OwnedEvent<T> event) {
        try {
            handler.onEvent(event);
            if (flushes) {
                handler.onBatchEnd(1);
            }
        } catch (Throwable e) {
            lastFailure = e;
            lastFailedPosition = event.position();
            tell(event, e);
            consumer.events().threw(seat, e);
            return;
        }
        consumer.events().done(seat);
    }

    private void park(Turn turn, OwnedEvent<ByteBuffer> event) {
        Throwable why = event.position() == lastFailedPosition ? lastFailure : null;
        if (turn.refusals() == 0) {
            LOGGER.warn(
                    "event is to be parked after {} attempts: consumer={} position={}",
                    turn.attempt(),
                    config.name(),
                    event.position(),
                    why);
        }
        consumer.parking().park(event.position(), null, turn.attempt(), why);
        lastFailure = null;
        consumer.events().done(seat);
    }

    /** Lets an event wait until it can be parked: a full disk is no reason to stop for good. */
    private void noRoom(Turn turn, OwnedEvent<ByteBuffer> event, StorageFullException full) {
        if (turn.refusals() == 0) {
            LOGGER.warn(
                    "no room to park an event, it waits for some: consumer={} position={}",
                    config.name(),
                    event.position(),
                    full);
            try {
                tell(event.with(decode(event), turn.attempt()), full);
            } catch (RuntimeException undecodable) {
                LOGGER.debug("onFailure is not told of an event that cannot be decoded", undecodable);
            }
        }
        consumer.events().noRoom(seat);
    }

    private void tell(OwnedEvent<?> event, Throwable why) {
        try {
            config.onFailure().accept(event, why);
        } catch (RuntimeException e) {
            LOGGER.warn("onFailure threw: consumer={} position={}", config.name(), event.position(), e);
        }
    }

    /** Takes up which thread it runs on: one that a factory made may leave the work to another. */
    void runsOn(Thread current) {
        runner = current;
    }

    /** Whether its thread began and has ended. */
    boolean isThreadDead() {
        Thread own = runner;
        return own != null && !own.isAlive();
    }

    @SuppressWarnings("ReferenceEquality") // a thread is itself only
    boolean isOwnThread() {
        return Thread.currentThread() == runner;
    }

    // ---- what the consumer tells

    /** Takes up why it ends before others do. */
    void keep(@Nullable Throwable why) {
        if (failure == null) {
            failure = why;
        }
    }

    void interrupt() {
        thread.interrupt();
    }

    /** Ends it: as it failed by itself, or else as the consumer says. */
    void end(State last, @Nullable Throwable why) {
        Throwable own = failure;
        state.end(own == null ? last : State.FAILED, own == null ? why : own, () -> {});
    }

    // ---- what users ask

    @Override
    public ConsumerStatus status() {
        return statuses.of(consumer.place(), state.state(), state.failure());
    }

    @Override
    public void pause() {
        state.change(State.OPEN, State.PAUSED);
        consumer.changed(this);
    }

    @Override
    public void resume() {
        state.change(State.PAUSED, State.OPEN);
        consumer.changed(this);
    }

    @Override
    public boolean awaitPosition(long position, Duration wait) {
        return await(() -> consumer.place().checkpoint() > position, "position " + position, wait);
    }

    @Override
    public boolean awaitCaughtUp(Duration wait) {
        long end = journal.endPosition();
        return await(
                () -> state.state() == State.DONE
                        || (!consumer.isBounded() && consumer.place().checkpoint() >= end),
                "position " + (end - 1),
                wait);
    }

    private boolean await(BooleanSupplier reached, String what, Duration wait) {
        long nanos = Waits.nanos(wait);
        if (consumer.isOwnThread()) {
            throw new IllegalStateException(
                    "handler waits for its own consumer: name=" + config.name() + "; return first");
        }
        return state.await(
                reached,
                nanos,
                () -> new IllegalStateException(
                        "subscription is " + state.state() + " before " + what + ": name=" + config.name()
                                + " checkpoint=" + consumer.place().checkpoint(),
                        state.failure()));
    }

    /** Tells its thread to stop, without waiting for it. */
    void stop() {
        state.stop();
        consumer.changed(this);
    }

    @Override
    public void close() {
        stop();
        statuses.closed(this);
        if (isOwnThread() || consumer.isReader()) {
            return;
        }
        if (!isStarted()) {
            consumer.left(this);
        } else if (!state.awaitEnd(Waits.nanos(config.closeTimeout()))) {
            LOGGER.warn(
                    "handler of a member of shared consumer {} did not end in {}, it is interrupted and left",
                    config.name(),
                    config.closeTimeout());
            consumer.abandon(this);
        }
    }

    private synchronized boolean isStarted() {
        return isStarted;
    }
}
