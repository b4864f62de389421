package dev.eventlog.internal.journal;

import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Replaces a small file as a whole: written under another name, forced, renamed over the old one, the directory forced.
 * Whoever dies on the way leaves the old file.
 *
 * <p><b>Threading:</b> Thread-safe: without state; call on the I/O thread.
 */
final class WholeFile {

    private WholeFile() {}

    /** Replaces a file with all of a buffer, from index 0 to its capacity. */
    static void replace(Path file, ByteBuffer bytes, FileOps files) throws IOException {
        Path beside = file.resolveSibling(file.getFileName() + ".tmp");
        files.delete(beside);
        try (FileOps.OpenFile open = files.open(beside, FileOps.Mode.CREATE)) {
            open.write(bytes.duplicate().clear(), 0);
            open.force();
        }
        files.rename(beside, file);
        Path parent = file.getParent();
        if (parent != null) {
            files.forceDirectory(parent);
        }
    }
}
