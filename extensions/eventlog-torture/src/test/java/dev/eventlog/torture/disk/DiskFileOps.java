package dev.eventlog.torture.disk;

import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The system's files, in a boot of the machine that a test names. A force is told to a {@link Disk} instead of the
 * system, and before each operation a hook may look at that disk, or let the operation fail.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public final class DiskFileOps implements FileOps {

    /** Called before each operation that changes something, on the thread that does it. */
    @FunctionalInterface
    public interface Hook {
        void before(String operation, Path path) throws IOException;
    }

    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(1 << 20).asReadOnlyBuffer();

    private final FileOps files = FileOps.system();
    private final @Nullable Disk disk;
    private final UUID bootId;
    private final Hook hook;
    // by the mapping that they were made for: which opening of a file an msync goes through
    private final Map<MappedByteBuffer, Opening> mappings = Collections.synchronizedMap(new IdentityHashMap<>());

    /** One opening of a file: each is told once of an error of its disk, whoever met it. */
    private static final class Opening {
        // errors of the file that it was told of, or that were before it
        private int seen;

        Opening(int seen) {
            this.seen = seen;
        }

        synchronized boolean isTold(int errors) {
            boolean isNew = errors > seen;
            seen = errors;
            return isNew;
        }
    }

    /**
     * @param disk is told what is forced; null: nobody
     */
    public DiskFileOps(@Nullable Disk disk, UUID bootId, Hook hook) {
        this.disk = disk;
        this.bootId = bootId;
        this.hook = hook;
    }

    /** Files of a machine that was started anew, where nothing is recorded. */
    public static DiskFileOps inBoot(long boot) {
        return new DiskFileOps(null, new UUID(boot, boot), (operation, path) -> {});
    }

    private void changed() throws IOException {
        if (disk != null) {
            disk.changedNames();
        }
    }

    @Override
    public OpenFile open(Path file, Mode mode) throws IOException {
        if (file.endsWith("boot_id")) {
            return new BootId(file, bootId);
        }
        if (mode != Mode.CREATE) {
            return new File(files.open(file, mode), disk == null ? null : files.fileKey(file));
        }
        hook.before("create", file);
        OpenFile opened = files.open(file, mode);
        changed();
        return new File(opened, disk == null ? null : files.fileKey(file));
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        hook.before("create directory", directory);
        files.createDirectory(directory);
        changed();
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        hook.before("rename to", to);
        files.rename(from, to);
        changed();
    }

    @Override
    public void delete(Path path) throws IOException {
        hook.before("delete", path);
        files.delete(path);
        changed();
    }

    @Override
    public OpenDirectory openDirectory(Path directory) throws IOException {
        hook.before("open directory", directory);
        return new Directory(directory);
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        return files.list(directory);
    }

    @Override
    public @Nullable Attributes attributes(Path path) throws IOException {
        return files.attributes(path);
    }

    @Override
    public @Nullable Named named(Path path) throws IOException {
        return files.named(path);
    }

    @Override
    public Path realPath(Path path) throws IOException {
        return files.realPath(path);
    }

    @Override
    public String fileSystemType(Path path) {
        return "ext4";
    }

    /** A directory, whose names only the disk knows to be forced. */
    private final class Directory implements OpenDirectory {

        private final Path directory;

        Directory(Path directory) {
            this.directory = directory;
        }

        @Override
        public void force() throws IOException {
            hook.before("force directory", directory);
            if (disk != null && directory.startsWith(disk.root())) {
                disk.forcedNames(directory);
            }
        }

        @Override
        public void close() {
            // nothing is open
        }
    }

    /** A file of the system's. */
    private final class File implements OpenFile {

        private final OpenFile file;
        private final @Nullable Object key;
        private final Opening opening;

        File(OpenFile file, @Nullable Object key) {
            this.file = file;
            this.key = key;
            opening = new Opening(disk == null ? 0 : disk.errors(key));
        }

        @Override
        public Path path() {
            return file.path();
        }

        @Override
        public long length() throws IOException {
            return file.length();
        }

        @Override
        public int read(ByteBuffer target, long offset) throws IOException {
            return file.read(target, offset);
        }

        @Override
        public void write(ByteBuffer source, long offset) throws IOException {
            hook.before("write", file.path());
            int length = source.remaining();
            if (length > 1 && offset >= file.length() && isZero(source)) {
                // the same bytes, and no pages for them: files that are allocated ahead are what takes the time here
                source.position(source.limit() - 1);
                file.write(source, offset + length - 1);
                return;
            }
            file.write(source, offset);
        }

        @Override
        public void force() throws IOException {
            force(opening, 0, Long.MAX_VALUE);
        }

        private void force(Opening through, long from, long to) throws IOException {
            IOException failure = null;
            try {
                hook.before("force", file.path());
            } catch (IOException failed) {
                failure = failed;
            }
            if (disk == null) {
                if (failure != null) {
                    throw failure;
                }
                return;
            }
            synchronized (disk) {
                if (failure == null && through.isTold(disk.errors(key))) {
                    failure = new IOException("Input/output error, met by another force before");
                }
                if (failure == null) {
                    disk.forced(key, from, to);
                    return;
                }
                disk.failed(key, from, to);
                through.isTold(disk.errors(key));
            }
            throw failure;
        }

        @Override
        public void force(MappedByteBuffer mapped, int offset, int length) throws IOException {
            force(mappings.getOrDefault(mapped, opening), offset, (long) offset + length);
        }

        @Override
        public void truncate(long length) throws IOException {
            hook.before("truncate", file.path());
            file.truncate(length);
        }

        @Override
        public MappedByteBuffer map(boolean writable, long length) throws IOException {
            MappedByteBuffer mapped = file.map(writable, length);
            if (writable && disk != null) {
                mappings.put(mapped, opening);
            }
            return mapped;
        }

        @Override
        public @Nullable FileLock tryLock() throws IOException {
            return file.tryLock();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    private static boolean isZero(ByteBuffer source) {
        return source.remaining() <= ZEROS.capacity()
                && source.mismatch(ZEROS.duplicate().limit(source.remaining())) < 0;
    }

    /** What the kernel would show in another boot. */
    private record BootId(Path path, UUID bootId) implements OpenFile {

        @Override
        public long length() {
            return 37;
        }

        @Override
        public int read(ByteBuffer target, long offset) {
            byte[] text = (bootId + "\n").getBytes(StandardCharsets.US_ASCII);
            target.put(text);
            return text.length;
        }

        @Override
        public void write(ByteBuffer source, long offset) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void force() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void force(MappedByteBuffer mapped, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void truncate(long length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public MappedByteBuffer map(boolean writable, long length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public @Nullable FileLock tryLock() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {
            // nothing is open
        }
    }
}
