package dev.eventlog;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * How a local log is kept.
 *
 * <p>Defaults: appends survive the end of the process, forced each second, events up to 1 MiB, segments of 256 MiB,
 * everything kept, 65,536 ids remembered for up to 2 minutes, the system's clock.
 *
 * <p><b>Threading:</b> Immutable.
 */
public final class EventLogConfig {

    private final Builder values;

    private EventLogConfig(Builder values) {
        this.values = values;
    }

    /** What an open does with a log whose files are not as its writer left them. */
    public enum Recovery {

        /**
         * The default. What a crash left unfinished is put in order, and what can be derived is made anew; a torn end above
         * the durable position is left out and reported in the log's messages. Where events are missing that must be there,
         * the open is refused and nothing is cut off.
         */
        RECOVER,

        /**
         * Refuses any imperfection, for audits and tests: what {@link #RECOVER} refuses, and also a torn end, a file of ours
         * that is damaged though it can be derived, and a range that was recorded as damaged. All segments are read. The
         * error lists what was found; nothing is changed.
         */
        ABSOLUTE,

        /**
         * As {@link #RECOVER}, but what is missing below the durable position is recorded as lost, and the log goes on behind
         * it. To be chosen once, when no backup is left: later opens know of it. Consumers meet a
         * {@link dev.eventlog.error.CorruptLogException} there, see {@link ConsumerConfig.Builder#onDamage}. No byte that
         * could be read is deleted.
         */
        RECORD_DAMAGE,

        /**
         * Reads what is left, and changes no file. No lock is taken: meant for a dead log or a copy. Every event that is
         * intact can be read, also without manifest and state; where some are missing, consumers meet a
         * {@link dev.eventlog.error.CorruptLogException} as for {@link #RECORD_DAMAGE}. Nothing can be appended, and the
         * checkpoints of consumers live in memory and begin where {@link ConsumerConfig.Builder#startAt} says.
         */
        SALVAGE
    }

    /** What an append does when the log has reached its {@link Builder#limit} and nothing may be pruned. */
    public enum WhenFull {

        /**
         * The append waits until there is room. It ends with a {@link dev.eventlog.error.StorageFullException} if its thread is
         * interrupted, whose flag stays set, and with a {@link dev.eventlog.error.LogClosedException} if the log is closed.
         */
        BLOCK,

        /** The append throws a {@link dev.eventlog.error.StorageFullException}. Nothing was appended. */
        FAIL,

        /** The oldest events are pruned, as for {@link Builder#retainBytes}. Where they may not be, as {@link #FAIL}. */
        DROP_OLDEST
    }

    /** A log in a directory of its own. */
    public static Builder at(Path directory) {
        return new Builder(Objects.requireNonNull(directory, "directory"));
    }

    /** A log in memory, for tests and for data that may go with the process. */
    public static Builder inMemory() {
        return new Builder((Path) null);
    }

    /** A builder with the same values. */
    public Builder toBuilder() {
        return new Builder(values);
    }

    /** The log's directory; null: in memory. */
    public @Nullable Path directory() {
        return values.directory;
    }

    /** Whether the log is opened for reading only, beside the process that writes it. */
    public boolean isReadOnly() {
        return values.readOnly;
    }

    /** What events survive once an append returned. */
    public Durability durability() {
        return values.durability;
    }

    /** How long the first append of a group waits for others before it forces; zero: not at all. */
    public Duration groupWait() {
        return values.groupWait;
    }

    /** Bytes from which on a group of appends is forced without further waiting. */
    public int groupBytes() {
        return values.groupBytes;
    }

    /** How often what was appended is made to survive a power cut; zero: only at {@link EventLog#force()} and close. */
    public Duration forceInterval() {
        return values.forceInterval;
    }

    /** Length at which the next segment file is begun. */
    public long segmentLengthBytes() {
        return values.segmentLengthBytes;
    }

