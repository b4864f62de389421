package dev.eventlog.internal.frame;

import static dev.eventlog.internal.frame.FrameDescriptor.*;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Checks and reads one frame in an array into which its bytes were copied: a flyweight over the frame and over one event
 * of it at a time. Reading and recovery use this one parser.
 *
 * <p>After {@link #check} returned null, the header's accessors are valid; after {@link #nextEvent} returned
 * {@link #EVENT}, the event's are.
 *
 * <p>Fields are read as the words of eight bytes that they stand in, each word once.
 *
 * <p><b>Threading:</b> One thread at a time: its reader. <b>Allocation:</b> none, except where a method returns a new
 * object, and for the first payload at an offset.
 */
public final class FrameView {

    /** {@link #nextEvent}: there is one. */
    public static final int EVENT = 1;
    /** {@link #nextEvent}: there is none left. */
    public static final int END = 0;
    /** {@link #nextEvent}: what stands there is no event, although the checksum is right. */
    public static final int MALFORMED = -1;

    /** {@link #check}: a newer version wrote the frame, or it needs a feature that this one does not know. */
    public static final String UNKNOWN_FORMAT = "frame is of a newer format";

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int MASK16 = 0xffff;
    private static final byte[] NO_BYTES = new byte[0];
    /** Magic, version and header length of a frame without extensions. */
    private static final long PLAIN = MAGIC | (long) VERSION << 32 | (long) (HEADER_LENGTH / Long.BYTES) << 40;

    private static final long PLAIN_MASK = 0xffff_ffff_ffffL;

    private final int seed;
    private final CRC32C crc = new CRC32C();
    private final SliceCache slices;
    private byte[] bytes;
    private int start;

    // indexes into the bytes
    private int end;
    private int eventStart;
    private int nextStart;
    private int payloadStart;

    private long basePosition;
    private int eventCount;
    private int eventIndex;
    // flags and the lengths of key, id and metadata
    private long texts;
    private int payloadLength;
    // numbers of schema and source
    private long names;

    /** A view for frames of the log with this {@link FrameBuilder#seed seed}. */
    public FrameView(int seed) {
        this.seed = seed;
        bytes = NO_BYTES;
        slices = new SliceCache(ByteBuffer.wrap(NO_BYTES));
    }

    /** Looks at a frame's bytes in an array, from an index on. What the view showed is gone. */
    @SuppressWarnings("ReferenceEquality") // an array is itself only
    public void wrap(byte[] array, int index) {
        if (array != bytes) {
            // an error may come at any step: out of memory, or a late fault. Slices of one array and words of another
            // would be payloads of other events
            clear();
            bytes = NO_BYTES;
            slices.reset(ByteBuffer.wrap(array).asReadOnlyBuffer());
            bytes = array;
        }
        start = index;
        clear();
    }

    /**
     * Whether a frame, of which all bytes are in an array, is right and the next of its segment. What the view shows
     * stays. A frame whose header has extensions is left to {@link #check}, as is all that is wrong.
     *
     * @param position of its first event
     * @param previousCrc header CRC of the frame before
     */
    public boolean isNext(byte[] array, int index, int available, int epoch, long position, int previousCrc) {
        if (available < HEADER_LENGTH || (available & 7) != 0) {
            return false;
        }
        // first and last word first: then the compiler checks no index in between
        long begin = (long) LONG.get(array, index);
        long inflatedAndCrc = (long) LONG.get(array, index + INFLATED_LENGTH_OFFSET);
        long featuresAndLength = (long) LONG.get(array, index + COMPATIBLE_OFFSET);
        long base = (long) LONG.get(array, index + BASE_POSITION_OFFSET);
        int writer = (int) (long) LONG.get(array, index + EPOCH_OFFSET);
        long countAndCrc = (long) LONG.get(array, index + EVENT_COUNT_OFFSET);
        int before = (int) (long) LONG.get(array, index + PREVIOUS_CRC_OFFSET);
        if ((begin & PLAIN_MASK) != PLAIN
                || featuresAndLength >>> 16 != (long) available << 16
                || base != position
                || writer != epoch
                || before != previousCrc
                || (int) countAndCrc < 0) {
            return false;
        }
        CRC32C checksum = crc;
        checksum.reset();
        checksum.update(array, index, HEADER_CRC_OFFSET);
        if (((int) checksum.getValue() ^ seed) != (int) (inflatedAndCrc >>> 32)) {
            return false;
        }
        checksum.reset();
        checksum.update(array, index + HEADER_LENGTH, available - HEADER_LENGTH);
        return (int) checksum.getValue() == (int) (countAndCrc >>> 32);
    }

    /** Number of events of a frame in an array. */
    public static int eventCount(byte[] array, int index) {
        return (int) INT.get(array, index + EVENT_COUNT_OFFSET);
    }

    /** Header CRC of a frame in an array. */
    public static int headerCrc(byte[] array, int index) {
        return (int) INT.get(array, index + HEADER_CRC_OFFSET);
    }

    /** Shows a frame that {@link #isNext} found right, from before its first event. */
    public void show(byte[] array, int index, int length, long position) {
        wrap(array, index);
        end = index + length;
        basePosition = position;
        eventCount = eventCount(array, index);
        eventIndex = -1;
        nextStart = index + HEADER_LENGTH;
    }

    /** Shows no event any more. */
    public void clear() {
        end = start;
        eventCount = 0;
        eventIndex = 0;
    }

    /**
     * Checks the header whose bytes are there; returns null if it is right, else what is wrong.
     *
     * @param available bytes that the frame has; the first {@link FrameDescriptor#MAX_HEADER_LENGTH} of them are in the
     *     array, or all
     */
    public @Nullable String checkHeader(int available) {
        if (available < HEADER_LENGTH || (available & 7) != 0) {
            return "frame's length is wrong";
        }
        long first = word(MAGIC_OFFSET);
        if ((int) first != MAGIC) {
            return "frame does not begin with its magic";
        }
        int headerLength = headerLength(first);
        if (headerLength < HEADER_LENGTH || headerLength > available) {
            return "frame's header length is wrong";
        }
        crc.reset();
        crc.update(bytes, start, HEADER_CRC_OFFSET);
        if (headerLength > HEADER_LENGTH) {
            crc.update(bytes, start + HEADER_LENGTH, headerLength - HEADER_LENGTH);
        }
        if (((int) crc.getValue() ^ seed) != headerCrc()) {
            return "frame's header checksum is wrong";
        }
        long second = word(COMPATIBLE_OFFSET);
        if ((byte) (first >>> 32) != VERSION || ((int) second >>> 16 & ~KNOWN_FEATURES) != 0) {
            return UNKNOWN_FORMAT;
        }
        if ((int) (second >>> 32) != available) {
            return "frame's length differs from its document's";
        }
        return null;
    }

    /** Checks the whole frame whose bytes are there; returns null if it is right, else what is wrong. */
    public @Nullable String check(int available) {
        String problem = checkHeader(available);
        if (problem != null) {
            return problem;
        }
        int headerLength = headerLength(word(MAGIC_OFFSET));
        long countAndCrc = word(EVENT_COUNT_OFFSET);
        crc.reset();
        crc.update(bytes, start + headerLength, available - headerLength);
        if ((int) crc.getValue() != (int) (countAndCrc >>> 32)) {
            return "frame's body checksum is wrong";
        }
        end = start + available;
        basePosition = word(BASE_POSITION_OFFSET);
        eventCount = (int) countAndCrc;
        eventIndex = -1;
        nextStart = start + headerLength;
        return null;
    }

    /** Goes back to before the first event. */
    public void rewind() {
        eventIndex = -1;
        nextStart = start + headerLength(word(MAGIC_OFFSET));
    }

    /** Goes to the next event: {@link #EVENT}, {@link #END} or {@link #MALFORMED}. */
    public int nextEvent() {
        int index = eventIndex + 1;
        if (index >= eventCount) {
            return END;
        }
        int at = nextStart;
        int left = end - at;
        if (left < EVENT_HEADER_LENGTH) {
            return MALFORMED;
        }
        byte[] frame = bytes;
        long first = (long) LONG.get(frame, at);
        long last = (long) LONG.get(frame, at + EVENT_KEY_HASH_OFFSET);
        long lengths = (long) LONG.get(frame, at + EVENT_FLAGS_OFFSET);
        long numbers = (long) LONG.get(frame, at + EVENT_SCHEMA_OFFSET);
        int payload =
                at + aligned(textsOffset(lengths) + keyLength(lengths) + idLength(lengths) + metadataLength(lengths));
        int contentLength = (int) (last >>> 32);
        int recordLength = (int) first;
        if (recordLength < EVENT_HEADER_LENGTH
                || recordLength > left
                || (recordLength & 7) != 0
                || contentLength < 0
                || contentLength > at + recordLength - payload
                || (int) (first >>> 32) != index) {
            return MALFORMED;
        }
        eventIndex = index;
        eventStart = at;
        nextStart = at + recordLength;
        names = numbers;
        texts = lengths;
        payloadStart = payload;
        payloadLength = contentLength;
        return EVENT;
    }

    private static int textsOffset(long lengths) {
        return (lengths & FLAG_PRODUCER) == 0 ? EVENT_HEADER_LENGTH : EVENT_HEADER_LENGTH + PRODUCER_LENGTH;
    }

    private static int keyLength(long lengths) {
        return (int) (lengths >>> 16) & MASK16;
    }

    private static int idLength(long lengths) {
        return (int) (lengths >>> 32) & MASK16;
    }

    private static int metadataLength(long lengths) {
        return (int) (lengths >>> 48);
    }

    private static int headerLength(long firstWord) {
        return (int) (firstWord >>> 40 & 0xff) * Long.BYTES;
    }

    private long word(int offset) {
        return (long) LONG.get(bytes, start + offset);
    }

    private int half(int offset) {
        return (int) INT.get(bytes, start + offset);
    }

    /** One of the {@code KIND_} constants. */
    public int kind() {
        return bytes[start + KIND_OFFSET];
    }

    /** Format version of the frame. */
    public int version() {
        return bytes[start + VERSION_OFFSET] & 0xff;
    }

    /** Feature bits without which the frame cannot be read. */
    public int incompatibleFeatures() {
        return half(COMPATIBLE_OFFSET) >>> 16;
    }

    /** Bytes of the frame. */
    public int length() {
        return end - start;
    }

    /** Position of the first event; of the next event for a frame without events. */
    public long basePosition() {
        return basePosition;
    }

    /** Position behind the last event. */
    public long endPosition() {
        return basePosition + eventCount;
    }

    /** Number of events. */
    public int eventCount() {
        return eventCount;
    }

    /** When the frame was appended: nanoseconds since 1970. */
    public long appendTimeNanos() {
        return word(APPEND_TIME_OFFSET);
    }

    /** The writer's epoch. */
    public int epoch() {
        return half(EPOCH_OFFSET);
    }

    /** Header CRC of the frame before; 0 for the first of a segment. */
    public int previousCrc() {
        return half(PREVIOUS_CRC_OFFSET);
    }

    /** Header CRC. */
    public int headerCrc() {
        return half(HEADER_CRC_OFFSET);
    }

    /** The durable position when the frame was written; -1 if the frame does not tell. */
    public long durablePosition() {
        int lag = half(DURABLE_LAG_OFFSET);
        return lag == DURABLE_LAG_UNKNOWN ? -1 : basePosition - Integer.toUnsignedLong(lag);
    }

    /** Position of the event. */
    public long position() {
        return basePosition + eventIndex;
    }

    /** Number of the event's schema. */
    public int schema() {
        return (int) names;
    }

    /** Number of the event's source. */
    public int source() {
        return (int) (names >>> 32);
    }

    /** When the event happened: nanoseconds since 1970. */
    public long timeNanos() {
        return (texts & FLAG_TIME) != 0 ? (long) LONG.get(bytes, eventStart + EVENT_TIME_OFFSET) : appendTimeNanos();
    }

    /** Whether the event has a key. */
    public boolean hasKey() {
        return (texts & FLAG_KEY) != 0;
    }

    /** Hash of the key's bytes; 0 without a key. */
    public int keyHash() {
        return (int) INT.get(bytes, eventStart + EVENT_KEY_HASH_OFFSET);
    }

    /** Bytes of the key. */
    public int keyLength() {
        return keyLength(texts);
    }

    /** Whether the key's bytes are these. */
    public boolean isKey(byte[] key) {
        int from = keyStart();
        return Arrays.equals(bytes, from, from + keyLength(), key, 0, key.length);
    }

    private int keyStart() {
        return eventStart + textsOffset(texts);
    }

    /** A copy of the key's bytes. */
    public byte[] keyBytes() {
        int from = keyStart();
        return Arrays.copyOfRange(bytes, from, from + keyLength());
    }

    /** The event's id; null if it was given none. */
    public @Nullable String id() {
        return (texts & FLAG_ID) == 0
                ? null
                : new String(bytes, keyStart() + keyLength(), idLength(texts), StandardCharsets.UTF_8);
    }

    /** Bytes of the event's id; 0 if it was given none. */
    public int idLength() {
        return (texts & FLAG_ID) == 0 ? 0 : idLength(texts);
    }

    /** Where the event's id begins in {@link #bytes()}. */
    public int idOffset() {
        return keyStart() - start + keyLength();
    }

    /** The event's metadata; unmodifiable. */
    public Map<String, String> metadata() {
        int length = metadataLength(texts);
        return length == 0
                ? Map.of()
                : MetadataFormat.get(bytes(), keyStart() - start + keyLength() + idLength(texts), length);
    }

    /** Bytes of the payload. */
    public int payloadLength() {
        return payloadLength;
    }

    /** The payload: read-only, big-endian, index 0 is its first byte. Valid until the view moves on. */
    public ByteBuffer payload() {
        return slices.at(payloadStart, payloadLength);
    }

    /** Offset of the extension of a kind, within whose length its contents are; 0 if the header has none. */
    public int extension(int extensionKind) {
        int headerLength = headerLength(word(MAGIC_OFFSET));
        int at = HEADER_LENGTH;
        while (at < headerLength) {
            int kindAndLength = half(at + EXTENSION_KIND_OFFSET);
            int blockLength = kindAndLength >>> 16;
            if (blockLength < Long.BYTES || (blockLength & 7) != 0 || blockLength > headerLength - at) {
                return 0;
            }
            if ((kindAndLength & MASK16) == extensionKind) {
                return at;
            }
            at += blockLength;
        }
        return 0;
    }

    /** Length of the extension at an offset, all of it. */
    public int extensionLength(int offset) {
        return half(offset + EXTENSION_KIND_OFFSET) >>> 16;
    }

    /** Offset of the first control record. */
    public int firstRecord() {
        return headerLength(word(MAGIC_OFFSET));
    }

    /** Length of the control record at an offset; 0 if there is none: the frame's end, or not a record. */
    public int recordLength(int offset) {
        int left = length() - offset;
        if (left < RECORD_CONTENT_OFFSET) {
            return 0;
        }
        int recordLength = half(offset + RECORD_LENGTH_OFFSET);
        return recordLength < RECORD_CONTENT_OFFSET || recordLength > left || (recordLength & 7) != 0
                ? 0
                : recordLength;
    }

    /** Kind of the control record at an offset. */
    public int recordKind(int offset) {
        return half(offset + RECORD_KIND_OFFSET) & MASK16;
    }

    /** The frame's bytes, little-endian, index 0 is its first; for the contents of control records, within their length. */
    public ByteBuffer bytes() {
        return ByteBuffer.wrap(bytes, start, length()).slice().order(ByteOrder.LITTLE_ENDIAN);
    }
}
