package dev.eventlog.internal.journal;

import dev.eventlog.Codec;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.inspection.InspectOptions;
import dev.eventlog.internal.inspection.Inspected;
import dev.eventlog.internal.inspection.Traces;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What can be read of a log: its segments, how far they can be read, and the names of types and sources. A {@link Journal}
 * also writes them; a reading process follows what another process writes.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public abstract sealed class ReadJournal implements AutoCloseable permits Journal, FollowedJournal {

    private final Clock clock;
    private final UUID logId;
    private final @Nullable Path directory;
    private final Dictionary dictionary;
    private final SegmentList segments;
    private final int seed;

    /**
     * What a log is, for whoever reads it.
     *
     * @param logId identity of the log
     * @param directory real path; null in memory
     * @param dictionary schemas and sources
     */
    record Identity(UUID logId, @Nullable Path directory, Dictionary dictionary) {}

    /**
     * How far a consumer has come whose outputs are in a log.
     *
     * @param logId the log that it reads
     * @param consumer its name
     * @param checkpoint position of the first event whose outputs are not there
     * @param epoch of the writer of the log that it reads, when the outputs were appended
     * @param generation how often the consumer was moved by a seek until then
     */
    public record Progress(UUID logId, String consumer, long checkpoint, int epoch, int generation) {}

    /**
     * What consumers need of the log, whatever its retention says.
     *
     * @param position from which on events must stay; {@link Long#MAX_VALUE}: none must
     * @param isAnyRequired whether some consumer is required: then nobody needs what is below the position
     * @param who needs the event at the position, for messages
     */
    public record Needs(long position, boolean isAnyRequired, String who) {

        /** Nobody needs anything. */
        public static final Needs NONE = new Needs(Long.MAX_VALUE, false, "nobody");

        /** Events from a position on are needed. */
        public static Needs of(long position, String who) {
            return new Needs(position, false, who);
        }

        /** A required consumer needs events from a position on. */
        public static Needs required(long position, String who) {
            return new Needs(position, true, who);
        }

        /** All events are needed, for what is needed cannot be read. */
        public static Needs everything(String who) {
            return new Needs(0, false, who);
        }

        /** What these and others need. */
        public Needs and(Needs other) {
            Needs first = other.position < position ? other : this;
            return new Needs(first.position, isAnyRequired || other.isAnyRequired, first.who);
        }
    }

    ReadJournal(Identity identity, SegmentList segments, Clock clock) {
        this.clock = clock;
        this.segments = segments;
        logId = identity.logId();
        directory = identity.directory();
        dictionary = identity.dictionary();
        seed = FrameBuilder.seed(logId);
    }

    /**
     * Opens the log in a directory for reading, beside the process that writes it, if one does. Takes no lock, and opens
     * no file that the writer holds locked: the close of such a file would free the lock of a writer in this JVM.
     */
    public static ReadJournal follow(EventLogConfig config, FileOps files, Clock clock, IoThread io) {
        return FollowedJournal.open(config, files, clock, io);
    }

    /**
     * Looks at the files of a log that may be open, without its lock. Changes nothing.
     *
     * @param traces asked for what files besides the journal's tell
     * @throws IOException if there is no such directory, or a file cannot be read
     * @throws dev.eventlog.error.CorruptLogException if nothing tells which log it is
     */
    public static Inspected inspect(Path directory, InspectOptions options, Traces traces, FileOps files)
            throws IOException {
        return new Inspection(LogDirectory.existing(directory, true, files), options, traces, files).run(null);
    }

    /**
     * Copies a log as it is at some moment after the call begins, with its consumers. What is copied is read in full.
     *
     * @param target must not exist
     * @param progress told the bytes that were read so far
     * @return what was copied; damage is copied too
     */
    public static Inspected copy(Path directory, Path target, LongConsumer progress, Traces traces, FileOps files)
            throws IOException {
        return new LogCopy(LogDirectory.existing(directory, true, files), target, progress, traces, files).run();
    }

    /** Where the log's times come from. */
    public final Clock clock() {
        return clock;
    }

    /** Identity of the log. */
    public final UUID id() {
        return logId;
    }

    /** The log's directory; null in memory. */
    public final @Nullable Path directory() {
        return directory;
    }

    /** The newest writer's epoch. */
    public abstract int epoch();

    /** Position behind the last event that a writer's epoch left; -1 if it is yet to come. */
    public abstract long epochEnd(int number);

    /** Whether the machine was started anew after an epoch, or the log is a copy: then events of it may be missing here. */
    public abstract boolean isRestartedSince(int number);

    /** Position of the oldest event that is kept. */
    public abstract long firstPosition();

    /** Where the next event goes. What is below can be read as far as {@link #readablePosition()} says. */
    public abstract long endPosition();

    /** Everything below survives a power cut. */
    public abstract long durablePosition();

    /** Everything below can be read: all that was appended, or all that is durable where the log promises that. */
    public abstract long readablePosition();

    /**
     * What the log's frames tell of a consumer of this log; null if nothing is known here.
     */
    public @Nullable Progress progress(String consumer) {
        return null;
    }

    /** Whether the log may cease to keep events. */
    public abstract boolean isPruning();

    /** Whether it was closed. */
    public abstract boolean isClosed();

    /** Looks now at what other processes have done; what is not looked at is a few hundredths of a second old. */
    public void refresh() {
        // nobody but this process changes the log
    }

    /**
     * Makes sure that an event which was just recorded as needed, by a file that pruning looks at, is kept and stays so.
     *
     * @throws PositionExpiredException if it is not
     */
    public void confirmKept(long position) {
        requireKept(position);
    }

    /**
     * Waits until a process that is about to prune above a position has done so, or has seen what was recorded as needed
     * before this call. Which is the case at once where this process prunes, on the I/O thread. A process that takes ten
     * seconds is taken for dead and not waited for again, with a warning: should it live, it may prune what is needed here.
     */
    public void awaitPruning(long position) {
        // it is this process that prunes
    }

    /**
     * Waits until a condition holds that changes with appends, or with {@link #wake()}.
     *
     * @return whether it holds; false also if interrupted, with the flag kept
     */
    public abstract boolean await(BooleanSupplier condition, long nanos);

    /**
     * The same without an end. In the writing process the wait costs nothing: the condition is looked at when something is
     * appended or somebody calls {@link #wake()}.
     *
     * @return false if interrupted, with the flag kept
     */
    public boolean await(BooleanSupplier condition) {
        return await(condition, Long.MAX_VALUE / 2);
    }

    /** Lets waiting threads look at their conditions. */
    public abstract void wake();

    /**
     * Whether the log goes on in a later segment at a position where a reader finds nothing right in this one.
     *
     * @param wanted the position that is looked for, which may be behind it
     * @throws PositionExpiredException if that is no longer kept
     */
    boolean goesOn(Segment segment, long position, long wanted) {
        // segments are known before the end position that needs them
        return false;
    }

    /** Whether there is a segment for a position below the end, where none was known. */
    boolean appears(long position) {
        return false;
    }

    /** Where a segment ends that is being written, exact to what was published. */
    abstract long openEndOffset(Segment segment);

    /** Called where a number stands for nothing that is known; may find out more. */
    void learn() {
        // names are known before the events that use them
    }

    /**
     * Fails if a position is no longer kept.
     *
     * @throws PositionExpiredException then
     */
    public final void requireKept(long position) {
        long first = firstPosition();
        if (position < first) {
            throw expired(position, first);
        }
    }

    final PositionExpiredException expired(long position, long first) {
        return new PositionExpiredException(
                "events are no longer kept: position=" + position + " firstPosition=" + first + place()
                        + "; retention pruned them. Go on with the oldest event that is kept, seek(StartAt.earliest())"
                        + " and commit, and keep events longer if none may be missed",
                position,
                first);
    }

    /** The log's place, as the end of a sentence. */
    final String place() {
        return directory == null ? " (in memory)" : ": directory=" + directory;
    }

    /** A reader that stands at the first position. */
    public final JournalReader newReader() {
        return new JournalReader(this, seed, false);
    }

    /** One that also shows what others may not read yet: for who decides whether to append. */
    public final JournalReader newReaderOfAll() {
        return new JournalReader(this, seed, true);
    }

    /** Position of the first readable event appended at a time or later; the readable end as of now if there is none. */
    public final long positionAt(long appendTimeNanos) {
        // before the search: what becomes readable meanwhile may match
        long end = readablePosition();
        // behind it: all segments with events before the end are known then
        refresh();
        JournalReader reader = newReader();
        try {
            long found = reader.positionAt(appendTimeNanos);
            return found < 0 ? end : found;
        } finally {
            reader.leave();
        }
    }

    /** Bytes of the log from a position to the end, exact to the spacing of the sparse index. */
    public final long lengthFrom(long position) {
        long length = segments.lengthFrom(position, this::openEndOffset);
        return position >= endPosition() ? 0 : length;
    }

    /** The schema with a number; null if none has it. */
    public final Codec.@Nullable Schema schema(int number) {
        Codec.Schema known = dictionary.schema(number);
        if (known == null) {
            learn();
            known = dictionary.schema(number);
        }
        return known;
    }

    /** The source with a number; null if none has it. */
    public final @Nullable String source(int number) {
        String known = dictionary.source(number);
        if (known == null) {
            learn();
            known = dictionary.source(number);
        }
        return known;
    }

    /** Schemas and sources. */
    final Dictionary dictionary() {
        return dictionary;
    }

    /** The segments. */
    final SegmentList segments() {
        return segments;
    }

    /** Seed of the log's frames. */
    final int seed() {
        return seed;
    }

    /** Frees everything. Idempotent. */
    @Override
    public abstract void close();
}
