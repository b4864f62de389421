package dev.eventlog.internal.cursor;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.EventLogException;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.inspection.Traces;
import dev.eventlog.internal.journal.ReadJournal;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Names;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of a log's consumers by name, each with one owner at a time over all processes.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public abstract sealed class Cursors implements AutoCloseable permits FileCursors, MemoryCursors {

    private static final Logger LOGGER = LoggerFactory.getLogger(Cursors.class);

    /** Most consumers of a log. */
    static final int MAX_CONSUMERS = 10_000;

    private final Clock clock;
    private final Map<String, Owned> owned = new ConcurrentHashMap<>();
    // on the I/O thread: checkpoints of consumers at which they were told to be overtaken by retention
    private final Map<String, Long> overtaken = new HashMap<>();

    Cursors(Clock clock) {
        this.clock = clock;
    }

    /** An open cursor and who opened it. */
    private record Owned(String owner, @Nullable Cursor cursor) {}

    /**
     * What is kept of a consumer.
     *
     * @param name its name, or that of its file where the name is lost
     * @param checkpoint {@link Cursor#NONE} if it has none, or it cannot be read
     * @param isRequired whether the log keeps events from the checkpoint on
     * @param damage why the checkpoint cannot be read; null if it can
     */
    public record Stored(
            String name,
            long checkpoint,
            boolean isRequired,
            @Nullable EventLogException damage) {}

    /** The cursors of a journal: beside it on disk, or in memory. */
    public static Cursors open(ReadJournal journal, FileOps files, IoThread io) {
        return journal.directory() == null ? new MemoryCursors(journal, io) : new FileCursors(journal, files, io);
    }

    /** Cursors that end with the journal, whether or not that is on disk. */
    public static Cursors inMemory(ReadJournal journal, IoThread io) {
        return new MemoryCursors(journal, io);
    }

    /** What the files of consumers tell of the log that they are of: checkpoints and lists of parked events. */
    public static List<Traces.Trace> traces(Path directory, FileOps files) throws IOException {
        return CursorTraces.find(directory, files);
    }

    /**
     * Replaces a checkpoint that cannot be read by one at a position, durably. The log must be open in this process, and the
     * consumer not.
     *
     * @param file its file
     * @param epoch a writer's that left events up to the position at least
     * @return false if nothing tells which consumer it is
     */
    public static boolean reset(Path file, UUID logId, int epoch, long position, FileOps files) throws IOException {
        return FileCursors.resetTo(file, logId, epoch, position, files);
    }

    /**
     * Opens a consumer's cursor.
     *
     * @throws LockedException if it is open already, in whichever process
     * @throws CorruptLogException if its checkpoint is damaged, or beyond the end of the log
     */
    public Cursor open(String name) {
        Names.check("consumer", name);
        String owner = clock.whoAndWhen();
        Owned present = owned.putIfAbsent(name, new Owned(owner, null));
        if (present != null) {
            throw new LockedException(
                    "consumer is open already: name=" + name + " owner=" + present.owner()
                            + "; close it first, or give each consumer a name of its own",
                    present.owner());
        }
        boolean opened = false;
        try {
            Cursor cursor = load(name, () -> owned.remove(name));
            owned.put(name, new Owned(owner, cursor));
            opened = true;
            return cursor;
        } finally {
            if (!opened) {
                owned.remove(name);
            }
        }
    }

    /** Who has a consumer open, in whichever process; null if nobody. */
    public @Nullable String owner(String name) {
        Owned present = owned.get(name);
        return present == null ? ownerElsewhere(name) : present.owner();
    }

    /** What is kept of a consumer, open or not. */
    public Stored stored(String name) {
        Stored open = open(owned.get(name));
        return open != null ? open : read(name);
    }

    /** What is kept of each consumer, ordered by name; damaged ones too. */
    public List<Stored> all() {
        return list().stream()
                .map(each -> Objects.requireNonNullElse(open(owned.get(each.name())), each))
                .sorted(Comparator.comparing(Stored::name))
                .toList();
    }

    private @Nullable Stored open(@Nullable Owned present) {
        Cursor cursor = present == null ? null : present.cursor();
        return cursor == null ? null : new Stored(cursor.name(), cursor.checkpoint(), cursor.isRequired(), null);
    }

    /**
     * Lets the log keep events from the checkpoint of a consumer on that was just opened, until it is forgotten. As long as it
     * has no checkpoint, all of them.
     */
    public abstract void require(Cursor cursor);

    /** Names of all consumers that have a cursor, ordered. */
    public List<String> names() {
        return all().stream().map(Stored::name).toList();
    }

    /**
     * Deletes what is kept of a consumer.
     *
     * @throws IllegalStateException if it is open
     * @throws IllegalArgumentException if there is nothing
     */
    public void forget(String name) {
        Names.check("consumer", name);
        Owned present = owned.putIfAbsent(name, new Owned("forget", null));
        if (present != null) {
            throw new IllegalStateException(
                    "consumer is open: name=" + name + " owner=" + present.owner() + "; close it first");
        }
        try {
            if (!delete(name)) {
                throw new IllegalArgumentException("no such consumer: name=" + name + "; there are " + names());
            }
        } finally {
            owned.remove(name);
        }
    }

    /** Whether a consumer has a cursor. */
    public abstract boolean has(String name);

    /**
     * Keeps other processes from a consumer, though it is not opened here: for who reads what it parked.
     *
     * @throws LockedException if one has it
     */
    public abstract void hold(String name);

    /** Ends {@link #hold}. */
    public abstract void free(String name);

    /** Who has a consumer that is not open here; null if nobody. */
    abstract @Nullable String ownerElsewhere(String name);

    /**
     * Number of a consumer's parked events, whoever has it.
     *
     * @throws CorruptLogException if the list is damaged or lost, or ahead of the log
     */
    public abstract int parkedCount(String name);

    /**
     * The list of the parked events of a consumer that is open or held; the same one for all who ask.
     *
     * @throws CorruptLogException if it is damaged or lost, or ahead of the log
     */
    public abstract ParkedList parked(String name);

    /**
     * What the consumers need of the log, whatever its retention says: from the first event on that is parked, and from the
     * least checkpoint of the required ones. Everything, where a file cannot be read. On the I/O thread, takes no lock.
     */
    public abstract ReadJournal.Needs needs();

    /**
     * Tells of each consumer whose next event was pruned, once until it has moved on. On the I/O thread.
     *
     * @param firstPosition of the oldest event that is kept
     * @param errors where it is told, besides the log
     */
    public void pruned(long firstPosition, Consumer<? super Throwable> errors) {
        for (Stored each : all()) {
            boolean isBehind = each.checkpoint() != Cursor.NONE && each.checkpoint() < firstPosition;
            if (!isBehind) {
                overtaken.remove(each.name());
            } else if (!Objects.equals(overtaken.put(each.name(), each.checkpoint()), each.checkpoint())) {
                var expired = new PositionExpiredException(
                        "retention pruned events that a consumer has not handled: consumer=" + each.name()
                                + " checkpoint=" + each.checkpoint() + " firstPosition=" + firstPosition
                                + "; let it keep up, or keep events longer",
                        each.checkpoint(),
                        firstPosition);
                LOGGER.warn(expired.getMessage());
                errors.accept(expired);
            }
        }
    }

    /** Makes the checkpoints survive a power cut as they are now. */
    public abstract void force();

    /** Loads or creates a cursor whose name is owned. */
    abstract Cursor load(String name, Runnable onClose);

    /** What is kept of a consumer that is not open. */
    abstract Stored read(String name);

    /** What is kept of each consumer. */
    abstract List<Stored> list();

    abstract boolean delete(String name);

    @Override
    public abstract void close();
}
