package dev.eventlog.internal.journal;

import dev.eventlog.internal.journal.ReadJournal.Progress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How far consumers have come whose outputs are in a log, by their log and name: what the log's frames tell, each replacing
 * what an earlier one told.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class ProgressTable {

    /** Most entries of a log: all of them stand at the beginning of each segment. */
    static final int MAX_ENTRIES = 1_000;

    /** A consumer of a log. */
    record Key(UUID logId, String consumer) {}

    // guarded by this
    private final Map<Key, Progress> entries = new LinkedHashMap<>();

    /** Takes up what a frame tells; nothing if that is null. */
    synchronized void put(@Nullable Progress told) {
        if (told != null) {
            entries.put(new Key(told.logId(), told.consumer()), told);
        }
    }

    /** Takes up what some frame tells, which may be older than what is known. */
    synchronized void putIfNewer(Progress told) {
        Progress known = get(told.logId(), told.consumer());
        if (known == null
                || told.generation() > known.generation()
                || (told.generation() == known.generation() && told.checkpoint() > known.checkpoint())) {
            put(told);
        }
    }

    synchronized void putAll(List<Progress> told) {
        told.forEach(this::put);
    }

    /** What is told of a consumer of a log; null if nothing. */
    synchronized @Nullable Progress get(UUID logId, String consumer) {
        return entries.get(new Key(logId, consumer));
    }

    /** Whether one more can be taken up. */
    synchronized boolean hasRoom() {
        return entries.size() < MAX_ENTRIES;
    }

    synchronized int count() {
        return entries.size();
    }

    /** All of it, as it is now. */
    synchronized List<Progress> all() {
        return new ArrayList<>(entries.values());
    }
}
