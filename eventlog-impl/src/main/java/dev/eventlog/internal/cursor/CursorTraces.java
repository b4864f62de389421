package dev.eventlog.internal.cursor;

import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.inspection.Traces;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads from the files of consumers what log they are of, and up to which epoch they know it. Changes nothing; a file that
 * cannot be read tells nothing: who opens that consumer is told.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class CursorTraces {

    private CursorTraces() {}

    static List<Traces.Trace> find(Path root, FileOps files) throws IOException {
        var traces = new ArrayList<Traces.Trace>();
        Path cursors = root.resolve("cursors");
        for (String name : files.list(cursors)) {
            if (FileCursors.isCursor(name)) {
                Path cursor = cursors.resolve(name);
                traces.add(ofCursor(cursor, files));
                String stem = name.substring(0, name.length() - FileCursors.SUFFIX.length());
                Path list = root.resolve("parked").resolve(stem + FileCursors.PARKED_SUFFIX);
                addIfMissing(traces, cursor, list, files);
            }
        }
        Path parked = root.resolve("parked");
        for (String name : files.list(parked)) {
            if (FileCursors.isParked(name)) {
                traces.add(ofParked(parked.resolve(name), files));
            }
        }
        return traces;
    }

    private static Traces.Trace ofParked(Path file, FileOps files) {
        ByteBuffer bytes = read(file, ParkedDescriptor.MAX_LENGTH, files);
        UUID logId = logId(bytes, ParkedDescriptor.MAGIC, file);
        boolean isLost = logId == null || !ParkedDescriptor.isWhole(bytes, logId, file);
        return new Traces.Trace(file, logId, 0, isLost ? "list of parked events is damaged" : null, isLost);
    }

    /** A checkpoint without a list: it was lost, unless the consumer is being forgotten. */
    private static void addIfMissing(List<Traces.Trace> traces, Path cursor, Path list, FileOps files)
            throws IOException {
        if (files.attributes(list) == null && files.attributes(cursor) != null) {
            traces.add(new Traces.Trace(list, null, 0, "list of parked events is missing", true));
        }
    }

    private static Traces.Trace ofCursor(Path file, FileOps files) {
        ByteBuffer bytes = read(file, CursorDescriptor.LENGTH, files);
        UUID logId = null;
        int epoch = 0;
        if (bytes.limit() < CursorDescriptor.LENGTH) {
            return new Traces.Trace(file, null, 0, "checkpoint is damaged, its file is too short", true);
        }
        int valid = 0;
        var slots = new CursorSlots(bytes);
        for (int i = 0; i < CursorDescriptor.SLOTS; i++) {
            ByteBuffer slot = slots.slot(i);
            UUID said = logId(slot, CursorDescriptor.MAGIC, file);
            if (said != null && CursorDescriptor.isValid(slot)) {
                logId = said;
                valid++;
                epoch = Math.max(epoch, slot.getInt(CursorDescriptor.EPOCH_OFFSET));
            }
        }
        String problem = switch (valid) {
            case 0 -> "checkpoint is damaged, in both slots";
            case 1 -> "one slot of a checkpoint is damaged, or its commit was cut short; the other one holds";
            default -> null;
        };
        return new Traces.Trace(file, logId, epoch, problem, valid == 0);
    }

    private static @Nullable UUID logId(ByteBuffer header, String magic, Path file) {
        try {
            return FileHeader.logId(header, header.limit(), magic, file);
        } catch (UnknownFormatException newer) {
            return null;
        }
    }

    /** The first bytes of a file, up to the limit; none if it cannot be read. */
    private static ByteBuffer read(Path file, int count, FileOps files) {
        ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.READ)) {
            return bytes.limit(open.read(bytes, 0)).position(0);
        } catch (IOException unreadable) {
            return bytes.limit(0);
        }
    }
}
