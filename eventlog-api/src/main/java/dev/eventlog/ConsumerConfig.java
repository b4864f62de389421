package dev.eventlog;

import dev.eventlog.error.CorruptLogException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadFactory;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * How a consumer or a subscription reads.
 *
 * <p>Defaults: from the earliest event, all events; pull: 256 events or 1 MiB a poll; push: one non-daemon thread
 * {@code eventlog-<name>}, 3 attempts (100 ms apart, doubling), then the event and later events of its key are parked;
 * {@link IdleStrategy#backOff()}; close waits 10 s.
 *
 * <p><b>Threading:</b> Immutable.
 */
public final class ConsumerConfig {

    private final Builder values;

    private ConsumerConfig(Builder values) {
        this.values = values;
    }

    /**
     * A consumer with a durable checkpoint.
     *
     * @param name 1 to 100 of {@code A-Z a-z 0-9 . _ -}, beginning with a letter or digit
     */
    public static Builder named(String name) {
        return new Builder(Objects.requireNonNull(name, "name"), false);
    }

    /**
     * A consumer without a checkpoint: it begins anew each time and any number may be open. A subscription without a name
     * has nowhere to park: it stops at an event whose attempts ran out.
     */
    public static Builder unnamed() {
        return new Builder(null, false);
    }

    /**
     * A consumer of the events that the named subscription parked. A commit takes them off the list, and a key none of
     * whose events is on the list flows again. For {@link EventLog#consumer}, which refuses a name that no consumer has.
     * It begins at the head of the list each time, so it takes no {@link Builder#startAt}; its status is the subscription's.
     */
    public static Builder parkedBy(String name) {
        return new Builder(Objects.requireNonNull(name, "name"), true);
    }

    /** A builder with the same values. */
    public Builder toBuilder() {
        return new Builder(values);
    }

    /** The consumer's name; null if unnamed; for {@link #parkedBy} the subscription's. */
    public @Nullable String name() {
        return values.name;
    }

    /** Whether this reads the events that {@link #name()} parked. */
    public boolean isParked() {
        return values.parked;
    }

    /** Which events are delivered. */
    public EventQuery query() {
        return values.query;
    }

    /** Where a consumer without a checkpoint begins. */
    public StartAt startAt() {
        return values.startAt;
    }

    /** Most events that a {@link Consumer#poll(Duration)} returns, or a subscription handles before it commits. */
    public int pollEvents() {
        return values.pollEvents;
    }

    /** Length of payloads behind which a {@link Consumer#poll(Duration)} ends, or a subscription commits. */
    public long pollBytes() {
        return values.pollBytes;
    }

    /** Whether it ends at the end that the log, or the list of parked events, has when it is opened. */
    public boolean isStopAtEnd() {
        return values.stopAtEnd;
    }

    /** How many events a subscription handles at the same time; 1: one after the other, in the order of the log. */
    public int lanes() {
        return values.lanes;
    }

    /** Told of each damaged range that is passed; null: none is, the consumer stays before it. */
    public java.util.function.@Nullable Consumer<? super CorruptLogException> onDamage() {
        return values.onDamage;
    }

    /** Whether the subscription waits for its name while another consumer has it. */
    public boolean isStandby() {
        return values.standby;
    }

    /** Whether subscriptions of this name share its events. */
    public boolean isShared() {
        return values.visibility != null;
    }

    /** The longest time that a member of a shared consumer keeps an event without a living thread; null: not shared. */
    public @Nullable Duration visibility() {
        return values.visibility;
    }

    /** Whether the log keeps each event until this consumer has committed it. */
    public boolean isRequired() {
        return values.required;
    }

    /** How many events the consumer may lag before {@link #onLag()} is told; {@link Long#MAX_VALUE}: it is not. */
    public long lagLimit() {
        return values.lagLimit;
    }

    /** Told when the consumer lags more than {@link #lagLimit()}, and when it has come back to half of that. */
    public java.util.function.Consumer<? super ConsumerStatus> onLag() {
        return values.onLag;
    }

    /** How many times faster than events happened a subscription hands them over; infinite: as fast as possible. */
    public double pace() {
        return values.pace;
    }

    /** How often a handler gets an event before it is parked. */
    public int attempts() {
        return values.attempts;
    }

    /** Pause before the second attempt; it doubles from there on, to at most one minute. */
    public Duration backOff() {
        return values.backOff;
    }

    /** Whether the subscription stops instead of parking. */
    public boolean isStopOnFailure() {
        return values.stopOnFailure;
    }

    /** Told of each failed attempt, and of an event that cannot be parked for want of room on the disk. */
    public BiConsumer<? super Event<?>, ? super Throwable> onFailure() {
        return values.onFailure;
    }

    /**
     * Makes the subscription's threads; null: a non-daemon thread {@code eventlog-<name>}, and {@code eventlog-<name>-1} and so
     * on for lanes.
     */
    public @Nullable ThreadFactory threadFactory() {
        return values.threadFactory;
    }

    /** What the subscription's thread does when there is nothing new. */
    public IdleStrategy idle() {
        return values.idle;
    }

    /** How long {@link Subscription#close()} waits for a handler. */
    public Duration closeTimeout() {
        return values.closeTimeout;
    }

    /** Names of the options set that only a subscription has. */
    public List<String> subscriptionOptions() {
        return List.copyOf(values.subscriptionOptions);
    }

    /** Collects options; {@link #build()} checks them together. <b>Threading:</b> One thread at a time: the caller. */
    public static final class Builder {

        private final @Nullable String name;
        private final boolean parked;
        private EventQuery query = EventQuery.all();
        private StartAt startAt = StartAt.earliest();
        private int pollEvents = 256;
        private long pollBytes = 1 << 20;
        private boolean stopAtEnd;
        private int lanes = 1;
        private java.util.function.@Nullable Consumer<? super CorruptLogException> onDamage;
        private boolean standby;
        private @Nullable Duration visibility;
        private boolean required;
        private long lagLimit = Long.MAX_VALUE;
        private java.util.function.Consumer<? super ConsumerStatus> onLag = status -> {};
        private double pace = Double.POSITIVE_INFINITY;
        private int attempts = 3;
        private Duration backOff = Duration.ofMillis(100);
        private boolean stopOnFailure;
        private BiConsumer<? super Event<?>, ? super Throwable> onFailure = (event, failure) -> {};
        private @Nullable ThreadFactory threadFactory;
        private IdleStrategy idle = IdleStrategy.backOff();
        private Duration closeTimeout = Duration.ofSeconds(10);
        private final List<String> subscriptionOptions = new ArrayList<>();

        private Builder(@Nullable String name, boolean parked) {
            this.name = name;
            this.parked = parked;
        }

        private Builder(Builder other) {
            name = other.name;
            parked = other.parked;
            query = other.query;
            startAt = other.startAt;
            pollEvents = other.pollEvents;
            pollBytes = other.pollBytes;
            stopAtEnd = other.stopAtEnd;
            lanes = other.lanes;
            onDamage = other.onDamage;
            standby = other.standby;
            visibility = other.visibility;
            required = other.required;
            lagLimit = other.lagLimit;
            onLag = other.onLag;
            pace = other.pace;
            attempts = other.attempts;
            backOff = other.backOff;
            stopOnFailure = other.stopOnFailure;
            onFailure = other.onFailure;
            threadFactory = other.threadFactory;
            idle = other.idle;
            closeTimeout = other.closeTimeout;
            subscriptionOptions.addAll(other.subscriptionOptions);
        }

        /** Which events are delivered; the others pass without being decoded. Default: all. */
        public Builder query(EventQuery query) {
            this.query = Objects.requireNonNull(query, "query");
            return this;
        }

        /** Where to begin while there is no checkpoint. Default: earliest. */
        public Builder startAt(StartAt startAt) {
            this.startAt = Objects.requireNonNull(startAt, "startAt");
            return this;
        }

        /**
         * How much a {@link Consumer#poll(Duration)} returns at most, and a subscription handles before it calls
         * {@link EventHandler#onBatchEnd} and commits. Default: 256 events, 1 MiB.
         *
         * @param events 1 to 1,000,000
         * @param bytes length of payloads behind which the poll ends, 1 or more; a single event may be longer
         */
        public Builder pollLimit(int events, long bytes) {
            this.pollEvents = events;
            this.pollBytes = bytes;
            return this;
        }

        /**
         * Ends at the end that the log has when the consumer is opened; {@link #parkedBy} behind the last event that is
         * parked then. Polls do not wait any more from there on.
         */
        public Builder stopAtEnd() {
            this.stopAtEnd = true;
            return this;
        }

        /**
         * Subscription: handles up to so many events at the same time, each lane on a thread of its own, and keeps the order
         * of each key: events of one key are handed over one after the other, also while one of them is tried again or
         * parked, and other keys go on. Events without a key have no order. The handler must be thread-safe.
         *
         * <p>A single thread reads ahead, at most 8 times as much as {@link #pollLimit} says, but four events for each lane
         * in any case. The checkpoint stands before
         * the first event that is not done; what is done above it is kept with it, so that a restart brings again what was
         * not done, and little else. {@link EventHandler#onBatchEnd} is called on each lane for what that lane handled, and
         * on other lanes the handler runs meanwhile; a handler without it is committed event by event.
         *
         * <p>Default: 1, the order of the log on one thread.
         *
         * @param lanes 1 to 1,024; more than one needs as many threads, and one that reads
         */
        public Builder parallel(int lanes) {
            this.lanes = lanes;
            return subscriptionOption("parallel");
        }

        /**
         * Goes on behind events that are damaged or missing, each time after this was told which:
         * {@link CorruptLogException#fromPosition()} to {@link CorruptLogException#toPosition()}. Default: the consumer stays
         * before them, a poll throws the exception and a subscription fails; {@code seek} leads a pull consumer on.
         *
         * <p>It is told on the thread that polls, or on the subscription's, after all events before the range were handled;
         * again when they are delivered again. If it throws, the consumer stays before the range. Damage whose end is not
         * known is never passed.
         */
        public Builder onDamage(java.util.function.Consumer<? super CorruptLogException> onDamage) {
            this.onDamage = Objects.requireNonNull(onDamage, "onDamage");
            return this;
        }

        /**
         * Subscription: while another consumer has the name open, waits for it instead of failing, and takes over within a
         * second when that one is closed or fails. The other one can commit and park nothing from there on, even if its
         * handler still runs. As long as it waits its state is {@link ConsumerStatus.State#STANDBY}.
         */
        public Builder standby() {
            this.standby = true;
            return subscriptionOption("standby");
        }

        /**
         * Subscription: is one member of the consumer, which all subscriptions of this name in this process share. Each
         * event goes to one of them, in no order: to the one that has waited longest. A handler that returns (and its {@link
         * EventHandler#onBatchEnd}, called behind each event) has the event done; what it throws counts as an attempt, and
         * the next one may be any member's. Members come and go at any time; the consumer is closed with the last one.
         *
         * <p>A member has its event for as long as its handler runs on a living thread, however long that is. {@link
         * Subscription#close()} releases it if the handler has not returned in {@link #closeTimeout}, and a thread that has
         * ended releases what it had: it comes again at the latest when visibility has passed from there on, and sooner if
         * the handler throws meanwhile. Until then the handler that was left may still return, and its event is done.
         *
         * <p>Members have a codec, a handler, {@link #onFailure}, {@link #threadFactory} and {@link #closeTimeout} each, and
         * agree in query, pollLimit, stopAtEnd, attempts, stopOnFailure, visibility, required and whether there is onDamage,
         * of which the oldest member's is told; startAt and idle are the first one's. A member whose codec does not take an event
         * fails alone, and the event goes to another.
         *
         * <p>An event whose attempts ran out is parked by itself, without later ones of its key, since there is no order.
         * Not with {@link #parallel} (open more members), {@link #pace}, {@link #onLag} nor {@link #standby} (any member stands by for the
         * others).
         *
         * @param visibility above zero
         */
        public Builder shared(Duration visibility) {
            this.visibility = Objects.requireNonNull(visibility, "visibility");
            return subscriptionOption("shared");
        }

        /**
         * Lets the log keep each event until this consumer has committed it, whatever {@link EventLogConfig.Builder#retainFor},
         * {@link EventLogConfig.Builder#retainBytes} and {@link EventLogConfig.Builder#limit} say. That holds from this opening
         * on, also while the consumer is closed and in whichever process it is opened, until it is forgotten; an opening
         * without this option does not end it. What was pruned before does not come back.
         *
         * <p>A required consumer that does not go on holds back the log: it grows, or reaches its limit, and the log tells in
         * its messages who holds it back. So a consumer that is not used any more must be forgotten.
         */
        public Builder required() {
            this.required = true;
            return this;
        }

        /**
         * Tells when the consumer falls behind: once when its {@link ConsumerStatus#lag()} has passed a limit, and once when
         * it has come back to half of the limit or less, then again from the beginning; the status says which of the two. The
         * lag is looked at about ten times a second, so a shorter one may go unnoticed. Default: nobody is told.
         *
         * <p>The listener is called on a thread {@code eventlog-lag} of the log, for one consumer after the other, as long as
         * the consumer is not closed, also where its subscription has failed. It may use the log and close it; who else closes
         * the log waits until it returns.
         *
         * @param events 1 or more
         */
        public Builder onLag(long events, java.util.function.Consumer<? super ConsumerStatus> listener) {
            this.lagLimit = events;
            this.onLag = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /**
         * Subscription: replays at the pace at which events happened, by {@link Event#time()}, so many times as fast. The
         * first event is handed over at once, each other one as long after it as the two are apart, divided by this; one
         * that is late, since the handler was slow or its time is before that of an earlier one, at once. Default: as fast
         * as possible.
         *
         * <p>Once the subscription has reached the end of the log it is live, and hands events over when they come. With a
         * pace of 1 it stays as far behind as it began, as long as events keep coming.
         *
         * <p>The time is that of {@link EventLogConfig#clock()}, and else the machine's, which no step of its wall clock
         * changes; a step back of a clock counts as no time. It stands while the subscription is paused. With
         * {@link #parallel} the thread that reads keeps the pace: an event is given to the lanes when it is due. What was
         * handled is flushed and committed before a wait.
         *
         * @param times above 0: 1 as it happened, 10 ten times as fast, 0.5 half as fast
         */
        public Builder pace(double times) {
            this.pace = times;
            return subscriptionOption("pace");
        }

        /**
         * Subscription: how often the handler gets an event before it is parked. Default: 3, 100 ms.
         *
         * @param attempts 1 or more
         * @param backOff pause before the second attempt, doubling from there on to at most one minute, each with up
         *     to a fifth more or less at random
         */
        public Builder attempts(int attempts, Duration backOff) {
            this.attempts = attempts;
            this.backOff = Objects.requireNonNull(backOff, "backOff");
            return subscriptionOption("attempts");
        }

        /** Subscription: stops at an event whose attempts ran out instead of parking it. */
        public Builder stopOnFailure() {
            this.stopOnFailure = true;
            return subscriptionOption("stopOnFailure");
        }

        /**
         * Subscription: told of each failed attempt, on the thread of the handler; and, once, with a
         * {@link dev.eventlog.error.StorageFullException}, of an event that cannot be parked: the subscription waits with it
         * until there is room.
         */
        public Builder onFailure(BiConsumer<? super Event<?>, ? super Throwable> onFailure) {
            this.onFailure = Objects.requireNonNull(onFailure, "onFailure");
            return subscriptionOption("onFailure");
        }

        /**
         * Subscription: makes its thread, and one for each lane of {@link #parallel}. Default: non-daemon threads
         * {@code eventlog-<name>}, {@code eventlog-<name>-1} and so on.
         */
        public Builder threadFactory(ThreadFactory threadFactory) {
            this.threadFactory = Objects.requireNonNull(threadFactory, "threadFactory");
            return subscriptionOption("threadFactory");
        }

        /** Subscription: what its thread does when there is nothing new. Default: {@link IdleStrategy#backOff()}. */
        public Builder idle(IdleStrategy idle) {
            this.idle = Objects.requireNonNull(idle, "idle");
            return subscriptionOption("idle");
        }

        /** Subscription: how long close waits for a handler. Default: 10 s. */
        public Builder closeTimeout(Duration closeTimeout) {
            this.closeTimeout = Objects.requireNonNull(closeTimeout, "closeTimeout");
            return subscriptionOption("closeTimeout");
        }

        private Builder subscriptionOption(String option) {
            if (!subscriptionOptions.contains(option)) {
                subscriptionOptions.add(option);
            }
            return this;
        }

        /**
         * The configuration.
         *
         * @throws IllegalArgumentException naming all problems at once
         */
        public ConsumerConfig build() {
            var problems = new Problems("ConsumerConfig");
            if (name != null) {
                problems.checkName("name", name);
            }
            problems.check(
                    pollEvents >= 1 && pollEvents <= 1_000_000,
                    "pollLimit: events=" + pollEvents + " is not in 1..1000000");
            problems.check(pollBytes >= 1, "pollLimit: bytes=" + pollBytes + " is below 1");
            problems.check(lanes >= 1 && lanes <= 1024, "parallel: lanes=" + lanes + " is not in 1..1024");
            problems.check(attempts >= 1, "attempts=" + attempts + " is below 1");
            problems.check(lagLimit >= 1, "onLag: events=" + lagLimit + " is below 1");
            problems.check(pace > 0, "pace=" + pace + " is not above 0");
            problems.check(!backOff.isNegative(), "backOff=" + backOff + " is negative");
            problems.check(!closeTimeout.isNegative(), "closeTimeout=" + closeTimeout + " is negative");
            problems.check(
                    !standby || name != null,
                    "standby waits for a name, and unnamed has none; give it a name, or leave out standby");
            if (visibility != null) {
                problems.check(
                        !visibility.isNegative() && !visibility.isZero(),
                        "shared: visibility=" + visibility + " is not above zero");
                problems.check(
                        name != null,
                        "shared: members find each other by their name, and unnamed has none; give it a name");
                problems.check(
                        lanes == 1,
                        "shared: a member handles one event at a time; leave out parallel, and open as many members"
                                + " instead");
                problems.check(
                        lagLimit == Long.MAX_VALUE,
                        "shared: nobody is told of a lag; leave out onLag, and look at EventLog.consumers()");
                problems.check(
                        pace == Double.POSITIVE_INFINITY,
                        "shared: work is handed out as members are free; leave out pace, or leave out shared");
                problems.check(
                        !standby, "shared: members stand by for each other; leave out standby, or leave out shared");
            }
            problems.check(
                    !required || name != null,
                    "required keeps events for a name, and unnamed has none; give it a name, or leave out required");
            if (parked) {
                problems.check(
                        subscriptionOptions.isEmpty(),
                        "parkedBy is for EventLog.consumer; leave out " + subscriptionOptions);
                problems.check(
                        lagLimit == Long.MAX_VALUE, "parkedBy has a list and no lag of its own; leave out onLag");
                problems.check(!required, "parkedBy has events that are kept in any case; leave out required");
                problems.check(onDamage == null, "parkedBy has single events and passes none; leave out onDamage");
                problems.check(
                        startAt instanceof StartAt.Earliest,
                        "parkedBy has a list, not a place in the log; leave out startAt");
            }
            problems.throwIfAny();
            return new ConsumerConfig(new Builder(this));
        }
    }
}
