package dev.eventlog.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * Where tests work that make and delete thousands of files and need nothing of a disk: a file system in memory if this
 * machine has one with room, else the usual place. A disk's file system is slow at it (ext4 looks at each inode that was
 * deleted in the last minutes before it makes a file). {@code -Deventlog.memory.directory=} names another place, so
 * that the same tests run on a disk.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class MemoryDirectory implements TempDirFactory {

    private static final Path MEMORY = Path.of("/dev/shm");
    private static final long ROOM_BYTES = 1L << 30;

    @Override
    public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext test) throws IOException {
        String named = System.getProperty("eventlog.memory.directory");
        if (named != null) {
            return Files.createTempDirectory(Path.of(named), "eventlog-");
        }
        return hasRoom() ? Files.createTempDirectory(MEMORY, "eventlog-") : Files.createTempDirectory("eventlog-");
    }

    private static boolean hasRoom() throws IOException {
        return Files.isWritable(MEMORY) && Files.getFileStore(MEMORY).getUsableSpace() >= ROOM_BYTES;
    }
}
