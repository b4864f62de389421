package dev.eventlog.internal.delivery;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.Subscription;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.LogClosedException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A subscription that waits for its name, and then is the one that it made.
 *
 * <pre>
 *   STANDBY ──name is free──► as the subscription that it made
 *      │  └─────failure─────► FAILED
 *      └───────close()──────► CLOSED
 * </pre>
 *
 * <p><b>Threading:</b> Thread-safe. The waiting belongs to a thread that ends with it.
 */
final class StandbySubscription implements Subscription {

    private static final Logger LOGGER = LoggerFactory.getLogger(StandbySubscription.class);

    /** How often it looks whether the name is free. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final ConsumerConfig config;
    private final Statuses statuses;
    private final Supplier<PushSubscription<?>> maker;
    // of the waiting only
    private final SubscriptionState state;
    // guarded by this for writing
    private volatile @Nullable PushSubscription<?> made;
    private boolean isPauseWanted;
    // of its name, when it was last asked for
    private volatile long checkpoint;

    /**
     * @param maker opens the name and makes a subscription that is not started; throws {@link LockedException} while another
     *     has the name
     */
    StandbySubscription(
            ConsumerConfig config, SubscriptionState state, Statuses statuses, Supplier<PushSubscription<?>> maker) {
        this.config = config;
        this.state = state;
        this.statuses = statuses;
        this.maker = maker;
    }

    /** Takes the name if it is free, else begins to wait for it. To be called once. */
    void start() {
        if (takeOver()) {
            return;
        }
        ThreadFactory factory = config.threadFactory();
        Thread thread = factory == null
                ? new Thread(this::waitForName, "eventlog-" + config.name() + "-standby")
                : factory.newThread(this::waitForName);
        Objects.requireNonNull(thread, "threadFactory returned null").start();
    }

    /** Takes the name; false while another has it. True also if this was closed. */
    private synchronized boolean takeOver() {
        if (state.isStopping()) {
            return true;
        }
        try {
            PushSubscription<?> subscription = maker.get();
            if (isPauseWanted) {
                subscription.pause();
            }
            made = subscription;
            subscription.start();
            return true;
        } catch (LockedException another) {
            return false;
        }
    }

    private void waitForName() {
        try {
            while (!takeOver()) {
                state.awaitChangeFrom(false, LOOK_NANOS);
            }
            state.signal();
        } catch (Throwable e) {
            LOGGER.error("subscription {} fails to take over", config.name(), e);
            state.end(State.FAILED, e, () -> {});
        }
    }

    @Override
    public ConsumerStatus status() {
        PushSubscription<?> subscription = made;
        if (subscription != null) {
            return subscription.status();
        }
        String name = Objects.requireNonNull(config.name());
        try {
            ConsumerStatus stored = statuses.stored(name);
            checkpoint = stored.checkpoint();
            if (state.state() == State.OPEN) {
                return new ConsumerStatus(
                        name,
                        State.STANDBY,
                        stored.checkpoint(),
                        stored.lag(),
                        stored.lagBytes(),
                        stored.lagAge(),
                        stored.parked(),
                        stored.owner(),
                        null);
            }
        } catch (LogClosedException closed) {
            // what was known of it before
        }
        return statuses.of(
                name, checkpoint, state.state() == State.OPEN ? State.CLOSED : state.state(), null, state.failure());
    }

    @Override
    public void pause() {
        pauseOrResume(true);
    }

    @Override
    public void resume() {
        pauseOrResume(false);
    }

    private synchronized void pauseOrResume(boolean isPause) {
        isPauseWanted = isPause;
        PushSubscription<?> subscription = made;
        if (subscription == null) {
            return;
        }
        if (isPause) {
            subscription.pause();
        } else {
            subscription.resume();
        }
    }

    @Override
    public boolean awaitPosition(long position, Duration wait) {
        long deadline = state.now() + Waits.nanos(wait);
        PushSubscription<?> subscription = awaitMade(deadline);
        return subscription != null && subscription.awaitPosition(position, left(deadline));
    }

    @Override
    public boolean awaitCaughtUp(Duration wait) {
        long deadline = state.now() + Waits.nanos(wait);
        PushSubscription<?> subscription = awaitMade(deadline);
        return subscription != null && subscription.awaitCaughtUp(left(deadline));
    }

    private Duration left(long deadline) {
        return Duration.ofNanos(Math.max(0, deadline - state.now()));
    }

    private @Nullable PushSubscription<?> awaitMade(long deadline) {
        boolean unused = state.await(
                () -> made != null,
                deadline - state.now(),
                () -> new IllegalStateException(
                        "subscription is " + state.state() + " before it had its name: name=" + config.name(),
                        state.failure()));
        return made;
    }

    /** Tells its threads to stop, without waiting for them. */
    void stop() {
        state.stop();
        PushSubscription<?> subscription = made;
        if (subscription != null) {
            subscription.stop();
        }
    }

    @Override
    public void close() {
        stop();
        statuses.closed(this);
        PushSubscription<?> subscription;
        // an opening that goes on is waited for: none begins behind this
        synchronized (this) {
            subscription = made;
            if (subscription == null) {
                state.end(State.CLOSED, null, () -> {});
            }
        }
        if (subscription != null) {
            subscription.close();
        }
    }
}
