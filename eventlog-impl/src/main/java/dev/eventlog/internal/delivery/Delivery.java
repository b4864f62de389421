package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.EventQuery;
import dev.eventlog.Subscription;
import dev.eventlog.error.LockedException;
import dev.eventlog.internal.cursor.Cursor;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Makes and closes the consumers, subscriptions and finite reads of one log.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public final class Delivery implements AutoCloseable {

    private final Journal journal;
    private final Cursors cursors;
    private final Statuses statuses;
    // who reads the list of a consumer's parked events
    private final Map<String, String> parkedOwners = new ConcurrentHashMap<>();

    public Delivery(Journal journal, Cursors cursors, Clock clock) {
        this.journal = journal;
        this.cursors = cursors;
        statuses = new Statuses(journal, cursors, clock);
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
        statuses.opened(consumer);
        return consumer;
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
        try {
            var consumer = new ParkedConsumer<>(
                    name, journal, codec, config, cursors.parked(name), statuses, () -> parkedOwners.remove(name));
            statuses.opened(consumer);
            opened = true;
            return consumer;
        } finally {
            if (!opened) {
                parkedOwners.remove(name);
            }
        }
    }

    /** Starts a subscription. */
    public <T> Subscription subscribe(ConsumerConfig config, Codec<T> codec, EventHandler<? super T> handler) {
        Objects.requireNonNull(handler, "handler");
        if (config.isParked()) {
            throw new IllegalArgumentException("parkedBy is for EventLog.consumer; poll it and commit");
        }
        Place place = place(config);
        PushSubscription<T> subscription = opened(
                place,
                () -> new PushSubscription<>(
                        journal, codec, config, handler, new PushSubscription.Parts(place, cursors, statuses)));
        statuses.opened(subscription);
        boolean started = false;
        try {
            subscription.start();
            started = true;
        } finally {
            if (!started) {
                statuses.closed(subscription);
                place.close();
            }
        }
        return subscription;
    }

    private Place place(ConsumerConfig config) {
        String name = config.name();
        Cursor cursor = name == null ? null : cursors.open(name);
        try {
            Place place = Place.of(config, cursor, journal);
            cursor = null;
            return place;
        } finally {
            if (cursor != null) {
                cursor.close();
            }
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
        return StreamSupport.stream(new Events<>(feed), false);
    }

    /** Steps through a feed. <b>Threading:</b> One thread at a time: the stream's. */
    private static final class Events<T> extends Spliterators.AbstractSpliterator<Event<T>> {

        private final Feed<T> feed;

        Events(Feed<T> feed) {
            super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE);
            this.feed = feed;
        }

        @Override
        public boolean tryAdvance(java.util.function.Consumer<? super Event<T>> action) {
            while (!feed.next()) {
                if (!feed.isPaused()) {
                    return false;
                }
            }
            Event<T> event = feed.event().toEvent();
            feed.event().release();
            action.accept(event);
            return true;
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
        if (consumer instanceof PushSubscription<?> subscription) {
            return subscription.status();
        }
        return consumer instanceof PullConsumer<?> pull ? pull.status() : null;
    }

    /** Stops all subscriptions, then closes all consumers; closes all of them, and then throws what was thrown first. */
    @Override
    public void close() {
        RuntimeException first = null;
        for (AutoCloseable each : statuses.open()) {
            if (each instanceof PushSubscription<?> subscription) {
                subscription.stop();
            }
        }
        for (AutoCloseable each : statuses.open()) {
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
