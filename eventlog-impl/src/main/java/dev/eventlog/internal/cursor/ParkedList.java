package dev.eventlog.internal.cursor;

import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.cursor.ParkedDescriptor.Entry;
import java.util.Collection;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The positions of the events that a subscription parked and nobody took off the list yet. The events themselves stay in
 * the log: {@link #first} keeps them from being pruned. On disk each change is forced before the call returns, so that the
 * checkpoint never passes an event that is neither handled nor on the list; it writes the whole list, 2 MiB at most.
 *
 * <p>An event is pruned or parked, not both: pruning looks at {@link #first} on the I/O thread, which is raised before the
 * event is written there, and where the event is pruned already the writing refuses it.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public final class ParkedList {

    /** Most parked events of one consumer. */
    public static final int MAX_EVENTS = 10_000;

    /** What {@link #first()} says of a list without events. */
    static final long NONE = Long.MAX_VALUE;

    /** What {@link #first()} says of a list that was not read yet: its file is as it was. */
    static final long UNKNOWN = -1;

    private final @Nullable ParkedFile file;
    private final LongConsumer requireKept;
    // guarded by this
    private @Nullable NavigableMap<Long, Entry> entries;
    // written under this, read by any thread; published by volatile
    private volatile int version;
    // written under this, read by the I/O thread, which must not wait for a change that waits for it; published by
    // volatile
    private volatile long first = UNKNOWN;

    /** A list in a file. */
    ParkedList(ParkedFile file) {
        this.file = file;
        // the file does it, together with the writing
        requireKept = position -> {};
    }

    /**
     * A list in memory.
     *
     * @param requireKept fails if a position was pruned, judged where nothing is being pruned meanwhile
     */
    ParkedList(LongConsumer requireKept) {
        file = null;
        this.requireKept = requireKept;
    }

    /** Reads the list, if that was not done before. */
    synchronized NavigableMap<Long, Entry> load() {
        NavigableMap<Long, Entry> known = entries;
        if (known == null) {
            known = file == null ? new TreeMap<>() : file.load();
            entries = known;
            first = firstOf(known);
        }
        return known;
    }

    /**
     * Puts an event on the list; does nothing if it is there.
     *
     * @param attempts that it had
     * @param why the last of them failed; null if it had none
     * @return the {@link #version} afterwards
     * @throws IllegalStateException if the list is full
     * @throws PositionExpiredException if the event is no longer kept
     */
    public synchronized int park(long position, int attempts, @Nullable Throwable why) {
        NavigableMap<Long, Entry> known = load();
        if (known.containsKey(position)) {
            return version;
        }
        if (known.size() >= MAX_EVENTS) {
            throw new IllegalStateException("list of parked events is full: count=" + known.size() + " position="
                    + position + "; read it with ConsumerConfig.parkedBy and commit");
        }
        known.put(position, new Entry(file == null ? 0 : file.epoch(), attempts, ParkedDescriptor.failure(why)));
        first = firstOf(known);
        boolean written = false;
        try {
            requireKept.accept(position);
            write(known);
            written = true;
        } finally {
            if (!written) {
                known.remove(position);
                first = firstOf(known);
            }
        }
        version++;
        return version;
    }

    /** Takes events off the list. */
    public synchronized void release(Collection<Long> released) {
        var left = new TreeMap<>(load());
        left.keySet().removeAll(released);
        write(left);
        entries = left;
        first = firstOf(left);
        version++;
    }

    private void write(NavigableMap<Long, Entry> changed) {
        if (file != null) {
            file.replace(changed);
        }
    }

    private static long firstOf(NavigableMap<Long, Entry> known) {
        return known.isEmpty() ? NONE : known.firstKey();
    }

    /** Position of the first event on the list; {@link #NONE}, or {@link #UNKNOWN}. Takes no lock. */
    long first() {
        return first;
    }

    /** Whether it is known that no event is on the list. Takes no lock. */
    public boolean isEmpty() {
        return first == NONE;
    }

    /** Counts changes of the list. */
    public int version() {
        return version;
    }

    /** The first parked position from one on; -1 if there is none. */
    public synchronized long next(long from) {
        Long found = load().ceilingKey(from);
        return found == null ? -1 : found;
    }

    /** Whether an event is on the list. */
    public synchronized boolean contains(long position) {
        return load().containsKey(position);
    }

    /** How many attempts an event had before it was parked; 0: none, or it is not on the list. */
    public synchronized int attempts(long position) {
        Entry entry = load().get(position);
        return entry == null ? 0 : entry.attempts();
    }

    /**
     * What the last attempt at an event failed of before it was parked, the first {@value
     * ParkedDescriptor#MAX_FAILURE_LENGTH} bytes of it; null if it had none, or is not on the list.
     */
    public synchronized @Nullable String failure(long position) {
        Entry entry = load().get(position);
        return entry == null || entry.failure().isEmpty() ? null : entry.failure();
    }

    /** Number of parked events. */
    public synchronized int count() {
        return load().size();
    }
}
