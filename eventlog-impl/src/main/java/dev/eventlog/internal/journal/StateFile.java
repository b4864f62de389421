package dev.eventlog.internal.journal;

import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.file.Path;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The mapped file {@code state}: how far the log has come, for the next open and for other processes. Made anew at each
 * open, written whole before it is mapped.
 *
 * <pre>
 *   0                               32              48              56      60      64              72              80              88
 *   +-------------------------------+---------------+---------------+-------+-------+---------------+---------------+---------------+
 *   | file header "EVLGSTAT"        | boot id       | place         | epoch | CRC   | end position  | durable pos.  | first position|
 *   +-------------------------------+---------------+---------------+-------+-------+---------------+---------------+---------------+
 *   88              96              104             112 … 4096
 *   +---------------+---------------+---------------+
 *   | failed forces | only durable  | pruning below |
 *   +---------------+---------------+---------------+
 * </pre>
 *
 * <i>place</i> is a hash of the directory's identity (device and inode): in a copy of the directory it differs, and what
 * the page cache of the original held proves nothing. The CRC32C covers boot id, place and epoch. The positions change
 * while the log runs: each is one aligned word whose low 8 bits check the other 56, so that a damaged word is known. The
 * first position is where the log begins: what is pruned below it is told here before its files go, forced, so that it is
 * not taken for lost where the manifest is. <i>Failed forces</i> is a word like these, 0 or 1: behind a failed force the
 * page cache may hold what the disk does not, and no later force tells.
 *
 * <p>The last two are for processes that read: <i>only durable</i>, 0 or 1, whether only what survives a power cut may be
 * shown; <i>pruning below</i>, a position below which the writer is about to prune, 0 if it is not.
 *
 * <p>A reading process maps the file read-only and reads the words with acquire. A new writer replaces the file, so a reader
 * looks now and then whether the name still stands for what it has mapped.
 *
 * <p><b>Threading:</b> Thread-safe except {@link #publishEnd}: the holder of the append lock.
 */
final class StateFile {

    /** What {@link #endPosition()}, {@link #durablePosition()} and {@link #firstPosition()} say where the word is damaged. */
    static final long UNKNOWN = -1;

    static final String MAGIC = "EVLGSTAT";
    /** Bytes of the file. */
    static final int LENGTH = 4096;

    private static final int BOOT_ID_OFFSET = FileHeader.LENGTH;
    private static final int PLACE_OFFSET = BOOT_ID_OFFSET + 16;
    private static final int EPOCH_OFFSET = PLACE_OFFSET + Long.BYTES;
    private static final int CRC_OFFSET = EPOCH_OFFSET + Integer.BYTES;
    private static final int END_OFFSET = CRC_OFFSET + Integer.BYTES;
    private static final int DURABLE_OFFSET = END_OFFSET + Long.BYTES;
    private static final int FIRST_OFFSET = DURABLE_OFFSET + Long.BYTES;

    private static final int FAILED_OFFSET = FIRST_OFFSET + Long.BYTES;
    private static final int ONLY_DURABLE_OFFSET = FAILED_OFFSET + Long.BYTES;
    private static final int PRUNING_OFFSET = ONLY_DURABLE_OFFSET + Long.BYTES;

    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final ByteBuffer bytes;
    // null: only read
    private final @Nullable MappedByteBuffer mapped;

    private StateFile(ByteBuffer bytes, @Nullable MappedByteBuffer mapped) {
        this.bytes = bytes;
        this.mapped = mapped;
    }

    /** Reads what an earlier writer left; null if there is no file, or it is damaged: then nothing is known. */
    static @Nullable StateFile read(Path file, UUID logId, FileOps files) throws IOException {
        if (files.attributes(file) == null) {
            return null;
        }
        ByteBuffer bytes = ByteBuffer.allocateDirect(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        int length;
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.READ)) {
            length = open.read(bytes, 0);
        }
        try {
            FileHeader.check(bytes, length, MAGIC, file, logId);
        } catch (dev.eventlog.error.CorruptLogException damaged) {
            return null;
        }
        return length == LENGTH && bytes.getInt(CRC_OFFSET) == crc(bytes) ? new StateFile(bytes, null) : null;
    }

    /** Maps what a writer keeps there, for reading; null if there is no file, or it is damaged. */
    static @Nullable StateFile map(Path file, UUID logId, FileOps files) throws IOException {
        if (files.attributes(file) == null) {
            return null;
        }
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.READ)) {
            if (open.length() != LENGTH) {
                return null;
            }
            ByteBuffer bytes = open.map(false, LENGTH).order(ByteOrder.LITTLE_ENDIAN);
            FileHeader.check(bytes, LENGTH, MAGIC, file, logId);
            return bytes.getInt(CRC_OFFSET) == crc(bytes) ? new StateFile(bytes, null) : null;
        } catch (dev.eventlog.error.CorruptLogException damaged) {
            return null;
        }
    }

    /** Makes the file anew and maps it. */
    static StateFile create(Path file, UUID logId, Boot boot, int epoch, Positions positions, FileOps files)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.allocateDirect(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        FileHeader.write(bytes, MAGIC, logId);
        bytes.putLong(BOOT_ID_OFFSET, boot.id().getMostSignificantBits());
        bytes.putLong(BOOT_ID_OFFSET + Long.BYTES, boot.id().getLeastSignificantBits());
        bytes.putLong(PLACE_OFFSET, boot.place());
        bytes.putInt(EPOCH_OFFSET, epoch);
        bytes.putInt(CRC_OFFSET, crc(bytes));
        bytes.putLong(END_OFFSET, word(positions.end()));
        bytes.putLong(DURABLE_OFFSET, word(positions.durable()));
        bytes.putLong(FIRST_OFFSET, word(positions.first()));
        bytes.putLong(FAILED_OFFSET, word(0));
        bytes.putLong(ONLY_DURABLE_OFFSET, word(0));
        bytes.putLong(PRUNING_OFFSET, word(0));
        files.replace(file, bytes);
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.WRITE)) {
            MappedByteBuffer mapped = open.map(true, LENGTH);
            return new StateFile(mapped.order(ByteOrder.LITTLE_ENDIAN), mapped);
        }
    }

    /**
     * The positions.
     *
     * @param first where the log begins
     * @param end where the next event will go
     * @param durable everything below survives a power cut
     */
    record Positions(long first, long end, long durable) {}

    /**
     * What must be the same for the page cache to have kept what a writer wrote.
     *
     * @param id boot of the machine; zeros if unknown
     * @param place hash of the directory's identity
     */
    record Boot(UUID id, long place) {

        /** Both in one: the boot id, its high half XORed with the place. Another boot or a copy of the log has another. */
        UUID home() {
            return new UUID(id.getMostSignificantBits() ^ place, id.getLeastSignificantBits());
        }

        boolean isKnown() {
            return id.getMostSignificantBits() != 0 || id.getLeastSignificantBits() != 0;
        }
    }

    /** Where the writer ran. */
    Boot boot() {
        return new Boot(
                new UUID(bytes.getLong(BOOT_ID_OFFSET), bytes.getLong(BOOT_ID_OFFSET + Long.BYTES)),
                bytes.getLong(PLACE_OFFSET));
    }

    /** The writer's epoch. */
    int epoch() {
        return bytes.getInt(EPOCH_OFFSET);
    }

    /** Where the next event would go, as published last. */
    long endPosition() {
        return position((long) LONG.getAcquire(bytes, END_OFFSET));
    }

    /** What survives a power cut, as published last. */
    long durablePosition() {
        return position((long) LONG.getAcquire(bytes, DURABLE_OFFSET));
    }

    /** Where the log begins, as published last. */
    long firstPosition() {
        return position((long) LONG.getAcquire(bytes, FIRST_OFFSET));
    }

    /** Says where the log begins, so that it survives a power cut. On the I/O thread. */
    void publishFirst(long position) throws IOException {
        LONG.setRelease(bytes, FIRST_OFFSET, word(position));
        if (mapped != null) {
            try {
                mapped.force(0, LENGTH);
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        }
    }

    /** Whether a force of the writer failed, or that is not known. */
    boolean isForceFailed() {
        return position((long) LONG.getAcquire(bytes, FAILED_OFFSET)) != 0;
    }

    /** Says that a force failed: the next open must not believe what the page cache holds to be on the disk. */
    void publishForceFailed() {
        publish(FAILED_OFFSET, 1);
    }

    /** Whether only what survives a power cut may be shown. */
    boolean isOnlyDurableReadable() {
        return position((long) LONG.getAcquire(bytes, ONLY_DURABLE_OFFSET)) == 1;
    }

    /** Says that only what survives a power cut may be shown; before there is anything else. */
    void publishOnlyDurableReadable() {
        LONG.setRelease(bytes, ONLY_DURABLE_OFFSET, word(1));
    }

    /** Position below which the writer is about to prune; 0 or below if it is not. */
    long pruningPosition() {
        return position((long) LONG.getAcquire(bytes, PRUNING_OFFSET));
    }

    /** Says below which position pruning is about to begin; visible to other processes before whatever follows is read. */
    void publishPruning(long position) {
        LONG.setRelease(bytes, PRUNING_OFFSET, word(position));
        VarHandle.fullFence();
    }

    void publishEnd(long position) {
        publish(END_OFFSET, position);
    }

    void publishDurable(long position) {
        publish(DURABLE_OFFSET, position);
    }

    private void publish(int offset, long position) {
        LONG.setRelease(bytes, offset, word(position));
    }

    private static long word(long position) {
        return position << 8 | check(position);
    }

    private static long position(long word) {
        long position = word >>> 8;
        return check(position) == (word & 0xff) ? position : UNKNOWN;
    }

    private static long check(long position) {
        return (position * 0x9e3779b97f4a7c15L + 0x5851f42d4c957f2dL) >>> 56;
    }

    private static int crc(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate().limit(CRC_OFFSET).position(BOOT_ID_OFFSET));
        return (int) crc.getValue();
    }
}
