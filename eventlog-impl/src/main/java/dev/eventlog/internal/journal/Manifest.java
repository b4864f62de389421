package dev.eventlog.internal.journal;

import dev.eventlog.Codec;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.journal.ReadJournal.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The file {@code manifest}: the writers' epochs, the sealed segments, how far they were pruned, and the dictionary as of
 * the last seal. Records are only appended; what follows a damaged one is not believed. It is found again in the segments,
 * and the file is made anew. Only what was pruned cannot be found there; the state file tells it too.
 *
 * <p>A record of pruned segments makes those before it void. Once void records make up half of the file it is made anew
 * without them, and without the epochs that nobody needs: see {@link Epochs#needed}.
 *
 * <pre>
 *   file header "EVLGMANI", then records, multiples of 8 long:
 *   0       4       8   10  12      16
 *   +-------+-------+---+---+-------+
 *   | length| CRC   |knd|flg| number| contents          CRC32C of bytes 8 to the record's end
 *   +-------+-------+---+---+-------+
 *   EPOCH (1)    number: epoch; 16 base position, 24 time, 32 home                          = 48 bytes
 *   SEALED (2)   number: epoch; 16 segment, 24 base position, 32 end position, 40 end offset,
 *                48 first append time, 56 last append time, 64 last header CRC, 68 zero         = 72 bytes
 *   SCHEMA (3)   number: its own; 16 version, 20 type length (2), 22 content type length (2), 24 type, content type
 *   SOURCE (4)   number: its own; 16 length (2), 18 zero, 24 name
 *   PRUNED (6)   number: 0; 16 last pruned segment, 24 first position, 32 latest append time of what was pruned = 40 bytes
 *   PROGRESS (7) number: 0; 16 id of the consumer's log, 32 checkpoint, 40 epoch, 44 generation, 48 name length (2), 50 name
 *   DAMAGED (5)  number: 0; 16 segment, 24 first position that is lost, 32 position behind the last,
 *                40 offset of the damage, 48 offset behind it                                    = 56 bytes
 * </pre>
 *
 * <p><b>Threading:</b> One thread at a time: the I/O thread.
 */
final class Manifest {

    static final String MAGIC = "EVLGMANI";
    private static final int MAX_LENGTH = 256 << 20;

    private static final int CRC_OFFSET = 4;
    private static final int KIND_OFFSET = 8;
    private static final int NUMBER_OFFSET = 12;
    private static final int CONTENT_OFFSET = 16;
    private static final int TEXT_OFFSET = 24;
    /** By how much contents stand further behind than in a frame's record. */
    private static final int PROGRESS_SHIFT = CONTENT_OFFSET - FrameDescriptor.PROGRESS_LOG_ID_OFFSET;

    private static final int EPOCH = 1;
    private static final int SEALED = 2;
    private static final int SCHEMA = 3;
    private static final int SOURCE = 4;
    private static final int DAMAGED = 5;
    private static final int PRUNED = 6;
    private static final int PROGRESS = 7;
    private static final int EPOCH_LENGTH = 48;
    private static final int SEALED_LENGTH = 72;
    private static final int DAMAGED_LENGTH = 56;
    private static final int PRUNED_LENGTH = 40;
    /** Void bytes up to which it is not worth making the file anew. */
    private static final int MIN_VOID_LENGTH = 4096;

    private final Path file;
    private final UUID logId;
    private final FileOps files;
    private final List<Epoch> epochs = new ArrayList<>();
    private final List<Segment> segments = new ArrayList<>();
    private final List<Damaged> damages = new ArrayList<>();
    private final Dictionary dictionary;
    // as of the last segment
    private final ProgressTable progress = new ProgressTable();
    private @Nullable Pruned pruned;
    private FileOps.@Nullable OpenFile open;
    // what the name stood for when the file was opened
    private @Nullable Object fileKey;
    private long length;
    private boolean damaged;
    private int recordedSchemas;
    private int recordedSources;

    private Manifest(Path file, UUID logId, FileOps files, Dictionary dictionary) {
        this.file = file;
        this.logId = logId;
        this.files = files;
        this.dictionary = dictionary;
    }

    /**
     * A writer's open.
     *
     * @param number the epoch
     * @param basePosition first position that it could write
     * @param timeNanos when; 0 if unknown
     * @param home boot and place, see {@link StateFile.Boot#home()}; zeros if unknown
     */
    record Epoch(int number, long basePosition, long timeNanos, UUID home) {}

    /**
     * How far a log was pruned.
     *
     * @param lastSegment number of the last segment that is no longer kept
     * @param firstPosition position that the log begins with
     * @param timeNanos when the last pruned event was appended, or later; {@link Long#MIN_VALUE} if unknown
     */
    record Pruned(long lastSegment, long firstPosition, long timeNanos) {}

    /**
     * A range of events that is lost and recorded as such.
     *
     * @param segment number of the segment that they stood in
     * @param from position of the first
     * @param to position behind the last
     * @param offset where the damage begins in the segment
     * @param endOffset where it ends; that of the segment's end if nothing is right behind it
     */
    record Damaged(long segment, long from, long to, long offset, long endOffset) {}

    /** An empty manifest, not yet written. */
    static Manifest create(Path file, UUID logId, FileOps files) {
        return new Manifest(file, logId, files, new Dictionary());
    }

    /** A manifest without segments, not yet written, that tells all else that another one tells. */
    static Manifest copyOf(Manifest other, Path file, UUID logId, FileOps files) {
        var copy = new Manifest(file, logId, files, other.dictionary);
        copy.epochs.addAll(other.epochs);
        copy.damages.addAll(other.damages);
        copy.pruned = other.pruned;
        copy.progress.putAll(other.progress.all());
        return copy;
    }

    /** Reads the file up to its first damaged record; null if there is none, or it does not begin as it should. */
    static @Nullable Manifest read(Path file, UUID logId, FileOps files) throws IOException {
        FileOps.Attributes attributes = files.attributes(file);
        if (attributes == null || attributes.length() > MAX_LENGTH) {
            return null;
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) attributes.length()).order(ByteOrder.LITTLE_ENDIAN);
        int read;
        try (FileOps.OpenFile opened = files.open(file, FileOps.Mode.READ)) {
            read = opened.read(bytes, 0);
        }
        try {
            FileHeader.check(bytes, read, MAGIC, file, logId);
        } catch (CorruptLogException damaged) {
            return null;
        }
        Manifest manifest = create(file, logId, files);
        int at = FileHeader.LENGTH;
        while (at < read) {
            int recordLength = recordLength(bytes, at, read);
            if (recordLength == 0 || !manifest.take(bytes, at, recordLength)) {
                manifest.damaged = true;
                break;
            }
            at += recordLength;
        }
        manifest.length = at;
        manifest.recordedSchemas = manifest.dictionary.nextSchema();
        manifest.recordedSources = manifest.dictionary.nextSource();
        return manifest;
    }

    private static int recordLength(ByteBuffer bytes, int at, int end) {
        if (end - at < CONTENT_OFFSET) {
            return 0;
        }
        int recordLength = bytes.getInt(at);
        if (recordLength < CONTENT_OFFSET || recordLength > end - at || (recordLength & 7) != 0) {
            return 0;
        }
        return bytes.getInt(at + CRC_OFFSET) == crc(bytes, at, recordLength) ? recordLength : 0;
    }

    private boolean take(ByteBuffer bytes, int at, int recordLength) {
        return switch (bytes.getShort(at + KIND_OFFSET)) {
            case EPOCH -> recordLength == EPOCH_LENGTH && takeEpoch(bytes, at);
            case SEALED -> recordLength == SEALED_LENGTH && takeSegment(bytes, at);
            case SCHEMA -> takeSchema(bytes, at, recordLength);
            case SOURCE -> takeSource(bytes, at, recordLength);
            case DAMAGED -> recordLength == DAMAGED_LENGTH && takeDamaged(bytes, at);
            case PRUNED -> recordLength == PRUNED_LENGTH && takePruned(bytes, at);
            case PROGRESS -> takeProgress(bytes, at, recordLength);
            default -> false;
        };
    }

    private boolean takeEpoch(ByteBuffer bytes, int at) {
        epochs.add(new Epoch(
                bytes.getInt(at + NUMBER_OFFSET),
                bytes.getLong(at + CONTENT_OFFSET),
                bytes.getLong(at + 24),
                new UUID(bytes.getLong(at + 32), bytes.getLong(at + 40))));
        return true;
    }

    private boolean takeSegment(ByteBuffer bytes, int at) {
        var segment = new Segment(bytes.getLong(at + 16), bytes.getInt(at + NUMBER_OFFSET), bytes.getLong(at + 24));
        segment.seal(new Segment.SegmentEnd(
                bytes.getLong(at + 32),
                bytes.getLong(at + 40),
                bytes.getLong(at + 48),
                bytes.getLong(at + 56),
                bytes.getInt(at + 64)));
        segments.add(segment);
        return true;
    }

    private boolean takeDamaged(ByteBuffer bytes, int at) {
        damages.add(new Damaged(
                bytes.getLong(at + 16),
                bytes.getLong(at + 24),
                bytes.getLong(at + 32),
                bytes.getLong(at + 40),
                bytes.getLong(at + 48)));
        return true;
    }

    private boolean takeProgress(ByteBuffer bytes, int at, int recordLength) {
        Progress told = ProgressFormat.get(bytes, at + PROGRESS_SHIFT, recordLength - PROGRESS_SHIFT);
        progress.put(told);
        return told != null;
    }

    private boolean takePruned(ByteBuffer bytes, int at) {
        drop(new Pruned(bytes.getLong(at + 16), bytes.getLong(at + 24), bytes.getLong(at + 32)));
        return true;
    }

    private void drop(Pruned newPruned) {
        pruned = newPruned;
        segments.removeIf(segment -> segment.number() <= newPruned.lastSegment());
        damages.removeIf(range -> range.segment() <= newPruned.lastSegment());
    }

    private boolean takeSchema(ByteBuffer bytes, int at, int recordLength) {
        if (recordLength < TEXT_OFFSET) {
            return false;
        }
        int typeLength = bytes.getShort(at + 20) & 0xffff;
        int contentTypeLength = bytes.getShort(at + 22) & 0xffff;
        if (TEXT_OFFSET + typeLength + contentTypeLength > recordLength) {
            return false;
        }
        try {
            return dictionary.addSchema(
                    bytes.getInt(at + NUMBER_OFFSET),
                    new Codec.Schema(
                            text(bytes, at + TEXT_OFFSET, typeLength),
                            bytes.getInt(at + CONTENT_OFFSET),
                            text(bytes, at + TEXT_OFFSET + typeLength, contentTypeLength)));
        } catch (IllegalArgumentException notAllowed) {
            return false;
        }
    }

    private boolean takeSource(ByteBuffer bytes, int at, int recordLength) {
        if (recordLength < TEXT_OFFSET) {
            return false;
        }
        int nameLength = bytes.getShort(at + CONTENT_OFFSET) & 0xffff;
        return TEXT_OFFSET + nameLength <= recordLength
                && dictionary.addSource(bytes.getInt(at + NUMBER_OFFSET), text(bytes, at + TEXT_OFFSET, nameLength));
    }

    /** Whether the file had a damaged record; what stood from there on is missing here. */
    boolean isDamaged() {
        return damaged;
    }

    /** Writers' opens, oldest first. */
    List<Epoch> epochs() {
        return epochs;
    }

    /** Sealed segments, oldest first. */
    List<Segment> segments() {
        return segments;
    }

    /** Ranges that are recorded as lost, in the order in which they were found. */
    List<Damaged> damages() {
        return damages;
    }

    /** Whether positions are recorded as lost. */
    boolean isRecordedAsDamaged(long from, long to) {
        return damages.stream().anyMatch(range -> range.from() <= from && to <= range.to());
    }

    /** Whether it is recorded that a segment has nothing right up to its end. */
    boolean isEndRecordedAsLost(Segment segment) {
        return damages.stream()
                .anyMatch(range -> range.segment() == segment.number() && range.endOffset() == segment.endOffset());
    }

    /** How far the log was pruned; null if it never was. */
    @Nullable
    Pruned pruned() {
        return pruned;
    }

    /** Number of the last segment that was pruned; 0 if none was. */
    long lastPruned() {
        return pruned == null ? 0 : pruned.lastSegment();
    }

    /** The dictionary, to be added to as segments are scanned and written. */
    Dictionary dictionary() {
        return dictionary;
    }

    /** How far consumers have come whose outputs are in the segments. */
    ProgressTable progress() {
        return progress;
    }

    /** The greatest epoch; 0 if there is none. */
    int lastEpoch() {
        return epochs.stream().mapToInt(Epoch::number).max().orElse(0);
    }

    /** Takes up an epoch and records it, durably. */
    void addEpoch(Epoch epoch) throws IOException {
        append(epochRecord(epoch));
        epochs.add(epoch);
        force();
    }

    /** Takes up an epoch that was found in a segment; recorded with {@link #rewrite}. */
    void addFoundEpoch(int epoch, long basePosition) {
        epochs.add(new Epoch(epoch, basePosition, 0, new UUID(0, 0)));
    }

    /** Takes up a segment that was found; recorded with {@link #rewrite}. */
    void addFoundSegment(Segment segment) {
        segments.add(segment);
        takeTold(segment);
    }

    /** Takes up a range of lost events; recorded with {@link #rewrite}. */
    void addFoundDamage(Damaged range) {
        if (!damages.contains(range)) {
            damages.add(range);
        }
    }

    /**
     * Takes up a sealed segment and records it, with what the dictionary has gained. Not yet durable.
     *
     * @throws IOException then nothing was taken up, and it can be tried again
     */
    void addSegment(Segment segment) throws IOException {
        // those that are given meanwhile come with the next
        int schemas = dictionary.nextSchema();
        int sources = dictionary.nextSource();
        var records = new ArrayList<ByteBuffer>();
        for (int n = recordedSchemas; n < schemas; n++) {
            Codec.Schema schema = dictionary.schema(n);
            if (schema != null) {
                records.add(schemaRecord(n, schema));
            }
        }
        for (int n = recordedSources; n < sources; n++) {
            String source = dictionary.source(n);
            if (source != null) {
                records.add(sourceRecord(n, source));
            }
        }
        for (Progress told : segment.told()) {
            if (!told.equals(progress.get(told.logId(), told.consumer()))) {
                records.add(progressRecord(told));
            }
        }
        records.add(segmentRecord(segment));
        append(joined(records));
        recordedSchemas = schemas;
        recordedSources = sources;
        segments.add(segment);
        takeTold(segment);
    }

    private void takeTold(Segment segment) {
        progress.putAll(segment.told());
        segment.tell(List.of());
    }

    private static ByteBuffer joined(List<ByteBuffer> records) {
        ByteBuffer joined = ByteBuffer.allocate(
                records.stream().mapToInt(ByteBuffer::capacity).sum());
        records.forEach(joined::put);
        return joined.flip();
    }

    /** Takes up and records that segments are no longer kept. Not yet durable: their files may go only then. */
    void addPruned(Pruned newPruned) throws IOException {
        append(prunedRecord(newPruned));
        drop(newPruned);
    }

    /** Takes up how far the log was pruned, as found elsewhere; recorded with {@link #rewrite}. */
    void addFoundPruned(Pruned found) {
        drop(found);
    }

    /** Makes the file anew if half of it is void. If that fails for want of room the file is as it was. */
    void compact() throws IOException {
        int needed = records().stream().mapToInt(ByteBuffer::capacity).sum() + FileHeader.LENGTH;
        if (length > 2L * needed + MIN_VOID_LENGTH) {
            rewrite();
        }
    }

    private List<ByteBuffer> records() {
        var records = new ArrayList<ByteBuffer>();
        Pruned until = pruned;
        for (Epoch epoch : until == null ? epochs : new Epochs(epochs).needed(until.firstPosition())) {
            records.add(epochRecord(epoch));
        }
        if (until != null) {
            records.add(prunedRecord(until));
        }
        List<Codec.Schema> schemas = dictionary.schemas();
        for (int i = 0; i < schemas.size(); i++) {
            records.add(schemaRecord(i + 1, schemas.get(i)));
        }
        List<String> sources = dictionary.sources();
        for (int i = 0; i < sources.size(); i++) {
            records.add(sourceRecord(i + 1, sources.get(i)));
        }
        progress.all().forEach(told -> records.add(progressRecord(told)));
        segments.forEach(segment -> records.add(segmentRecord(segment)));
        damages.forEach(range -> records.add(damagedRecord(range)));
        return records;
    }

    /** Writes the whole file anew, durably, in place of what is there. */
    void rewrite() throws IOException {
        close();
        List<ByteBuffer> records = records();
        int total = FileHeader.LENGTH
                + records.stream().mapToInt(ByteBuffer::capacity).sum();
        ByteBuffer bytes = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
        FileHeader.write(bytes, MAGIC, logId);
        bytes.position(FileHeader.LENGTH);
        records.forEach(bytes::put);
        files.replace(file, bytes);
        length = total;
        recordedSchemas = dictionary.nextSchema();
        recordedSources = dictionary.nextSource();
    }

    private void append(ByteBuffer record) throws IOException {
        FileOps.OpenFile target = open;
        if (target == null) {
            target = files.open(file, FileOps.Mode.WRITE);
            open = target;
            fileKey = files.fileKey(file);
        }
        boolean written = false;
        try {
            target.write(record, length);
            written = true;
        } finally {
            if (!written) {
                // what there was room for would look like damage to the next open
                target.truncate(length);
            }
        }
        length += record.capacity();
    }

    /** Makes what was recorded survive a power cut. */
    void force() throws IOException {
        if (open != null) {
            open.force();
        }
    }

    /** Makes sure that what is recorded is in the file that the name stands for. */
    void verify(FileWatch watch) throws IOException {
        Object known = fileKey;
        if (open != null && known != null) {
            watch.require(new FileWatch.Known(file, known, length));
        }
    }

    /** Closes the file. */
    void close() throws IOException {
        if (open != null) {
            open.close();
            open = null;
        }
    }

    private static ByteBuffer epochRecord(Epoch epoch) {
        ByteBuffer bytes = record(EPOCH, epoch.number(), EPOCH_LENGTH);
        bytes.putLong(16, epoch.basePosition());
        bytes.putLong(24, epoch.timeNanos());
        bytes.putLong(32, epoch.home().getMostSignificantBits());
        bytes.putLong(40, epoch.home().getLeastSignificantBits());
        return checked(bytes);
    }

    private static ByteBuffer segmentRecord(Segment segment) {
        ByteBuffer bytes = record(SEALED, segment.epoch(), SEALED_LENGTH);
        bytes.putLong(16, segment.number());
        bytes.putLong(24, segment.basePosition());
        bytes.putLong(32, segment.endPosition());
        bytes.putLong(40, segment.endOffset());
        bytes.putLong(48, segment.firstTimeNanos());
        bytes.putLong(56, segment.lastTimeNanos());
        bytes.putInt(64, segment.lastCrc());
        return checked(bytes);
    }

    private static ByteBuffer damagedRecord(Damaged range) {
        ByteBuffer bytes = record(DAMAGED, 0, DAMAGED_LENGTH);
        bytes.putLong(16, range.segment());
        bytes.putLong(24, range.from());
        bytes.putLong(32, range.to());
        bytes.putLong(40, range.offset());
        bytes.putLong(48, range.endOffset());
        return checked(bytes);
    }

    private static ByteBuffer prunedRecord(Pruned pruned) {
        ByteBuffer bytes = record(PRUNED, 0, PRUNED_LENGTH);
        bytes.putLong(16, pruned.lastSegment());
        bytes.putLong(24, pruned.firstPosition());
        bytes.putLong(32, pruned.timeNanos());
        return checked(bytes);
    }

    private static ByteBuffer progressRecord(Progress told) {
        ByteBuffer bytes = record(PROGRESS, 0, ProgressFormat.length(told) + PROGRESS_SHIFT);
        ProgressFormat.put(bytes, PROGRESS_SHIFT, told);
        return checked(bytes);
    }

    private static ByteBuffer schemaRecord(int number, Codec.Schema schema) {
        byte[] type = schema.type().getBytes(StandardCharsets.US_ASCII);
        byte[] contentType = schema.contentType().getBytes(StandardCharsets.US_ASCII);
        ByteBuffer bytes = record(SCHEMA, number, TEXT_OFFSET + type.length + contentType.length);
        bytes.putInt(16, schema.version());
        bytes.putShort(20, (short) type.length);
        bytes.putShort(22, (short) contentType.length);
        bytes.put(TEXT_OFFSET, type);
        bytes.put(TEXT_OFFSET + type.length, contentType);
        return checked(bytes);
    }

    private static ByteBuffer sourceRecord(int number, String source) {
        byte[] name = source.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer bytes = record(SOURCE, number, TEXT_OFFSET + name.length);
        bytes.putShort(16, (short) name.length);
        bytes.put(TEXT_OFFSET, name);
        return checked(bytes);
    }

    private static ByteBuffer record(int kind, int number, int contentLength) {
        int recordLength = (contentLength + 7) & ~7;
        ByteBuffer bytes = ByteBuffer.allocate(recordLength).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0, recordLength);
        bytes.putShort(KIND_OFFSET, (short) kind);
        bytes.putInt(NUMBER_OFFSET, number);
        return bytes;
    }

    private static ByteBuffer checked(ByteBuffer record) {
        record.putInt(CRC_OFFSET, crc(record, 0, record.capacity()));
        return record;
    }

    private static int crc(ByteBuffer bytes, int at, int recordLength) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate().limit(at + recordLength).position(at + KIND_OFFSET));
        return (int) crc.getValue();
    }

    private static String text(ByteBuffer bytes, int offset, int count) {
        byte[] copy = new byte[count];
        bytes.get(offset, copy);
        return new String(copy, StandardCharsets.US_ASCII);
    }
}