    /** Greatest length of an event: payload, key, id and metadata together. */
    public int maxEventLengthBytes() {
        return values.maxEventLengthBytes;
    }

    /** How long events are kept at least; null: for ever. */
    public @Nullable Duration retainFor() {
        return values.retainFor;
    }

    /** How many bytes of the log are kept at most; {@link Long#MAX_VALUE}: all. */
    public long retainBytes() {
        return values.retainBytes;
    }

    /** How many ids are remembered at most; 0: none. */
    public int dedupCount() {
        return values.dedupCount;
    }

    /** How long an id is remembered at most. */
    public Duration dedupAge() {
        return values.dedupAge;
    }

    /** How many bytes the log takes at most; {@link Long#MAX_VALUE}: as many as there are. */
    public long limitBytes() {
        return values.limitBytes;
    }

    /** What an append does that finds the log at its limit; null: there is none. */
    public @Nullable WhenFull whenFull() {
        return values.whenFull;
    }

    /** Where append times come from; null: the system's clock. */
    public @Nullable InstantSource clock() {
        return values.clock;
    }

    /** Makes the log's own threads; null: daemon threads {@code eventlog-…}. */
    public @Nullable ThreadFactory threadFactory() {
        return values.threadFactory;
    }

    /** Told of errors on the log's own threads. */
    public java.util.function.Consumer<? super Throwable> backgroundErrors() {
        return values.backgroundErrors;
    }

    /** What an open does with files that are not as their writer left them. */
    public Recovery recovery() {
        return values.recovery;
    }

    /** Whether a directory that others may write into is taken. */
    public boolean isInsecureDirectoryAllowed() {
        return values.insecureDirectoryAllowed;
    }

    /** Collects options; {@link #build()} checks them together. <b>Threading:</b> One thread at a time: the caller. */
    public static final class Builder {

        private final @Nullable Path directory;
        private Durability durability = Durability.PROCESS_CRASH;
        private Duration groupWait = Duration.ZERO;
        private int groupBytes = 1 << 20;
        private Duration forceInterval = Duration.ofSeconds(1);
        private long segmentLengthBytes = 256L << 20;
        private int maxEventLengthBytes = 1 << 20;
        private @Nullable Duration retainFor;
        private long retainBytes = Long.MAX_VALUE;
        private int dedupCount = 1 << 16;
        private Duration dedupAge = Duration.ofMinutes(2);
        private long limitBytes = Long.MAX_VALUE;
        private @Nullable WhenFull whenFull;
        private @Nullable InstantSource clock;
        private @Nullable ThreadFactory threadFactory;
        private java.util.function.Consumer<? super Throwable> backgroundErrors = error -> {};
        private Recovery recovery = Recovery.RECOVER;
        private boolean insecureDirectoryAllowed;
        private boolean readOnly;

        private Builder(@Nullable Path directory) {
            this.directory = directory;
        }

        private Builder(Builder other) {
            directory = other.directory;
            durability = other.durability;
            groupWait = other.groupWait;
            groupBytes = other.groupBytes;
            forceInterval = other.forceInterval;
            segmentLengthBytes = other.segmentLengthBytes;
            maxEventLengthBytes = other.maxEventLengthBytes;
            retainFor = other.retainFor;
            retainBytes = other.retainBytes;
            dedupCount = other.dedupCount;
            dedupAge = other.dedupAge;
            limitBytes = other.limitBytes;
            whenFull = other.whenFull;
            clock = other.clock;
            threadFactory = other.threadFactory;
            backgroundErrors = other.backgroundErrors;
            recovery = other.recovery;
            insecureDirectoryAllowed = other.insecureDirectoryAllowed;
            readOnly = other.readOnly;
        }

