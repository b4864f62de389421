package dev.eventlog.jmh.latency;

import net.openhft.chronicle.queue.RollCycle;
import net.openhft.chronicle.queue.rollcycles.RollCycleArithmetic;

/** A file each second, with the index of Chronicle's default roll cycle. <b>Threading:</b> Immutable. */
final class SecondRollCycle implements RollCycle {

    private static final int LENGTH_MILLIS = 1_000;
    private static final RollCycleArithmetic ARITHMETIC = RollCycleArithmetic.of(4 << 10, 256);

    @Override
    public String format() {
        return "yyyyMMdd-HHmmss'B'";
    }

    @Override
    public int lengthInMillis() {
        return LENGTH_MILLIS;
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
