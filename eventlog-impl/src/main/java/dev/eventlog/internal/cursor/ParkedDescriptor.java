package dev.eventlog.internal.cursor;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.support.Names;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The layout of a file of {@code parked/}, little-endian. One checksum covers the whole list and the file's length follows
 * from it, so that no event can leave the list by damage.
 *
 * <pre>
 *   0                               32              40      44      48
 *   +-------------------------------+---------------+-------+-------+---------+--   --+---------+--
 *   | file header "EVLGPARK"        | name's hash   | count | CRC   | entry   | …     | failure | …
 *   +-------------------------------+---------------+-------+-------+---------+--   --+---------+--
 *
 *   entry:   0 position, 8 epoch of the writer that parked it, 12 attempts                 = 16 bytes, by position
 *   failure: 0 length, 2 UTF-8 bytes of what the last attempt failed of, {@value #MAX_FAILURE_LENGTH} at most; one an entry, in their order
 * </pre>
 *
 * The CRC32C covers bytes 32 to 43 and all from 48 on; the hash is {@link Names#hash64}. The file is replaced as a whole,
 * so there is no torn form of it.
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

    /** Bytes that are kept of a failure. */
    static final int MAX_FAILURE_LENGTH = 200;

    /** Greatest length of the file of a full list. */
    static final int MAX_LENGTH =
            ENTRIES_OFFSET + ParkedList.MAX_EVENTS * (ENTRY_LENGTH + Short.BYTES + MAX_FAILURE_LENGTH);

    private ParkedDescriptor() {}

    /**
     * What is kept of a parked event beside its position.
     *
     * @param epoch of the writer that parked it
     * @param attempts that it had before
     * @param failure what the last of them failed of; empty if it had none
     */
    record Entry(int epoch, int attempts, String failure) {}

    /** As much of a failure as is kept: its class and message, cut between characters. */
    static String failure(@Nullable Throwable why) {
        if (why == null) {
            return "";
        }
        String text;
        try {
            text = why.toString();
        } catch (RuntimeException | StackOverflowError e) {
            // a user's code
            text = why.getClass().getName();
        }
        byte[] bytes = String.valueOf(text).getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, MAX_FAILURE_LENGTH);
        while (length < bytes.length && (bytes[length] & 0xc0) == 0x80) {
            length--;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    /** The bytes of a list's file. */
    static ByteBuffer write(String name, UUID logId, NavigableMap<Long, Entry> entries) {
        var failures = new ByteArrayOutputStream();
        for (Entry entry : entries.values()) {
            byte[] failure = entry.failure().getBytes(StandardCharsets.UTF_8);
            failures.write(failure.length);
            failures.write(failure.length >>> 8);
            failures.writeBytes(failure);
        }
        ByteBuffer bytes = ByteBuffer.allocate(ENTRIES_OFFSET + entries.size() * ENTRY_LENGTH + failures.size())
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
        bytes.put(at, failures.toByteArray());
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
        if (!isLengthPlausible(bytes, length)) {
            throw damaged("damaged, its length of " + length + " bytes is wrong", name, file);
        }
        if (bytes.getInt(CRC_OFFSET) != crc(bytes, (int) length)) {
            throw damaged("damaged, its checksum is wrong", name, file);
        }
        if (bytes.getLong(NAME_HASH_OFFSET) != Names.hash64(name)) {
            throw damaged("of another consumer", name, file);
        }
        List<String> failures = failures(bytes, (int) length);
        if (failures == null) {
            throw damaged("damaged, what it tells of failures is wrong", name, file);
        }
        var entries = new TreeMap<Long, Entry>();
        int at = ENTRIES_OFFSET;
        for (String failure : failures) {
            long position = bytes.getLong(at);
            if (!entries.isEmpty() && position <= entries.lastKey()) {
                throw damaged("damaged, its positions do not rise", name, file);
            }
            int epoch = bytes.getInt(at + ENTRY_EPOCH_OFFSET);
            entries.put(position, new Entry(epoch, bytes.getInt(at + ENTRY_ATTEMPTS_OFFSET), failure));
            at += ENTRY_LENGTH;
        }
        return entries;
    }

    /** Whether a file is long enough for its entries, and no longer than any is. */
    private static boolean isLengthPlausible(ByteBuffer bytes, long length) {
        int count = length < ENTRIES_OFFSET ? -1 : bytes.getInt(COUNT_OFFSET);
        return count >= 0
                && count <= ParkedList.MAX_EVENTS
                && length >= ENTRIES_OFFSET + (long) count * (ENTRY_LENGTH + Short.BYTES)
                && length <= MAX_LENGTH;
    }

    /** The failure of each entry; null if they do not end with the file, or are not UTF-8. */
    private static @Nullable List<String> failures(ByteBuffer bytes, int length) {
        int count = bytes.getInt(COUNT_OFFSET);
        var failures = new ArrayList<String>();
        ByteBuffer rest = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).limit(length);
        rest.position(ENTRIES_OFFSET + count * ENTRY_LENGTH);
        while (failures.size() < count) {
            int its = rest.remaining() < Short.BYTES ? -1 : rest.getShort() & 0xffff;
            if (its < 0 || its > MAX_FAILURE_LENGTH || its > rest.remaining()) {
                return null;
            }
            var failure = new byte[its];
            rest.get(failure);
            String text = new String(failure, StandardCharsets.UTF_8);
            if (!Arrays.equals(text.getBytes(StandardCharsets.UTF_8), failure)) {
                return null;
            }
            failures.add(text);
        }
        return rest.hasRemaining() ? null : failures;
    }

    /** Whether the bytes are a whole list of a log's, whosever. */
    static boolean isWhole(ByteBuffer bytes, UUID logId, Path file) {
        int length = bytes.limit();
        try {
            FileHeader.check(bytes, length, MAGIC, file, logId);
        } catch (CorruptLogException damaged) {
            return false;
        }
        return isLengthPlausible(bytes, length)
                && bytes.getInt(CRC_OFFSET) == crc(bytes, length)
                && failures(bytes, length) != null;
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