        /**
         * Opens a log that is there for reading only: any number of processes may do so, whether or not another one writes
         * it at the time. They see each event once the writer's append has returned, or earlier; a log that its writer
         * opened with {@link Durability#POWER_LOSS} shows only what survives a power cut.
         *
         * <p>Consumers, subscriptions and reads work as in the writing process. Each consumer's name has one owner over all
         * processes, and its checkpoint is the only thing that is written. Appending is refused, and so is
         * {@link EventLog#force()}. A poll that waits looks for new events each millisecond or more often.
         *
         * <p>A writer does not wait for readers of other processes: where its retention prunes what one is reading, that
         * reader gets a {@link dev.eventlog.error.PositionExpiredException}, also in the midst of a segment.
         *
         * <p>Options of appending and segments have no effect; those of retention are refused.
         */
        public Builder readOnly() {
            this.readOnly = true;
            return this;
        }

        /**
         * What events survive once an append returned. Default: {@link Durability#PROCESS_CRASH}. Consumers of a log with
         * {@link Durability#POWER_LOSS} see only what survives a power cut. In memory it makes no difference.
         */
        public Builder durability(Durability durability) {
            this.durability = Objects.requireNonNull(durability, "durability");
            return this;
        }

        /**
         * How appends that must survive a power cut are gathered: one force serves all that arrived before it began, and
         * those that arrive meanwhile are the next group. Waiting longer makes groups greater, which pays where forces are
         * slow and threads many. Default: no wait, 1 MiB.
         *
         * @param wait 0 to 2 ms before a force
         * @param bytes 1 or more: so many waiting bytes are forced at once
         */
        public Builder groupCommit(Duration wait, int bytes) {
            this.groupWait = Objects.requireNonNull(wait, "wait");
            this.groupBytes = bytes;
            return this;
        }

        /**
         * How often what was appended is forced to the disk in the background: the most that a power cut can take.
         * Default: 1 s, at most a day. Zero: only at {@link EventLog#force()} and close.
         */
        public Builder forceInterval(Duration forceInterval) {
            this.forceInterval = Objects.requireNonNull(forceInterval, "forceInterval");
            return this;
        }

        /**
         * Length at which the next segment file is begun. Default: 256 MiB.
         *
         * @param segmentLengthBytes 1 MiB to 1 GiB, and at least 8 times {@link #maxEventLengthBytes}
         */
        public Builder segmentLengthBytes(long segmentLengthBytes) {
            this.segmentLengthBytes = segmentLengthBytes;
            return this;
        }

        /**
         * Greatest length of an event: payload, key, id and metadata together. Default: 1 MiB. The events of one
         * {@link Producer#appendAll} together may take an eighth of a segment.
         *
         * @param maxEventLengthBytes 1 to 64 MiB
         */
        public Builder maxEventLengthBytes(int maxEventLengthBytes) {
            this.maxEventLengthBytes = maxEventLengthBytes;
            return this;
        }

        /**
         * How long events are kept at least; older ones are pruned. Default: for ever.
         *
         * <p>Pruning takes whole segments, the oldest first, once all their events are old enough; the segment that is
         * being written stays, however old it is. So does everything from the first event on that stands on a list of
         * parked events. It happens when a log is opened, when a segment is full, and about each second; each time
         * {@link EventLog#firstPosition()} moves and the segment's files are deleted. A consumer that has not read them
         * gets a {@link dev.eventlog.error.PositionExpiredException}.
         *
         * <p>A clock that is wrong prunes too late rather than too early. Time that passed while nobody had the log open,
         * and a step forward of the system's clock by more than a minute, count only when the log has been open for this
         * long since; a step of a clock given with {@link #clock} counts at once. An append time that contradicts the
         * order of the log, or lies ahead of the clock, is not believed: that segment is as young as the next one with a
         * time that can be right.
         *
         * @param retainFor above 0
         */
        public Builder retainFor(Duration retainFor) {
            this.retainFor = Objects.requireNonNull(retainFor, "retainFor");
            return this;
        }

