package dev.eventlog.internal.journal;

import static dev.eventlog.internal.frame.FrameDescriptor.*;

import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameView;
import dev.eventlog.internal.journal.ReadJournal.Progress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes and reads progress: in the header of the frame with the outputs, at a segment's beginning, and in the manifest.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class ProgressFormat {

    /** Longest name of a consumer. */
    private static final int MAX_NAME_LENGTH = 100;

    /** Longest record or extension. */
    static final int MAX_LENGTH = aligned(PROGRESS_NAME_OFFSET + MAX_NAME_LENGTH);

    private ProgressFormat() {}

    /** Bytes of a record or extension. */
    static int length(Progress progress) {
        return aligned(PROGRESS_NAME_OFFSET + progress.consumer().length());
    }

    /** Begins a frame of outputs; what it tells is {@link #put} later. Returns where. */
    static int extend(FrameBuilder frame, int nameLength) {
        return frame.extend(EXTENSION_PROGRESS, PROGRESS_NAME_OFFSET + nameLength, FEATURE_PROGRESS);
    }

    /** Adds a record to a control frame. */
    static void putRecord(FrameBuilder frame, Progress progress) {
        int at = frame.addRecord(RECORD_PROGRESS, length(progress));
        frame.require(FEATURE_PROGRESS);
        put(frame.buffer(), at, progress);
    }

    /** Writes what stands behind the first eight bytes of a record or extension. */
    static void put(ByteBuffer target, int at, Progress progress) {
        byte[] name = progress.consumer().getBytes(StandardCharsets.US_ASCII);
        target.putLong(at + PROGRESS_LOG_ID_OFFSET, progress.logId().getMostSignificantBits());
        target.putLong(
                at + PROGRESS_LOG_ID_OFFSET + Long.BYTES, progress.logId().getLeastSignificantBits());
        target.putLong(at + PROGRESS_CHECKPOINT_OFFSET, progress.checkpoint());
        target.putInt(at + PROGRESS_EPOCH_OFFSET, progress.epoch());
        target.putInt(at + PROGRESS_GENERATION_OFFSET, progress.generation());
        target.putShort(at + PROGRESS_NAME_LENGTH_OFFSET, (short) name.length);
        target.put(at + PROGRESS_NAME_OFFSET, name);
    }

    /** Reads the same; null if it is none. */
    static @Nullable Progress get(ByteBuffer bytes, int at, int length) {
        if (length < PROGRESS_NAME_OFFSET) {
            return null;
        }
        int nameLength = bytes.getShort(at + PROGRESS_NAME_LENGTH_OFFSET) & 0xffff;
        if (nameLength == 0 || nameLength > MAX_NAME_LENGTH || PROGRESS_NAME_OFFSET + nameLength > length) {
            return null;
        }
        byte[] name = new byte[nameLength];
        bytes.get(at + PROGRESS_NAME_OFFSET, name);
        for (byte each : name) {
            if (each < 0) {
                return null;
            }
        }
        return new Progress(
                new UUID(
                        bytes.getLong(at + PROGRESS_LOG_ID_OFFSET),
                        bytes.getLong(at + PROGRESS_LOG_ID_OFFSET + Long.BYTES)),
                new String(name, StandardCharsets.US_ASCII),
                bytes.getLong(at + PROGRESS_CHECKPOINT_OFFSET),
                bytes.getInt(at + PROGRESS_EPOCH_OFFSET),
                bytes.getInt(at + PROGRESS_GENERATION_OFFSET));
    }

    /** Takes up what a frame that is right tells of progress. */
    static void addTo(ProgressTable table, FrameView frame) {
        if ((frame.incompatibleFeatures() & FEATURE_PROGRESS) == 0) {
            return;
        }
        ByteBuffer bytes = frame.bytes();
        int extension = frame.extension(EXTENSION_PROGRESS);
        if (extension != 0) {
            table.put(get(bytes, extension, frame.extensionLength(extension)));
        }
        if (frame.kind() == KIND_CONTROL) {
            int at = frame.firstRecord();
            for (int length = frame.recordLength(at); length > 0; length = frame.recordLength(at)) {
                if (frame.recordKind(at) == RECORD_PROGRESS) {
                    table.put(get(bytes, at, length));
                }
                at += length;
            }
        }
    }
}
