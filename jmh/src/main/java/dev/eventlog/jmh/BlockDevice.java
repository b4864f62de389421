package dev.eventlog.jmh;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * The mounted file system and block device that hold a directory, as Linux tells in {@code /proc/self/mountinfo} and
 * {@code /sys/dev/block}.
 *
 * @param number {@code major:minor}
 * @param source device or other source of the mount
 * @param fileSystem its type
 */
public record BlockDevice(String number, String source, String fileSystem) {

    private static final Pattern SPACES = Pattern.compile("\\s+");
    private static final int SECTORS_WRITTEN = 6;
    private static final int SECTOR_LENGTH = 512;

    /** Finds it: the mount whose mount point is the longest beginning of the directory's real path. */
    public static BlockDevice of(Path directory) throws IOException {
        Path real = directory.toRealPath();
        BlockDevice found = null;
        int longest = -1;
        for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"), StandardCharsets.UTF_8)) {
            String[] halves = line.split(" - ", 2);
            String[] left = SPACES.split(halves[0], -1);
            String[] right = SPACES.split(halves[1], -1);
            Path point = Path.of(left[4].replace("\\040", " "));
            // of several mounts at one point the last is the visible one
            if (real.startsWith(point) && point.getNameCount() >= longest) {
                longest = point.getNameCount();
                found = new BlockDevice(left[2], right[1], right[0]);
            }
        }
        if (found == null) {
            throw new IOException("no mount found: directory=" + real + "; name another with --dir");
        }
        return found;
    }

    private Path statistics() {
        return Path.of("/sys/dev/block", number, "stat");
    }

    /** Bytes written to it since the machine was started, by all processes and by the kernel. */
    public long bytesWritten() throws IOException {
        if (!Files.exists(statistics())) {
            throw new IOException("no block device: source=" + source + " fileSystem=" + fileSystem
                    + "; name a directory on a disk with --dir");
        }
        String[] fields = SPACES.split(
                Files.readString(statistics(), StandardCharsets.UTF_8).trim(), -1);
        return Long.parseLong(fields[SECTORS_WRITTEN]) * SECTOR_LENGTH;
    }
}