        /**
         * How many bytes of the log are kept at most, those of the segment that is being written included; older events
         * are pruned as for {@link #retainFor}, with the same exceptions. Default: all. The files may take a few MiB more,
         * which are allocated ahead, and as much as is appended in a second. With {@link #retainFor}: what either of the
         * two no longer keeps is pruned.
         *
         * @param retainBytes 1 or more
         */
        public Builder retainBytes(long retainBytes) {
            this.retainBytes = retainBytes;
            return this;
        }

        /**
         * How long the log remembers the ids that events were given ({@link NewEvent#withId}): so many that were appended
         * last, as long as they are not older than this. Default: 65,536 ids, 2 minutes. An event with an id that is
         * remembered is not appended again; see {@link Producer}. Choose it longer than the time after which a program still
         * repeats an append. A copy of an event whose id the log made itself is known by age alone.
         *
         * <p>Ids are remembered over a restart: the first append with an id reads those at the end of the log, up to the
         * count and the age. Age is told by append times and the log's clock; if that is set forward, ids are forgotten
         * earlier. 48 bytes of memory for each id, taken as they come; none without ids.
         *
         * @param count 0 to 16,777,216; 0: none is remembered, events with the same id are appended again and again
         * @param age above 0 to 365 days; with a count of 0 it does not matter
         */
        public Builder dedupWindow(int count, Duration age) {
            this.dedupCount = count;
            this.dedupAge = Objects.requireNonNull(age, "age");
            return this;
        }

        /**
         * How many bytes the log takes at most, and what an append does that finds no room. Default: no limit.
         *
         * <p>What goes when the limit is near: with {@link WhenFull#BLOCK} and {@link WhenFull#FAIL} whole segments that all
         * {@link ConsumerConfig.Builder#required} consumers have handled, the oldest first, and no more than is needed; and
         * nothing while no consumer is required, but what {@link #retainFor} and {@link #retainBytes} prune. With
         * {@link WhenFull#DROP_OLDEST} the oldest segments, whoever has read them. What a required consumer has not handled
         * and what is parked never goes.
         *
         * <p>Room for half a segment is made ahead. The files may take a few MiB more, which are allocated ahead, and those of
         * a pruned segment as long as it is being read. A handler that appends to the log that waits for it waits for itself:
         * take {@link WhenFull#FAIL} there.
         *
         * @param bytes at least 2 times {@link #segmentLengthBytes}, and not below {@link #retainBytes}
         */
        public Builder limit(long bytes, WhenFull whenFull) {
            this.limitBytes = bytes;
            this.whenFull = Objects.requireNonNull(whenFull, "whenFull");
            return this;
        }

