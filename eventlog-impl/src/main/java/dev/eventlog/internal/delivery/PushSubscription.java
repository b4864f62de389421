package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.EventHandler;
import dev.eventlog.Subscription;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.journal.ReadJournal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadFactory;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A consumer that hands its events to a handler on threads of its own: one that reads, and, if it has lanes, one for each of
 * them.
 *
 * <p><b>Threading:</b> Thread-safe. The feed belongs to the thread that reads, which calls the handler if there are no lanes.
 */
final class PushSubscription<T> implements Subscription {

    private static final Logger LOGGER = LoggerFactory.getLogger(PushSubscription.class);

    private final ReadJournal journal;
    private final ConsumerConfig config;
    private final Place place;
    private final Statuses statuses;
    private final Feed<T> feed;
    private final Parking parking;
    private final SubscriptionState state;
    private final Pacing pacing;
    private final Delivering<T> delivering;
    // made before it is needed, which may be when there is no memory
    private final Runnable release = this::release;
    private final Thread thread;
    private final List<Thread> lanes = new ArrayList<>();
    // those of the log's subscriptions
    private final Set<Thread> threads;
    // guarded by this
    private boolean isStarted;

    /**
     * What a subscription shares with its log.
     *
     * @param threads where it tells which threads it runs on, as long as it does
     */
    record Parts(Place place, Cursors cursors, Statuses statuses, Set<Thread> threads) {}

    PushSubscription(
            ReadJournal journal, Codec<T> codec, ConsumerConfig config, EventHandler<? super T> handler, Parts parts) {
        this.journal = journal;
        this.config = config;
        place = parts.place();
        statuses = parts.statuses();
        threads = parts.threads();
        state = new SubscriptionState(journal.clock());
        feed = new Feed<>(
                journal,
                codec,
                config.query(),
                config.isStopAtEnd() ? journal.readablePosition() : Long.MAX_VALUE,
                config.onDamage());
        if (feed.isExpired(place.checkpoint())) {
            throw place.expired(journal);
        }
        feed.event().replayBelow(place.replayBelow());
        parking = config.name() == null
                ? Parking.none()
                : new Parking(parts.cursors().parked(place.name()), journal);
        var machine = new DeliveryMachine(
                DeliveryMachine.Rules.of(config, parking.isPossible(), Handlers.flushes(handler)),
                place.checkpoint(),
                place.completions(),
                Waits.nanos(config.backOff()),
                new SplittableRandom());
        pacing = new Pacing(config.pace(), journal.clock());
        delivering = new Delivering<>(config, state, place, feed, handler, parking, machine, pacing);
        thread = newThread(this::run, "");
        for (int i = 0; i < config.lanes() && config.lanes() > 1; i++) {
            int lane = i;
            lanes.add(newThread(() -> runLane(lane), "-" + (i + 1)));
        }
    }

    private Thread newThread(Runnable body, String suffix) {
        ThreadFactory factory = config.threadFactory();
        String name = "eventlog-" + (config.name() == null ? "unnamed" : config.name()) + suffix;
        Thread made = factory == null ? new Thread(body, name) : factory.newThread(body);
        return Objects.requireNonNull(made, "threadFactory returned null");
    }

    /** Starts the threads, unless this was closed before; to be called once. */
    void start() {
        boolean isRunning = false;
        try {
            isRunning = startThreads();
        } finally {
            if (!isRunning) {
                statuses.closed(this);
                end(State.CLOSED, null);
            }
        }
    }

    private synchronized boolean startThreads() {
        if (state.isStopping()) {
            return false;
        }
        // starts the lanes: a thread that cannot be had is its failure
        thread.start();
        isStarted = true;
        return true;
    }

    private void run() {
        try {
            deliver();
        } finally {
            feed.leave();
            threads.remove(Thread.currentThread());
        }
    }

    private void runLane(int lane) {
        try {
            // without memory the lane is not begun, and the subscription fails
            threads.add(Thread.currentThread());
            delivering.lane(lane);
        } catch (OutOfMemoryError none) {
            delivering.breakLane(lane, none);
        } finally {
            threads.remove(Thread.currentThread());
        }
    }

