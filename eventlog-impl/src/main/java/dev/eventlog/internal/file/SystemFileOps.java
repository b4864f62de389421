package dev.eventlog.internal.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@link FileOps} of the operating system. <b>Threading:</b> Thread-safe: without state. */
final class SystemFileOps implements FileOps {

    private static final FileAttribute<?>[] NONE = {};

    @Override
    public OpenFile open(Path file, Mode mode) throws IOException {
        checkRegular(file);
        Set<OpenOption> options = switch (mode) {
            case READ -> Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
            case WRITE -> Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
            case CREATE ->
                Set.of(
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.CREATE,
                        LinkOption.NOFOLLOW_LINKS);
        };
        return new SystemFile(file, channel(file, options, ownerOnly(file, "rw-------")));
    }

    private static FileChannel channel(Path path, Set<OpenOption> options, FileAttribute<?>[] attributes)
            throws IOException {
        try {
            return FileChannel.open(path, options, attributes);
        } catch (FileSystemException e) {
            throw notOpened(path, e);
        }
    }

    /** The kernel's words for EMFILE and ENFILE; nothing else tells them. */
    private static IOException notOpened(Path path, FileSystemException e) {
        String reason = e.getReason();
        return reason != null && reason.startsWith("Too many open files") ? new NoDescriptorException(path, e) : e;
    }

    /** A FIFO would block the open for ever, and a second name would let others change the file: so before it. */
    private void checkRegular(Path file) throws IOException {
        Attributes attributes = attributes(file);
        if (attributes == null) {
            return;
        }
        if (!attributes.isRegularFile()) {
            throw new IOException("not a regular file: " + file
                    + "; links, directories and devices are refused inside a log's directory");
        }
        if (isPosix(file) && (Integer) Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS) > 1) {
            throw new IOException("file has a second name (hard link): " + file + "; remove it, or copy the file");
        }
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        try {
            Files.createDirectory(directory, ownerOnly(directory, "rwx------"));
        } catch (FileAlreadyExistsException e) {
            Attributes attributes = attributes(directory);
            if (attributes == null || !attributes.isDirectory()) {
                throw new IOException("not a directory: " + directory, e);
            }
        }
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void delete(Path path) throws IOException {
        try {
            Files.deleteIfExists(path);
        } catch (DirectoryNotEmptyException e) {
            throw new IOException("directory is not empty: " + path, e);
        }
    }

    @Override
    public OpenDirectory openDirectory(Path directory) throws IOException {
        return new SystemDirectory(channel(directory, Set.of(StandardOpenOption.READ), NONE));
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        try (var names = Files.list(directory)) {
            return names.map(path -> path.getFileName().toString()).sorted().toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (FileSystemException e) {
            throw notOpened(directory, e);
        }
    }

    @Override
    public @Nullable Attributes attributes(Path path) throws IOException {
        try {
            if (isPosix(path)) {
                var posix = Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                return attributes(
                        posix, posix.owner().getName(), posix.permissions().contains(PosixFilePermission.OTHERS_WRITE));
            }
            return attributes(
                    Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS), null, false);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private static Attributes attributes(BasicFileAttributes basic, @Nullable String owner, boolean othersWrite) {
        return new Attributes(
                basic.isDirectory(), basic.isRegularFile(), basic.size(), basic.fileKey(), owner, othersWrite);
    }

    @Override
    public @Nullable Named named(Path path) throws IOException {
        try {
            var attributes = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            Object key = attributes.fileKey();
            return new Named(key == null ? path : key, attributes.size());
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    @Override
    public Path realPath(Path path) throws IOException {
        return path.toRealPath();
    }

    @Override
    public String fileSystemType(Path path) throws IOException {
        return Files.getFileStore(path).type();
    }

    private static boolean isPosix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private static FileAttribute<?>[] ownerOnly(Path path, String permissions) {
        return isPosix(path)
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : NONE;
    }

    /** A directory's channel. <b>Threading:</b> Thread-safe. */
    private record SystemDirectory(FileChannel channel) implements OpenDirectory {

        @Override
        public void force() throws IOException {
            channel.force(true);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** A file channel. <b>Threading:</b> Thread-safe. */
    private record SystemFile(Path path, FileChannel channel) implements OpenFile {

        @Override
        public long length() throws IOException {
            return channel.size();
        }

        @Override
        public int read(ByteBuffer target, long offset) throws IOException {
            int total = 0;
            while (target.hasRemaining()) {
                int read = channel.read(target, offset + total);
                if (read < 0) {
                    break;
                }
                total += read;
            }
            return total;
        }

        @Override
        public void write(ByteBuffer source, long offset) throws IOException {
            long at = offset;
            while (source.hasRemaining()) {
                at += channel.write(source, at);
            }
        }

        @Override
        public void force() throws IOException {
            channel.force(false);
        }

        @Override
        public void force(MappedByteBuffer mapped, int offset, int length) throws IOException {
            try {
                mapped.force(offset, length);
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        }

        @Override
        public void truncate(long length) throws IOException {
            channel.truncate(length);
        }

        @Override
        public MappedByteBuffer map(boolean writable, long length) throws IOException {
            return channel.map(writable ? FileChannel.MapMode.READ_WRITE : FileChannel.MapMode.READ_ONLY, 0, length);
        }

        @Override
        public @Nullable FileLock tryLock() throws IOException {
            return channel.tryLock();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
