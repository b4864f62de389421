package dev.eventlog.testing;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Which ids a log must know, must not know, or may know: that it may forget one early whose age was reached, though the clock
 * was set back since; one whose event is pruned; and one that other ids of the same frame push out.
 *
 * <p><b>Threading:</b> One thread at a time: the test's.
 */
final class ModelIds {

    static final int COUNT = 20;
    static final Duration AGE = Duration.ofSeconds(30);

    /** What an append of an id does. */
    enum Verdict {
        NEW,
        KNOWN,
        EITHER
    }

    private static final class Entry {
        final String id;
        final long position;
        final long timeNanos;
        long latestNanos;

        Entry(String id, long position, long timeNanos) {
            this.id = id;
            this.position = position;
            this.timeNanos = timeNanos;
            latestNanos = timeNanos;
        }
    }

    private final List<Entry> entries = new ArrayList<>();
    // entries when the operation began
    private int before;

    /** An operation begins, which may append many events. */
    void begin() {
        before = entries.size();
    }

    void clockIsAt(long nanos) {
        entries.forEach(entry -> entry.latestNanos = Math.max(entry.latestNanos, nanos));
    }

    void add(String id, long position, long timeNanos) {
        entries.add(new Entry(id, position, timeNanos));
    }

    /** Position of the last event with an id. */
    long position(String id) {
        return entries.get(index(id)).position;
    }

    private int index(String id) {
        for (int i = entries.size() - 1; i >= 0; i--) {
            if (entries.get(i).id.equals(id)) {
                return i;
            }
        }
        return -1;
    }

    Verdict verdict(String id, long nowNanos, long first) {
        int index = index(id);
        if (index < Math.max(0, before - COUNT)) {
            return Verdict.NEW;
        }
        Entry entry = entries.get(index);
        if (nowNanos - entry.timeNanos >= AGE.toNanos()) {
            return Verdict.NEW;
        }
        boolean isCertain = index >= entries.size() - COUNT
                && entry.latestNanos - entry.timeNanos < AGE.toNanos()
                && entry.position >= first;
        return isCertain ? Verdict.KNOWN : Verdict.EITHER;
    }
}