    private void deliver() {
        try {
            threads.add(Thread.currentThread());
            feed.seek(place.checkpoint());
            startLanes();
            end(delivering.read() ? State.DONE : State.CLOSED, null);
        } catch (Throwable e) {
            if (state.isStopping() && e instanceof LogClosedException) {
                // the log was closed under a handler; its last events come again
                end(State.CLOSED, null);
                return;
            }
            fail(e);
        }
    }

    private void fail(Throwable why) {
        boolean isTold = false;
        while (!isTold) {
            try {
                endFailed(why);
                isTold = true;
            } catch (Throwable none) {
                IoThread.awaitMemory();
            }
        }
        IoThread.tell(LOGGER, "subscription " + place.name() + " stops at " + place.checkpoint(), why);
    }

    private void startLanes() {
        int started = 0;
        try {
            for (Thread lane : lanes) {
                lane.start();
                started++;
            }
        } finally {
            if (started < lanes.size()) {
                delivering.withoutLanesFrom(started);
            }
        }
    }

    private void endFailed(Throwable why) {
        try {
            end(State.FAILED, why);
        } catch (RuntimeException kept) {
            // the name may stay taken until the log is closed, but nobody waits for what does not come
            state.end(State.FAILED, why, PushSubscription::releaseNothing);
            IoThread.tell(LOGGER, "name of subscription " + place.name() + " could not be given free", kept);
        }
    }

    private void end(State last, @Nullable Throwable why) {
        // may wait for the disk
        place.endOutputs();
        // before the state: who sees the end finds the name free
        state.end(last, why, release);
    }

    private static void releaseNothing() {
        // could not be done
    }

    private void release() {
        parking.close();
        place.close();
    }

    @Override
    public ConsumerStatus status() {
        return statuses.of(place, state.state(), state.failure());
    }

    @Override
    public void pause() {
        pacing.pause();
        state.change(State.OPEN, State.PAUSED);
        wake();
    }

    @Override
    public void resume() {
        pacing.resume();
        state.change(State.PAUSED, State.OPEN);
        wake();
    }

    @Override
    public boolean awaitPosition(long position, Duration wait) {
        return await(() -> place.checkpoint() > position, "position " + position, wait);
    }

    @Override
    public boolean awaitCaughtUp(Duration wait) {
        long end = journal.endPosition();
        return await(
                () -> state.state() == State.DONE || (!isBounded() && place.checkpoint() >= end),
                "position " + (end - 1),
                wait);
    }

    private boolean isBounded() {
        return config.isStopAtEnd() || feed.isBounded();
    }

    private boolean await(BooleanSupplier reached, String what, Duration wait) {
        long nanos = Waits.nanos(wait);
        if (isOwnThread()) {
            throw new IllegalStateException(
                    "handler waits for its own subscription: name=" + place.name() + "; return first");
        }
        return state.await(
                reached,
                nanos,
                () -> new IllegalStateException(
                        "subscription is " + state.state() + " before " + what + ": name=" + place.name()
                                + " checkpoint=" + place.checkpoint(),
                        state.failure()));
    }

    /** Tells the threads to stop, without waiting for them. */
    void stop() {
        state.stop();
        wake();
    }

    /** Lets all its threads look at the state, wherever they wait. */
    private void wake() {
        delivering.wake();
        journal.wake();
    }

    @SuppressWarnings("ReferenceEquality") // a thread is itself only
    private boolean isOwnThread() {
        Thread current = Thread.currentThread();
        return current == thread || lanes.contains(current);
    }

    @Override
    public void close() {
        stop();
        statuses.closed(this);
        if (isOwnThread()) {
            return;
        }
        if (!isStarted()) {
            end(State.CLOSED, null);
        } else if (!state.awaitEnd(Waits.nanos(config.closeTimeout()))) {
            LOGGER.warn(
                    "handler of subscription {} did not end in {}, it is interrupted and left",
                    place.name(),
                    config.closeTimeout());
            thread.interrupt();
            lanes.forEach(Thread::interrupt);
            end(State.CLOSED, null);
        }
    }

    private synchronized boolean isStarted() {
        return isStarted;
    }
}
