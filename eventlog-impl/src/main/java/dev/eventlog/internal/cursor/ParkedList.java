package dev.eventlog.internal.cursor;

import dev.eventlog.internal.cursor.ParkedDescriptor.Entry;
import java.util.Collection;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The positions of the events that a subscription parked and nobody took off the list yet. The events themselves stay in
 * the log. On disk each change is forced before the call returns, so that the checkpoint never passes an event that is
 * neither handled nor on the list; it writes the whole list, 160 KiB at most.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public final class ParkedList {

    /** Most parked events of one consumer. */
    public static final int MAX_EVENTS = 10_000;

    private final @Nullable ParkedFile file;
    // guarded by this
    private @Nullable NavigableMap<Long, Entry> entries;
    // written under this, read by any thread; published by volatile
    private volatile int version;

    ParkedList(@Nullable ParkedFile file) {
        this.file = file;
    }

    /** Reads the list, if that was not done before. */
    synchronized NavigableMap<Long, Entry> load() {
        NavigableMap<Long, Entry> known = entries;
        if (known == null) {
            known = file == null ? new TreeMap<>() : file.load();
            entries = known;
        }
        return known;
    }

    /**
     * Puts an event on the list; does nothing if it is there.
     *
     * @return the {@link #version} afterwards
     * @throws IllegalStateException if the list is full
     */
    public synchronized int park(long position, int attempts) {
        NavigableMap<Long, Entry> known = load();
        if (known.containsKey(position)) {
            return version;
        }
        if (known.size() >= MAX_EVENTS) {
            throw new IllegalStateException("list of parked events is full: count=" + known.size() + " position="
                    + position + "; read it with ConsumerConfig.parkedBy and commit");
        }
        known.put(position, new Entry(file == null ? 0 : file.epoch(), attempts));
        boolean written = false;
        try {
            write(known);
            written = true;
        } finally {
            if (!written) {
                known.remove(position);
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
        version++;
    }

    private void write(NavigableMap<Long, Entry> changed) {
        if (file != null) {
            file.replace(changed);
        }
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

    /** Number of parked events. */
    public synchronized int count() {
        return load().size();
    }
}
