package dev.eventlog.internal.delivery;

import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The keys whose first event failed and waits for its next attempt, and how long it waits: doubling, to at most a minute,
 * with a fifth more or less at random so that many do not meet. Where it waits for room to be parked, to at most a second.
 *
 * <p><b>Threading:</b> One thread at a time: its {@link DeliveryMachine}'s.
 */
final class BackOffs {

    static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(1);

    private static final long FIRST_ROOM_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long LONGEST_ROOM_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final long firstNanos;
    private final SplittableRandom random;
    // by differences: a clock may pass the greatest long
    private final PriorityQueue<Due> queue = new PriorityQueue<>(Due::compare);

    private record Due(long nanos, KeyQueue key) {
        static int compare(Due left, Due right) {
            return Long.signum(left.nanos - right.nanos);
        }
    }

    /**
     * @param firstNanos the pause before the second attempt
     */
    BackOffs(long firstNanos, SplittableRandom random) {
        this.firstNanos = Math.min(firstNanos, LONGEST_NANOS);
        this.random = random;
    }

    /** Lets a key wait behind its n-th attempt. */
    void add(KeyQueue key, int attempt, long now) {
        key.isBackingOff = true;
        queue.add(new Due(now + pauseNanos(attempt), key));
    }

    /** Lets a key wait that found no room for the n-th time. */
    void addForRoom(KeyQueue key, int refusal, long now) {
        key.isBackingOff = true;
        queue.add(new Due(now + Math.min(FIRST_ROOM_NANOS << Math.min(refusal - 1, 20), LONGEST_ROOM_NANOS), key));
    }

    private long pauseNanos(int attempt) {
        long pause = Math.min(firstNanos << Math.min(attempt - 1, 20), LONGEST_NANOS);
        if (pause <= 0) {
            return firstNanos;
        }
        return (long) (pause * random.nextDouble(0.8, 1.2));
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }

    /** Nanoseconds until the first key has waited long enough. Only if there is one. */
    long leftNanos(long now) {
        Due first = queue.peek();
        return first == null ? Long.MAX_VALUE : first.nanos - now;
    }

    /** Takes a key that has waited long enough; null if there is none. */
    @Nullable
    KeyQueue takeDue(long now) {
        Due first = queue.peek();
        if (first == null || first.nanos - now > 0) {
            return null;
        }
        queue.poll();
        first.key.isBackingOff = false;
        return first.key;
    }
}
