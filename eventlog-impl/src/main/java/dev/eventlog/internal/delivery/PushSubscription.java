package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.EventHandler;
import dev.eventlog.Subscription;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.journal.Journal;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A consumer that hands its events to a handler on a thread of its own.
 *
 * <pre>
 *                 pause()                      end of a bounded feed
 *        OPEN <-----------> PAUSED       OPEN ------------------------> DONE
 *         |       resume()    |           |
 *         +---- close() ------+--> CLOSED +--- failure ---------------> FAILED
 * </pre>
 *
 * <p><b>Threading:</b> Thread-safe. The feed and the handler belong to the subscription's thread.
 */
final class PushSubscription<T> implements Subscription {

    private static final Logger LOGGER = LoggerFactory.getLogger(PushSubscription.class);

    /** How long a wait goes on before it looks at the log's clock again, which need not be the machine's. */
    private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Journal journal;
    private final ConsumerConfig config;
    private final Place place;
    private final Statuses statuses;
    private final Feed<T> feed;
    private final Delivering<T> delivering;
    private final Thread thread;
    // those of the log's subscriptions
    private final Set<Thread> threads;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // raised before a condition is looked at, read after a commit: one of the two sees the other
    private final AtomicInteger waiting = new AtomicInteger();
    // guarded by lock for writing
    private volatile State state = State.OPEN;
    private volatile boolean stopping;
    // guarded by lock
    private boolean started;
    private volatile @Nullable Throwable failure;

    /**
     * What a subscription shares with its log.
     *
     * @param threads where it tells which thread it runs on, as long as it does
     */
    record Parts(Place place, Cursors cursors, Statuses statuses, Set<Thread> threads) {}

    PushSubscription(
            Journal journal, Codec<T> codec, ConsumerConfig config, EventHandler<? super T> handler, Parts parts) {
        this.journal = journal;
        this.config = config;
        place = parts.place();
        statuses = parts.statuses();
        threads = parts.threads();
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
        Parking parking = config.name() == null
                ? Parking.none()
                : new Parking(parts.cursors().parked(place.name()), journal);
        delivering = new Delivering<>(config, handler, parking, this::backOff);
        ThreadFactory factory = config.threadFactory();
        Thread made =
                factory == null ? new Thread(this::run, "eventlog-" + threadName()) : factory.newThread(this::run);
        thread = Objects.requireNonNull(made, "threadFactory returned null");
    }

    private String threadName() {
        return config.name() == null ? "unnamed" : config.name();
    }

    /** Starts the thread, unless this was closed before; to be called once. */
    void start() {
        boolean isStarted = false;
        lock.lock();
        try {
            if (!stopping) {
                thread.start();
                started = true;
            }
            isStarted = started;
        } finally {
            lock.unlock();
            if (!isStarted) {
                statuses.closed(this);
                end(State.CLOSED, null);
            }
        }
    }

    private void run() {
        Thread current = Thread.currentThread();
        threads.add(current);
        try {
            deliver();
        } finally {
            feed.leave();
            threads.remove(current);
        }
    }

    private void deliver() {
        try {
            long position = place.checkpoint();
            long emptyPolls = 0;
            while (awaitRunning()) {
                feed.seek(position);
                boolean found = batch();
                position = place.checkpoint();
                if (feed.isDone() && position >= feed.position()) {
                    end(State.DONE, null);
                    return;
                }
                if (found || feed.isPaused()) {
                    emptyPolls = 0;
                } else if (!stopping) {
                    // a flag that a handler left set would make each park return at once
                    Thread.interrupted();
                    config.idle().idle(++emptyPolls);
                }
            }
            end(State.CLOSED, null);
        } catch (Throwable e) {
            if (stopping && e instanceof LogClosedException) {
                // the log was closed under a handler; its last events come again
                end(State.CLOSED, null);
                return;
            }
            LOGGER.error("subscription {} stops at {}", place.name(), place.checkpoint(), e);
            end(State.FAILED, e);
        }
    }

    /** Hands over some events and moves the checkpoint behind them; returns whether there were any. */
    private boolean batch() throws Exception {
        long reached = place.checkpoint();
        int taken = 0;
        long bytes = 0;
        try {
            while (taken < config.pollEvents() && bytes < config.pollBytes() && isRunning() && feed.next()) {
                bytes += feed.event().payloadLength();
                if (!delivering.deliver(feed.event(), reached, this::commit)) {
                    return true;
                }
                reached = feed.position();
                taken++;
            }
            if (taken == 0) {
                reached = Math.max(reached, feed.position());
            }
        } catch (Throwable e) {
            keepReached(reached, e);
            throw e;
        } finally {
            feed.event().release();
        }
        delivering.flush();
        commit(reached);
        return taken > 0;
    }

