package dev.eventlog.internal.cursor;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.support.Names;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The layout of a file of {@code parked/}, little-endian. One checksum covers the whole list and the file's length follows
 * from it, so that no event can leave the list by damage.
 *
 * <pre>
 *   0                               32              40      44      48
 *   +-------------------------------+---------------+-------+-------+---------+---------+--
 *   | file header "EVLGPARK"        | name's hash   | count | CRC   | entry   | entry   | …
 *   +-------------------------------+---------------+-------+-------+---------+---------+--
 *
 *   entry: 0 position, 8 epoch of the writer that parked it, 12 attempts                   = 16 bytes, by position
 * </pre>
 *
 * The CRC32C covers bytes 32 to 43 and the entries; the hash is {@link Names#hash64}. The file is replaced as a whole, so
 * there is no torn form of it.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class ParkedDescriptor {

    static final String MAGIC = "EVLGPARK";

    private static final int NAME_HASH_OFFSET = FileHeader.LENGTH;
    private static final int COUNT_OFFSET = NAME_HASH_OFFSET + Long.BYTES;
    private static final int CRC_OFFSET = COUNT_OFFSET + Integer.BYTES;
    private static final int ENTRIES_OFFSET = CRC_OFFSET + Integer.BYTES;
    private static final int ENTRY_EPOCH_OFFSET = Long.BYTES;
    private static final int ENTRY_ATTEMPTS_OFFSET = ENTRY_EPOCH_OFFSET + Integer.BYTES;
    private static final int ENTRY_LENGTH = ENTRY_ATTEMPTS_OFFSET + Integer.BYTES;

    /** Length of the file of a full list. */
    static final int MAX_LENGTH = ENTRIES_OFFSET + ParkedList.MAX_EVENTS * ENTRY_LENGTH;

    private ParkedDescriptor() {}

    /** What is kept of a parked event beside its position. */
    record Entry(int epoch, int attempts) {}

    /** The bytes of a list's file. */
    static ByteBuffer write(String name, UUID logId, NavigableMap<Long, Entry> entries) {
        ByteBuffer bytes = ByteBuffer.allocate(ENTRIES_OFFSET + entries.size() * ENTRY_LENGTH)
                .order(ByteOrder.LITTLE_ENDIAN);
        FileHeader.write(bytes, MAGIC, logId);
        bytes.putLong(NAME_HASH_OFFSET, Names.hash64(name));
        bytes.putInt(COUNT_OFFSET, entries.size());
        int at = ENTRIES_OFFSET;
        for (var each : entries.entrySet()) {
            bytes.putLong(at, each.getKey());
            bytes.putInt(at + ENTRY_EPOCH_OFFSET, each.getValue().epoch());
            bytes.putInt(at + ENTRY_ATTEMPTS_OFFSET, each.getValue().attempts());
            at += ENTRY_LENGTH;
        }
        bytes.putInt(CRC_OFFSET, crc(bytes, bytes.capacity()));
        return bytes;
    }

    /**
     * Reads the first bytes of a buffer.
     *
     * @param length of the file
     * @throws CorruptLogException if they are not a whole list of this consumer
     */
    static NavigableMap<Long, Entry> read(ByteBuffer bytes, long length, String name, UUID logId, Path file) {
        FileHeader.check(bytes, (int) Math.min(length, Integer.MAX_VALUE), MAGIC, file, logId);
        int count = length < ENTRIES_OFFSET ? -1 : bytes.getInt(COUNT_OFFSET);
        if (count < 0 || length != ENTRIES_OFFSET + (long) count * ENTRY_LENGTH || length > MAX_LENGTH) {
            throw damaged("damaged, its length of " + length + " bytes is wrong", name, file);
        }
        if (bytes.getInt(CRC_OFFSET) != crc(bytes, (int) length)) {
            throw damaged("damaged, its checksum is wrong", name, file);
        }
        if (bytes.getLong(NAME_HASH_OFFSET) != Names.hash64(name)) {
            throw damaged("of another consumer", name, file);
        }
        var entries = new TreeMap<Long, Entry>();
        for (int at = ENTRIES_OFFSET; at < length; at += ENTRY_LENGTH) {
            long position = bytes.getLong(at);
            if (!entries.isEmpty() && position <= entries.lastKey()) {
                throw damaged("damaged, its positions do not rise", name, file);
            }
            entries.put(
                    position,
                    new Entry(bytes.getInt(at + ENTRY_EPOCH_OFFSET), bytes.getInt(at + ENTRY_ATTEMPTS_OFFSET)));
        }
        return entries;
    }

    /** Whether the bytes are a whole list of a log's, whosever. */
    static boolean isWhole(ByteBuffer bytes, UUID logId, Path file) {
        int length = bytes.limit();
        try {
            FileHeader.check(bytes, length, MAGIC, file, logId);
        } catch (CorruptLogException damaged) {
            return false;
        }
        int count = length < ENTRIES_OFFSET ? -1 : bytes.getInt(COUNT_OFFSET);
        return count >= 0
                && length == ENTRIES_OFFSET + (long) count * ENTRY_LENGTH
                && bytes.getInt(CRC_OFFSET) == crc(bytes, length);
    }

    private static CorruptLogException damaged(String what, String name, Path file) {
        return failure(what, name, file, NAME_HASH_OFFSET);
    }

    static CorruptLogException failure(String what, String name, Path file, int offset) {
        return new CorruptLogException(
                "list of parked events is " + what + ": consumer=" + name + " file=" + file + " offset=" + offset
                        + "; nothing was changed. Restore the file, or forget the consumer and open it at a place of"
                        + " your choice, before the events that it had parked",
                file,
                offset,
                -1,
                -1,
                null);
    }

    private static int crc(ByteBuffer bytes, int length) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate().limit(CRC_OFFSET).position(NAME_HASH_OFFSET));
        crc.update(bytes.duplicate().limit(length).position(ENTRIES_OFFSET));
        return (int) crc.getValue();
    }
}
