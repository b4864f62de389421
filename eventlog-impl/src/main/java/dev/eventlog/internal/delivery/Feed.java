package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.EventQuery;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.journal.JournalReader;
import dev.eventlog.internal.journal.ReadJournal;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The events of a journal that match a query, one after the other, up to a bound. It stands in a segment of the journal from
 * its first event on, and keeps that in use, until it moves on or {@link #leave() leaves}.
 *
 * <p><b>Threading:</b> One thread at a time: its consumer. <b>Allocation:</b> none in {@link #next}.
 */
final class Feed<T> {

    /** Events left out in a row after which {@link #next} gives its caller a chance to stop. */
    private static final int PAUSE_AFTER = 4096;

    private final ReadJournal journal;
    private final JournalReader reader;
    private final BorrowedEvent<T> event;
    private final EventQuery query;
    private final boolean everything;
    // no event before it matches, whatever was pruned
    private final long after;
    // nor before it among those that were kept when it was made
    private final long floor;
    private final long ceiling;
    private final @Nullable Consumer<? super CorruptLogException> onDamage;
    private long position;
    private boolean paused;
    // whether events before the next are in somebody's hands: handed over since the last seek, or still under way
    private boolean handed;

    /**
     * @param ceiling position that it ends before; {@link Long#MAX_VALUE}: it does not end
     */
    Feed(ReadJournal journal, Codec<T> codec, EventQuery query, long ceiling) {
        this(journal, codec, query, ceiling, null);
    }

    /**
     * @param ceiling position that it ends before; {@link Long#MAX_VALUE}: it does not end
     * @param onDamage told of each damaged range that is passed; null: none is
     */
    Feed(
            ReadJournal journal,
            Codec<T> codec,
            EventQuery query,
            long ceiling,
            @Nullable Consumer<? super CorruptLogException> onDamage) {
        this.onDamage = onDamage;
        this.journal = journal;
        this.query = query;
        reader = journal.newReader();
        event = new BorrowedEvent<>(journal, codec, reader.event());
        everything = query.equals(EventQuery.all());
        after = after(query);
        floor = floor(journal, query);
        this.ceiling = Math.min(ceiling, ceiling(query));
        position = reader.position();
    }

    /** No event before this one matches, by the positions of the clauses. */
    static long after(EventQuery query) {
        long least = Long.MAX_VALUE;
        for (EventQuery.Clause clause : query.clauses()) {
            least = Math.min(least, clause.after() + 1);
        }
        return least;
    }

    /** No event before this one matches: the least that the clauses allow by position and append time. */
    static long floor(ReadJournal journal, EventQuery query) {
        long least = Long.MAX_VALUE;
        for (EventQuery.Clause clause : query.clauses()) {
            long from = clause.after() + 1;
            if (clause.appendTimeFrom() != Long.MIN_VALUE) {
                from = Math.max(from, journal.positionAt(clause.appendTimeFrom()));
            }
            least = Math.min(least, from);
        }
        return least;
    }

    /** No event from this one on matches. */
    static long ceiling(EventQuery query) {
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

    /** Whether an event from a position on could match that is no longer kept. */
    boolean isExpired(long from) {
        long wanted = Math.max(from, after);
        return wanted < ceiling && wanted < journal.firstPosition();
    }

    /**
     * Stands at a position of the journal, or behind it where no event matches in any case.
     *
     * @throws dev.eventlog.error.PositionExpiredException if an event there could match and is no longer kept
     */
    void seek(long newPosition) {
        long wanted = Math.max(newPosition, Math.min(after, journal.endPosition()));
        if (wanted < ceiling && wanted <= journal.endPosition()) {
            reader.seek(wanted);
        }
        position = wanted;
        handed = false;
    }

    /** Passes no damage before the next seek: events that were handed over are not all handled yet. */
    void stayBeforeDamage() {
        handed = true;
    }

    /** Gives up what it stands in. It can be used again. */
    void leave() {
        event.release();
        reader.leave();
    }

    /** Position of the next event to look at: everything before it was delivered or left out. */
    long position() {
        return position;
    }

    /** Whether the bound is reached: nothing will come any more. */
    boolean isDone() {
        return position >= ceiling;
    }

    /** Whether all that can be read now was looked at. */
    boolean isAtEnd() {
        return position >= journal.readablePosition();
    }

    /** Whether there is a bound. */
    boolean isBounded() {
        return ceiling != Long.MAX_VALUE;
    }

    /** Whether the last {@link #next} gave up its turn amid events that are left out, rather than at the end. */
    boolean isPaused() {
        return paused;
    }

    /** Waits until there may be more, or a condition holds that changes with a wake-up of the journal. */
    void awaitMore(BooleanSupplier isOver) {
        long looked = position;
        boolean unused = journal.await(() -> journal.readablePosition() > looked || isOver.getAsBoolean());
    }

    /** Goes to the next event that matches; false if there is none now, or after a long row that does not. */
    boolean next() {
        event.release();
        paused = false;
        if (position < floor && position < ceiling) {
            skipTo(Math.min(floor, journal.readablePosition()));
        }
        for (int left = PAUSE_AFTER; left > 0; left--) {
            if (position >= ceiling || !readNext()) {
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
                handed = true;
                return true;
            }
            position = reader.position();
            event.release();
        }
        paused = true;
        return false;
    }

    /**
     * As the reader, behind damage if that may be passed: once all events before it are out of the caller's hands, so at the
     * first call after a seek.
     */
    private boolean readNext() {
        while (true) {
            try {
                return reader.next();
            } catch (CorruptLogException damage) {
                if (onDamage == null || damage.toPosition() == Long.MAX_VALUE) {
                    throw damage;
                }
                if (handed) {
                    return false;
                }
                onDamage.accept(damage);
                reader.seek(damage.toPosition());
                position = damage.toPosition();
                if (position >= ceiling) {
                    return false;
                }
            }
        }
    }

    private void skipTo(long target) {
        if (target > position) {
            reader.seek(target);
            position = target;
        }
    }
}
