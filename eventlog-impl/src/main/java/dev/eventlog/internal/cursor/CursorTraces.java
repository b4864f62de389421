package dev.eventlog.internal.cursor;

import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.journal.Journal;
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

    static List<Journal.Trace> find(Path root, FileOps files) throws IOException {
        var traces = new ArrayList<Journal.Trace>();
        Path cursors = root.resolve("cursors");
        for (String name : files.list(cursors)) {
            if (name.endsWith(FileCursors.SUFFIX)) {
                traces.add(ofCursor(cursors.resolve(name), files));
            }
        }
        Path parked = root.resolve("parked");
        for (String name : files.list(parked)) {
            if (name.endsWith(FileCursors.PARKED_SUFFIX)) {
                Path file = parked.resolve(name);
                ByteBuffer bytes = read(file, FileHeader.LENGTH, files);
                traces.add(new Journal.Trace(file, logId(bytes, ParkedDescriptor.MAGIC, file), 0));
            }
        }
        return traces;
    }

    private static Journal.Trace ofCursor(Path file, FileOps files) {
        ByteBuffer bytes = read(file, CursorDescriptor.LENGTH, files);
        UUID logId = null;
        int epoch = 0;
        if (bytes.limit() < CursorDescriptor.LENGTH) {
            return new Journal.Trace(file, null, 0);
        }
        var slots = new CursorSlots(bytes);
        for (int i = 0; i < CursorDescriptor.SLOTS; i++) {
            ByteBuffer slot = slots.slot(i);
            UUID said = logId(slot, CursorDescriptor.MAGIC, file);
            if (said != null && CursorDescriptor.isValid(slot)) {
                logId = said;
                epoch = Math.max(epoch, slot.getInt(CursorDescriptor.EPOCH_OFFSET));
            }
        }
        return new Journal.Trace(file, logId, epoch);
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
