package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.EventQuery;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.journal.JournalReader;
import java.nio.ByteBuffer;

/**
 * Looks for the first event of a journal that matches a query, also among those that are not readable yet. It goes on where it
 * stopped, so that what was searched without a lock is not searched again under it.
 *
 * <p><b>Threading:</b> One thread at a time: the one that appends. <b>Allocation:</b> none in {@link #search}.
 */
public final class ConflictSearch implements Journal.Condition {

    private final Journal journal;
    private final JournalReader reader;
    private final BorrowedEvent<ByteBuffer> event;
    private EventQuery query = EventQuery.all();
    // no event before it matches, by position; 0: any may
    private long after;
    private long ceiling;
    private long position;

    /** Searches nothing before {@link #begin}. */
    public ConflictSearch(Journal journal) {
        this.journal = journal;
        reader = journal.newReaderOfAll();
        event = new BorrowedEvent<>(journal, Codec.bytes(), reader.event());
    }

    /** Begins to search for events that match a query. */
    public void begin(EventQuery forbidden) {
        query = forbidden;
        after = Feed.after(forbidden);
        ceiling = Feed.ceiling(forbidden);
        position = Math.max(after, Feed.floor(journal, forbidden));
    }

    /** Gives up what it stands in. It can begin again. */
    public void end() {
        event.release();
        reader.leave();
    }

    @Override
    public long searched() {
        return position >= ceiling ? Long.MAX_VALUE : position;
    }

    /**
     * {@inheritDoc}
     *
     * @throws PositionExpiredException if events are no longer kept that the query begins with by position
     * @throws dev.eventlog.error.CorruptLogException if an event that could match is damaged
     */
    @Override
    public long search(long end) {
        long to = Math.min(end, ceiling);
        while (position < to) {
            try {
                passPruned();
                reader.seek(position);
                return searchTo(to);
            } catch (PositionExpiredException pruned) {
                if (after > 0) {
                    throw pruned;
                }
                // what is pruned is not in the log; the next look begins behind it
            }
        }
        return NO_CONFLICT;
    }

    private void passPruned() {
        if (after > 0) {
            journal.requireKept(position);
        } else {
            position = Math.max(position, journal.firstPosition());
        }
    }

    private long searchTo(long to) {
        while (position < to && reader.next()) {
            event.take();
            boolean matches = query.matches(event);
            event.release();
            if (matches) {
                return reader.event().position();
            }
            position = reader.position();
        }
        assert position >= to : "an event below the end could not be read";
        return NO_CONFLICT;
    }
}
