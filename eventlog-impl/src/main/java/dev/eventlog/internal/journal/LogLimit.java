package dev.eventlog.internal.journal;

import dev.eventlog.EventLogConfig;
import dev.eventlog.EventLogConfig.WhenFull;
import dev.eventlog.error.StorageFullException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * How many bytes a log may take, and what an append does that finds no room: it lets go of the append lock, has the
 * {@link Pruner} make room, and tries again.
 *
 * <p>It is looked at where room is made anyway: at a roll, and where the active segment has reached the end that is set to
 * what the sealed ones leave. So an append costs the comparison with that end and nothing else.
 *
 * <p><b>Threading:</b> Thread-safe; what takes segments: the holder of the append lock.
 */
final class LogLimit {

    private static final long SHORTEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final long bytes;
    private final @Nullable WhenFull whenFull;
    private final String place;
    // set before the log is used; published by volatile
    private volatile @Nullable Pruner pruner;

    /** An append found no room; nothing was changed. Never leaves the journal. */
    static final class Reached extends RuntimeException {

        private static final long serialVersionUID = 1L;

        /** So many bytes must go. */
        final long missing;

        private Reached(long missing) {
            super("log has reached its limit: missing=" + missing, null, false, false);
            this.missing = missing;
        }
    }

    /** @param place the log's, as the end of a sentence */
    LogLimit(EventLogConfig config, String place) {
        bytes = config.limitBytes();
        whenFull = config.whenFull();
        this.place = place;
    }

    /** Says who makes room. */
    void prunedBy(Pruner by) {
        pruner = by;
    }

    /** Whether there is one. */
    boolean isSet() {
        return whenFull != null;
    }

    /** Whether appends wait for room. */
    boolean isBlocking() {
        return whenFull == WhenFull.BLOCK;
    }

    /** Bytes that the sealed ones among the segments leave to one more; negative if they are too many. */
    long left(Segment[] segments) {
        if (whenFull == null) {
            return Long.MAX_VALUE;
        }
        long left = bytes;
        for (Segment segment : segments) {
            if (segment.endOffset() != Segment.OPEN) {
                left -= Retention.length(segment.endOffset());
            }
        }
        return left;
    }

    /**
     * Lets the active segment go on as far as there is room.
     *
     * @throws Reached if that is not far enough for a frame
     */
    void extend(ActiveSegment active, Segment[] segments, int frameLength) {
        long left = left(segments);
        active.setEnd(left);
        long missing = active.needed(frameLength) - left;
        if (missing > 0) {
            throw new Reached(missing);
        }
    }

    /**
     * Makes sure that there is room for the beginning of the next segment.
     *
     * @throws Reached if there is not
     */
    void requireNext(ActiveSegment active, Segment[] segments, long leastLength) {
        if (whenFull == null) {
            return;
        }
        // an empty one is dropped
        long own = active.isEmpty() ? 0 : Retention.length(active.needed(0));
        long missing = own + leastLength - left(segments);
        if (missing > 0) {
            throw new Reached(missing);
        }
    }

    /**
     * Returns when it is worth trying again. With no lock held.
     *
     * @param attempt how often it was tried again before
     * @throws StorageFullException if it is not: the log does not wait, or the thread was interrupted
     */
    void makeRoom(Reached full, int attempt) {
        if (attempt > 0) {
            if (!isBlocking()) {
                throw full("nothing was appended");
            }
            // also where the flag was set before: an append that waits ends by it
            if (Thread.currentThread().isInterrupted()) {
                throw full("the wait for room was interrupted, nothing was appended");
            }
            LockSupport.parkNanos(this, Math.min(LONGEST_PAUSE_NANOS, SHORTEST_PAUSE_NANOS << Math.min(attempt, 5)));
        }
        Pruner by = pruner;
        if (by != null) {
            by.makeRoom(full.missing);
        }
    }

    /** For an append that finds no room, or waits in vain. */
    StorageFullException full(String outcome) {
        Pruner by = pruner;
        return new StorageFullException(
                "log has reached its limit, " + outcome + ": limit=" + bytes + " bytes, " + whenFull + place + "; "
                        + (by == null ? "nothing is pruned" : by.whyNothingGoes()),
                null);
    }
}
