package dev.eventlog.internal.file;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The seam through which every file operation of ours goes, so that faults can be put in at each of them.
 *
 * <p>No method follows a symbolic link in the last element of a path, and only regular files with one name (no further
 * hard link) are opened.
 *
 * <p><b>Threading:</b> Thread-safe. Call from an {@link IoThread}: an interrupt would close the channel.
 */
public interface FileOps {

    /** How a file is opened. */
    enum Mode {
        /** For reading; it must exist. */
        READ,
        /** For reading and writing; it must exist. */
        WRITE,
        /** For reading and writing; created if absent, readable by its owner only. */
        CREATE
    }

    /**
     * The process has no file descriptor left for an open, which did nothing. Thrown by opens and listings only: what was
     * asked of a disk never fails with it, so it may be tried again.
     */
    final class NoDescriptorException extends IOException {

        private static final long serialVersionUID = 1L;

        /** Of a path. */
        public NoDescriptorException(Path path, @Nullable Throwable cause) {
            super("Too many open files: " + path, cause);
        }
    }

    /**
     * Opens a regular file.
     *
     * @throws NoDescriptorException then nothing was opened or created
     */
    OpenFile open(Path file, Mode mode) throws IOException;

    /** Creates a directory, for its owner only, in one that exists; does nothing if it is one already. */
    void createDirectory(Path directory) throws IOException;

    /**
     * Replaces a small file as a whole, with all of a buffer from index 0 to its capacity: written under another name,
     * forced, renamed over the old one, the directory forced. Whoever dies on the way leaves the old file, and so does a
     * disk without room or a process without descriptors, with nothing beside it.
     */
    default void replace(Path file, ByteBuffer bytes) throws IOException {
        Path beside = file.resolveSibling(file.getFileName() + ".tmp");
        delete(beside);
        // opened before anything is renamed: without a descriptor nothing has changed
        try (OpenDirectory parent = openDirectory(Objects.requireNonNull(file.getParent()))) {
            boolean replaced = false;
            try {
                try (OpenFile open = open(beside, Mode.CREATE)) {
                    open.write(bytes.duplicate().clear(), 0);
                    open.force();
                }
                rename(beside, file);
                replaced = true;
            } finally {
                if (!replaced) {
                    delete(beside);
                }
            }
            parent.force();
        }
    }

    /** Name of the machine as its kernel has it, without a look-up in the network; {@code unknown} if it does not tell. */
    default String hostName() {
        try (OpenFile file = open(Path.of("/proc/sys/kernel/hostname"), Mode.READ)) {
            ByteBuffer text = ByteBuffer.allocate(256);
            file.read(text, 0);
            return new String(text.array(), 0, text.position(), StandardCharsets.UTF_8).replaceAll("[^!-~]", "");
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** Makes all of a mapped file survive a power cut. From any thread: an interrupt does not end it and closes nothing. */
    default void force(Path file, MappedByteBuffer mapped) throws IOException {
        try {
            mapped.force();
        } catch (UncheckedIOException failed) {
            throw new IOException("forcing " + file, failed);
        }
    }

    /** Renames within a file system, replacing the target if it is a file. Atomic. */
    void rename(Path from, Path to) throws IOException;

    /** Deletes a file or an empty directory; does nothing if there is none. */
    void delete(Path path) throws IOException;

    /**
     * Opens a directory to force it.
     *
     * @throws NoDescriptorException then nothing was opened
     */
    OpenDirectory openDirectory(Path directory) throws IOException;

    /** Makes names that were created, renamed or deleted in a directory survive a power cut. */
    default void forceDirectory(Path directory) throws IOException {
        try (OpenDirectory opened = openDirectory(directory)) {
            opened.force();
        }
    }

    /**
     * Names in a directory, sorted; empty if there is no such directory.
     *
     * @throws NoDescriptorException then nothing was read
     */
    List<String> list(Path directory) throws IOException;

    /** What is at a path; null if nothing. Does not follow a link. */
    @Nullable
    Attributes attributes(Path path) throws IOException;

    /** {@link Named#fileKey()} of what is at a path; null if nothing is there. Does not follow a link. */
    default @Nullable Object fileKey(Path path) throws IOException {
        Named named = named(path);
        return named == null ? null : named.fileKey();
    }

    /**
     * What a name stands for, quicker than {@link #attributes}; null if nothing is there. Does not follow a link. May be
     * called from any thread: no channel is used.
     */
    @Nullable
    Named named(Path path) throws IOException;

    /**
     * What a name stands for.
     *
     * @param fileKey identity as long as it exists, such as device and inode, or the path where the system knows none
     * @param length bytes, of a regular file
     */
    record Named(Object fileKey, long length) {}

    /** The path with all symbolic links resolved; it must exist. */
    Path realPath(Path path) throws IOException;

    /** Name of the type of file system that a path lies in, as the operating system has it. */
    String fileSystemType(Path path) throws IOException;

    /**
     * What is at a path.
     *
     * @param isDirectory a directory
     * @param isRegularFile a regular file, not a link
     * @param length bytes, of a regular file
     * @param fileKey identity of the file while it exists, such as device and inode; null if unknown
     * @param owner name of its owner; null if unknown
     * @param isWritableByOthers whether every user may write
     */
    record Attributes(
            boolean isDirectory,
            boolean isRegularFile,
            long length,
            @Nullable Object fileKey,
            @Nullable String owner,
            boolean isWritableByOthers) {}

    /** A file that is open. <b>Threading:</b> Thread-safe. */
    interface OpenFile extends Closeable {

        /** The path it was opened at. */
        Path path();

        /** Bytes in the file. */
        long length() throws IOException;

        /** Reads from an offset until the buffer is full or the file ends; returns the number of bytes. */
        int read(ByteBuffer target, long offset) throws IOException;

        /** Writes all of the buffer at an offset. */
        void write(ByteBuffer source, long offset) throws IOException;

        /** Makes the contents survive a power cut, those written through any mapping of the file included. */
        void force() throws IOException;

        /**
         * Makes a range of the contents survive a power cut, written through whichever mapping of the file. Unlike all
         * other operations this one may be called from any thread: an interrupt does not end it and closes nothing.
         *
         * @param mapped a writable mapping of this file, from its first byte on
         */
        void force(MappedByteBuffer mapped, int offset, int length) throws IOException;

        /** Cuts the file. */
        void truncate(long length) throws IOException;

        /** Maps the first bytes of the file, which must have them. */
        MappedByteBuffer map(boolean writable, long length) throws IOException;

        /**
         * Tries to take the operating system's lock on the file; null if another process has it.
         *
         * @throws java.nio.channels.OverlappingFileLockException if this process has it
         */
        @Nullable
        FileLock tryLock() throws IOException;
    }

    /** A directory that is open. <b>Threading:</b> Thread-safe. */
    interface OpenDirectory extends Closeable {

        /** Makes names that were created, renamed or deleted in it survive a power cut. */
        void force() throws IOException;
    }

    /** The operating system's files. */
    static FileOps system() {
        return new SystemFileOps();
    }
}
