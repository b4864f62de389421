package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.EventQuery;
import dev.eventlog.Processor;
import dev.eventlog.Producer;
import dev.eventlog.Subscription;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.cursor.Cursor;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.journal.ReadJournal;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Names;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes and closes the consumers, subscriptions and finite reads of one log.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public final class Delivery implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(Delivery.class);

    private final ReadJournal journal;
    private final Cursors cursors;
    private final LagWatch lags;
    private final Statuses statuses;
    // who reads the list of a consumer's parked events
    private final Map<String, String> parkedOwners = new ConcurrentHashMap<>();
    // on which subscriptions run now
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private final SharedConsumers shared;
    // written by close, read by any thread; published by volatile
    private volatile boolean closed;

    /**
     * @param isWriting whether this process writes the log
     * @param threadFactory makes the thread that tells of lags; null: a daemon thread
     */
    public Delivery(
            ReadJournal journal,
            Cursors cursors,
            Clock clock,
            boolean isWriting,
            @Nullable ThreadFactory threadFactory) {
        this.journal = journal;
        this.cursors = cursors;
        lags = new LagWatch(journal, threadFactory);
        statuses = new Statuses(journal, cursors, clock, lags, isWriting);
        shared = new SharedConsumers(journal, cursors, statuses, threads, this::place);
    }

    /** Opens a consumer. */
    public <T> Consumer<T> consumer(ConsumerConfig config, Codec<T> codec) {
        if (!config.subscriptionOptions().isEmpty()) {
            throw new IllegalArgumentException(
                    "options are for EventLog.subscribe only: " + config.subscriptionOptions() + "; leave them out");
        }
        if (config.isParked()) {
            return parkedConsumer(config, codec);
        }
        Place place = place(config);
        PullConsumer<T> consumer = opened(place, () -> new PullConsumer<>(journal, codec, config, place, statuses));
        lags.watch(consumer, config, place, consumer::status);
        return registered(consumer);
    }

    /**
     * Takes up what was made, so that it is closed with the log.
     *
     * @throws LogClosedException if the log was closed meanwhile, and perhaps too early to see it; it is closed then
     */
    private <C extends AutoCloseable> C registered(C made) {
        statuses.opened(made);
        if (closed) {
            closeAll(List.of(made));
            throw new LogClosedException("log was closed meanwhile; open it again");
        }
        return made;
    }

    private <T> Consumer<T> parkedConsumer(ConsumerConfig config, Codec<T> codec) {
        String name = Objects.requireNonNull(config.name());
        if (!cursors.has(name)) {
            throw new IllegalArgumentException("no such consumer: name=" + name + "; there are " + cursors.names());
        }
        String owner = journal.clock().whoAndWhen();
        String present = parkedOwners.putIfAbsent(name, owner);
        if (present != null) {
            throw new LockedException(
                    "parked events are being read already: name=" + name + " owner=" + present + "; close that first",
                    present);
        }
        boolean opened = false;
        boolean held = false;
        try {
            cursors.hold(name);
            held = true;
            var consumer = new ParkedConsumer<>(
                    name, journal, codec, config, cursors.parked(name), statuses, () -> parkedClosed(name));
            opened = true;
            return registered(consumer);
        } finally {
            if (!opened) {
                if (held) {
                    cursors.free(name);
                }
                parkedOwners.remove(name);
            }
        }
    }

    private void parkedClosed(String name) {
        cursors.free(name);
        parkedOwners.remove(name);
    }

    /** Starts a subscription. */
    public <T> Subscription subscribe(ConsumerConfig config, Codec<T> codec, EventHandler<? super T> handler) {
        Objects.requireNonNull(handler, "handler");
        if (config.isShared()) {
            MemberSubscription<T> member = shared.join(config, codec, handler);
            registered(member).start();
            return member;
        }
        return start(config, codec, place -> handler);
    }

    /** Starts a subscription whose handler appends outputs. */
    public <T, R> Subscription process(
            ConsumerConfig config, Codec<T> codec, Processor<? super T, ? extends R> processor, Producer<R> out) {
        Objects.requireNonNull(processor, "processor");
        Outputs<R> outputs = Outputs.of(out);
        statuses.requireWriting(config.name() == null ? Place.UNNAMED : config.name());
        if (config.isShared()) {
            throw new IllegalArgumentException("outputs are appended in the order of the log, by one owner: visibility="
                    + config.visibility() + "; leave out shared, or let several consumers with a query each process");
        }
        if (config.lanes() > 1) {
            throw new IllegalArgumentException("outputs are appended in the order of the log, on one lane: lanes="
                    + config.lanes() + "; leave out parallel, or let several consumers with a query each process");
        }
        // before it is opened, which would make it required for good
        OutputClaim.requireRoom(String.valueOf(config.name()), config.isRequired(), outputs.journal(), journal);
        return start(
                config,
                codec,
                place -> new ProcessHandler<>(
                        new OutputBatch<>(processor, outputs, place.claim(outputs.journal(), journal))));
    }

    /** What a subscription's handler is, once it is known where it begins. */
    @FunctionalInterface
    private interface Handling<T> {
        EventHandler<? super T> at(Place place);
    }

    private <T> Subscription start(ConsumerConfig config, Codec<T> codec, Handling<T> handler) {
        if (config.isParked()) {
            throw new IllegalArgumentException("parkedBy is for EventLog.consumer; poll it and commit");
        }
        if (config.isStandby()) {
            var standby = new StandbySubscription(
                    config, new SubscriptionState(journal.clock()), statuses, () -> push(config, codec, handler));
            boolean isStarted = false;
            try {
                registered(standby).start();
                isStarted = true;
            } finally {
                if (!isStarted) {
                    statuses.closed(standby);
                }
            }
            return standby;
        }
        PushSubscription<T> subscription = push(config, codec, handler);
        registered(subscription).start();
        return subscription;
    }

    private <T> PushSubscription<T> push(ConsumerConfig config, Codec<T> codec, Handling<T> handler) {
        Place place = place(config);
        PushSubscription<T> subscription = opened(
                place,
                () -> new PushSubscription<>(
                        journal,
                        codec,
                        config,
                        handler.at(place),
                        new PushSubscription.Parts(place, cursors, statuses, threads)));
        lags.watch(subscription, config, place, subscription::status);
        return subscription;
    }

    private Place place(ConsumerConfig config) {
        String name = config.name();
        Cursor cursor = name == null ? null : cursors.open(name);
        boolean isNew = cursor != null && cursor.checkpoint() == Cursor.NONE;
        Place place = null;
        try {
            if (cursor != null && config.isRequired()) {
                // before it begins: what it begins at is kept from there on
                cursors.require(cursor);
            }
            place = Place.of(config, cursor, journal);
            return place;
        } finally {
            if (place == null && cursor != null) {
                cursor.close();
                if (isNew) {
                    leaveNothing(cursor.name());
                }
            }
        }
    }

    /** A consumer that could not begin where it was told does not exist. */
    private void leaveNothing(String name) {
        try {
            cursors.forget(name);
        } catch (RuntimeException openedByAnother) {
            LOGGER.debug("consumer that has not begun is left: {}", name, openedByAnother);
        }
    }

    /** Gives the name free again if the consumer cannot be made. */
    private static <C> C opened(Place place, Supplier<C> maker) {
        C made = null;
        try {
            made = maker.get();
            return made;
        } finally {
            if (made == null) {
                place.close();
            }
        }
    }

    /** The events that match a query, up to the end as of now. */
    public <T> Stream<Event<T>> read(EventQuery query, Codec<T> codec) {
        Objects.requireNonNull(codec, "codec");
        var feed = new Feed<>(journal, codec, query, journal.readablePosition());
        feed.event().replayBelow(Long.MAX_VALUE);
        return StreamSupport.stream(new Events<>(feed), false).onClose(feed::leave);
    }

    /** Steps through a feed. <b>Threading:</b> One thread at a time: the stream's. */
    private static final class Events<T> extends Spliterators.AbstractSpliterator<Event<T>> {

        private final Feed<T> feed;
        private boolean isBegun;

        Events(Feed<T> feed) {
            super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE);
            this.feed = feed;
        }

        @Override
        public boolean tryAdvance(java.util.function.Consumer<? super Event<T>> action) {
            while (!next()) {
                if (!feed.isPaused()) {
                    feed.leave();
                    return false;
                }
            }
            isBegun = true;
            Event<T> event = feed.event().toEvent();
            feed.event().release();
            action.accept(event);
            return true;
        }

        /** As long as nobody has seen an event, the read may as well begin where the log begins by now. */
        private boolean next() {
            while (true) {
                try {
                    return feed.next();
                } catch (PositionExpiredException pruned) {
                    if (isBegun) {
                        throw pruned;
                    }
                    feed.seek(pruned.firstPosition());
                }
            }
        }
    }

    /**
     * Deletes what is kept of a consumer.
     *
     * @throws IllegalStateException if it is open, or its parked events are being read
     */
    public void forget(String name) {
        Names.check("consumer", name);
        String reader = parkedOwners.get(name);
        if (reader != null) {
            throw new IllegalStateException(
                    "parked events are being read: name=" + name + " owner=" + reader + "; close that first");
        }
        cursors.forget(name);
    }

    /** Status of all named consumers, ordered by name. */
    public List<ConsumerStatus> consumers() {
        var all = new ArrayList<ConsumerStatus>();
        for (Cursors.Stored stored : cursors.all()) {
            ConsumerStatus status = null;
            for (AutoCloseable each : statuses.open()) {
                ConsumerStatus own = statusOf(each);
                if (own != null && own.name().equals(stored.name()) && (status == null || isRunning(own))) {
                    status = own;
                }
            }
            all.add(status != null ? status : statuses.of(stored));
        }
        return all;
    }

    /** A name may belong to a subscription that failed and to the one that was started instead. */
    private static boolean isRunning(ConsumerStatus status) {
        return status.state() == ConsumerStatus.State.OPEN || status.state() == ConsumerStatus.State.PAUSED;
    }

    private static @Nullable ConsumerStatus statusOf(AutoCloseable consumer) {
        if (consumer instanceof Subscription subscription) {
            return subscription.status();
        }
        return consumer instanceof PullConsumer<?> pull ? pull.status() : null;
    }

    /**
     * Whether the caller is on the thread of a subscription, or is told of a lag: it must not wait for the close, which waits
     * for it.
     */
    public boolean isOwnThread() {
        return threads.contains(Thread.currentThread()) || lags.isCurrent();
    }

    /** Stops all subscriptions, then closes all consumers; closes all of them, and then throws what was thrown first. */
    @Override
    public void close() {
        // before the look at what is open: what is made meanwhile sees the one or is seen by the other
        closed = true;
        for (AutoCloseable each : statuses.open()) {
            if (each instanceof PushSubscription<?> subscription) {
                subscription.stop();
            } else if (each instanceof StandbySubscription standby) {
                standby.stop();
            } else if (each instanceof MemberSubscription<?> member) {
                member.stop();
            }
        }
        try {
            closeAll(statuses.open());
        } finally {
            lags.close();
        }
    }

    private static void closeAll(Collection<AutoCloseable> all) {
        RuntimeException first = null;
        for (AutoCloseable each : all) {
            try {
                each.close();
            } catch (Exception e) {
                RuntimeException thrown = e instanceof RuntimeException r ? r : new IllegalStateException(e);
                if (first == null) {
                    first = thrown;
                } else {
                    first.addSuppressed(thrown);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
