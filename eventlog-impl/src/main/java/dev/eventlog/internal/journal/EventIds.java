package dev.eventlog.internal.journal;

import static dev.eventlog.internal.frame.FrameDescriptor.EVENT_FLAGS_OFFSET;
import static dev.eventlog.internal.frame.FrameDescriptor.EVENT_HEADER_LENGTH;
import static dev.eventlog.internal.frame.FrameDescriptor.EVENT_ID_LENGTH_OFFSET;
import static dev.eventlog.internal.frame.FrameDescriptor.EVENT_KEY_LENGTH_OFFSET;
import static dev.eventlog.internal.frame.FrameDescriptor.EVENT_RECORD_LENGTH_OFFSET;
import static dev.eventlog.internal.frame.FrameDescriptor.FLAG_ID;
import static dev.eventlog.internal.frame.FrameDescriptor.FLAG_PRODUCER;
import static dev.eventlog.internal.frame.FrameDescriptor.PRODUCER_LENGTH;

import dev.eventlog.internal.frame.FrameBuilder;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The ids of the events of a frame, as hashes, made before the append lock is taken; and, under it, which of these events
 * stand in the log already.
 *
 * <p><b>Threading:</b> One thread at a time: the one that appends.
 */
final class EventIds {

    /** Finds where the event stands that an id was made for by the log. */
    interface Made {
        /** Its position; {@link IdWindow#UNKNOWN} if the id is not such a one. */
        long position(ByteBuffer bytes, int offset, int length);
    }

    private final int eventCount;
    private int count;
    // index of the event in its frame
    private int[] indexes;
    private long[][] hashes;
    // where the event stands that the id was made for
    private long[] made;
    // by admit: where the event stands, and whether it stood there before
    private long[] positions;
    private boolean[] known;

    private EventIds(int eventCount, int capacity) {
        this.eventCount = eventCount;
        indexes = new int[capacity];
        hashes = new long[capacity][];
        made = new long[capacity];
        positions = new long[capacity];
        known = new boolean[capacity];
    }

    /** The ids of a frame that has some. */
    static EventIds of(FrameBuilder frame, IdHash hash, Made makers) {
        var ids = new EventIds(frame.eventCount(), 1);
        ByteBuffer bytes = frame.buffer();
        int at = frame.firstEventOffset();
        for (int i = 0; i < ids.eventCount; i++) {
            int flags = bytes.getShort(at + EVENT_FLAGS_OFFSET);
            if ((flags & FLAG_ID) != 0) {
                int keyLength = bytes.getShort(at + EVENT_KEY_LENGTH_OFFSET) & 0xffff;
                int length = bytes.getShort(at + EVENT_ID_LENGTH_OFFSET) & 0xffff;
                int offset =
                        at + EVENT_HEADER_LENGTH + ((flags & FLAG_PRODUCER) != 0 ? PRODUCER_LENGTH : 0) + keyLength;
                ids.add(i, hash.of(bytes, offset, length), makers.position(bytes, offset, length));
            }
            at += bytes.getInt(at + EVENT_RECORD_LENGTH_OFFSET);
        }
        return ids;
    }

    private void add(int index, long[] hash, long position) {
        if (count == indexes.length) {
            int capacity = Math.max(16, 2 * count);
            indexes = Arrays.copyOf(indexes, capacity);
            hashes = Arrays.copyOf(hashes, capacity);
            made = Arrays.copyOf(made, capacity);
            positions = new long[capacity];
            known = new boolean[capacity];
        }
        indexes[count] = index;
        hashes[count] = hash;
        made[count] = position;
        count++;
    }

    /** Whether all events stand in the log already. Under the append lock. */
    boolean isKnown(IdWindow window, long nowNanos) {
        for (int i = 0; i < count; i++) {
            if (made[i] == IdWindow.UNKNOWN && window.find(hashes[i][0], hashes[i][1], nowNanos) == IdWindow.UNKNOWN) {
                return false;
            }
        }
        return count == eventCount;
    }

    /**
     * Looks which events are new, and puts those into the window for where they will stand. Under the append lock.
     *
     * @param base where the first new event will stand
     * @return number of events that are left out
     */
    int admit(IdWindow window, long base, long nowNanos) {
        int leftOut = 0;
        for (int i = 0; i < count; i++) {
            long[] hash = hashes[i];
            long found = window.find(hash[0], hash[1], nowNanos);
            if (found == IdWindow.UNKNOWN) {
                found = made[i];
            }
            known[i] = found != IdWindow.UNKNOWN;
            if (known[i]) {
                leftOut++;
            } else {
                found = base + indexes[i] - leftOut;
                window.put(hash[0], hash[1], found, nowNanos);
            }
            positions[i] = found;
        }
        return leftOut;
    }

    /** Puts those that are new into the window, for a frame that is appended with all its events. Under the append lock. */
    void enter(IdWindow window, long base, long nowNanos) {
        for (int i = 0; i < count; i++) {
            long[] hash = hashes[i];
            if (window.find(hash[0], hash[1], nowNanos) == IdWindow.UNKNOWN) {
                window.put(hash[0], hash[1], base + indexes[i], nowNanos);
            }
        }
    }

    /** Behind {@link #admit}: whether an event of the frame stands in the log already. */
    boolean isLeftOut(int index) {
        int i = Arrays.binarySearch(indexes, 0, count, index);
        return i >= 0 && known[i];
    }

    /** Behind {@link #admit}: where the last event of the frame stands or will stand. */
    long lastPosition(long base, int leftOut) {
        int last = count - 1;
        return indexes[last] == eventCount - 1 ? positions[last] : base + eventCount - 1 - leftOut;
    }
}
