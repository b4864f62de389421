package dev.eventlog.internal.cursor;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.support.Names;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The two slots of a cursor's file, each judged by itself: its file header, its checksum and its name; see
 * {@link CursorDescriptor}.
 *
 * <p><b>Threading:</b> One thread at a time: the cursor's owner, or who reads the file.
 */
final class CursorSlots {

    private final ByteBuffer[] slots = new ByteBuffer[CursorDescriptor.SLOTS];

    CursorSlots(ByteBuffer file) {
        for (int i = 0; i < slots.length; i++) {
            slots[i] = file.slice(i * CursorDescriptor.SLOT_LENGTH, CursorDescriptor.SLOT_LENGTH)
                    .order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    ByteBuffer slot(int number) {
        return slots[number];
    }

    /**
     * The valid slot with the greatest sequence.
     *
     * @throws CorruptLogException if none is valid, or the file is another consumer's or another log's
     * @throws UnknownFormatException if a newer version wrote one
     */
    int newest(String name, UUID logId, Path file) {
        int newest = -1;
        CorruptLogException header = null;
        for (int i = 0; i < slots.length; i++) {
            CorruptLogException problem = headerProblem(i, logId, file);
            if (problem != null) {
                header = problem;
            } else if (CursorDescriptor.isValid(slots[i]) && (newest < 0 || sequence(i) > sequence(newest))) {
                newest = i;
            }
        }
        if (newest < 0) {
            throw damaged("in both slots", name, file, header == null ? FileHeader.LENGTH : 0, header);
        }
        if (!CursorDescriptor.name(slots[newest]).equals(name)) {
            throw damaged("it is of another consumer", name, file, CursorDescriptor.NAME_OFFSET, null);
        }
        return newest;
    }

    /** Whether a slot cannot be read, as a commit that was cut short leaves it, or damage. */
    boolean isDamaged(int number, UUID logId, Path file) {
        return headerProblem(number, logId, file) != null || !CursorDescriptor.isValid(slots[number]);
    }

    private @Nullable CorruptLogException headerProblem(int number, UUID logId, Path file) {
        try {
            FileHeader.check(slots[number], CursorDescriptor.SLOT_LENGTH, CursorDescriptor.MAGIC, file, logId);
            return null;
        } catch (CorruptLogException damaged) {
            return damaged;
        }
    }

    /** The flags that either slot has, be it damaged or not: rather for nothing than not. */
    int anyFlags() {
        int any = 0;
        for (ByteBuffer slot : slots) {
            any |= slot.getShort(CursorDescriptor.FLAGS_OFFSET);
        }
        return any & (CursorDescriptor.FLAG_PROCESSES | CursorDescriptor.FLAG_REQUIRED);
    }

    /** The lesser checkpoint of the slots that can be read: what a power cut in a later commit may leave. */
    long leastCheckpoint(UUID logId, Path file) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < slots.length; i++) {
            if (!isDamaged(i, logId, file)) {
                least = Math.min(least, checkpoint(i));
            }
        }
        return least;
    }

    long checkpoint(int number) {
        return slots[number].getLong(CursorDescriptor.CHECKPOINT_OFFSET);
    }

    private long sequence(int number) {
        return slots[number].getLong(CursorDescriptor.SEQUENCE_OFFSET);
    }

    /** Writes what does not change in a slot; the slot stays without effect until a commit writes the rest. */
    void prepare(int number, String name, UUID logId) {
        ByteBuffer slot = slots[number];
        // before the header: what else stands there must not come to hold again
        slot.putLong(CursorDescriptor.SEQUENCE_OFFSET, 0);
        FileHeader.write(slot, CursorDescriptor.MAGIC, logId);
        CursorDescriptor.putName(slot, name);
    }

    /**
     * The name of the consumer that a file belongs to, also if it is damaged: the file's own name tells whether a name that
     * stands in it is right.
     *
     * @param stem the file's name without its suffix, which stands for a name that is lost
     */
    String name(String stem) {
        int hash = stem.lastIndexOf('-');
        for (String candidate : new String[] {
            CursorDescriptor.name(slots[0]), CursorDescriptor.name(slots[1]), hash < 0 ? stem : stem.substring(0, hash)
        }) {
            if (Names.fileName(candidate).equals(stem)) {
                return candidate;
            }
        }
        return stem;
    }

    static CorruptLogException damaged(
            String what, String name, Path file, long offset, @Nullable CorruptLogException cause) {
        return new CorruptLogException(
                "checkpoint is damaged, " + what + ": consumer=" + name + " file=" + file + " offset=" + offset
                        + "; restore the file, or forget the consumer and open it at a place of your choice",
                file,
                offset,
                -1,
                -1,
                cause);
    }
}
