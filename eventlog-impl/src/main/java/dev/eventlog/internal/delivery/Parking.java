package dev.eventlog.internal.delivery;

import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.cursor.ParkedList;
import dev.eventlog.internal.frame.FrameView;
import dev.eventlog.internal.journal.JournalReader;
import dev.eventlog.internal.journal.ReadJournal;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a subscription needs to know of its parked events: which keys must wait behind one. Follows the list as others
 * take events off it.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class Parking {

    private final @Nullable ParkedList list;
    private final @Nullable JournalReader reader;
    private final Set<String> keys = new HashSet<>();
    // of the list that the keys are of; -1: of none
    private int version = -1;
    // guarded by the list: nothing is parked by who has it no more
    private boolean closed;

    private Parking() {
        list = null;
        reader = null;
    }

    Parking(ParkedList list, ReadJournal journal) {
        this.list = list;
        reader = journal.newReader();
    }

    /** For a subscription without a name, which has no place to park. */
    static Parking none() {
        return new Parking();
    }

    boolean isPossible() {
        return list != null;
    }

    /** Whether an event is parked already, or must wait behind a parked one of its key. */
    synchronized boolean isBlocked(long position, @Nullable String key) {
        if (list == null) {
            return false;
        }
        if (list.version() != version) {
            refresh(list);
        }
        return (key != null && keys.contains(key)) || list.contains(position);
    }

    /**
     * Parks an event that {@link #isBlocked} told of, unless the list has changed since: what it waited behind may be
     * gone, and whoever took it off finds the list as it left it.
     *
     * @return false if the list has changed: look again
     */
    synchronized boolean parkBehind(long position, @Nullable String key) {
        ParkedList known = required(position);
        synchronized (known) {
            if (known.version() != version) {
                return false;
            }
            park(position, key, 0, null);
            return true;
        }
    }

    /**
     * Parks an event that must wait behind a parked one of its key, or is on the list already.
     *
     * @return false if it need not wait
     */
    boolean holdsBack(long position, @Nullable String key) {
        ParkedList known = list;
        // without a lock: each event asks, and hardly ever is anything parked
        return known != null && !known.isEmpty() && parkIfBlocked(position, key);
    }

    private synchronized boolean parkIfBlocked(long position, @Nullable String key) {
        // again only when others took events off the list, which ends
        while (isBlocked(position, key)) {
            if (parkBehind(position, key)) {
                return true;
            }
        }
        return false;
    }

    /** Parks an event, after some attempts, the last of which failed. */
    synchronized void park(long position, @Nullable String key, int attempts, @Nullable Throwable why) {
        ParkedList known = required(position);
        // the list's own lock: what others take off it comes before or behind, and is seen either way
        synchronized (known) {
            if (closed) {
                throw new LogClosedException(
                        "subscription is closed, its event is not parked: position=" + position + "; it comes again");
            }
            boolean current = known.version() == version;
            int now = known.park(position, attempts, why);
            if (current) {
                version = now;
                if (key != null) {
                    keys.add(key);
                }
            }
        }
    }

    /** Parks nothing from here on: whoever opens the consumer next finds the list as it stays. */
    void close() {
        ParkedList known = list;
        if (known != null) {
            synchronized (known) {
                closed = true;
            }
        }
    }

    private ParkedList required(long position) {
        if (list == null) {
            throw new IllegalStateException("a consumer without a name cannot park: position=" + position);
        }
        return list;
    }

    private void refresh(ParkedList changed) {
        // taken up at the end, so that what fails in between is done again; a change meanwhile is seen by the next look
        int seen = changed.version();
        version = -1;
        keys.clear();
        try {
            for (long position = changed.next(0); position >= 0; position = changed.next(position + 1)) {
                String key = keyAt(position);
                if (key != null) {
                    keys.add(key);
                }
            }
        } finally {
            leave();
        }
        version = seen;
    }

    private void leave() {
        JournalReader from = reader;
        if (from != null) {
            from.leave();
        }
    }

    private @Nullable String keyAt(long position) {
        JournalReader from = reader;
        if (from == null) {
            return null;
        }
        from.seek(position);
        if (!from.next()) {
            return null;
        }
        FrameView event = from.event();
        return event.hasKey() ? new String(event.keyBytes(), StandardCharsets.UTF_8) : null;
    }
}
