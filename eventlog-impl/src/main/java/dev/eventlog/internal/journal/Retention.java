package dev.eventlog.internal.journal;

import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.support.Clock;
import java.util.concurrent.TimeUnit;

/**
 * The rule by which segments are no longer kept: older than an age, or more than so many bytes. Only judges; the
 * {@link Pruner} acts.
 *
 * <p>By bytes: the oldest segments go until what is left, with the one being written, is not above the limit. Where appends are
 * held to a limit, until it leaves half a segment besides, so that appenders need not wait for room.
 *
 * <p>By age: a segment goes when its last event is old enough and all before it go. Clocks step, so an append time is
 * evidence and not fact. A segment's time is the latest at which its last event can have been appended:
 *
 * <ul>
 *   <li>the append time of that event, if it is neither ahead of now nor before the time of any older segment, those that
 *       are pruned already included;
 *   <li>else that contradicts the log's own order, and the first append time of the next segment where it is neither of the
 *       two stands for it: what comes before cannot have been appended later;
 *   <li>else now: it is as young as can be.
 * </ul>
 *
 * <p>So no time that the log's own order shows to be wrong, early or late, makes a segment go sooner than the rule says; one
 * that is too early, and not before the time of the segment before it, cannot be known. <i>Now</i> may be wrong too. A step of
 * the machine's clock forward, against its monotonic time, is doubted: it counts only when it has stood for as long
 * as events are kept, since then whatever was appended before it is old enough by monotonic time alone. The time between the
 * newest event and the open is doubted likewise: nobody knows whether it passed. A step back takes doubt away. A user's clock
 * is believed.
 *
 * <p><b>Threading:</b> One thread at a time: the I/O thread.
 */
final class Retention {

    /** Steps up to which a clock is not doubted. */
    private static final long DOUBTED_STEP_NANOS = TimeUnit.MINUTES.toNanos(1);

    private static final long FOR_EVER = Long.MAX_VALUE;
    /** Time of a segment that no time in the log tells: it is as young as can be. */
    private static final long UNKNOWN = Long.MAX_VALUE;

    private final long retainNanos;
    /** For {@link #judge}: no room is made below the limit of appends. */
    static final long NO_ROOM = -1;

    private final long retainBytes;
    private final long roomyBytes;
    private final Clock clock;

    // latest time of what was judged and pruned; no younger segment can be older
    private long prunedTimeNanos;
    private long lastWallNanos;
    private long lastMonotonicNanos;
    private long doubtedNanos;
    private long doubtedSinceNanos;

    /**
     * @param prunedTimeNanos see {@link Manifest.Pruned}
     * @param segments of the log as it is opened, oldest first
     */
    Retention(EventLogConfig config, Clock clock, long prunedTimeNanos, Segment[] segments) {
        retainNanos = config.retainFor() == null ? FOR_EVER : saturated(config.retainFor());
        retainBytes = config.retainBytes();
        roomyBytes = config.whenFull() == null ? Long.MAX_VALUE : config.limitBytes() - config.segmentLengthBytes() / 2;
        this.clock = clock;
        this.prunedTimeNanos = prunedTimeNanos;
        lastMonotonicNanos = clock.monotonicNanos();
        long now = clock.epochNanos();
        lastWallNanos = newest(segments, now);
    }

    private static long saturated(java.time.Duration duration) {
        try {
            return duration.toNanos();
        } catch (ArithmeticException longerThanALong) {
            return FOR_EVER;
        }
    }

    /** Whether anything can cease to be kept. */
    static boolean isLimited(EventLogConfig config) {
        return config.retainFor() != null || config.retainBytes() != Long.MAX_VALUE || config.whenFull() != null;
    }

    /** The newest append time that is possible; now if there is none. */
    private static long newest(Segment[] segments, long now) {
        long newest = Long.MIN_VALUE;
        for (Segment segment : segments) {
            if (segment.lastTimeNanos() <= now) {
                newest = Math.max(newest, segment.lastTimeNanos());
            }
        }
        return newest == Long.MIN_VALUE ? now : newest;
    }

