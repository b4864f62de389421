package dev.eventlog.internal.journal;

import dev.eventlog.error.UnknownFormatException;
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
 * The file {@code log.meta}: what a log is for ever. Written once, under another name, then renamed into place; damaged
 * or gone, it is made anew from the files that have its contents too, see {@link LostMeta}. A writer holds the system's
 * lock on it and reads it through the channel that has the lock, see {@link DirectoryLock}.
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

    /** Stands for what is damaged. */
    static final LogMeta UNKNOWN = new LogMeta(new UUID(0, 0), 0, 0);

    private static final String MAGIC = "EVLGMETA";
    private static final int CREATED_OFFSET = FileHeader.LENGTH;
    private static final int FIRST_POSITION_OFFSET = CREATED_OFFSET + Long.BYTES;
    private static final int INCOMPATIBLE_OFFSET = FIRST_POSITION_OFFSET + Long.BYTES;
    private static final int CRC_OFFSET = INCOMPATIBLE_OFFSET + Integer.BYTES;
    private static final int LENGTH = CRC_OFFSET + Integer.BYTES;

    /**
     * Reads the file; null if it is damaged.
     *
     * @throws UnknownFormatException if a newer version wrote it, or the log needs a feature that this one does not know
     */
    static @Nullable LogMeta read(FileOps.OpenFile file) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        int length = file.read(bytes, 0);
        UUID logId = FileHeader.logId(bytes, length, MAGIC, file.path());
        if (logId == null || length < LENGTH || bytes.getInt(CRC_OFFSET) != crc(bytes)) {
            return null;
        }
        int incompatible = bytes.getInt(INCOMPATIBLE_OFFSET);
        if (incompatible != 0) {
            throw new UnknownFormatException(
                    "log needs features that this version does not know: file=" + file.path() + " features="
                            + incompatible + " supported=0; use a newer version of eventlog",
                    incompatible,
                    0);
        }
        return new LogMeta(logId, bytes.getLong(CREATED_OFFSET), bytes.getLong(FIRST_POSITION_OFFSET));
    }

    /** Creates the file, durably. */
    void create(Path file, FileOps files) throws IOException {
        files.replace(file, bytes());
    }

    /** Writes over a file that is damaged, durably. Whoever dies on the way leaves it damaged. */
    void mend(FileOps.OpenFile file) throws IOException {
        file.write(bytes(), 0);
        file.truncate(LENGTH);
        file.force();
    }

    private ByteBuffer bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        FileHeader.write(bytes, MAGIC, logId);
        bytes.putLong(CREATED_OFFSET, createdNanos);
        bytes.putLong(FIRST_POSITION_OFFSET, firstPosition);
        bytes.putInt(CRC_OFFSET, crc(bytes));
        return bytes;
    }

    private static int crc(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate().limit(CRC_OFFSET).position(CREATED_OFFSET));
        return (int) crc.getValue();
    }
}
