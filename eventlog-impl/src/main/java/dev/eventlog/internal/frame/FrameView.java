package dev.eventlog.internal.frame;

import static dev.eventlog.internal.frame.FrameDescriptor.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Checks and reads one frame in a direct buffer of its own, into which its bytes were copied: a flyweight over the frame
 * and over one event of it at a time. Reading and recovery use this one parser.
 *
 * <p>After {@link #check} returned null, the header's accessors are valid; after {@link #nextEvent} returned
 * {@link #EVENT}, the event's are.
 *
 * <p><b>Threading:</b> One thread at a time: its reader. <b>Allocation:</b> none, except where a method returns a new
 * object.
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

    private static final int INITIAL_LENGTH = 4096;

    private final int seed;
    private final CRC32C crc = new CRC32C();
    private ByteBuffer buffer;
    private final SliceCache slices;
    private ByteBuffer readOnly;

    private int length;
    private long basePosition;
    private int eventCount;
    private int eventIndex;
    private int eventOffset;
    private int nextOffset;
    private int keyOffset;
    private int payloadOffset;

    /** A view for frames of the log with this {@link FrameBuilder#seed seed}. */
    public FrameView(int seed) {
        this.seed = seed;
        buffer = ByteBuffer.allocateDirect(INITIAL_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        readOnly = buffer.asReadOnlyBuffer();
        slices = new SliceCache(readOnly);
    }

    /** The buffer to copy a frame of this length into, at index 0. What the view showed is gone. */
    public ByteBuffer buffer(int frameLength) {
        if (frameLength > buffer.capacity()) {
            int larger = Math.max(frameLength, (int) Math.min(Integer.MAX_VALUE - 8L, 2L * buffer.capacity()));
            buffer = ByteBuffer.allocateDirect(larger).order(ByteOrder.LITTLE_ENDIAN);
            readOnly = buffer.asReadOnlyBuffer();
            slices.reset(readOnly);
        }
        length = 0;
        eventCount = 0;
        eventIndex = 0;
        return buffer;
    }

    /** Bytes that fit without a larger buffer. */
    public int capacity() {
        return buffer.capacity();
    }

    /**
     * Checks the header whose bytes are in the buffer; returns null if it is right, else what is wrong.
     *
     * @param available bytes that the frame has
     */
    public @Nullable String checkHeader(int available) {
        if (available < HEADER_LENGTH || (available & 7) != 0) {
            return "frame's length is wrong";
        }
        if (buffer.getInt(MAGIC_OFFSET) != MAGIC) {
            return "frame does not begin with its magic";
        }
        int headerLength = headerLength();
        if (headerLength < HEADER_LENGTH || headerLength > available) {
            return "frame's header length is wrong";
        }
        crc.reset();
        crc.update(buffer.limit(HEADER_CRC_OFFSET).position(0));
        if (headerLength > HEADER_LENGTH && headerLength <= buffer.capacity()) {
            crc.update(buffer.limit(headerLength).position(HEADER_LENGTH));
        }
        buffer.clear();
        if (((int) crc.getValue() ^ seed) != buffer.getInt(HEADER_CRC_OFFSET)) {
            return "frame's header checksum is wrong";
        }
        if (buffer.get(VERSION_OFFSET) != VERSION || buffer.getShort(INCOMPATIBLE_OFFSET) != 0) {
            return UNKNOWN_FORMAT;
        }
        if (buffer.getInt(FRAME_LENGTH_OFFSET) != available) {
            return "frame's length differs from its document's";
        }
        return null;
    }

    /** Checks the whole frame whose bytes are in the buffer; returns null if it is right, else what is wrong. */
    public @Nullable String check(int available) {
        String problem = checkHeader(available);
        if (problem != null) {
            return problem;
        }
        crc.reset();
        crc.update(buffer.limit(available).position(headerLength()));
        buffer.clear();
        if ((int) crc.getValue() != buffer.getInt(BODY_CRC_OFFSET)) {
            return "frame's body checksum is wrong";
        }
        length = available;
        basePosition = buffer.getLong(BASE_POSITION_OFFSET);
        eventCount = buffer.getInt(EVENT_COUNT_OFFSET);
        rewind();
        return null;
    }

    /** Goes back to before the first event. */
    public void rewind() {
        eventIndex = -1;
        nextOffset = headerLength();
    }

    /** Goes to the next event: {@link #EVENT}, {@link #END} or {@link #MALFORMED}. */
    public int nextEvent() {
        if (eventIndex + 1 >= eventCount) {
            return END;
        }
        int at = nextOffset;
        if (length - at < EVENT_HEADER_LENGTH) {
            return MALFORMED;
        }
        int recordLength = buffer.getInt(at + EVENT_RECORD_LENGTH_OFFSET);
        if (recordLength < EVENT_HEADER_LENGTH || recordLength > length - at || (recordLength & 7) != 0) {
            return MALFORMED;
        }
        int texts = at + EVENT_HEADER_LENGTH;
        if (has(at, FLAG_PRODUCER)) {
            texts += PRODUCER_LENGTH;
        }
        int payload = aligned(texts
                + (buffer.getShort(at + EVENT_KEY_LENGTH_OFFSET) & 0xffff)
                + (buffer.getShort(at + EVENT_ID_LENGTH_OFFSET) & 0xffff)
                + (buffer.getShort(at + EVENT_METADATA_LENGTH_OFFSET) & 0xffff));
        int payloadLength = buffer.getInt(at + EVENT_PAYLOAD_LENGTH_OFFSET);
        if (payloadLength < 0
                || payloadLength > at + recordLength - payload
                || buffer.getInt(at + EVENT_POSITION_DELTA_OFFSET) != eventIndex + 1) {
            return MALFORMED;
        }
        eventIndex++;
        eventOffset = at;
        nextOffset = at + recordLength;
        keyOffset = texts;
        payloadOffset = payload;
        return EVENT;
    }

    private boolean has(int at, int flag) {
        return (buffer.getShort(at + EVENT_FLAGS_OFFSET) & flag) != 0;
    }

    private int headerLength() {
        return (buffer.get(HEADER_WORDS_OFFSET) & 0xff) * Long.BYTES;
    }

    /** One of the {@code KIND_} constants. */
    public int kind() {
        return buffer.get(KIND_OFFSET);
    }

    /** Format version of the frame. */
    public int version() {
        return buffer.get(VERSION_OFFSET) & 0xff;
    }

    /** Feature bits without which the frame cannot be read. */
    public int incompatibleFeatures() {
        return buffer.getShort(INCOMPATIBLE_OFFSET) & 0xffff;
    }

    /** Bytes of the frame. */
    public int length() {
        return length;
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
        return buffer.getLong(APPEND_TIME_OFFSET);
    }

    /** The writer's epoch. */
    public int epoch() {
        return buffer.getInt(EPOCH_OFFSET);
    }

    /** Header CRC of the frame before; 0 for the first of a segment. */
    public int previousCrc() {
        return buffer.getInt(PREVIOUS_CRC_OFFSET);
    }

    /** Header CRC. */
    public int headerCrc() {
        return buffer.getInt(HEADER_CRC_OFFSET);
    }

    /** The durable position when the frame was written; -1 if the frame does not tell. */
    public long durablePosition() {
        int lag = buffer.getInt(DURABLE_LAG_OFFSET);
        return lag == DURABLE_LAG_UNKNOWN ? -1 : basePosition - Integer.toUnsignedLong(lag);
    }

    /** Position of the event. */
    public long position() {
        return basePosition + eventIndex;
    }

    /** Number of the event's schema. */
    public int schema() {
        return buffer.getInt(eventOffset + EVENT_SCHEMA_OFFSET);
    }

    /** Number of the event's source. */
    public int source() {
        return buffer.getInt(eventOffset + EVENT_SOURCE_OFFSET);
    }

    /** When the event happened: nanoseconds since 1970. */
    public long timeNanos() {
        return has(eventOffset, FLAG_TIME) ? buffer.getLong(eventOffset + EVENT_TIME_OFFSET) : appendTimeNanos();
    }

    /** Whether the event has a key. */
    public boolean hasKey() {
        return has(eventOffset, FLAG_KEY);
    }

    /** Hash of the key's bytes; 0 without a key. */
    public int keyHash() {
        return buffer.getInt(eventOffset + EVENT_KEY_HASH_OFFSET);
    }

    /** Bytes of the key. */
    public int keyLength() {
        return buffer.getShort(eventOffset + EVENT_KEY_LENGTH_OFFSET) & 0xffff;
    }

    /** Whether the key's bytes are these. */
    public boolean isKey(byte[] bytes) {
        if (bytes.length != keyLength()) {
            return false;
        }
        for (int i = 0; i < bytes.length; i++) {
            if (buffer.get(keyOffset + i) != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    /** A copy of the key's bytes. */
    public byte[] keyBytes() {
        return bytes(keyOffset, keyLength());
    }

    /** The event's id; null if it was given none. */
    public @Nullable String id() {
        if (!has(eventOffset, FLAG_ID)) {
            return null;
        }
        int idLength = buffer.getShort(eventOffset + EVENT_ID_LENGTH_OFFSET) & 0xffff;
        return new String(bytes(keyOffset + keyLength(), idLength), StandardCharsets.UTF_8);
    }

    /** The event's metadata; unmodifiable. */
    public Map<String, String> metadata() {
        int metadataLength = buffer.getShort(eventOffset + EVENT_METADATA_LENGTH_OFFSET) & 0xffff;
        if (metadataLength == 0) {
            return Map.of();
        }
        int idLength = buffer.getShort(eventOffset + EVENT_ID_LENGTH_OFFSET) & 0xffff;
        return MetadataFormat.get(buffer, keyOffset + keyLength() + idLength, metadataLength);
    }

    /** Bytes of the payload. */
    public int payloadLength() {
        return buffer.getInt(eventOffset + EVENT_PAYLOAD_LENGTH_OFFSET);
    }

    /** The payload: read-only, big-endian, index 0 is its first byte. Valid until the view moves on. */
    public ByteBuffer payload() {
        return slices.at(payloadOffset, payloadLength());
    }

    private byte[] bytes(int offset, int count) {
        byte[] copy = new byte[count];
        buffer.get(offset, copy);
        return copy;
    }

    /** Offset of the first control record. */
    public int firstRecord() {
        return headerLength();
    }

    /** Length of the control record at an offset; 0 if there is none: the frame's end, or not a record. */
    public int recordLength(int offset) {
        if (length - offset < RECORD_CONTENT_OFFSET) {
            return 0;
        }
        int recordLength = buffer.getInt(offset + RECORD_LENGTH_OFFSET);
        return recordLength < RECORD_CONTENT_OFFSET || recordLength > length - offset || (recordLength & 7) != 0
                ? 0
                : recordLength;
    }

    /** Kind of the control record at an offset. */
    public int recordKind(int offset) {
        return buffer.getShort(offset + RECORD_KIND_OFFSET) & 0xffff;
    }

    /** The frame's bytes, little-endian; for the contents of control records, within their length. */
    public ByteBuffer bytes() {
        return buffer;
    }
}
