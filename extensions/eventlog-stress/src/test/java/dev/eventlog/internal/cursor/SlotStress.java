package dev.eventlog.internal.cursor;

import dev.eventlog.error.CorruptLogException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/**
 * Two commits into the two slots of a checkpoint's file while it is copied and read, as another process does it: what is read
 * is one of the commits or a refusal, never parts of two.
 */
@JCStressTest
@Outcome(id = {"10, 10", "20, 20", "30, 30"}, expect = Expect.ACCEPTABLE, desc = "one commit")
@Outcome(id = "-1, -1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "refused, to be read again")
@Outcome(expect = Expect.FORBIDDEN, desc = "parts of two commits")
@State
public class SlotStress {

    private static final Path FILE = Path.of("cursors", "billing");
    private static final UUID LOG = new UUID(1, 2);
    private static final String NAME = "billing";

    private final ByteBuffer mapped =
            ByteBuffer.allocateDirect(CursorDescriptor.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    private final CursorSlots slots = new CursorSlots(mapped);

    /** A file with one commit. */
    public SlotStress() {
        slots.prepare(0, NAME, LOG);
        slots.prepare(1, NAME, LOG);
        commit(0, 1, 10);
    }

    private void commit(int number, long sequence, long checkpoint) {
        ByteBuffer slot = slots.slot(number);
        slot.putLong(CursorDescriptor.SEQUENCE_OFFSET, sequence);
        slot.putLong(CursorDescriptor.CHECKPOINT_OFFSET, checkpoint);
        slot.putLong(CursorDescriptor.HIGHEST_OFFSET, checkpoint);
        slot.putInt(CursorDescriptor.CRC_OFFSET, CursorDescriptor.crc(slot, new CRC32C()));
    }

    /** The owner. */
    @Actor
    public void commit() {
        commit(1, 2, 20);
        commit(0, 3, 30);
    }

    /** Somebody who reads the file. */
    @Actor
    public void read(JJ_Result result) {
        ByteBuffer copy = ByteBuffer.allocate(CursorDescriptor.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        copy.put(0, mapped, 0, CursorDescriptor.LENGTH);
        var read = new CursorSlots(copy);
        try {
            ByteBuffer slot = read.slot(read.newest(NAME, LOG, FILE));
            result.r1 = slot.getLong(CursorDescriptor.CHECKPOINT_OFFSET);
            result.r2 = slot.getLong(CursorDescriptor.HIGHEST_OFFSET);
        } catch (CorruptLogException refused) {
            result.r1 = -1;
            result.r2 = -1;
        }
    }
}