        /**
         * Where append times come from, and the time of {@link ConsumerConfig.Builder#pace}. Default: the system's clock.
         * Steps are coped with. Waiting and the back-off between attempts follow the machine's time all the same.
         */
        public Builder clock(InstantSource clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /** Makes the log's own threads. Default: daemon threads {@code eventlog-…}. Do not interrupt them. */
        public Builder threadFactory(ThreadFactory threadFactory) {
            this.threadFactory = Objects.requireNonNull(threadFactory, "threadFactory");
            return this;
        }

        /**
         * Told of errors on the log's own threads, one after the other on a thread {@code eventlog-errors}, where it may
         * use the log and close it; who else closes the log waits until all that waits is told. They are logged in any case;
         * while 16 wait, further ones are only logged. Also told,
         * with a {@link dev.eventlog.error.PositionExpiredException}, of each consumer whose next event retention pruned.
         */
        public Builder backgroundErrors(java.util.function.Consumer<? super Throwable> backgroundErrors) {
            this.backgroundErrors = Objects.requireNonNull(backgroundErrors, "backgroundErrors");
            return this;
        }

        /**
         * What an open does with files that are not as their writer left them. Default: {@link Recovery#RECOVER}. In memory
         * it makes no difference.
         */
        public Builder recovery(Recovery recovery) {
            this.recovery = Objects.requireNonNull(recovery, "recovery");
            return this;
        }

        /**
         * Takes a directory that belongs to another user or that everyone may write into, which is refused otherwise:
         * who can write into the directory can change the events.
         */
        public Builder allowInsecureDirectory() {
            this.insecureDirectoryAllowed = true;
            return this;
        }

        /**
         * The configuration.
         *
         * @throws IllegalArgumentException naming all problems at once
         */
        public EventLogConfig build() {
            var problems = new Problems("EventLogConfig");
            problems.check(
                    !groupWait.isNegative() && groupWait.compareTo(Duration.ofMillis(2)) <= 0,
                    "groupCommit wait=" + groupWait + " is not in 0..2 ms");
            problems.check(groupBytes >= 1, "groupCommit bytes=" + groupBytes + " is below 1");
            problems.check(
                    !forceInterval.isNegative() && forceInterval.compareTo(Duration.ofDays(1)) <= 0,
                    "forceInterval=" + forceInterval + " is not in 0..1 day");
            problems.check(
                    segmentLengthBytes >= 1 << 20 && segmentLengthBytes <= 1 << 30,
                    "segmentLengthBytes=" + segmentLengthBytes + " is not in 1 MiB..1 GiB");
            problems.check(
                    maxEventLengthBytes >= 1 && maxEventLengthBytes <= 64 << 20,
                    "maxEventLengthBytes=" + maxEventLengthBytes + " is not in 1..64 MiB");
            problems.check(
                    retainFor == null || (!retainFor.isNegative() && !retainFor.isZero()),
                    "retainFor=" + retainFor + " is not above 0");
            problems.check(retainBytes >= 1, "retainBytes=" + retainBytes + " is below 1");
            problems.check(
                    dedupCount >= 0 && dedupCount <= 1 << 24,
                    "dedupWindow count=" + dedupCount + " is not in 0..16,777,216");
            problems.check(
                    dedupCount == 0
                            || (!dedupAge.isNegative()
                                    && !dedupAge.isZero()
                                    && dedupAge.compareTo(Duration.ofDays(365)) <= 0),
                    "dedupWindow age=" + dedupAge
                            + " is not above 0 and up to 365 days; to remember no ids, give count 0");
            problems.check(!readOnly || directory != null, "readOnly needs a directory, memory has no other process");
            problems.check(
                    !readOnly || (retainFor == null && retainBytes == Long.MAX_VALUE),
                    "retainFor and retainBytes are for the process that writes, not with readOnly");
            problems.check(
                    !readOnly || recovery == Recovery.RECOVER,
                    "recovery=" + recovery + " is for an open that nobody writes beside, not with readOnly");
            problems.check(
                    whenFull == null || limitBytes / 2 >= segmentLengthBytes,
                    "limit=" + limitBytes + " is below 2 * segmentLengthBytes=" + 2 * segmentLengthBytes);
            problems.check(
                    whenFull == null || retainBytes == Long.MAX_VALUE || retainBytes <= limitBytes,
                    "retainBytes=" + retainBytes + " is above limit=" + limitBytes + ", which prunes before that");
            problems.check(
                    whenFull == null || (!readOnly && recovery != Recovery.SALVAGE),
                    "limit is for the process that appends, not with readOnly or recovery=SALVAGE");
            problems.check(
                    recovery != Recovery.SALVAGE || (retainFor == null && retainBytes == Long.MAX_VALUE),
                    "retainFor and retainBytes delete files, and recovery=SALVAGE changes none");
            problems.check(
                    segmentLengthBytes / 8 >= maxEventLengthBytes,
                    "segmentLengthBytes=" + segmentLengthBytes + " is below 8 * maxEventLengthBytes="
                            + 8L * maxEventLengthBytes);
            problems.throwIfAny();
            return new EventLogConfig(new Builder(this));
        }
    }
}
