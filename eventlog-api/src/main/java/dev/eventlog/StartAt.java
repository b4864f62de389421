package dev.eventlog;

import java.time.Instant;
import java.util.Objects;

/** A place in a log, to start at or to seek. Sealed, so that engines can tell the kinds apart. <b>Threading:</b> Immutable. */
public sealed interface StartAt {

    /** The oldest event that is kept: {@link EventLog#firstPosition()} at the time of the call that uses it. */
    static StartAt earliest() {
        return new Earliest();
    }

    /** The end of the log at the time of the call that uses it: only what comes later. */
    static StartAt latest() {
        return new Latest();
    }

    /** The event at this position; a {@link dev.eventlog.error.PositionExpiredException} if it is no longer kept. */
    static StartAt position(long position) {
        return new AtPosition(position);
    }

    /**
     * The event behind this position: where to go on after having handled it; a
     * {@link dev.eventlog.error.PositionExpiredException} if that is no longer kept.
     */
    static StartAt after(long position) {
        return new AfterPosition(position);
    }

    /** The first event kept that was appended at this time or later. */
    static StartAt time(Instant appendTime) {
        return new AtTime(appendTime);
    }

    /** See {@link #earliest()}. */
    record Earliest() implements StartAt {}

    /** See {@link #latest()}. */
    record Latest() implements StartAt {}

    /**
     * See {@link #position(long)}.
     *
     * @param position 0 or more
     */
    record AtPosition(long position) implements StartAt {
        public AtPosition {
            requirePosition(position);
        }
    }

    /**
     * See {@link #after(long)}.
     *
     * @param position 0 or more
     */
    record AfterPosition(long position) implements StartAt {
        public AfterPosition {
            requirePosition(position);
        }
    }

    /**
     * See {@link #time(Instant)}.
     *
     * @param appendTime from 1677 to 2262
     */
    record AtTime(Instant appendTime) implements StartAt {
        public AtTime {
            Objects.requireNonNull(appendTime, "appendTime");
        }
    }

    private static void requirePosition(long position) {
        if (position < 0) {
            throw new IllegalArgumentException("position is " + position + "; it must be 0 or more");
        }
    }
}
