package dev.eventlog.internal.cursor;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collection;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * A file of {@code parked/}: records behind a file header "EVLGPARK", each of 32 bytes, little-endian, appended and
 * forced one by one.
 *
 * <pre>
 *   0       4   6   8               16      20      24              32
 *   +-------+---+---+---------------+-------+-------+---------------+
 *   | CRC   |knd| 0 | position      |attempt| 0     | 0             |     kind 1: parked, kind 2: taken off
 *   +-------+---+---+---------------+-------+-------+---------------+     CRC32C of bytes 4 to 31
 * </pre>
 *
 * Damaged records at the end were never acknowledged, and are overwritten; one before a valid one is damage.
 *
 * <p><b>Threading:</b> One thread at a time: the list that owns it.
 */
final class ParkedFile {

    static final String MAGIC = "EVLGPARK";
    private static final int RECORD_LENGTH = 32;
    private static final int KIND_OFFSET = 4;
    private static final int POSITION_OFFSET = 8;
    private static final int ATTEMPTS_OFFSET = 16;
    private static final int PARKED = 1;
    private static final int RELEASED = 2;
    private static final int COMPACTED_LENGTH = 4 << 20;
    private static final int MAX_LENGTH = 64 << 20;

    private final Path path;
    private final UUID logId;
    private final FileOps files;
    private final IoThread io;
    private long length;

    ParkedFile(Path path, UUID logId, FileOps files, IoThread io) {
        this.path = path;
        this.logId = logId;
        this.files = files;
        this.io = io;
    }

    /** Reads the list. */
    NavigableSet<Long> load() {
        try {
            return io.call(this::read);
        } catch (IOException e) {
            throw FileCursors.failed("reading the list of parked events", path, e);
        }
    }

    private NavigableSet<Long> read() throws IOException {
        var positions = new TreeSet<Long>();
        FileOps.Attributes attributes = files.attributes(path);
        if (attributes == null) {
            return positions;
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(MAX_LENGTH, attributes.length()))
                .order(ByteOrder.LITTLE_ENDIAN);
        int read;
        try (FileOps.OpenFile file = files.open(path, FileOps.Mode.READ)) {
            read = file.read(bytes, 0);
        }
        if (read <= FileHeader.LENGTH) {
            // whoever created it died before the first record was forced
            return positions;
        }
        FileHeader.check(bytes, read, MAGIC, path, logId);
        int at = FileHeader.LENGTH;
        for (; read - at >= RECORD_LENGTH; at += RECORD_LENGTH) {
            if (bytes.getInt(at) != crc(bytes, at)) {
                if (hasRecordBehind(bytes, at, read)) {
                    throw new CorruptLogException(
                            "list of parked events is damaged: file=" + path + " offset=" + at
                                    + "; restore the file, it was left untouched",
                            path,
                            at,
                            -1,
                            -1,
                            null);
                }
                break;
            }
            long position = bytes.getLong(at + POSITION_OFFSET);
            if (bytes.getShort(at + KIND_OFFSET) == PARKED) {
                positions.add(position);
            } else {
                positions.remove(position);
            }
        }
        length = at;
        return positions;
    }

    private static boolean hasRecordBehind(ByteBuffer bytes, int damaged, int end) {
        for (int at = damaged + RECORD_LENGTH; end - at >= RECORD_LENGTH; at += RECORD_LENGTH) {
            if (bytes.getInt(at) == crc(bytes, at)) {
                return true;
            }
        }
        return false;
    }

    void park(long position, int attempts) {
        append("parking an event", record(PARKED, position, attempts));
    }

    /**
     * Records positions as taken off. When none is left the file goes; when most of it is history it is made anew.
     *
     * @param left those that stay on the list
     */
    void release(Collection<Long> positions, Collection<Long> left) {
        if (left.isEmpty()) {
            delete();
            return;
        }
        if (length > COMPACTED_LENGTH && length > 4L * RECORD_LENGTH * left.size()) {
            compact(left);
            return;
        }
        ByteBuffer records =
                ByteBuffer.allocate(positions.size() * RECORD_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        for (long position : positions) {
            records.put(record(RELEASED, position, 0));
        }
        append("taking parked events off their list", records.flip());
    }

    private void compact(Collection<Long> left) {
        ByteBuffer bytes = ByteBuffer.allocate(FileHeader.LENGTH + left.size() * RECORD_LENGTH)
                .order(ByteOrder.LITTLE_ENDIAN);
        FileHeader.write(bytes, MAGIC, logId);
        bytes.position(FileHeader.LENGTH);
        for (long position : left) {
            bytes.put(record(PARKED, position, 0));
        }
        try {
            io.run(() -> {
                files.replace(path, bytes);
                length = bytes.capacity();
            });
        } catch (IOException e) {
            throw FileCursors.failed("taking parked events off their list", path, e);
        }
    }

    private void append(String what, ByteBuffer records) {
        try {
            io.run(() -> {
                boolean created = length == 0;
                try (FileOps.OpenFile file = files.open(path, FileOps.Mode.CREATE)) {
                    if (created) {
                        ByteBuffer header =
                                ByteBuffer.allocate(FileHeader.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
                        FileHeader.write(header, MAGIC, logId);
                        file.truncate(0);
                        file.write(header, 0);
                        length = FileHeader.LENGTH;
                    }
                    int count = records.remaining();
                    file.write(records, length);
                    file.force();
                    length += count;
                }
                if (created && path.getParent() != null) {
                    files.forceDirectory(path.getParent());
                }
            });
        } catch (IOException e) {
            throw FileCursors.failed(what, path, e);
        }
    }

    private void delete() {
        try {
            io.run(() -> {
                files.delete(path);
                length = 0;
                if (path.getParent() != null) {
                    files.forceDirectory(path.getParent());
                }
            });
        } catch (IOException e) {
            throw FileCursors.failed("taking parked events off their list", path, e);
        }
    }

    private static ByteBuffer record(int kind, long position, int attempts) {
        ByteBuffer record = ByteBuffer.allocate(RECORD_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        record.putShort(KIND_OFFSET, (short) kind);
        record.putLong(POSITION_OFFSET, position);
        record.putInt(ATTEMPTS_OFFSET, attempts);
        record.putInt(0, crc(record, 0));
        return record;
    }

    private static int crc(ByteBuffer bytes, int at) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate().limit(at + RECORD_LENGTH).position(at + KIND_OFFSET));
        return (int) crc.getValue();
    }
}
