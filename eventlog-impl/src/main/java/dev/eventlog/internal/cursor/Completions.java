package dev.eventlog.internal.cursor;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The part of a cursor's slot that tells which events above the checkpoint are done, for subscriptions with lanes; see
 * {@link CursorDescriptor}, whose checksum does not cover it. Little-endian.
 *
 * <pre>
 *   512             520     524     528
 *   +---------------+-------+-------+--------------------------------------+
 *   | sequence      | length| CRC   | gap, count, gap, count, …            |
 *   +---------------+-------+-------+--------------------------------------+
 * </pre>
 *
 * <i>gap</i> is how many positions from the checkpoint, or from the end of the run before, are not done; <i>count</i> how
 * many from there on are; both in groups of 7 bits, the lowest first, with the highest bit set in all but the last. The
 * CRC32C is of bytes 32 to 63, which have the sequence, the checkpoint and the epoch of the commit, and of the pairs.
 *
 * <p>It is written before the slot's own fields. Where sequence or checksum do not fit the slot it says nothing, and nothing is
 * lost by that: the events come again. So a torn one, one that a later commit did not write, and one that a power cut
 * combined with another commit's slot are all the same.
 *
 * <p><b>Threading:</b> Thread-safe: without state. <b>Allocation:</b> none in {@link #write}.
 */
final class Completions {

    static final int OFFSET = 512;
    static final int LENGTH_OFFSET = OFFSET + Long.BYTES;
    static final int CRC_OFFSET = LENGTH_OFFSET + Integer.BYTES;
    static final int PAIRS_OFFSET = CRC_OFFSET + Integer.BYTES;
    static final int CAPACITY = CursorDescriptor.SLOT_LENGTH - PAIRS_OFFSET;

    static final long[] NONE = {};

    private static final int LONGEST_PAIR = 2 * 9;

    private Completions() {}

    /** Makes a slot say nothing of completions, whatever is written to it. */
    static void clear(ByteBuffer slot) {
        slot.putLong(OFFSET, 0);
    }

    /** Writes pairs, as many as there is room for, into a slot whose own fields have been written but for its checksum. */
    static void write(ByteBuffer slot, long[] completions, int count, CRC32C crc) {
        int at = PAIRS_OFFSET;
        long before = slot.getLong(CursorDescriptor.CHECKPOINT_OFFSET);
        for (int i = 0; i < count && at + LONGEST_PAIR <= CursorDescriptor.SLOT_LENGTH; i += 2) {
            assert completions[i] >= before && completions[i] < completions[i + 1] : "pairs rise";
            at = put(slot, at, completions[i] - before);
            at = put(slot, at, completions[i + 1] - completions[i]);
            before = completions[i + 1];
        }
        slot.putInt(LENGTH_OFFSET, at - PAIRS_OFFSET);
        slot.putInt(CRC_OFFSET, crc(slot, at - PAIRS_OFFSET, crc));
        slot.putLong(OFFSET, slot.getLong(CursorDescriptor.SEQUENCE_OFFSET));
    }

    private static int put(ByteBuffer slot, int offset, long value) {
        int at = offset;
        long left = value;
        while (left >= 0x80) {
            slot.put(at++, (byte) (left | 0x80));
            left >>>= 7;
        }
        slot.put(at, (byte) left);
        return at + 1;
    }

    private static int crc(ByteBuffer slot, int length, CRC32C crc) {
        crc.reset();
        crc.update(slot.limit(CursorDescriptor.NAME_LENGTH_OFFSET).position(CursorDescriptor.SEQUENCE_OFFSET));
        crc.update(slot.limit(PAIRS_OFFSET + length).position(PAIRS_OFFSET));
        slot.clear();
        return (int) crc.getValue();
    }

    /** The pairs of a slot that is valid; none if they are not this commit's, or damaged. */
    static long[] read(ByteBuffer slot) {
        int length = slot.getInt(LENGTH_OFFSET);
        if (slot.getLong(OFFSET) != slot.getLong(CursorDescriptor.SEQUENCE_OFFSET)
                || length < 0
                || length > CAPACITY
                || slot.getInt(CRC_OFFSET) != crc(slot, length, new CRC32C())) {
            return NONE;
        }
        ByteBuffer pairs = slot.slice(PAIRS_OFFSET, length);
        // a pair takes two bytes at least
        var found = new long[length];
        int count = 0;
        long at = slot.getLong(CursorDescriptor.CHECKPOINT_OFFSET);
        while (pairs.hasRemaining()) {
            long from = at + get(pairs);
            long to = from + get(pairs);
            if (from < at || to <= from) {
                // the checksum is right, but no commit writes that
                return NONE;
            }
            found[count++] = from;
            found[count++] = to;
            at = to;
        }
        return Arrays.copyOf(found, count);
    }

    private static long get(ByteBuffer pairs) {
        long value = 0;
        for (int shift = 0; pairs.hasRemaining() && shift < Long.SIZE; shift += 7) {
            byte group = pairs.get();
            value |= (group & 0x7fL) << shift;
            if (group >= 0) {
                break;
            }
        }
        return value;
    }

    /** Those below a position. */
    static long[] below(long[] completions, long end) {
        int count = 0;
        while (count < completions.length && completions[count] < end) {
            count += 2;
        }
        long[] kept = Arrays.copyOf(completions, count);
        if (count > 0) {
            kept[count - 1] = Math.min(kept[count - 1], end);
        }
        return kept;
    }
}
