package dev.eventlog.internal.journal;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A file of {@code index/}: the sparse index of a sealed segment. Derived: made anew when missing or damaged.
 *
 * <pre>
 *   0                               32              40      44      48
 *   +-------------------------------+---------------+-------+-------+
 *   | file header "EVLGINDX"        | segment       | count | CRC   | then count x (position, append time, offset), 8 each
 *   +-------------------------------+---------------+-------+-------+
 * </pre>
 *
 * The CRC32C covers bytes 32 to 43 and the entries.
 *
 * <p><b>Threading:</b> Thread-safe: without state; call on the I/O thread.
 */
final class IndexFile {

    private static final String MAGIC = "EVLGINDX";
    private static final int SEGMENT_OFFSET = FileHeader.LENGTH;
    private static final int COUNT_OFFSET = SEGMENT_OFFSET + Long.BYTES;
    private static final int CRC_OFFSET = COUNT_OFFSET + Integer.BYTES;
    private static final int ENTRIES_OFFSET = CRC_OFFSET + Integer.BYTES;
    private static final int ENTRY_LENGTH = SparseIndex.ENTRY_LONGS * Long.BYTES;
    private static final int MAX_COUNT = (1 << 30) / SparseIndex.SPACING * 2;

    private IndexFile() {}

    /** Reads the file; null if there is none or it is damaged: checksums do not fit, or entries that do not rise. */
    static @Nullable SparseIndex read(Path file, UUID logId, long segment, FileOps files) throws IOException {
        FileOps.Attributes attributes = files.attributes(file);
        if (attributes == null || attributes.length() > ENTRIES_OFFSET + (long) MAX_COUNT * ENTRY_LENGTH) {
            return null;
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) attributes.length()).order(ByteOrder.LITTLE_ENDIAN);
        int length;
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.READ)) {
            length = open.read(bytes, 0);
        }
        try {
            FileHeader.check(bytes, length, MAGIC, file, logId);
        } catch (CorruptLogException damaged) {
            return null;
        }
        if (length < ENTRIES_OFFSET
                || bytes.getLong(SEGMENT_OFFSET) != segment
                || length != ENTRIES_OFFSET + (long) bytes.getInt(COUNT_OFFSET) * ENTRY_LENGTH
                || bytes.getInt(CRC_OFFSET) != crc(bytes)) {
            return null;
        }
        var index = new SparseIndex();
        long position = -1;
        long offset = -1;
        for (int at = ENTRIES_OFFSET; at < length; at += ENTRY_LENGTH) {
            if (bytes.getLong(at) <= position || bytes.getLong(at + 16) <= offset) {
                return null;
            }
            position = bytes.getLong(at);
            offset = bytes.getLong(at + 16);
            index.add(position, bytes.getLong(at + 8), offset);
        }
        return offset <= Integer.MAX_VALUE ? index : null;
    }

    /** Writes the file. */
    static void write(Path file, UUID logId, long segment, SparseIndex index, FileOps files) throws IOException {
        int count = index.count();
        ByteBuffer bytes =
                ByteBuffer.allocate(ENTRIES_OFFSET + count * ENTRY_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        FileHeader.write(bytes, MAGIC, logId);
        bytes.putLong(SEGMENT_OFFSET, segment);
        bytes.putInt(COUNT_OFFSET, count);
        for (int i = 0, at = ENTRIES_OFFSET; i < count; i++, at += ENTRY_LENGTH) {
            bytes.putLong(at, index.position(i));
            bytes.putLong(at + 8, index.appendTimeNanos(i));
            bytes.putLong(at + 16, index.offset(i));
        }
        bytes.putInt(CRC_OFFSET, crc(bytes));
        files.replace(file, bytes);
    }

    private static int crc(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate().limit(CRC_OFFSET).position(SEGMENT_OFFSET));
        crc.update(bytes.duplicate().clear().position(ENTRIES_OFFSET));
        return (int) crc.getValue();
    }
}
