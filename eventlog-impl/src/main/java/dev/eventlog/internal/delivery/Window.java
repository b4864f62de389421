package dev.eventlog.internal.delivery;

/**
 * The events that a subscription has read and whose checkpoint is not past them: a ring in the order of the log, each in a
 * slot whose number stays until the event and all before it are done.
 *
 * <pre>
 *   WAITING ──► HANDLING ──► RETURNED ──► DONE
 *      ▲            │ failed                ▲
 *      └────────────┘         parked ───────┘
 * </pre>
 *
 * <p><b>Threading:</b> One thread at a time: its {@link DeliveryMachine}'s. <b>Allocation:</b> none.
 */
final class Window {

    /** No slot. */
    static final int NONE = -1;

    private static final byte WAITING = 1;
    private static final byte HANDLING = 2;
    private static final byte RETURNED = 3;
    private static final byte DONE = 4;

    private final int mask;
    private final long[] positions;
    private final int[] bytes;
    private final byte[] states;
    private final int[] attempts;
    // the slot behind it in the queue of its key
    private final int[] next;
    // running numbers: a slot is their low bits
    private long head;
    private long tail;
    private long totalBytes;

    /** For so many events at most. */
    Window(int events) {
        int capacity = Integer.highestOneBit(Math.max(2, events) - 1) << 1;
        mask = capacity - 1;
        positions = new long[capacity];
        bytes = new int[capacity];
        states = new byte[capacity];
        attempts = new int[capacity];
        next = new int[capacity];
    }

    /** Slots that there are: a power of two. */
    int capacity() {
        return mask + 1;
    }

    int size() {
        return (int) (tail - head);
    }

    boolean isEmpty() {
        return tail == head;
    }

    /** Length of the payloads in it. */
    long totalBytes() {
        return totalBytes;
    }

    /** Adds the next event, to be handled. */
    int add(long position, int length) {
        assert size() <= mask : "window is full";
        assert isEmpty() || position > positions[slot(tail - 1)] : "positions rise";
        int slot = slot(tail++);
        positions[slot] = position;
        bytes[slot] = length;
        states[slot] = WAITING;
        attempts[slot] = 0;
        next[slot] = NONE;
        totalBytes += length;
        return slot;
    }

    private int slot(long number) {
        return (int) number & mask;
    }

    long position(int slot) {
        return positions[slot];
    }

    int length(int slot) {
        return bytes[slot];
    }

    int next(int slot) {
        return next[slot];
    }

    void next(int slot, int behind) {
        next[slot] = behind;
    }

    /** Attempts that failed. */
    int attempts(int slot) {
        return attempts[slot];
    }

    void countAttempt(int slot) {
        attempts[slot]++;
    }

    void handling(int slot) {
        assert states[slot] == WAITING : "slot is in state " + states[slot];
        states[slot] = HANDLING;
    }

    void waiting(int slot) {
        assert states[slot] == HANDLING : "slot is in state " + states[slot];
        states[slot] = WAITING;
    }

    void returned(int slot) {
        assert states[slot] == HANDLING : "slot is in state " + states[slot];
        states[slot] = RETURNED;
    }

    /** An event is done with. The head moves up as far as all is done. */
    void done(int slot) {
        states[slot] = DONE;
        while (head < tail && states[slot(head)] == DONE) {
            totalBytes -= bytes[slot(head)];
            head++;
        }
    }

    /**
     * Gives up the last slot if the event before it has returned: it is done when that one is. For events that are handled
     * one after the other, which so need two slots and not as many as a batch has events.
     *
     * @return whether it was given up
     */
    boolean joinPrevious(int slot) {
        if (size() < 2 || slot != slot(tail - 1) || states[slot(tail - 2)] != RETURNED) {
            return false;
        }
        tail--;
        totalBytes -= bytes[slot];
        return true;
    }

    /** Where the checkpoint may go: everything before it is done. */
    long watermark(long readPosition) {
        return isEmpty() ? readPosition : positions[slot(head)];
    }

    /**
     * Writes the positions above the watermark that are done, as pairs (from inclusive, to exclusive) in rising order, as
     * many as there is room for.
     *
     * @return number of longs written
     */
    int completions(long[] target) {
        int count = 0;
        for (long number = head; number < tail; number++) {
            int slot = slot(number);
            if (states[slot] != DONE) {
                continue;
            }
            long position = positions[slot];
            if (count > 0 && target[count - 1] == position) {
                target[count - 1] = position + 1;
            } else if (count + 2 <= target.length) {
                target[count++] = position;
                target[count++] = position + 1;
            } else {
                // those behind it are left out too: of a key's events always the first ones are told
                break;
            }
        }
        return count;
    }
}
