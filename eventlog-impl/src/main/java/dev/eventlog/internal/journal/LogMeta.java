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
 * The file {@code log.meta}: what a log is for ever. Written once, under another name, then renamed into place.
 *
 * <pre>
 *   0                               32              40              48      52      56
 *   +-------------------------------+---------------+---------------+-------+-------+
 *   | file header "EVLGMETA"        | created, ns   | first position| incomp| CRC   |
 *   +-------------------------------+---------------+---------------+-------+-------+
 * </pre>
 *
 * <i>first position</i> is that of the log's first event ever; <i>incomp</i> are feature bits without which the log
 * cannot be used, none yet; the CRC32C covers bytes 32 to 51.
 *
 * <p><b>Threading:</b> Immutable.
 *
 * @param logId identity of the log
 * @param createdNanos when it was created: nanoseconds since 1970
 * @param firstPosition position of its first event ever
 */
record LogMeta(UUID logId, long createdNanos, long firstPosition) {

    private static final String MAGIC = "EVLGMETA";
    private static final int CREATED_OFFSET = FileHeader.LENGTH;
    private static final int FIRST_POSITION_OFFSET = CREATED_OFFSET + Long.BYTES;
    private static final int INCOMPATIBLE_OFFSET = FIRST_POSITION_OFFSET + Long.BYTES;
    private static final int CRC_OFFSET = INCOMPATIBLE_OFFSET + Integer.BYTES;
    private static final int LENGTH = CRC_OFFSET + Integer.BYTES;

    /** Reads the file; null if there is none. */
    static @Nullable LogMeta read(Path file, FileOps files) throws IOException {
        if (files.attributes(file) == null) {
            return null;
        }
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        int length;
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.READ)) {
            length = open.read(bytes, 0);
        }
        FileHeader.check(bytes, length, MAGIC, file);
        if (length < LENGTH || bytes.getInt(CRC_OFFSET) != crc(bytes) || bytes.getInt(INCOMPATIBLE_OFFSET) != 0) {
            throw new CorruptLogException(
                    "checksum is wrong: file=" + file + " offset=" + CREATED_OFFSET
                            + "; restore the file from a backup, it was left untouched",
                    file,
                    CREATED_OFFSET,
                    -1,
                    -1,
                    null);
        }
        return new LogMeta(
                FileHeader.logId(bytes), bytes.getLong(CREATED_OFFSET), bytes.getLong(FIRST_POSITION_OFFSET));
    }

    /** Writes the file, durably. */
    void write(Path file, FileOps files) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        FileHeader.write(bytes, MAGIC, logId);
        bytes.putLong(CREATED_OFFSET, createdNanos);
        bytes.putLong(FIRST_POSITION_OFFSET, firstPosition);
        bytes.putInt(CRC_OFFSET, crc(bytes));
        files.replace(file, bytes);
    }

    private static int crc(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate().limit(CRC_OFFSET).position(CREATED_OFFSET));
        return (int) crc.getValue();
    }
}
