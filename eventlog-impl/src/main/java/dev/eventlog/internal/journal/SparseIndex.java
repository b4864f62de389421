package dev.eventlog.internal.journal;

import java.util.Arrays;

/**
 * Where frames of a segment begin: position, append time and offset of one frame in each 64 KiB. A seek finds the entry
 * before its target and walks from there.
 *
 * <p><b>Threading:</b> Thread-safe: one thread adds, any reads; an entry is published by the volatile count.
 * <b>Allocation:</b> none while there is room; more entries double it. An entry takes 24 bytes.
 */
final class SparseIndex {

    /** Bytes of the segment between entries, at least. */
    static final int SPACING = 64 << 10;

    /** Longs of one entry: position, append time, offset. */
    static final int ENTRY_LONGS = 3;

    // written by the adding thread, read by any; published by count, which readers read first
    private volatile long[] entries;
    private volatile int count;
    private long nextOffset;

    /** An index with room for a few entries. */
    SparseIndex() {
        this(16);
    }

    private SparseIndex(int entryCount) {
        entries = new long[ENTRY_LONGS * entryCount];
    }

    /** An index with room for all entries of a segment. */
    static SparseIndex ofLength(long segmentLengthBytes) {
        return new SparseIndex((int) (segmentLengthBytes / SPACING) + 1);
    }

    /** Adds a data frame if enough bytes lie between it and the last one added. */
    void offer(long position, long appendTimeNanos, long offset) {
        if (offset >= nextOffset) {
            add(position, appendTimeNanos, offset);
        }
    }

    /** Adds an entry behind the others. */
    void add(long position, long appendTimeNanos, long offset) {
        int n = count;
        long[] array = entries;
        if ((n + 1) * ENTRY_LONGS > array.length) {
            array = Arrays.copyOf(array, array.length * 2);
            entries = array;
        }
        array[n * ENTRY_LONGS] = position;
        array[n * ENTRY_LONGS + 1] = appendTimeNanos;
        array[n * ENTRY_LONGS + 2] = offset;
        nextOffset = offset + SPACING;
        count = n + 1;
    }

    /** Number of entries. */
    int count() {
        return count;
    }

    /** Whether another one has the same entries. */
    boolean isSame(SparseIndex other) {
        int n = count;
        return n == other.count && Arrays.equals(entries, 0, n * ENTRY_LONGS, other.entries, 0, n * ENTRY_LONGS);
    }

    /** Position of an entry. */
    long position(int entry) {
        return entries[entry * ENTRY_LONGS];
    }

    /** Append time of an entry. */
    long appendTimeNanos(int entry) {
        return entries[entry * ENTRY_LONGS + 1];
    }

    /** Offset of an entry. */
    long offset(int entry) {
        return entries[entry * ENTRY_LONGS + 2];
    }

    /** The last entry at or before a position; -1 if there is none. */
    int floorPosition(long position) {
        return floor(0, position);
    }

    /** The last entry appended before a time; -1 if there is none. */
    int beforeTime(long appendTimeNanos) {
        return appendTimeNanos == Long.MIN_VALUE ? -1 : floor(1, appendTimeNanos - 1);
    }

    private int floor(int column, long value) {
        int low = 0;
        int high = count - 1;
        long[] array = entries;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (array[middle * ENTRY_LONGS + column] <= value) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }
}