    /**
     * What is no longer kept.
     *
     * @param count so many segments, the oldest ones
     * @param timeNanos latest time of them and of all that went before; {@link Long#MIN_VALUE} if unknown
     */
    record Verdict(int count, long timeNanos) {}

    /**
     * Judges segments.
     *
     * @param segments oldest first; the last is being written and always kept
     * @param limit position that the log must not begin behind
     * @param missing so many bytes must go for an append to have room; 0: there is room; {@link #NO_ROOM}: none is made
     */
    Verdict judge(Segment[] segments, long limit, long missing) {
        long now = now();
        long length = segments[segments.length - 1].length();
        for (int i = 0; i < segments.length - 1; i++) {
            length += length(segments[i].endOffset());
        }
        long excess = length - retainBytes;
        if (missing != NO_ROOM) {
            excess = Math.max(excess, Math.max(length - roomyBytes, missing));
        }
        // one that lies further ahead than events are kept was a wrong time itself
        long floor =
                prunedTimeNanos > now && isLonger(now, prunedTimeNanos, retainNanos) ? Long.MIN_VALUE : prunedTimeNanos;
        long latest = prunedTimeNanos;
        int count = 0;
        for (; count < segments.length - 1; count++) {
            Segment oldest = segments[count];
            long time = time(segments, count, floor, now);
            boolean isOld = time != UNKNOWN && isLonger(time, now, retainNanos);
            if ((!isOld && excess <= 0) || oldest.endPosition() > limit) {
                break;
            }
            excess -= length(oldest.endOffset());
            if (time != UNKNOWN) {
                floor = Math.max(floor, time);
            }
            // also one that is not believed now: it may be now that is wrong
            latest = Math.max(latest, Math.max(floor, oldest.lastTimeNanos()));
        }
        return new Verdict(count, latest);
    }

    /** Says that what was judged last is pruned. */
    void pruned(Verdict verdict) {
        prunedTimeNanos = verdict.timeNanos();
    }

    /** Bytes that a segment takes on disk that is sealed at an offset: whole pages. */
    static long length(long endOffset) {
        return Recovery.trimmedLength(endOffset, Long.MAX_VALUE);
    }

    /** The latest time at which the last event of a segment can have been appended; {@link #UNKNOWN}: now. */
    private static long time(Segment[] segments, int at, long floor, long now) {
        long own = segments[at].lastTimeNanos();
        if (own >= floor && own <= now) {
            return own;
        }
        for (int behind = at + 1; behind < segments.length - 1; behind++) {
            long first = segments[behind].firstTimeNanos();
            if (first >= floor && first <= now) {
                return first;
            }
        }
        return UNKNOWN;
    }

    private static boolean isLonger(long from, long to, long nanos) {
        // both may be any long: a difference that overflows is longer than any duration
        return nanos != FOR_EVER && to >= from && (to - from < 0 || to - from > nanos);
    }

    /** Wall time without what is doubted of it. */
    private long now() {
        long wall = clock.epochNanos();
        if (clock.isBelieved()) {
            return wall;
        }
        long monotonic = clock.monotonicNanos();
        long step = step(wall, monotonic);
        if (step > DOUBTED_STEP_NANOS) {
            doubtedNanos = saturatedSum(doubtedNanos, step);
            doubtedSinceNanos = monotonic;
        } else if (step < -DOUBTED_STEP_NANOS) {
            doubtedNanos = Math.max(0, saturatedSum(doubtedNanos, step));
        }
        if (doubtedNanos > 0 && monotonic - doubtedSinceNanos >= retainNanos) {
            doubtedNanos = 0;
        }
        lastWallNanos = wall;
        lastMonotonicNanos = monotonic;
        return wall - doubtedNanos;
    }

    /** How much further the wall clock went than time passed. */
    private long step(long wall, long monotonic) {
        long passed = monotonic - lastMonotonicNanos;
        try {
            return Math.subtractExact(Math.subtractExact(wall, lastWallNanos), passed);
        } catch (ArithmeticException beyondLong) {
            return wall > lastWallNanos ? Long.MAX_VALUE : -Long.MAX_VALUE;
        }
    }

    private static long saturatedSum(long doubted, long step) {
        long sum = doubted + step;
        return step > 0 && sum < 0 ? Long.MAX_VALUE : sum;
    }
}
