package dev.eventlog.internal.cursor;

import dev.eventlog.internal.file.FileHeader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * The layout of a file of {@code cursors/}: two slots, each in a page of 4,096 bytes of its own, little-endian.
 *
 * <pre>
 *   0                               32              40              48              56      60      64  66     166 168     172
 *   +-------------------------------+---------------+---------------+---------------+-------+-------+---+------+---+-------+
 *   | file header "EVLGCURS"        | sequence      | checkpoint    | highest       | epoch |generat|len| name |flg| CRC   |
 *   +-------------------------------+---------------+---------------+---------------+-------+-------+---+------+---+-------+
 * </pre>
 *
 * A commit writes the slot that is not the newest, its CRC32C (of bytes 32 to 167) last; the valid slot with the greatest
 * sequence holds. Valid is a slot whose file header and CRC are right; see {@link CursorSlots}. So whoever dies in a commit leaves the checkpoint before it. <i>epoch</i> is the writer's at the commit,
 * <i>generation</i> counts seeks, <i>highest</i> is the greatest checkpoint ever; -1 stands for none.
 * <i>flags</i>: 1 the consumer's outputs are in logs, which tell its checkpoint too. With only that flag and no checkpoint it was
 * forgotten: only its generation is kept, so that what logs tell of it is older than whoever takes its name. From 512 on a slot tells
 * what is done above its checkpoint: see {@link Completions}.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class CursorDescriptor {

    static final String MAGIC = "EVLGCURS";
    static final int SLOT_LENGTH = 4096;
    static final int SLOTS = 2;
    static final int LENGTH = SLOTS * SLOT_LENGTH;

    static final int SEQUENCE_OFFSET = FileHeader.LENGTH;
    static final int CHECKPOINT_OFFSET = SEQUENCE_OFFSET + Long.BYTES;
    static final int HIGHEST_OFFSET = CHECKPOINT_OFFSET + Long.BYTES;
    static final int EPOCH_OFFSET = HIGHEST_OFFSET + Long.BYTES;
    static final int GENERATION_OFFSET = EPOCH_OFFSET + Integer.BYTES;
    static final int NAME_LENGTH_OFFSET = GENERATION_OFFSET + Integer.BYTES;
    static final int NAME_OFFSET = NAME_LENGTH_OFFSET + Short.BYTES;
    static final int NAME_CAPACITY = 100;
    static final int FLAGS_OFFSET = NAME_OFFSET + NAME_CAPACITY;
    static final int CRC_OFFSET = FLAGS_OFFSET + Short.BYTES;

    /** The consumer's outputs are in logs. */
    static final int FLAG_PROCESSES = 1;

    /** The log keeps events from the checkpoint on. */
    static final int FLAG_REQUIRED = 2;

    private CursorDescriptor() {}

    /** Writes a slot's name, which does not change. */
    static void putName(ByteBuffer slot, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        slot.putShort(NAME_LENGTH_OFFSET, (short) bytes.length);
        slot.put(NAME_OFFSET, bytes);
    }

    /** The name in a slot that is valid. */
    static String name(ByteBuffer slot) {
        byte[] bytes = new byte[Math.min(slot.getShort(NAME_LENGTH_OFFSET) & 0xffff, NAME_CAPACITY)];
        slot.get(NAME_OFFSET, bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    /** Whether a slot that is valid says that the log keeps events from its checkpoint on. */
    static boolean isRequired(ByteBuffer slot) {
        return (slot.getShort(FLAGS_OFFSET) & FLAG_REQUIRED) != 0;
    }

    /** Whether a slot that is valid says that its consumer was forgotten. */
    static boolean isForgotten(ByteBuffer slot) {
        // with the other flag somebody has taken its name again, and is about to begin
        int flags = slot.getShort(FLAGS_OFFSET) & (FLAG_PROCESSES | FLAG_REQUIRED);
        return slot.getLong(CHECKPOINT_OFFSET) == Cursor.NONE && flags == FLAG_PROCESSES;
    }

    /** The checksum that a slot should have. */
    static int crc(ByteBuffer slot, CRC32C crc) {
        crc.reset();
        crc.update(slot.limit(CRC_OFFSET).position(SEQUENCE_OFFSET));
        slot.clear();
        return (int) crc.getValue();
    }

    /** Whether a slot's checksum is right, of what is behind its file header. */
    static boolean isValid(ByteBuffer slot) {
        return slot.getInt(CRC_OFFSET) == crc(slot, new CRC32C()) && slot.getLong(SEQUENCE_OFFSET) > 0;
    }
}
