package dev.eventlog.internal.frame;

import static dev.eventlog.internal.frame.FrameDescriptor.*;

import dev.eventlog.Codec;
import dev.eventlog.NewEvent;
import dev.eventlog.error.EventTooLargeException;
import dev.eventlog.internal.support.Clock;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Writes one frame into a direct buffer of its own, in three steps: {@link #begin}, then {@code add} for each event (user
 * code runs here), then {@link #finish} (the body's checksum). All of that happens outside the append lock; under it
 * only {@link #stamp} fills the header. The buffer grows up to the greatest frame and is used again.
 *
 * <p><b>Threading:</b> One thread at a time: who took it from its pool. <b>Allocation:</b> none once the buffer is large
 * enough, except for metadata.
 */
public final class FrameBuilder {

    private static final int INITIAL_LENGTH = 4096;
    private static final int KEPT_LENGTH = 1 << 20;

    private final int maxFrameLength;
    private final int maxEventLength;
    private final int seed;
    private final CRC32C crc = new CRC32C();
    private ByteBuffer buffer;
    private final SliceCache slices;
    private int length;
    private int eventCount;
    private int kind;

    /**
     * @param maxFrameLength greatest length of a frame, header included
     * @param maxEventLength greatest length of an event: payload, key, id and metadata
     * @param seed the log's, see {@link #seed}
     */
    public FrameBuilder(int maxFrameLength, int maxEventLength, int seed) {
        this.seed = seed;
        this.maxFrameLength = maxFrameLength;
        this.maxEventLength = maxEventLength;
        buffer = ByteBuffer.allocateDirect(Math.min(INITIAL_LENGTH, maxFrameLength))
                .order(ByteOrder.LITTLE_ENDIAN);
        slices = new SliceCache(buffer);
    }

    /** Begins a frame; what was in it before is gone. */
    public void begin(int newKind) {
        kind = newKind;
        length = HEADER_LENGTH;
        eventCount = 0;
    }

    /** Adds an event with a key, or none. */
    public <T> void add(Codec<T> codec, T data, @Nullable String key, int schema, int source) {
        add(codec, data, key, null, null, Map.of(), schema, source);
    }

    /** Adds an event with all that its producer said. */
    public <T> void add(Codec<T> codec, NewEvent<? extends T> event, int schema, int source) {
        add(codec, event.data(), event.key(), event.id(), event.time(), event.metadata(), schema, source);
    }

    private <T> void add(
            Codec<T> codec,
            T data,
            @Nullable String key,
            @Nullable String id,
            @Nullable Instant time,
            Map<String, String> metadata,
            int schema,
            int source) {
        while (true) {
            try {
                int at = length;
                int payloadOffset = putEnvelope(at, key, id, metadata);
                buffer.putInt(at + EVENT_SCHEMA_OFFSET, schema);
                buffer.putInt(at + EVENT_SOURCE_OFFSET, source);
                if (time != null) {
                    buffer.putShort(
                            at + EVENT_FLAGS_OFFSET, (short) (buffer.getShort(at + EVENT_FLAGS_OFFSET) | FLAG_TIME));
                    buffer.putLong(at + EVENT_TIME_OFFSET, Clock.toEpochNanos(time));
                }
                putPayload(codec, data, at, payloadOffset);
                return;
            } catch (BufferOverflowException full) {
                grow();
            }
        }
    }

    /** Adds the events of another frame behind those of this one. */
    public void addAll(FrameBuilder other) {
        int added = other.length - HEADER_LENGTH;
        while (length + added > buffer.capacity()) {
            grow();
        }
        buffer.put(length, other.buffer, HEADER_LENGTH, added);
        int end = length + added;
        for (int at = length; at < end; at += buffer.getInt(at + EVENT_RECORD_LENGTH_OFFSET)) {
            buffer.putInt(at + EVENT_POSITION_DELTA_OFFSET, eventCount++);
        }
        length = end;
    }

    /** Writes all of an event but schema, source, time and payload; returns the payload's offset. */
    private int putEnvelope(int at, @Nullable String key, @Nullable String id, Map<String, String> metadata) {
        int text = at + EVENT_HEADER_LENGTH;
        if (text > buffer.capacity()) {
            throw new BufferOverflowException();
        }
        for (int i = 0; i < EVENT_HEADER_LENGTH; i += Long.BYTES) {
            buffer.putLong(at + i, 0);
        }
        int flags = 0;
        if (key != null) {
            int keyLength = putText("key", key, text);
            buffer.putShort(at + EVENT_KEY_LENGTH_OFFSET, (short) keyLength);
            buffer.putInt(at + EVENT_KEY_HASH_OFFSET, Utf8.hash(buffer, text, keyLength));
            text += keyLength;
            flags |= FLAG_KEY;
        }
        if (id != null) {
            int idLength = putText("id", id, text);
            buffer.putShort(at + EVENT_ID_LENGTH_OFFSET, (short) idLength);
            text += idLength;
            flags |= FLAG_ID;
        }
        if (!metadata.isEmpty()) {
            int metadataLength = MetadataFormat.put(metadata, buffer, text);
            buffer.putShort(at + EVENT_METADATA_LENGTH_OFFSET, (short) metadataLength);
            text += metadataLength;
        }
        buffer.putInt(at + EVENT_POSITION_DELTA_OFFSET, eventCount);
        buffer.putShort(at + EVENT_FLAGS_OFFSET, (short) flags);
        return putZerosToAlignment(text);
    }

    private int putText(String what, String text, int offset) {
        int textLength = Utf8.put(text, buffer, offset);
        if (textLength > MAX_TEXT_LENGTH) {
            throw new IllegalArgumentException(
                    what + " has " + textLength + " bytes of UTF-8; the limit is " + MAX_TEXT_LENGTH);
        }
        return textLength;
    }

    private <T> void putPayload(Codec<T> codec, T data, int at, int payloadOffset) {
        int texts = (buffer.getShort(at + EVENT_KEY_LENGTH_OFFSET) & 0xffff)
                + (buffer.getShort(at + EVENT_ID_LENGTH_OFFSET) & 0xffff)
                + (buffer.getShort(at + EVENT_METADATA_LENGTH_OFFSET) & 0xffff);
        int allowed = maxEventLength - texts;
        // 8 bytes stay free for the zeros behind the payload
        int room = buffer.capacity() - payloadOffset - Long.BYTES;
        if (allowed < 0) {
            throw tooLarge(texts, maxEventLength, "event");
        }
        if (room < 0) {
            throw new BufferOverflowException();
        }
        ByteBuffer target = slices.at(payloadOffset, Math.min(allowed, room));
        try {
            codec.encode(data, target);
        } catch (BufferOverflowException full) {
            if (allowed <= room) {
                throw tooLarge((long) maxEventLength + 1, maxEventLength, "event");
            }
            throw full;
        }
        int payloadLength = target.position();
        int end = putZerosToAlignment(payloadOffset + payloadLength);
        if (end > maxFrameLength) {
            throw tooLarge(end, maxFrameLength, "events of one call");
        }
        buffer.putInt(at + EVENT_PAYLOAD_LENGTH_OFFSET, payloadLength);
        buffer.putInt(at + EVENT_RECORD_LENGTH_OFFSET, end - at);
        length = end;
        eventCount++;
    }

    private static EventTooLargeException tooLarge(long found, long limit, String what) {
        return new EventTooLargeException(
                what + " too large: lengthBytes>=" + found + " limitBytes=" + limit
                        + "; nothing was appended. Make it smaller, or open the log with greater limits"
                        + " (maxEventLengthBytes, segmentLengthBytes)",
                found,
                limit);
    }

    private int putZerosToAlignment(int from) {
        int end = aligned(from);
        if (end > buffer.capacity()) {
            throw new BufferOverflowException();
        }
        for (int i = from; i < end; i++) {
            buffer.put(i, (byte) 0);
        }
        return end;
    }

    private void grow() {
        int capacity = buffer.capacity();
        if (capacity >= maxFrameLength) {
            throw tooLarge((long) maxFrameLength + 1, maxFrameLength, "events of one call");
        }
        int larger = (int) Math.min(maxFrameLength, 2L * capacity);
        ByteBuffer grown = ByteBuffer.allocateDirect(larger).order(ByteOrder.LITTLE_ENDIAN);
        grown.put(0, buffer, 0, length);
        buffer = grown;
        slices.reset(grown);
    }

    /** Adds a control record of this length, zeroed, and returns its offset in {@link #buffer()}. */
    public int addRecord(int recordKind, int recordLength) {
        int end = length + aligned(recordLength);
        while (end > buffer.capacity()) {
            grow();
        }
        int at = length;
        for (int i = at; i < end; i += Long.BYTES) {
            buffer.putLong(i, 0);
        }
        buffer.putInt(at + RECORD_LENGTH_OFFSET, end - at);
        buffer.putShort(at + RECORD_KIND_OFFSET, (short) recordKind);
        length = end;
        return at;
    }

    /** Ends the frame: fills what does not depend on its place in the log. */
    public void finish() {
        buffer.putInt(MAGIC_OFFSET, MAGIC);
        buffer.put(VERSION_OFFSET, (byte) VERSION);
        buffer.put(HEADER_WORDS_OFFSET, (byte) (HEADER_LENGTH / Long.BYTES));
        buffer.put(KIND_OFFSET, (byte) kind);
        buffer.put(FLAGS_OFFSET, (byte) 0);
        buffer.putInt(COMPATIBLE_OFFSET, 0);
        buffer.putInt(FRAME_LENGTH_OFFSET, length);
        buffer.putInt(EVENT_COUNT_OFFSET, eventCount);
        buffer.putInt(KEY_ID_OFFSET, 0);
        buffer.putInt(INFLATED_LENGTH_OFFSET, 0);
        crc.reset();
        crc.update(buffer.limit(length).position(HEADER_LENGTH));
        buffer.clear();
        buffer.putInt(BODY_CRC_OFFSET, (int) crc.getValue());
    }

    /**
     * Puts a finished frame in its place; returns its header CRC, the next frame's previous CRC.
     *
     * @param durablePosition as it is now
     * @param epoch the writer's
     * @param previousCrc header CRC of the frame before in the segment, 0 for the first
     */
    public int stamp(long basePosition, long appendTimeNanos, long durablePosition, int epoch, int previousCrc) {
        long lag = basePosition - durablePosition;
        buffer.putLong(BASE_POSITION_OFFSET, basePosition);
        buffer.putLong(APPEND_TIME_OFFSET, appendTimeNanos);
        buffer.putInt(EPOCH_OFFSET, epoch);
        buffer.putInt(DURABLE_LAG_OFFSET, lag < 0xffff_ffffL ? (int) lag : DURABLE_LAG_UNKNOWN);
        buffer.putInt(PREVIOUS_CRC_OFFSET, previousCrc);
        crc.reset();
        crc.update(buffer.limit(HEADER_CRC_OFFSET).position(0));
        buffer.clear();
        int headerCrc = (int) crc.getValue() ^ seed;
        buffer.putInt(HEADER_CRC_OFFSET, headerCrc);
        return headerCrc;
    }

    /** The frame's bytes: from index 0, {@link #length()} of them. Little-endian. */
    public ByteBuffer buffer() {
        return buffer;
    }

    /** Bytes of the frame so far. */
    public int length() {
        return length;
    }

    /** Events in the frame so far. */
    public int eventCount() {
        return eventCount;
    }

    /** Whether the buffer is of a size to be kept for the next frame. */
    public boolean isKept() {
        return buffer.capacity() <= KEPT_LENGTH;
    }

    /** The number that a log's frames are checked with: the CRC32C of its id. */
    public static int seed(UUID logId) {
        var id = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        id.putLong(logId.getMostSignificantBits()).putLong(logId.getLeastSignificantBits());
        var crc = new CRC32C();
        crc.update(id.flip());
        return (int) crc.getValue();
    }
}
