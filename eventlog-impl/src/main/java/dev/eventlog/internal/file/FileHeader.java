package dev.eventlog.internal.file;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.UnknownFormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * How each of our own files begins, little-endian, 32 bytes:
 *
 * <pre>
 *   0               8       12      16                              32
 *   +---------------+-------+-------+-------------------------------+
 *   | magic (ASCII) |version|  CRC  | log id, high and low half     |
 *   +---------------+-------+-------+-------------------------------+
 * </pre>
 *
 * The CRC32C covers magic, version and log id. Segment files are Chronicle's and begin otherwise; their frames carry
 * the same facts.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
public final class FileHeader {

    /** Bytes of the header. */
    public static final int LENGTH = 32;

    /** The version that this library writes. */
    public static final int VERSION = 1;

    private static final int VERSION_OFFSET = 8;
    private static final int CRC_OFFSET = 12;
    private static final int LOG_ID_OFFSET = 16;

    private FileHeader() {}

    /** Writes the header at index 0 of a little-endian buffer. */
    public static void write(ByteBuffer target, String magic, UUID logId) {
        target.order(ByteOrder.LITTLE_ENDIAN);
        target.put(0, magic.getBytes(StandardCharsets.US_ASCII), 0, 8);
        target.putInt(VERSION_OFFSET, VERSION);
        target.putLong(LOG_ID_OFFSET, logId.getMostSignificantBits());
        target.putLong(LOG_ID_OFFSET + 8, logId.getLeastSignificantBits());
        target.putInt(CRC_OFFSET, crc(target));
    }

    /** The log id of a header that was {@link #check checked}. */
    public static UUID logId(ByteBuffer source) {
        return new UUID(source.getLong(LOG_ID_OFFSET), source.getLong(LOG_ID_OFFSET + 8));
    }

    /**
     * The log id of a header at index 0 of a little-endian buffer; null if it is not one of this kind, or damaged.
     *
     * @throws UnknownFormatException if it is of a newer version
     */
    public static @Nullable UUID logId(ByteBuffer source, int length, String magic, Path file) {
        try {
            check(source, length, magic, file);
        } catch (CorruptLogException damaged) {
            return null;
        }
        return logId(source);
    }

    /**
     * Checks the header at index 0 of a little-endian buffer.
     *
     * @throws CorruptLogException if it is not one of this kind, or damaged
     * @throws UnknownFormatException if it is of a newer version
     */
    public static void check(ByteBuffer source, int length, String magic, Path file) {
        if (length < LENGTH) {
            throw corrupt(file, "file has " + length + " bytes, less than its header");
        }
        byte[] found = new byte[8];
        source.get(0, found);
        if (!new String(found, StandardCharsets.US_ASCII).equals(magic)) {
            throw corrupt(file, "file does not begin with " + magic);
        }
        if (source.getInt(CRC_OFFSET) != crc(source)) {
            throw corrupt(file, "header's checksum is wrong");
        }
        int version = source.getInt(VERSION_OFFSET);
        if (version != VERSION) {
            throw new UnknownFormatException(
                    "file was written in a format that this version does not know: file=" + file + " format=" + version
                            + " supported=" + VERSION
                            + "; use a newer version of eventlog, the file was left untouched",
                    version,
                    VERSION);
        }
    }

    /** As {@link #check(ByteBuffer, int, String, Path)}, and that the file is of this log. */
    public static void check(ByteBuffer source, int length, String magic, Path file, UUID logId) {
        check(source, length, magic, file);
        if (!logId(source).equals(logId)) {
            throw corrupt(file, "file is of log " + logId(source) + ", not of " + logId);
        }
    }

    private static CorruptLogException corrupt(Path file, String what) {
        return new CorruptLogException(
                what + ": file=" + file + " offset=0; restore it from a backup, it was left untouched",
                file,
                0,
                -1,
                -1,
                null);
    }

    private static int crc(ByteBuffer source) {
        var crc = new CRC32C();
        crc.update(source.duplicate().limit(CRC_OFFSET).position(0));
        crc.update(source.duplicate().limit(LENGTH).position(LOG_ID_OFFSET));
        return (int) crc.getValue();
    }
}
