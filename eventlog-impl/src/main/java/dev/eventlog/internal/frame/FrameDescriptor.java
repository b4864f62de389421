package dev.eventlog.internal.frame;

/**
 * The layout of a frame, format version 1. Little-endian; all parts are multiples of 8 bytes long.
 *
 * <pre>
 *   header, 64 bytes; longer where header length says so
 *    0               4   5   6   7   8       10      12              16
 *   +---------------+---+---+---+---+-------+-------+---------------+
 *   | magic "EVLF"  |ver|hl |knd|flg| compat|incomp.| frame length  |
 *   +---------------+---+---+---+---+-------+-------+---------------+
 *   16                              24                              32
 *   +-------------------------------+-------------------------------+
 *   | base position                 | append time, ns since 1970    |
 *   +---------------+---------------+---------------+---------------+
 *   32              36              40              44              48
 *   +---------------+---------------+---------------+---------------+
 *   | epoch         | durable lag   | event count   | body CRC32C   |
 *   +---------------+---------------+---------------+---------------+
 *   48              52              56              60              64
 *   +---------------+---------------+---------------+---------------+
 *   | previous CRC  | key id (0)    | inflated l.(0)| header CRC32C |
 *   +---------------+---------------+---------------+---------------+
 *   64: extensions up to header length, then the body up to frame length
 *
 *   event, 40 bytes and what follows
 *    0               4               8       10      12      14      16
 *   +---------------+---------------+-------+-------+-------+-------+
 *   | record length | position delta| flags |key len|id len |meta l.|
 *   +---------------+---------------+-------+-------+-------+-------+
 *   16              20              24                              32
 *   +---------------+---------------+-------------------------------+
 *   | schema number | source number | event time, ns since 1970     |
 *   +---------------+---------------+-------------------------------+
 *   32              36              40
 *   +---------------+---------------+
 *   | key hash      | payload length| [producer id, producer sequence: 2 x 8]
 *   +---------------+---------------+
 *   key, id, metadata, zeros to a multiple of 8, payload, zeros to a multiple of 8
 * </pre>
 *
 * <p><b>Header length</b> ({@code hl}) counts words of 8 bytes. <b>Extensions</b> between byte 64 and the header's end
 * are blocks of kind (2 bytes), length (2 bytes, all of it, a multiple of 8) and contents. Kind 1 is <b>progress</b>: the
 * checkpoint that a processing consumer commits with the frame's events, its outputs.
 *
 * <pre>
 *   progress, as extension 1: 0 kind (2), 2 length (2), 4 zero; as record PROGRESS (5): 0 length (4), 4 kind (2), 6 zero; then
 *     8 id of the consumer's log (16), 24 checkpoint (8), 32 epoch of that log's writer (4), 36 generation (4),
 *    40 name length (2), 42 name, zeros to a multiple of 8
 * </pre>
 *
 * <p><b>Compatible</b> feature bits may be ignored by who does not know them; an unknown <b>incompatible</b> bit means
 * that the frame cannot be read. Bit 0 is kept for compression (with <i>inflated length</i>), bit 1 for encryption
 * (with <i>key id</i>). Bit 2: the frame tells progress; who does not know it would lose that at the next segment.
 *
 * <p><b>Checksums.</b> The body CRC covers the bytes from the header's end to the frame's end. The header CRC covers
 * bytes 0 to 59 and the extensions, and is XORed with the log's seed, the CRC32C of the log id: a frame of another log
 * does not pass. <b>Previous CRC</b> is the header CRC of the frame before in the same segment, 0 for the first: a
 * chain, in which each frame can still be checked alone, and whose last link stands for the whole segment.
 *
 * <p><b>Durable lag</b> is base position minus the durable position when the frame was written, so that any surviving
 * frame tells how far the log had been forced; {@code 0xffffffff} where it does not fit.
 *
 * <p><b>Write order.</b> A frame is one Chronicle document. Its bytes are complete before the document's 4-byte header
 * is set, which is the commit word: a process crash leaves a frame or none. A power cut may leave any mix of pages; the
 * checksums tell.
 *
 * <p><b>Control frames</b> have event count 0 and a body of records: record length (4), kind (2), zero (2), contents.
 *
 * <pre>
 *   OPEN (1)    8 segment number, 16 log id, 32 boot id, 48 previous segment's number (-1: none),
 *               56 its last header CRC, 60 zero                                          = 64 bytes
 *   SCHEMA (2)  8 number, 12 version, 16 type length (2), 18 content type length (2), 20 zero, 24 type, content type
 *   SOURCE (3)  8 number, 12 length (2), 14 zero, 16 name
 *   CLOSE (4)   8 number of frames before it, 16 end position                            = 24 bytes
 *   PROGRESS (5)  see above
 * </pre>
 *
 * <p>A segment begins with OPEN and the SCHEMA, SOURCE and PROGRESS records known by then; new names stand before the first
 * frame that uses them. The last frame of a segment that was rolled is of kind close, with a CLOSE record.
 *
 * <p><b>Threading:</b> Thread-safe: constants.
 */
