package dev.eventlog.internal.journal;

import dev.eventlog.internal.file.FileOps;
import java.io.Closeable;
import java.io.IOException;

/**
 * What a reading process has scanned of a segment that is not recorded in the manifest: its sparse index, the names that it
 * tells, and where its valid frames end. It grows as the writer goes on, whenever it is asked for.
 *
 * <p><b>Threading:</b> One thread at a time: the I/O thread. The index may be read by any.
 */
final class SegmentTail implements Closeable {

    private final FileOps.OpenFile file;
    private final SegmentScanner scanner;

    private SegmentTail(FileOps.OpenFile file, SegmentScanner scanner) {
        this.file = file;
        this.scanner = scanner;
    }

    /** Begins at the beginning of a file, which stays open. */
    static SegmentTail open(FileOps.OpenFile file, int seed, Dictionary dictionary) throws IOException {
        return new SegmentTail(file, SegmentScanner.following(file, seed, dictionary));
    }

    /** Scans what was written since. */
    SegmentScan advance() throws IOException {
        return scanner.advance();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
