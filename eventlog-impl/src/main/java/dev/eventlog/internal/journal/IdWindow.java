package dev.eventlog.internal.journal;

import java.util.Arrays;

/**
 * The hashes of the ids that were appended last, with their positions: at most so many, and none that is older than an age.
 * A ring in the order of the log, and a table with open addressing that finds its slots.
 *
 * <p>What is {@link #put} counts at once, and stays if {@link #commit} follows; {@link #rollback} takes it back. Only a
 * commit forgets, so that an append that fails forgets nothing.
 *
 * <p><b>Threading:</b> One thread at a time: who reads the log when it is opened, then the holder of the append lock.
 * <b>Allocation:</b> while it grows, by doubling; 48 bytes for each id that it may hold.
 */
final class IdWindow {

    /** {@link #find}: it is not known. */
    static final long UNKNOWN = -1;

    private static final int FIRST_CAPACITY = 64;

    private final int count;
    private final long ageNanos;
    // by slot
    private long[] firstHalves = {};
    private long[] secondHalves = {};
    private long[] positions = {};
    private long[] times = {};
    // slot + 1 at the place that the first half chooses, or behind it; 0: free
    private int[] table = {};
    // slot of the oldest
    private int oldest;
    private int size;

    /**
     * @param count 1 or more
     * @param ageNanos above 0
     */
    IdWindow(int count, long ageNanos) {
        this.count = count;
        this.ageNanos = ageNanos;
    }

    /** Number of ids, those included that are too old to be found. */
    int size() {
        return size;
    }

    /** Whether each further id pushes an older one out. */
    boolean isFull() {
        return size >= count;
    }

    /** Position of the event with an id; {@link #UNKNOWN} if it is forgotten or never was. */
    long find(long first, long second, long nowNanos) {
        if (size == 0) {
            return UNKNOWN;
        }
        int place = place(first, second);
        int slot = table[place] - 1;
        return slot >= 0 && nowNanos - times[slot] < ageNanos ? positions[slot] : UNKNOWN;
    }

    /** Adds an id behind all others. It must not be one that is found. */
    void put(long first, long second, long position, long timeNanos) {
        if (size == positions.length) {
            grow();
        }
        int slot = slot(size);
        firstHalves[slot] = first;
        secondHalves[slot] = second;
        positions[slot] = position;
        times[slot] = timeNanos;
        // one that is too old leaves its place to the new one
        table[place(first, second)] = slot + 1;
        size++;
    }

    /** Lets what was put since there were so many stay, with a time, and forgets what is too much or too old. */
    void commit(int sizeBefore, long timeNanos) {
        for (int i = sizeBefore; i < size; i++) {
            times[slot(i)] = timeNanos;
        }
        while (size > count || (size > 0 && timeNanos - times[oldest] >= ageNanos)) {
            remove(oldest);
            oldest = oldest + 1 == positions.length ? 0 : oldest + 1;
            size--;
        }
    }

    /** Takes back what was put since there were so many. */
    void rollback(int sizeBefore) {
        while (size > sizeBefore) {
            remove(slot(size - 1));
            size--;
        }
    }

    /** Forgets all. */
    void clear() {
        Arrays.fill(table, 0);
        oldest = 0;
        size = 0;
    }

    /** Slot of the n-th oldest. */
    private int slot(int index) {
        int slot = oldest + index;
        return slot < positions.length ? slot : slot - positions.length;
    }

    /** Place of an id in the table, or the free one where it belongs. Half of the table is free at least. */
    private int place(long first, long second) {
        int mask = table.length - 1;
        int place = (int) first & mask;
        while (table[place] != 0) {
            int slot = table[place] - 1;
            if (firstHalves[slot] == first && secondHalves[slot] == second) {
                break;
            }
            place = (place + 1) & mask;
        }
        return place;
    }

    /** Frees the place of a slot, unless a younger one with the same id has it, and closes the gap. */
    private void remove(int slot) {
        int gap = place(firstHalves[slot], secondHalves[slot]);
        if (table[gap] != slot + 1) {
            return;
        }
        int mask = table.length - 1;
        for (int i = (gap + 1) & mask; table[i] != 0; i = (i + 1) & mask) {
            int home = (int) firstHalves[table[i] - 1] & mask;
            if (((i - home) & mask) >= ((i - gap) & mask)) {
                table[gap] = table[i];
                gap = i;
            }
        }
        table[gap] = 0;
    }

    /** By doubling up to one more than is kept; beyond that only for as many as one append adds. */
    private void grow() {
        int capacity = size == 0 ? FIRST_CAPACITY : 2 * size;
        capacity = size < count ? (int) Math.min(capacity, count + 1L) : size + Math.max(16, size >> 3);
        // what may fail for want of memory comes first
        long[] newFirst = inOrder(firstHalves, capacity);
        long[] newSecond = inOrder(secondHalves, capacity);
        long[] newPositions = inOrder(positions, capacity);
        long[] newTimes = inOrder(times, capacity);
        int[] newTable = new int[Integer.highestOneBit(2 * capacity - 1) << 1];
        firstHalves = newFirst;
        secondHalves = newSecond;
        positions = newPositions;
        times = newTimes;
        table = newTable;
        oldest = 0;
        for (int i = 0; i < size; i++) {
            // in order: of two with the same id the younger one has the place
            table[place(firstHalves[i], secondHalves[i])] = i + 1;
        }
    }

    private long[] inOrder(long[] ring, int capacity) {
        long[] grown = new long[capacity];
        int toEnd = Math.min(size, ring.length - oldest);
        System.arraycopy(ring, oldest, grown, 0, toEnd);
        System.arraycopy(ring, 0, grown, toEnd, size - toEnd);
        return grown;
    }
}
