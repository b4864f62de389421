package dev.eventlog.internal.journal;

import net.openhft.chronicle.queue.RollCycle;
import net.openhft.chronicle.queue.rollcycles.RollCycleArithmetic;

/**
 * A roll cycle for queues that hold one segment each and never roll: the smallest header that Chronicle allows (408
 * bytes instead of 64 KiB), and an index so sparse that only its first entry is ever written.
 *
 * <p><b>Threading:</b> Immutable.
 */
final class SegmentRollCycle implements RollCycle {

    private static final int INDEX_COUNT = 8;
    private static final int INDEX_SPACING = 1 << 26;
    private static final int DAY_MILLIS = 86_400_000;

    /** The cycle that all of it is in. */
    static final long TIME_MILLIS = DAY_MILLIS;

    private static final RollCycleArithmetic ARITHMETIC = RollCycleArithmetic.of(INDEX_COUNT, INDEX_SPACING);

    @Override
    public String format() {
        return "yyyyMMdd'E'";
    }

    @Override
    public int lengthInMillis() {
        return DAY_MILLIS;
    }

    @Override
    public int defaultIndexCount() {
        return ARITHMETIC.indexCount();
    }

    @Override
    public int defaultIndexSpacing() {
        return ARITHMETIC.indexSpacing();
    }

    @Override
    public long toIndex(int cycle, long sequenceNumber) {
        return ARITHMETIC.toIndex(cycle, sequenceNumber);
    }

    @Override
    public long toSequenceNumber(long index) {
        return ARITHMETIC.toSequenceNumber(index);
    }

    @Override
    public int toCycle(long index) {
        return ARITHMETIC.toCycle(index);
    }

    @Override
    public long maxMessagesPerCycle() {
        return ARITHMETIC.maxMessagesPerCycle();
    }
}