public final class FrameDescriptor {

    /** {@code EVLF} in bytes 0 to 3. */
    public static final int MAGIC = 'E' | 'V' << 8 | 'L' << 16 | 'F' << 24;

    /** Format version that is written, and the greatest that is read. */
    public static final int VERSION = 1;

    public static final int MAGIC_OFFSET = 0;
    public static final int VERSION_OFFSET = 4;
    public static final int HEADER_WORDS_OFFSET = 5;
    public static final int KIND_OFFSET = 6;
    public static final int FLAGS_OFFSET = 7;
    public static final int COMPATIBLE_OFFSET = 8;
    public static final int INCOMPATIBLE_OFFSET = 10;
    public static final int FRAME_LENGTH_OFFSET = 12;
    public static final int BASE_POSITION_OFFSET = 16;
    public static final int APPEND_TIME_OFFSET = 24;
    public static final int EPOCH_OFFSET = 32;
    public static final int DURABLE_LAG_OFFSET = 36;
    public static final int EVENT_COUNT_OFFSET = 40;
    public static final int BODY_CRC_OFFSET = 44;
    public static final int PREVIOUS_CRC_OFFSET = 48;
    public static final int KEY_ID_OFFSET = 52;
    public static final int INFLATED_LENGTH_OFFSET = 56;
    public static final int HEADER_CRC_OFFSET = 60;

    /** Bytes of a header without extensions. */
    public static final int HEADER_LENGTH = 64;

    /** Most bytes of a header with extensions. */
    public static final int MAX_HEADER_LENGTH = 255 * 8;

    /** Incompatible feature: the frame tells progress. */
    public static final int FEATURE_PROGRESS = 1 << 2;

    /** Incompatible features that are known. */
    public static final int KNOWN_FEATURES = FEATURE_PROGRESS;

    public static final int EXTENSION_KIND_OFFSET = 0;
    public static final int EXTENSION_LENGTH_OFFSET = 2;

    /** Extension kind: progress of a processing consumer. */
    public static final int EXTENSION_PROGRESS = 1;

    /** Kind: events. */
    public static final int KIND_DATA = 1;
    /** Kind: control records. */
    public static final int KIND_CONTROL = 2;
    /** Kind: kept for a range of positions that is lost and said to be. */
    public static final int KIND_GAP = 3;
    /** Kind: the last frame of a segment. */
    public static final int KIND_CLOSE = 4;

    /** Durable lag that does not fit. */
    public static final int DURABLE_LAG_UNKNOWN = 0xffff_ffff;

