package dev.eventlog.internal.cursor;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.LockedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Names;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoints of a log's consumers by name, each with one owner at a time.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public abstract sealed class Cursors implements AutoCloseable permits FileCursors, MemoryCursors {

    /** Most consumers of a log. */
    static final int MAX_CONSUMERS = 10_000;

    private final Clock clock;
    private final Map<String, Owned> owned = new ConcurrentHashMap<>();

    Cursors(Clock clock) {
        this.clock = clock;
    }

    /** An open cursor and who opened it. */
    private record Owned(String owner, @Nullable Cursor cursor) {}

    /** The cursors of a journal: beside it on disk, or in memory. */
    public static Cursors open(Journal journal, FileOps files, IoThread io) {
        return journal.directory() == null ? new MemoryCursors(journal.clock()) : new FileCursors(journal, files, io);
    }

    /** What the files of consumers tell of the log that they are of: checkpoints and lists of parked events. */
    public static List<Journal.Trace> traces(Path directory, FileOps files) throws IOException {
        return CursorTraces.find(directory, files);
    }

    /**
     * Opens a consumer's cursor.
     *
     * @throws LockedException if it is open already
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

    /** Who has a consumer open; null if nobody. */
    public @Nullable String owner(String name) {
        Owned present = owned.get(name);
        return present == null ? null : present.owner();
    }

    /** The checkpoint of a consumer, open or not; {@link Cursor#NONE} if it has none. */
    public long checkpoint(String name) {
        Owned present = owned.get(name);
        return present != null && present.cursor() != null ? present.cursor().checkpoint() : stored(name);
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

    /** Names of all consumers that have a cursor, ordered. */
    public abstract List<String> names();

    /** The list of a consumer's parked events; the same one for all who ask while it is in use. */
    public abstract ParkedList parked(String name);

    /** Makes the checkpoints survive a power cut as they are now. */
    public abstract void force();

    /** Loads or creates a cursor whose name is owned. */
    abstract Cursor load(String name, Runnable onClose);

    abstract long stored(String name);

    abstract boolean delete(String name);

    @Override
    public abstract void close();
}
