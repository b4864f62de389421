package dev.eventlog.internal.journal;

import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warns of file systems on which not all that a log promises can be kept. What is promised rests on three habits: a page that was
 * written once keeps its block, a mapping and a file show the same bytes, and a lock holds against every other machine.
 *
 * <p><b>Threading:</b> Immutable.
 */
final class FileSystemAdvice {

    private static final Logger LOGGER = LoggerFactory.getLogger(FileSystemAdvice.class);

    private static final Set<String> KEEPING = Set.of("ext4", "ext3", "ext2", "xfs", "overlay", "overlayfs");
    private static final Set<String> COPYING = Set.of("btrfs", "zfs", "bcachefs", "f2fs", "nilfs2");
    private static final Set<String> IN_MEMORY = Set.of("tmpfs", "ramfs");
    private static final Set<String> REMOTE =
            Set.of("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "glusterfs");

    private FileSystemAdvice() {}

    /** Warns once for each open where there is something to say. */
    static void warn(Path directory, FileOps files) {
        String type;
        try {
            type = files.fileSystemType(directory);
        } catch (IOException | SecurityException unknown) {
            LOGGER.debug("file system is not known: {}", directory, unknown);
            return;
        }
        String concern = concern(type);
        if (concern != null) {
            LOGGER.warn("file system of the log: {}: directory={} type={}", concern, directory, type);
        }
    }

    /** What cannot be promised on a type of file system; null if nothing. */
    static @Nullable String concern(String type) {
        String name = type.toLowerCase(Locale.ROOT);
        if (KEEPING.contains(name)) {
            return null;
        }
        if (REMOTE.contains(name) || name.startsWith("fuse")) {
            return "other machines may write there at the same time and mappings may show old bytes, so events may be"
                    + " lost; keep logs on a disk of this machine";
        }
        if (IN_MEMORY.contains(name)) {
            return "it is memory, nothing in it survives a power cut";
        }
        if (COPYING.contains(name)) {
            return "it writes each block anew, so a full disk may be noticed too late; ext4 and XFS are what is"
                    + " promised";
        }
        return "it was not tried; ext4 and XFS are what is promised";
    }
}
