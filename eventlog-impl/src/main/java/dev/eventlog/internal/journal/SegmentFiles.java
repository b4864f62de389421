package dev.eventlog.internal.journal;

import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Finds the files of a log's segments, for reading, while another process may move and prune them. A segment moves one way,
 * from {@code active/} to {@code segments/}, so whoever looks in this order misses none; one that is gone is not there.
 *
 * <p><b>Threading:</b> One thread at a time: the I/O thread.
 */
final class SegmentFiles {

    /** Times that a file is looked for which moves meanwhile. */
    private static final int ATTEMPTS = 5;

    private final LogDirectory directory;
    private final FileOps files;

    SegmentFiles(LogDirectory directory, FileOps files) {
        this.directory = directory;
        this.files = files;
    }

    /** The log that the files name; null if none does. */
    @Nullable
    UUID logId() throws IOException {
        UUID found = headerId(directory.state(), StateFile.MAGIC);
        if (found == null) {
            found = headerId(directory.manifest(), Manifest.MAGIC);
        }
        for (long number : found != null ? new TreeSet<Long>() : numbers()) {
            SegmentScanner.Opening opening = opening(number);
            if (opening != null) {
                return opening.logId();
            }
        }
        return found;
    }

    /** The log that a file names; null if there is none, or it is damaged. */
    @Nullable
    UUID headerId(Path file, String magic) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(FileHeader.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        if (files.attributes(file) == null) {
            return null;
        }
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.READ)) {
            return FileHeader.logId(header, open.read(header, 0), magic, file);
        } catch (NoSuchFileException gone) {
            return null;
        }
    }

    /** Numbers of all segments that have a file, in order: those in active/ first, since they move to the others. */
    TreeSet<Long> numbers() throws IOException {
        var numbers = new TreeSet<Long>();
        for (String name : files.list(directory.active())) {
            numbers.add(LogDirectory.segmentNumber(name, false));
        }
        for (String name : files.list(directory.segments())) {
            numbers.add(LogDirectory.segmentNumber(name, true));
        }
        numbers.remove(-1L);
        return numbers;
    }

    /** How a segment begins; null if it is gone, or not begun. */
    SegmentScanner.@Nullable Opening opening(long number) throws IOException {
        try (FileOps.OpenFile file = open(number)) {
            SegmentScanner.Opening opening = file == null ? null : SegmentScanner.opening(file);
            return opening != null && opening.number() == number ? opening : null;
        }
    }

    /** Opens a segment where it is; null if it is gone. */
    FileOps.@Nullable OpenFile open(long number) throws IOException {
        for (int attempt = 1; ; attempt++) {
            Path path = directory.anySegment(number);
            if (path == null) {
                return null;
            }
            try {
                return files.open(path, FileOps.Mode.READ);
            } catch (NoSuchFileException moved) {
                if (attempt == ATTEMPTS) {
                    return null;
                }
            }
        }
    }
}