    private boolean isRunning() {
        return !stopping && state != State.PAUSED;
    }

    /** What was handled before a failure is flushed and committed. */
    private void keepReached(long reached, Throwable failure) {
        if (delivering.isFlushFailed()) {
            return;
        }
        try {
            delivering.flush();
            commit(reached);
        } catch (Exception e) {
            failure.addSuppressed(e);
        }
    }

    private void commit(long position) {
        place.commit(position, false);
        signal();
    }

    /** Waits while paused; false if the subscription is to stop. */
    private boolean awaitRunning() {
        if (state != State.PAUSED || stopping) {
            return !stopping;
        }
        lock.lock();
        try {
            while (state == State.PAUSED && !stopping) {
                changed.awaitUninterruptibly();
            }
            return !stopping;
        } finally {
            lock.unlock();
        }
    }

    /** Waits before a next attempt; false if the subscription is to stop. */
    private boolean backOff(long nanos) {
        if (nanos == 0) {
            return !stopping;
        }
        boolean interrupted = false;
        boolean isOver = false;
        lock.lock();
        try {
            long deadline = deadline(nanos);
            while (!isOver && !stopping) {
                try {
                    isOver = !awaitChange(deadline);
                } catch (InterruptedException e) {
                    // a handler's, or a stranger's: the pause is kept all the same
                    interrupted = true;
                }
            }
            return !stopping;
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** A time of the log's clock. */
    private long deadline(long nanos) {
        return journal.clock().monotonicNanos() + nanos;
    }

    /** Waits, with the lock held, until something may have changed; false if the log's clock has reached the deadline. */
    @SuppressWarnings("WaitNotInLoop") // each caller loops over what it waits for
    private boolean awaitChange(long deadline) throws InterruptedException {
        long left = deadline - journal.clock().monotonicNanos();
        if (left <= 0) {
            return false;
        }
        long unused = changed.awaitNanos(Math.min(left, LONGEST_WAIT_NANOS));
        return true;
    }

    private void end(State last, @Nullable Throwable why) {
        lock.lock();
        try {
            // before the state: who sees the end finds the name free
            place.close();
            if (state != State.CLOSED && state != State.FAILED) {
                failure = why;
                state = last;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void signal() {
        if (waiting.get() != 0) {
            signalAll();
        }
    }

    private void signalAll() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public ConsumerStatus status() {
        return statuses.of(place, state, failure);
    }

    @Override
    public void pause() {
        changeState(State.OPEN, State.PAUSED);
    }

    @Override
    public void resume() {
        changeState(State.PAUSED, State.OPEN);
    }

    private void changeState(State from, State to) {
        lock.lock();
        try {
            if (state == from) {
                state = to;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean awaitPosition(long position, Duration wait) {
        return await(() -> place.checkpoint() > position, "position " + position, wait);
    }

    @Override
    public boolean awaitCaughtUp(Duration wait) {
        long end = journal.endPosition();
        return await(
                () -> state == State.DONE || (!isBounded() && place.checkpoint() >= end),
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
        waiting.incrementAndGet();
        lock.lock();
        try {
            long deadline = deadline(nanos);
            while (!reached.getAsBoolean()) {
                if (state == State.FAILED || state == State.CLOSED || state == State.DONE) {
                    throw new IllegalStateException(
                            "subscription is " + state + " before " + what + ": name=" + place.name() + " checkpoint="
                                    + place.checkpoint(),
                            failure);
                }
                if (!awaitChange(deadline)) {
                    return false;
                }
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return reached.getAsBoolean();
        } finally {
            lock.unlock();
            waiting.decrementAndGet();
        }
    }

    /** Tells the thread to stop, without waiting for it. */
    void stop() {
        stopping = true;
        signalAll();
    }

    @SuppressWarnings("ReferenceEquality") // a thread is itself only
    private boolean isOwnThread() {
        return Thread.currentThread() == thread;
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
        } else if (!join(Waits.nanos(config.closeTimeout()))) {
            LOGGER.warn(
                    "handler of subscription {} did not end in {}, it is interrupted and left",
                    place.name(),
                    config.closeTimeout());
            thread.interrupt();
            end(State.CLOSED, null);
        }
    }

    private boolean isStarted() {
        lock.lock();
        try {
            return started;
        } finally {
            lock.unlock();
        }
    }

    private boolean join(long nanos) {
        boolean interrupted = false;
        lock.lock();
        try {
            long deadline = deadline(nanos);
            while (state == State.OPEN || state == State.PAUSED) {
                try {
                    if (!awaitChange(deadline)) {
                        return false;
                    }
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return true;
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