    public static final int EVENT_RECORD_LENGTH_OFFSET = 0;
    public static final int EVENT_POSITION_DELTA_OFFSET = 4;
    public static final int EVENT_FLAGS_OFFSET = 8;
    public static final int EVENT_KEY_LENGTH_OFFSET = 10;
    public static final int EVENT_ID_LENGTH_OFFSET = 12;
    public static final int EVENT_METADATA_LENGTH_OFFSET = 14;
    public static final int EVENT_SCHEMA_OFFSET = 16;
    public static final int EVENT_SOURCE_OFFSET = 20;
    public static final int EVENT_TIME_OFFSET = 24;
    public static final int EVENT_KEY_HASH_OFFSET = 32;
    public static final int EVENT_PAYLOAD_LENGTH_OFFSET = 36;

    /** Bytes of an event before key, id, metadata and payload. */
    public static final int EVENT_HEADER_LENGTH = 40;

    /** Bytes of producer id and sequence, where {@link #FLAG_PRODUCER} is set. */
    public static final int PRODUCER_LENGTH = 16;

    /** Event flag: kept for the mark that an event deletes its key. */
    public static final int FLAG_TOMBSTONE = 1;
    /** Event flag: has a key. */
    public static final int FLAG_KEY = 1 << 1;
    /** Event flag: has an id. */
    public static final int FLAG_ID = 1 << 2;
    /** Event flag: has a time of its own; without it, its time is the frame's append time. */
    public static final int FLAG_TIME = 1 << 3;
    /** Event flag: kept for a producer's id and sequence after the event's header. */
    public static final int FLAG_PRODUCER = 1 << 4;

    /** Most bytes of a key, an id, and the metadata. */
    public static final int MAX_TEXT_LENGTH = 0xffff;

    public static final int RECORD_LENGTH_OFFSET = 0;
    public static final int RECORD_KIND_OFFSET = 4;
    public static final int RECORD_CONTENT_OFFSET = 8;

    /** Record kind: the beginning of a segment. */
    public static final int RECORD_OPEN = 1;
    /** Record kind: a schema and its number. */
    public static final int RECORD_SCHEMA = 2;
    /** Record kind: a source and its number. */
    public static final int RECORD_SOURCE = 3;
    /** Record kind: the end of a segment. */
    public static final int RECORD_CLOSE = 4;

    /** Record kind: progress of a processing consumer. */
    public static final int RECORD_PROGRESS = 5;

    public static final int OPEN_SEGMENT_OFFSET = 8;
    public static final int OPEN_LOG_ID_OFFSET = 16;
    public static final int OPEN_BOOT_ID_OFFSET = 32;
    public static final int OPEN_PREVIOUS_SEGMENT_OFFSET = 48;
    public static final int OPEN_PREVIOUS_CRC_OFFSET = 56;
    public static final int OPEN_LENGTH = 64;

    public static final int SCHEMA_NUMBER_OFFSET = 8;
    public static final int SCHEMA_VERSION_OFFSET = 12;
    public static final int SCHEMA_TYPE_LENGTH_OFFSET = 16;
    public static final int SCHEMA_CONTENT_TYPE_LENGTH_OFFSET = 18;
    public static final int SCHEMA_TEXT_OFFSET = 24;

    public static final int SOURCE_NUMBER_OFFSET = 8;
    public static final int SOURCE_LENGTH_OFFSET = 12;
    public static final int SOURCE_TEXT_OFFSET = 16;

    public static final int CLOSE_FRAME_COUNT_OFFSET = 8;
    public static final int CLOSE_END_POSITION_OFFSET = 16;
    public static final int CLOSE_LENGTH = 24;

    public static final int PROGRESS_LOG_ID_OFFSET = 8;
    public static final int PROGRESS_CHECKPOINT_OFFSET = 24;
    public static final int PROGRESS_EPOCH_OFFSET = 32;
    public static final int PROGRESS_GENERATION_OFFSET = 36;
    public static final int PROGRESS_NAME_LENGTH_OFFSET = 40;
    public static final int PROGRESS_NAME_OFFSET = 42;

    private FrameDescriptor() {}

    /** The length with padding to a multiple of 8. */
    public static int aligned(int length) {
        return (length + 7) & ~7;
    }
}
