package dev.eventlog.internal.delivery;

import dev.eventlog.ConsumerStatus;
import dev.eventlog.error.EventLogException;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.cursor.Cursor;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.journal.JournalReader;
import dev.eventlog.internal.journal.ReadJournal;
import dev.eventlog.internal.support.Clock;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes the statuses of consumers, and knows which are open.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class Statuses {

    private final ReadJournal journal;
    private final Cursors cursors;
    private final Clock clock;
    private final boolean isWriting;
    private final LagWatch lags;
    private final Set<AutoCloseable> open = ConcurrentHashMap.newKeySet();
    // guarded by this
    private @Nullable JournalReader reader;

    Statuses(ReadJournal journal, Cursors cursors, Clock clock, LagWatch lags, boolean isWriting) {
        this.isWriting = isWriting;
        this.lags = lags;
        this.journal = journal;
        this.cursors = cursors;
        this.clock = clock;
    }

    /**
     * Fails in a process that does not write the log.
     *
     * @throws UnsupportedOperationException then
     */
    void requireWriting(String consumer) {
        if (!isWriting) {
            throw new UnsupportedOperationException(
                    "consumer cannot process, its log is open read-only or to salvage what is"
                            + " left of it: consumer=" + consumer + " directory=" + journal.directory()
                            + "; do it in the process that writes the log");
        }
    }

    void opened(AutoCloseable consumer) {
        open.add(consumer);
    }

    void closed(AutoCloseable consumer) {
        open.remove(consumer);
        lags.forget(consumer);
    }

    Set<AutoCloseable> open() {
        return open;
    }

    ConsumerStatus of(Place place, ConsumerStatus.State state, @Nullable Throwable failure) {
        return of(place.name(), place.checkpoint(), state, place.owner(), failure);
    }

    /** The status of a consumer that may be open or not, from what is kept of it. */
    ConsumerStatus stored(String name) {
        return of(cursors.stored(name));
    }

    ConsumerStatus of(Cursors.Stored stored) {
        String owner = cursors.owner(stored.name());
        ConsumerStatus.State state = owner == null ? ConsumerStatus.State.CLOSED : ConsumerStatus.State.OPEN;
        return of(stored.name(), stored.checkpoint(), state, owner, stored.damage());
    }

    ConsumerStatus of(
            String name,
            long checkpoint,
            ConsumerStatus.State state,
            @Nullable String owner,
            @Nullable Throwable failure) {
        Throwable why = failure;
        long parked = 0;
        try {
            parked = name.equals(Place.UNNAMED) ? 0 : cursors.parkedCount(name);
        } catch (LogClosedException closed) {
            parked = -1;
        } catch (EventLogException unreadable) {
            // one consumer's damage must not hide the others
            parked = -1;
            why = why == null ? unreadable : why;
        }
        long place = checkpoint == Cursor.NONE ? journal.firstPosition() : checkpoint;
        // what was pruned does not lag
        long from = Math.max(place, journal.firstPosition());
        long lag = Math.max(0, journal.endPosition() - from);
        boolean isOpen = state != ConsumerStatus.State.CLOSED;
        return new ConsumerStatus(
                name,
                why != null && !isOpen ? ConsumerStatus.State.FAILED : state,
                place,
                lag,
                lag == 0 ? 0 : lengthFrom(from),
                lag == 0 ? Duration.ZERO : ageAt(from),
                parked,
                isOpen ? owner : null,
                why);
    }

    private long lengthFrom(long position) {
        try {
            return journal.lengthFrom(position);
        } catch (EventLogException unreadable) {
            return 0;
        }
    }

    private synchronized Duration ageAt(long position) {
        JournalReader known = reader;
        if (known == null) {
            known = journal.newReader();
            reader = known;
        }
        try {
            known.seek(position);
            if (!known.next()) {
                return Duration.ZERO;
            }
            return Duration.ofNanos(
                    Math.max(0, clock.epochNanos() - known.event().appendTimeNanos()));
        } catch (EventLogException unreadable) {
            // a status must be had above all of what cannot be read
            return Duration.ZERO;
        } finally {
            known.leave();
        }
    }
}
