package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.EventQuery;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.journal.JournalReader;

/**
 * The events of a journal that match a query, one after the other, up to a bound.
 *
 * <p><b>Threading:</b> One thread at a time: its consumer. <b>Allocation:</b> none in {@link #next}.
 */
final class Feed<T> {

    /** Events left out in a row after which {@link #next} gives its caller a chance to stop. */
    private static final int PAUSE_AFTER = 4096;

    private final Journal journal;
    private final JournalReader reader;
    private final BorrowedEvent<T> event;
    private final EventQuery query;
    private final boolean everything;
    private final long floor;
    private final long ceiling;
    private long position;
    private boolean paused;

    /**
     * @param ceiling position that it ends before; {@link Long#MAX_VALUE}: it does not end
     */
    Feed(Journal journal, Codec<T> codec, EventQuery query, long ceiling) {
        this.journal = journal;
        this.query = query;
        reader = journal.newReader();
        event = new BorrowedEvent<>(journal, codec, reader.event());
        everything = query.equals(EventQuery.all());
        floor = floor(journal, query);
        this.ceiling = Math.min(ceiling, ceiling(query));
        position = reader.position();
    }

    /** No event before this one matches: the least that the clauses allow by position and append time. */
    private static long floor(Journal journal, EventQuery query) {
        long least = Long.MAX_VALUE;
        for (EventQuery.Clause clause : query.clauses()) {
            long from = Math.max(journal.firstPosition(), clause.after() + 1);
            if (clause.appendTimeFrom() != Long.MIN_VALUE) {
                from = Math.max(from, journal.positionAt(clause.appendTimeFrom()));
            }
            least = Math.min(least, from);
        }
        return least;
    }

    private static long ceiling(EventQuery query) {
        long greatest = 0;
        for (EventQuery.Clause clause : query.clauses()) {
            greatest = Math.max(greatest, clause.before());
        }
        return greatest;
    }

    /** The event that {@link #next} went to; valid until the next call. */
    BorrowedEvent<T> event() {
        return event;
    }

    /** Stands at a position of the journal. */
    void seek(long newPosition) {
        position = newPosition;
        if (newPosition < ceiling && newPosition <= journal.endPosition()) {
            reader.seek(newPosition);
        }
    }

    /** Position of the next event to look at: everything before it was delivered or left out. */
    long position() {
        return position;
    }

    /** Whether the bound is reached: nothing will come any more. */
    boolean isDone() {
        return position >= ceiling;
    }

    /** Whether there is a bound. */
    boolean isBounded() {
        return ceiling != Long.MAX_VALUE;
    }

    /** Whether the last {@link #next} gave up its turn amid events that are left out, rather than at the end. */
    boolean isPaused() {
        return paused;
    }

    /** Goes to the next event that matches; false if there is none now, or after a long row that does not. */
    boolean next() {
        event.release();
        paused = false;
        if (position < floor) {
            skipTo(Math.min(floor, journal.readablePosition()));
        }
        for (int left = PAUSE_AFTER; left > 0; left--) {
            if (position >= ceiling || !reader.next()) {
                return false;
            }
            event.take();
            if (reader.event().position() >= ceiling) {
                event.release();
                position = ceiling;
                return false;
            }
            if (everything || query.matches(event)) {
                position = reader.position();
                return true;
            }
            position = reader.position();
            event.release();
        }
        paused = true;
        return false;
    }

    private void skipTo(long target) {
        if (target > position) {
            reader.seek(target);
            position = target;
        }
    }
}
