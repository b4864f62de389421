package dev.eventlog.internal.journal;

import static dev.eventlog.internal.frame.FrameDescriptor.*;

import dev.eventlog.Codec;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameView;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes and reads the records of control frames: the beginning and end of a segment, and the dictionary.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class ControlRecords {

    /** Longest name of a source that is read back; longer ones were never written. */
    private static final int MAX_SOURCE_LENGTH = 1024;

    private ControlRecords() {}

    static void putOpen(FrameBuilder frame, long segment, UUID logId, UUID bootId, @Nullable Segment previous) {
        int at = frame.addRecord(RECORD_OPEN, OPEN_LENGTH);
        ByteBuffer buffer = frame.buffer();
        buffer.putLong(at + OPEN_SEGMENT_OFFSET, segment);
        putId(buffer, at + OPEN_LOG_ID_OFFSET, logId);
        putId(buffer, at + OPEN_BOOT_ID_OFFSET, bootId);
        buffer.putLong(at + OPEN_PREVIOUS_SEGMENT_OFFSET, previous == null ? -1 : previous.number());
        buffer.putInt(at + OPEN_PREVIOUS_CRC_OFFSET, previous == null ? 0 : previous.lastCrc());
    }

    static void putSchema(FrameBuilder frame, int number, Codec.Schema schema) {
        byte[] type = schema.type().getBytes(StandardCharsets.US_ASCII);
        byte[] contentType = schema.contentType().getBytes(StandardCharsets.US_ASCII);
        int at = frame.addRecord(RECORD_SCHEMA, SCHEMA_TEXT_OFFSET + type.length + contentType.length);
        ByteBuffer buffer = frame.buffer();
        buffer.putInt(at + SCHEMA_NUMBER_OFFSET, number);
        buffer.putInt(at + SCHEMA_VERSION_OFFSET, schema.version());
        buffer.putShort(at + SCHEMA_TYPE_LENGTH_OFFSET, (short) type.length);
        buffer.putShort(at + SCHEMA_CONTENT_TYPE_LENGTH_OFFSET, (short) contentType.length);
        buffer.put(at + SCHEMA_TEXT_OFFSET, type);
        buffer.put(at + SCHEMA_TEXT_OFFSET + type.length, contentType);
    }

    static void putSource(FrameBuilder frame, int number, String source) {
        byte[] name = source.getBytes(StandardCharsets.US_ASCII);
        int at = frame.addRecord(RECORD_SOURCE, SOURCE_TEXT_OFFSET + name.length);
        ByteBuffer buffer = frame.buffer();
        buffer.putInt(at + SOURCE_NUMBER_OFFSET, number);
        buffer.putShort(at + SOURCE_LENGTH_OFFSET, (short) name.length);
        buffer.put(at + SOURCE_TEXT_OFFSET, name);
    }

    static void putClose(FrameBuilder frame, long frameCount, long endPosition) {
        int at = frame.addRecord(RECORD_CLOSE, CLOSE_LENGTH);
        frame.buffer().putLong(at + CLOSE_FRAME_COUNT_OFFSET, frameCount);
        frame.buffer().putLong(at + CLOSE_END_POSITION_OFFSET, endPosition);
    }

    /** Number of the segment that a control frame opens; -1 if it opens none. */
    static long openedSegment(FrameView frame) {
        int at = frame.firstRecord();
        return frame.recordLength(at) >= OPEN_LENGTH && frame.recordKind(at) == RECORD_OPEN
                ? frame.bytes().getLong(at + OPEN_SEGMENT_OFFSET)
                : -1;
    }

    /** The log that a control frame which opens a segment is of. */
    static UUID logId(FrameView frame) {
        int at = frame.firstRecord() + OPEN_LOG_ID_OFFSET;
        ByteBuffer bytes = frame.bytes();
        return new UUID(bytes.getLong(at), bytes.getLong(at + Long.BYTES));
    }

    /** Number of the segment before the one that a control frame opens; -1 if there was none. */
    static long previousSegment(FrameView frame) {
        return frame.bytes().getLong(frame.firstRecord() + OPEN_PREVIOUS_SEGMENT_OFFSET);
    }

    /**
     * Adds what a control frame says of schemas and sources; returns null, or what is wrong with it.
     *
     * @param isBehindGap whether records before it may be lost
     */
    static @Nullable String addTo(Dictionary dictionary, FrameView frame, boolean isBehindGap) {
        int at = frame.firstRecord();
        ByteBuffer bytes = frame.bytes();
        for (int length = frame.recordLength(at); length > 0; length = frame.recordLength(at)) {
            int kind = frame.recordKind(at);
            if (length < leastLength(kind)) {
                return "dictionary record is too short";
            }
            if (isBehindGap && (kind == RECORD_SCHEMA || kind == RECORD_SOURCE)) {
                int before = bytes.getInt(at + SCHEMA_NUMBER_OFFSET) - 1;
                dictionary.reserve(kind == RECORD_SCHEMA ? before : 0, kind == RECORD_SOURCE ? before : 0);
            }
            boolean right = switch (kind) {
                case RECORD_SCHEMA -> addSchema(dictionary, bytes, at, length);
                case RECORD_SOURCE -> addSource(dictionary, bytes, at, length);
                default -> true;
            };
            if (!right) {
                return "dictionary record contradicts what was known";
            }
            at += length;
        }
        return null;
    }

    /** Bytes up to the texts of a record of the dictionary. */
    private static int leastLength(int kind) {
        return switch (kind) {
            case RECORD_SCHEMA -> SCHEMA_TEXT_OFFSET;
            case RECORD_SOURCE -> SOURCE_TEXT_OFFSET;
            default -> RECORD_CONTENT_OFFSET;
        };
    }

    private static boolean addSchema(Dictionary dictionary, ByteBuffer bytes, int at, int length) {
        int typeLength = bytes.getShort(at + SCHEMA_TYPE_LENGTH_OFFSET) & 0xffff;
        int contentTypeLength = bytes.getShort(at + SCHEMA_CONTENT_TYPE_LENGTH_OFFSET) & 0xffff;
        if (SCHEMA_TEXT_OFFSET + typeLength + contentTypeLength > length) {
            return false;
        }
        String type = text(bytes, at + SCHEMA_TEXT_OFFSET, typeLength);
        String contentType = text(bytes, at + SCHEMA_TEXT_OFFSET + typeLength, contentTypeLength);
        try {
            var schema = new Codec.Schema(type, bytes.getInt(at + SCHEMA_VERSION_OFFSET), contentType);
            return dictionary.addSchema(bytes.getInt(at + SCHEMA_NUMBER_OFFSET), schema);
        } catch (IllegalArgumentException notAllowed) {
            return false;
        }
    }

    private static boolean addSource(Dictionary dictionary, ByteBuffer bytes, int at, int length) {
        int nameLength = bytes.getShort(at + SOURCE_LENGTH_OFFSET) & 0xffff;
        return nameLength <= MAX_SOURCE_LENGTH
                && SOURCE_TEXT_OFFSET + nameLength <= length
                && dictionary.addSource(
                        bytes.getInt(at + SOURCE_NUMBER_OFFSET), text(bytes, at + SOURCE_TEXT_OFFSET, nameLength));
    }

    private static String text(ByteBuffer bytes, int offset, int length) {
        byte[] copy = new byte[length];
        bytes.get(offset, copy);
        return new String(copy, StandardCharsets.US_ASCII);
    }

    private static void putId(ByteBuffer target, int offset, UUID id) {
        target.putLong(offset, id.getMostSignificantBits());
        target.putLong(offset + Long.BYTES, id.getLeastSignificantBits());
    }
}
