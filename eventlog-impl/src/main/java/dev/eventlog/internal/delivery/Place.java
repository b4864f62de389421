package dev.eventlog.internal.delivery;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.StartAt;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.cursor.Cursor;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.journal.ReadJournal;
import dev.eventlog.internal.support.Clock;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a consumer stands: its checkpoint, kept in a cursor if it has a name, and else only as long as it is open.
 *
 * <p><b>Threading:</b> Thread-safe except commit and close: the consumer.
 */
final class Place {

    static final String UNNAMED = "(unnamed)";

    private static final long[] NOTHING = {};

    private final @Nullable Cursor cursor;
    private final String owner;
    // of an unnamed consumer: the end at its opening
    private final long replayBelow;
    // of an unnamed consumer
    private volatile long checkpoint;
    // set by the consumer, read by who closes it
    private volatile @Nullable OutputClaim claim;

    private Place(@Nullable Cursor cursor, long checkpoint, long replayBelow, ReadJournal journal) {
        this.cursor = cursor;
        this.checkpoint = checkpoint;
        this.replayBelow = replayBelow;
        owner = journal.clock().whoAndWhen();
    }

    /**
     * The place of a consumer. A named one without a checkpoint gets one where it starts, at once: a consumer that starts
     * at the latest event and dies before its first commit goes on from there, also if the power is cut. One that starts
     * at the earliest needs no force for that.
     */
    static Place of(ConsumerConfig config, @Nullable Cursor cursor, ReadJournal journal) {
        if (cursor == null) {
            return new Place(null, resolve(config.startAt(), journal), journal.endPosition(), journal);
        }
        if (cursor.checkpoint() == Cursor.NONE) {
            cursor.commit(resolve(config.startAt(), journal), true);
            if (!(config.startAt() instanceof StartAt.Earliest)) {
                cursor.force();
            }
        }
        return new Place(cursor, 0, 0, journal);
    }

    /** The position that a start stands for now. */
    static long resolve(StartAt where, ReadJournal journal) {
        Objects.requireNonNull(where, "where");
        long end = journal.endPosition();
        if (where instanceof StartAt.Earliest) {
            return journal.firstPosition();
        }
        if (where instanceof StartAt.Latest) {
            return end;
        }
        if (where instanceof StartAt.AtTime time) {
            return journal.positionAt(Clock.toEpochNanos(time.appendTime()));
        }
        long position = where instanceof StartAt.AtPosition at
                ? at.position()
                : where instanceof StartAt.AfterPosition after ? after.position() + 1 : -1;
        if (position >= 0 && position <= end) {
            journal.requireKept(position);
        } else {
            // negative: one behind the greatest that there can be
            throw new IllegalArgumentException("position " + position + " is not in the log: firstPosition="
                    + journal.firstPosition() + " endPosition=" + end
                    + "; take a position of this log, or StartAt.earliest() or latest()");
        }
        return position;
    }

    /** For a subscription whose events at the checkpoint are no longer kept. */
    PositionExpiredException expired(ReadJournal journal) {
        long first = journal.firstPosition();
        return new PositionExpiredException(
                "events at the checkpoint are no longer kept: consumer=" + name() + " checkpoint=" + checkpoint()
                        + " firstPosition=" + first
                        + (journal.directory() == null ? "" : " directory=" + journal.directory())
                        + "; retention pruned them. Open it with EventLog.consumer, seek(StartAt.earliest()), commit and"
                        + " close it, then subscribe again, and keep events longer if none may be missed",
                checkpoint(),
                first);
    }

    String name() {
        return cursor == null ? UNNAMED : cursor.name();
    }

    String owner() {
        return owner;
    }

    long checkpoint() {
        return cursor == null ? checkpoint : cursor.checkpoint();
    }

    /** What is done above the checkpoint, as pairs (from inclusive, to exclusive) in rising order. */
    long[] completions() {
        return cursor == null || claim != null ? NOTHING : cursor.completions();
    }

    /** Events below this position may have been handled before, as of now. */
    long replayBelow() {
        return cursor == null ? replayBelow : cursor.highest();
    }

    /**
     * Takes the consumer's outputs in hand, unless it has them; the checkpoint is then where they end.
     *
     * @return what they are appended by
     */
    OutputClaim claim(Journal out, ReadJournal journal) {
        OutputClaim present = claim;
        if (present != null && OutputClaim.isTo(present, out)) {
            return present;
        }
        if (cursor == null) {
            throw new IllegalArgumentException(
                    "a consumer without a name cannot process: its checkpoint is kept with the outputs; use"
                            + " ConsumerConfig.named");
        }
        OutputClaim.requireRoom(cursor.name(), cursor.isRequired(), out, journal);
        endOutputs();
        claim = null;
        OutputClaim taken = OutputClaim.of(out, journal, cursor);
        claim = taken;
        return taken;
    }

    /** Appends no outputs from here on. */
    void endOutputs() {
        OutputClaim present = claim;
        if (present != null) {
            present.end();
        }
    }

    void commit(long position, boolean moved) {
        OutputClaim outputs = claim;
        if (cursor == null) {
            checkpoint = position;
        } else if (outputs != null && moved) {
            outputs.move(position);
        } else if (outputs != null && position != cursor.checkpoint()) {
            outputs.commit(position);
        } else if (moved || position != cursor.checkpoint()) {
            cursor.commit(position, moved);
        }
    }

    /** Moves the checkpoint by handling events, with what is done above it: {@code count} longs of pairs. */
    void commit(long position, long[] completions, int count) {
        if (cursor == null || claim != null) {
            commit(position, false);
        } else {
            cursor.commit(position, completions, count);
        }
    }

    void close() {
        endOutputs();
        if (cursor != null) {
            cursor.close();
        }
    }
}
