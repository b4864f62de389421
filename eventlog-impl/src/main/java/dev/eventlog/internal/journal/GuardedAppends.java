package dev.eventlog.internal.journal;

import dev.eventlog.EventLogConfig;
import dev.eventlog.error.AppendConflictException;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.support.Clock;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Appends that depend on what is in the log: events whose id is known are left out, and nothing is appended where an event
 * exists that the caller forbids. Both are decided under the append lock, where nobody else appends.
 *
 * <pre>
 *   no lock       hash the ids; complete the window | search for a conflict up to the end
 *   append lock   append what was handed over | ids: which are new?   all known: done
 *                 search the few events that came meanwhile, or free the lock and search the many
 *                 append the new ones | let their ids stay
 * </pre>
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class GuardedAppends {

    /** So many events are searched under the lock. */
    private static final int FEW_EVENTS = 64;
    /** After so many searches without the lock the rest is searched under it, however many events come meanwhile. */
    private static final int MOST_SEARCHES = 16;

    private static final long NONE = Journal.Condition.NO_CONFLICT;

    private final Journal journal;
    // null: ids are not looked at
    private final @Nullable KnownIds known;

    /**
     * @param openedAt where the log ended when it was opened
     */
    GuardedAppends(Journal journal, EventLogConfig config, long openedAt) {
        this.journal = journal;
        int count = config.dedupCount();
        known = count == 0
                ? null
                : new KnownIds(journal, count, config.dedupAge().toNanos(), openedAt);
    }

    /**
     * What became of an append.
     *
     * @param position of the last event, or of the one that is in conflict
     * @param end behind all of them
     */
    private record Outcome(long position, long end, boolean isConflict) {}

    /** The future of a frame with one event that is handed over; null if an ordinary one does. */
    @Nullable
    IdentifiedFuture future(FrameBuilder frame) {
        KnownIds ids = known;
        return ids == null || !frame.hasIds()
                ? null
                : new IdentifiedFuture(ids.of(frame, journal.clock().epochNanos()));
    }

    /** The ids of a frame; null if it has none, or they are not looked at. */
    @Nullable
    EventIds ids(FrameBuilder frame, long nowNanos) {
        KnownIds ids = known;
        return ids == null || !frame.hasIds() ? null : ids.of(frame, nowNanos);
    }

    /** Appends all events of a frame, known or not, and lets their ids be known. Under the append lock. */
    long appendAllLocked(FrameBuilder frame, EventIds ids, long nowNanos) {
        IdWindow window = Objects.requireNonNull(known).window();
        int sizeBefore = window.size();
        boolean isAppended = false;
        try {
            ids.enter(window, journal.endPosition(), nowNanos);
            long position = journal.appendLocked(frame, nowNanos);
            isAppended = true;
            return position;
        } finally {
            end(window, sizeBefore, isAppended);
        }
    }

    /**
     * Appends what is new of a finished frame.
     *
     * @param condition under which it is appended; null: always
     * @param durable as for {@link Journal#append}
     * @return position of the last event of the frame, be it new or not
     * @throws AppendConflictException if the condition does not hold
     */
    long append(FrameBuilder frame, Journal.@Nullable Condition condition, boolean durable) {
        // before the log is read, which a closed one cannot be
        journal.requireWritable();
        Clock clock = journal.clock();
        EventIds ids = ids(frame, clock.epochNanos());
        Outcome outcome = null;
        long conflict = NONE;
        int waits = 0;
        for (int searches = 0; outcome == null; searches++) {
            if (condition != null && conflict == NONE) {
                conflict = condition.search(journal.endPosition());
            }
            // behind the search, which may take long: this is the append time
            long nowNanos = clock.epochNanos();
            AppendLock lock = journal.appendLock();
            LogLimit.Reached full = null;
            lock.lock();
            try {
                journal.drainLocked(nowNanos);
                boolean isLast = searches >= MOST_SEARCHES;
                outcome = tryAppendLocked(frame, ids, condition, conflict, isLast, nowNanos);
            } catch (LogLimit.Reached noRoom) {
                full = noRoom;
            } finally {
                lock.unlock();
            }
            if (full != null) {
                journal.makeRoom(full, waits++);
            }
        }
        // who is told of a conflict must find that event when he reads on, and who appends an event again must not be
        // told sooner than who appended it first
        journal.appended(outcome.end(), durable && !outcome.isConflict());
        if (outcome.isConflict()) {
            throw conflict(outcome.position());
        }
        return outcome.position();
    }

    private AppendConflictException conflict(long position) {
        return new AppendConflictException(
                "an event is in the log that the append was not to follow, nothing was appended: position=" + position
                        + journal.place()
                        + "; read on up to it, decide again, and append behind what was read then",
                position);
    }

    /** Null if there is too much to search under the lock. */
    private @Nullable Outcome tryAppendLocked(
            FrameBuilder frame,
            @Nullable EventIds ids,
            Journal.@Nullable Condition condition,
            long conflictBefore,
            boolean isLast,
            long nowNanos) {
        IdWindow window = ids == null || known == null ? null : known.window();
        int sizeBefore = window == null ? 0 : window.size();
        boolean isAppended = false;
        try {
            long base = journal.endPosition();
            int leftOut = ids == null || window == null ? 0 : ids.admit(window, base, nowNanos);
            long last = ids == null ? base + frame.eventCount() - 1 : ids.lastPosition(base, leftOut);
            if (leftOut == frame.eventCount()) {
                journal.requireWritable();
                return new Outcome(last, base, false);
            }
            if (condition != null) {
                long conflict = conflictBefore;
                long behind = base - condition.searched();
                if (conflict == NONE && behind > 0 && (isLast || behind <= FEW_EVENTS)) {
                    conflict = condition.search(base);
                }
                if (conflict != NONE) {
                    return new Outcome(conflict, conflict + 1, true);
                }
                if (condition.searched() < base) {
                    return null;
                }
            }
            if (ids != null && leftOut > 0) {
                // before the frame is changed: without room all of this is done again
                journal.ensureRoom(frame.length(), nowNanos);
                frame.retain(index -> !ids.isLeftOut(index));
                frame.finish();
            }
            long position = journal.appendLocked(frame, nowNanos);
            assert position == base : "position was given to another event";
            isAppended = true;
            return new Outcome(last, journal.endPosition(), false);
        } finally {
            end(window, sizeBefore, isAppended);
        }
    }

    /** Appends what is new of a batch, and tells the futures of the rest. Under the append lock. */
    long appendLocked(AppendBatch batch, long nowNanos) {
        KnownIds ids = known;
        if (ids == null || !batch.hasIds()) {
            return journal.appendLocked(batch.finishCopied(), nowNanos);
        }
        IdWindow window = ids.window();
        int sizeBefore = window.size();
        boolean isAppended = false;
        try {
            if (!batch.isAllKnown(window, nowNanos)) {
                // before the batch is changed: without room all of this is done again
                journal.ensureRoom(batch.length(), nowNanos);
            }
            long base = journal.endPosition();
            if (batch.leaveOutKnown(window, base, nowNanos) == 0) {
                journal.requireWritable();
                return base;
            }
            long position = journal.appendLocked(batch.finishCopied(), nowNanos);
            assert position == base : "position was given to another event";
            isAppended = true;
            return position;
        } finally {
            end(window, sizeBefore, isAppended);
        }
    }

    private void end(@Nullable IdWindow window, int sizeBefore, boolean isAppended) {
        if (window != null) {
            if (isAppended) {
                window.commit(sizeBefore, journal.lastTimeNanosLocked());
            } else {
                window.rollback(sizeBefore);
            }
        }
    }
}
