package dev.eventlog.internal.delivery;

import dev.eventlog.internal.cursor.ParkedList;
import dev.eventlog.internal.frame.FrameView;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.journal.JournalReader;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a subscription needs to know of its parked events: which keys must wait behind one. Follows the list as others
 * take events off it.
 *
 * <p><b>Threading:</b> One thread at a time: the subscription's.
 */
final class Parking {

    private final @Nullable ParkedList list;
    private final @Nullable JournalReader reader;
    private final Set<String> keys = new HashSet<>();
    private int version = -1;

    private Parking() {
        list = null;
        reader = null;
    }

    Parking(ParkedList list, Journal journal) {
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
    boolean isBlocked(long position, @Nullable String key) {
        if (list == null) {
            return false;
        }
        if (list.version() != version) {
            refresh(list);
        }
        return (key != null && keys.contains(key)) || list.contains(position);
    }

    /** Parks an event. */
    void park(long position, @Nullable String key, int attempts) {
        if (list == null) {
            throw new IllegalStateException("a consumer without a name cannot park: position=" + position);
        }
        int now = list.park(position, attempts);
        if (now == version + 1) {
            version = now;
            if (key != null) {
                keys.add(key);
            }
        }
    }

    private void refresh(ParkedList changed) {
        version = changed.version();
        keys.clear();
        for (long position = changed.next(0); position >= 0; position = changed.next(position + 1)) {
            String key = keyAt(position);
            if (key != null) {
                keys.add(key);
            }
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
