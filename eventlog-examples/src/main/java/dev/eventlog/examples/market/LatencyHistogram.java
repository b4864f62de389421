package dev.eventlog.examples.market;

/**
 * Counts durations in buckets that grow with them: 32 to each power of two, so that a percentile is exact to 3 %, in
 * 15 KiB, without allocation.
 *
 * <p><b>Threading:</b> One thread at a time: the one that measures.
 */
final class LatencyHistogram {

    private static final int STEP_BITS = 5;
    private static final int STEPS = 1 << STEP_BITS;

    private final long[] counts = new long[(Long.SIZE - STEP_BITS) * STEPS];
    private long total;
    private long greatest;

    /** Counts a duration; a negative one, which a clock set back can make, as 0. */
    void record(long nanos) {
        long value = Math.max(0, nanos);
        counts[bucket(value)]++;
        total++;
        greatest = Math.max(greatest, value);
    }

    /** The duration that so many percent of all do not exceed; 0 if none was counted. */
    long percentile(double percent) {
        long rank = (long) Math.ceil(total * percent / 100);
        long seen = 0;
        for (int bucket = 0; bucket < counts.length; bucket++) {
            seen += counts[bucket];
            if (seen >= rank && seen > 0) {
                return Math.min(greatest, lastOf(bucket));
            }
        }
        return 0;
    }

    /** The longest duration. */
    long greatest() {
        return greatest;
    }

    /** How many were counted. */
    long total() {
        return total;
    }

    private static int bucket(long value) {
        if (value < STEPS) {
            return (int) value;
        }
        int shift = Long.SIZE - 1 - STEP_BITS - Long.numberOfLeadingZeros(value);
        return (shift + 1) * STEPS + (int) (value >>> shift) - STEPS;
    }

    /** The greatest value that falls into a bucket. */
    private static long lastOf(int bucket) {
        if (bucket < STEPS) {
            return bucket;
        }
        int shift = bucket / STEPS - 1;
        return ((bucket % STEPS + STEPS + 1L) << shift) - 1;
    }
}
