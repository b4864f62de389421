package dev.eventlog.internal.cursor;

import java.util.Collection;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The positions of the events that a subscription parked and nobody took off the list yet. The events themselves stay in
 * the log. On disk each change is forced before the call returns, so that the checkpoint never passes an event that is
 * neither handled nor on the list.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public final class ParkedList {

    /** Most parked events of one consumer. */
    public static final int MAX_EVENTS = 10_000;

    private final @Nullable ParkedFile file;
    // guarded by this
    private @Nullable NavigableSet<Long> positions;
    // written under this, read by any thread; published by volatile
    private volatile int version;

    ParkedList(@Nullable ParkedFile file) {
        this.file = file;
    }

    private NavigableSet<Long> loaded() {
        NavigableSet<Long> known = positions;
        if (known == null) {
            known = file == null ? new TreeSet<>() : file.load();
            positions = known;
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
        NavigableSet<Long> known = loaded();
        if (known.contains(position)) {
            return version;
        }
        if (known.size() >= MAX_EVENTS) {
            throw new IllegalStateException("list of parked events is full: count=" + known.size() + " position="
                    + position + "; read it with ConsumerConfig.parkedBy and commit");
        }
        if (file != null) {
            file.park(position, attempts);
        }
        known.add(position);
        version++;
        return version;
    }

    /** Takes events off the list. */
    public synchronized void release(Collection<Long> released) {
        var left = new TreeSet<>(loaded());
        left.removeAll(released);
        if (file != null) {
            file.release(released, left);
        }
        positions = left;
        version++;
    }

    /** Counts changes of the list. */
    public int version() {
        return version;
    }

    /** The first parked position from one on; -1 if there is none. */
    public synchronized long next(long from) {
        Long found = loaded().ceiling(from);
        return found == null ? -1 : found;
    }

    /** Whether an event is on the list. */
    public synchronized boolean contains(long position) {
        return loaded().contains(position);
    }

    /** Number of parked events. */
    public synchronized int count() {
        return loaded().size();
    }
}
