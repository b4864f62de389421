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
import java.util.function.IntPredicate;
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
    private static final int ID_SHIFT = Integer.numberOfTrailingZeros(FLAG_ID);

    private final int maxFrameLength;
    private final int maxEventLength;
    private final int seed;
    private final CRC32C crc = new CRC32C();
    private ByteBuffer buffer;
    private final SliceCache slices;
    private int length;
    private int headerLength;
    private int features;
    private int eventCount;
    private int idCount;
    private int kind;
    private int bodyCrc;

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
        if (!slices.isOf(buffer)) {
            // an error came amid a change of the buffer
            slices.reset(buffer);
        }
        kind = newKind;
        length = HEADER_LENGTH;
        headerLength = HEADER_LENGTH;
        features = 0;
        eventCount = 0;
        idCount = 0;
    }

    /**
     * Adds an extension of this length, zeroed, to the header of a frame that has nothing else yet; returns its offset in
     * {@link #buffer()}.
     */
    public int extend(int extensionKind, int extensionLength, int feature) {
        assert length == headerLength && eventCount == 0 : "extended behind its beginning";
        int end = headerLength + aligned(extensionLength);
        assert end <= MAX_HEADER_LENGTH : "header is too long";
        while (end > buffer.capacity()) {
            grow();
        }
        int at = zeroed(headerLength, end);
        buffer.putShort(at + EXTENSION_KIND_OFFSET, (short) extensionKind);
        buffer.putShort(at + EXTENSION_LENGTH_OFFSET, (short) (end - at));
        headerLength = end;
        length = end;
        features |= feature;
        return at;
    }

    /** Where the first event stands, or will stand. */
    public int firstEventOffset() {
        return headerLength;
    }

    /** Says that the frame cannot be read without a feature. */
    public void require(int feature) {
        features |= feature;
    }

    /** Takes back the events that were added since it had this length and this count of them. */
    public void takeBack(int earlierLength, int earlierCount) {
        assert earlierLength >= headerLength && earlierLength <= length && earlierCount <= eventCount;
        length = earlierLength;
        eventCount = earlierCount;
    }

    private int zeroed(int from, int end) {
        for (int i = from; i < end; i += Long.BYTES) {
            buffer.putLong(i, 0);
        }
        return from;
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
                tryAdd(codec, data, key, id, time, metadata, schema, source);
                return;
            } catch (BufferOverflowException full) {
                grow();
            }
        }
    }

    /** Texts and payload first, then the event's header in five words. */
    private <T> void tryAdd(
            Codec<T> codec,
            T data,
            @Nullable String key,
            @Nullable String id,
            @Nullable Instant time,
            Map<String, String> metadata,
            int schema,
            int source) {
        int at = length;
        int text = at + EVENT_HEADER_LENGTH;
        if (text > buffer.capacity()) {
            throw new BufferOverflowException();
        }
        int flags = 0;
        int keyLength = 0;
        int keyHash = 0;
        boolean isPadded = true;
        if (key != null) {
            long hash = Utf8.putKey(key, buffer, text);
            if (hash == Utf8.ANOTHER_WAY) {
                keyLength = Utf8.put(key, buffer, text);
                keyHash = Utf8.hash(buffer, text, keyLength);
                isPadded = false;
            } else {
                keyLength = key.length();
                keyHash = (int) hash;
            }
            requireTextLength("key", keyLength);
            text += keyLength;
            flags |= FLAG_KEY;
        }
        int idLength = 0;
        if (id != null) {
            idLength = requireTextLength("id", Utf8.put(id, buffer, text));
            text += idLength;
            flags |= FLAG_ID;
            isPadded = false;
        }
        int metadataLength = 0;
        if (!metadata.isEmpty()) {
            metadataLength = MetadataFormat.put(metadata, buffer, text);
            isPadded = false;
        }
        long timeNanos = 0;
        if (time != null) {
            timeNanos = Clock.toEpochNanos(time);
            flags |= FLAG_TIME;
        }
        int payloadOffset = isPadded ? aligned(text) : putZerosToAlignment(text + metadataLength);
        int payloadLength = putPayload(codec, data, keyLength + idLength + metadataLength, payloadOffset);
        int end = putZerosToAlignment(payloadOffset + payloadLength);
        if (end > maxFrameLength) {
            throw tooLarge(end, maxFrameLength, "events of one call");
        }
        buffer.putLong(at + EVENT_RECORD_LENGTH_OFFSET, word(end - at, eventCount));
        buffer.putLong(at + EVENT_FLAGS_OFFSET, word(flags | keyLength << 16, idLength | metadataLength << 16));
        buffer.putLong(at + EVENT_SCHEMA_OFFSET, word(schema, source));
        buffer.putLong(at + EVENT_TIME_OFFSET, timeNanos);
        buffer.putLong(at + EVENT_KEY_HASH_OFFSET, word(keyHash, payloadLength));
        length = end;
        eventCount++;
        idCount += flags >> ID_SHIFT & 1;
    }

    /** Two fields of 4 bytes as one of 8. */
    private static long word(int low, int high) {
        return (low & 0xffff_ffffL) | (long) high << 32;
    }

    private static int requireTextLength(String what, int textLength) {
        if (textLength > MAX_TEXT_LENGTH) {
            throw new IllegalArgumentException(
                    what + " has " + textLength + " bytes of UTF-8; the limit is " + MAX_TEXT_LENGTH);
        }
        return textLength;
    }

    /** Encodes the data and returns the number of bytes. */
    private <T> int putPayload(Codec<T> codec, T data, int textsLength, int payloadOffset) {
        int allowed = maxEventLength - textsLength;
        // 8 bytes stay free for the zeros behind the payload
        int room = buffer.capacity() - payloadOffset - Long.BYTES;
        if (allowed < 0) {
            throw tooLarge(textsLength, maxEventLength, "event");
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
        return target.position();
    }

    /** Makes room for a frame of this length, at most the greatest one. */
    public void reserve(int capacity) {
        if (buffer.capacity() < capacity) {
            resize(capacity);
        }
    }

    /** Bytes of the events so far. */
    public int eventsLength() {
        return length - HEADER_LENGTH;
    }

    /**
     * Copies the only event of another frame to an offset as the event of an index; {@link #endAt} must follow. Threads may
     * do so at once, each for an offset of its own within what is {@link #reserve reserved}.
     */
    public void put(FrameBuilder event, int offset, int index) {
        buffer.put(offset, event.buffer, HEADER_LENGTH, event.length - HEADER_LENGTH);
        buffer.putInt(offset + EVENT_POSITION_DELTA_OFFSET, index);
    }

    /** Says where the events end that were {@link #put}. */
    public void endAt(int newLength, int newEventCount) {
        length = newLength;
        eventCount = newEventCount;
    }

    /** Leaves out events; those behind them move up. The frame must be finished anew. */
    public void retain(IntPredicate isKept) {
        int from = headerLength;
        int to = headerLength;
        int kept = 0;
        for (int i = 0; i < eventCount; i++) {
            int recordLength = buffer.getInt(from + EVENT_RECORD_LENGTH_OFFSET);
            if (isKept.test(i)) {
                buffer.put(to, buffer, from, recordLength);
                buffer.putInt(to + EVENT_POSITION_DELTA_OFFSET, kept++);
                to += recordLength;
            }
            from += recordLength;
        }
        endAt(to, kept);
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
        // the frame's header is before it, so there are 8 bytes to keep some of
        if (end != from) {
            int last = end - Long.BYTES;
            buffer.putLong(last, buffer.getLong(last) & (-1L >>> ((end - from) << 3)));
        }
        return end;
    }

    private void grow() {
        int capacity = buffer.capacity();
        if (capacity >= maxFrameLength) {
            throw tooLarge((long) maxFrameLength + 1, maxFrameLength, "events of one call");
        }
        resize((int) Math.min(maxFrameLength, 2L * capacity));
    }

    private void resize(int capacity) {
        ByteBuffer grown = ByteBuffer.allocateDirect(capacity).order(ByteOrder.LITTLE_ENDIAN);
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
        int at = zeroed(length, end);
        buffer.putInt(at + RECORD_LENGTH_OFFSET, end - at);
        buffer.putShort(at + RECORD_KIND_OFFSET, (short) recordKind);
        length = end;
        return at;
    }

    /** Ends the frame: its checksum is made, and only its place in the log is to come. */
    public void finish() {
        crc.reset();
        crc.update(buffer.limit(length).position(headerLength));
        buffer.clear();
        bodyCrc = (int) crc.getValue();
    }

    /**
     * Writes a finished frame's header for its place in the log; returns the header CRC, the next frame's previous CRC.
     *
     * @param durablePosition as it is now
     * @param epoch the writer's
     * @param previousCrc header CRC of the frame before in the segment, 0 for the first
     */
    public int stamp(long basePosition, long appendTimeNanos, long durablePosition, int epoch, int previousCrc) {
        long lag = basePosition - durablePosition;
        buffer.putLong(MAGIC_OFFSET, word(MAGIC, VERSION | (headerLength / Long.BYTES) << 8 | kind << 16));
        buffer.putLong(COMPATIBLE_OFFSET, word(features << 16, length));
        buffer.putLong(BASE_POSITION_OFFSET, basePosition);
        buffer.putLong(APPEND_TIME_OFFSET, appendTimeNanos);
        buffer.putLong(EPOCH_OFFSET, word(epoch, lag < 0xffff_ffffL ? (int) lag : DURABLE_LAG_UNKNOWN));
        buffer.putLong(EVENT_COUNT_OFFSET, word(eventCount, bodyCrc));
        buffer.putLong(PREVIOUS_CRC_OFFSET, word(previousCrc, 0));
        buffer.putInt(INFLATED_LENGTH_OFFSET, 0);
        crc.reset();
        crc.update(buffer.limit(HEADER_CRC_OFFSET).position(0));
        if (headerLength > HEADER_LENGTH) {
            crc.update(buffer.limit(headerLength).position(HEADER_LENGTH));
        }
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

    /** Whether an event that was added has an id of its own. */
    public boolean hasIds() {
        return idCount > 0;
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
