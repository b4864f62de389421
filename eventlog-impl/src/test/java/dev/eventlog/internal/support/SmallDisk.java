package dev.eventlog.internal.support;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.opentest4j.TestAbortedException;

/**
 * A disk of some megabytes that can be filled up and freed again. Needs root, and a machine that lets it mount; where it
 * cannot be had the test is aborted with the reason.
 */
public final class SmallDisk implements AutoCloseable {

    /** What the disk is. */
    public enum Kind {
        /** In memory. */
        TMPFS,
        /** A file that is mounted. */
        EXT4
    }

    private static final byte[] BLOCK = new byte[4096];

    private final Path root;
    private final Path image;
    private boolean isMounted;

    private SmallDisk(Path root, Path image) {
        this.root = root;
        this.image = image;
    }

    /**
     * Mounts an empty disk.
     *
     * @param temporary an empty directory for it
     * @param length bytes of the disk, of which a file system takes some for itself
     */
    public static SmallDisk mount(Kind kind, Path temporary, long length) {
        try {
            Path root = Files.createDirectories(temporary.resolve("disk"));
            var disk = new SmallDisk(root, temporary.resolve("image"));
            boolean isMounted = kind == Kind.TMPFS
                    ? ChildJvm.succeeds("mount", "-t", "tmpfs", "-o", "size=" + length, "tmpfs", root.toString())
                    : disk.mountImage(length);
            if (!isMounted) {
                disk.close();
                throw new TestAbortedException("not tried here: a small " + kind + " needs root and the right to mount"
                        + (kind == Kind.EXT4 ? ", mkfs.ext4 and a loop device" : ""));
            }
            disk.isMounted = true;
            return disk;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean mountImage(long length) throws IOException {
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(length);
        }
        // no blocks kept for root: full is full
        return ChildJvm.succeeds("mkfs.ext4", "-q", "-F", "-m", "0", image.toString())
                && ChildJvm.succeeds("mount", "-o", "loop", image.toString(), root.toString());
    }

    /** A directory on the disk. */
    public Path resolve(String name) {
        return root.resolve(name);
    }

    /** Takes up room so that about this much is left, or nothing. */
    public void fill(long left) {
        try (var file = new RandomAccessFile(filler().toFile(), "rw")) {
            file.seek(file.length());
            for (long room = Files.getFileStore(root).getUsableSpace();
                    left == 0 || room > left;
                    room -= BLOCK.length) {
                file.write(BLOCK);
            }
        } catch (IOException full) {
            if (!String.valueOf(full.getMessage()).contains("No space left")) {
                throw new UncheckedIOException(full);
            }
        }
    }

    /** Gives back what {@link #fill} took. */
    public void free() {
        try {
            Files.deleteIfExists(filler());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path filler() {
        return root.resolve("filler");
    }

    /** Unmounts it, also if it is in use, and frees its loop device. */
    @Override
    public void close() {
        if (isMounted && !ChildJvm.succeeds("umount", root.toString())) {
            ChildJvm.succeeds("umount", "-l", root.toString());
        }
        isMounted = false;
        for (String device : loopDevices()) {
            ChildJvm.succeeds("losetup", "-d", device);
        }
    }

    private List<String> loopDevices() {
        try {
            Process process = new ProcessBuilder("losetup", "-n", "-O", "NAME", "-j", image.toString())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return new String(process.getInputStream().readAllBytes())
                    .lines()
                    .map(String::strip)
                    .toList();
        } catch (IOException noSuchCommand) {
            return List.of();
        }
    }
}
