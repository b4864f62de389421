package dev.eventlog.internal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The operating system's files, with a hook before each operation: to fail it, to copy what is there, or to count. */
public final class HookedFileOps implements FileOps {

    /** Kinds of operations. */
    public enum Op {
        OPEN,
        CREATE,
        CREATE_DIRECTORY,
        RENAME,
        DELETE,
        /** Of a directory, to force it. */
        OPEN_DIRECTORY,
        FORCE_DIRECTORY,
        /** Of a directory's names. */
        LIST,
        FORCE,
        WRITE,
        TRUNCATE,
        MAP,
        LOCK,
        /** The close of a file that has the lock. */
        UNLOCK
    }

    /** Called before each operation, on the thread that does it. */
    @FunctionalInterface
    public interface Hook {
        void before(Op op, Path path) throws IOException;
    }

    private final FileOps files = FileOps.system();
    private final Hook hook;
    private final boolean forcing;
    private final @Nullable UUID bootId;

    private HookedFileOps(Hook hook, boolean forcing, @Nullable UUID bootId) {
        this.hook = hook;
        this.forcing = forcing;
        this.bootId = bootId;
    }

    public HookedFileOps(Hook hook) {
        this(hook, true, null);
    }

    /** Files that are quick because nothing is forced. */
    public static HookedFileOps quick() {
        return new HookedFileOps((op, path) -> {}, false, null);
    }

    /** The same without forcing: right wherever no power is cut. */
    public HookedFileOps withoutForce() {
        return new HookedFileOps(hook, false, bootId);
    }

    /** The same in another boot of the machine. */
    public HookedFileOps withBootId(UUID otherBootId) {
        return new HookedFileOps(hook, forcing, otherBootId);
    }

    @Override
    public OpenFile open(Path file, Mode mode) throws IOException {
        if (bootId != null && file.endsWith("boot_id")) {
            return new BootIdFile(file, bootId);
        }
        hook.before(mode == Mode.CREATE ? Op.CREATE : Op.OPEN, file);
        return new HookedFile(files.open(file, mode));
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        hook.before(Op.CREATE_DIRECTORY, directory);
        files.createDirectory(directory);
    }

    @Override
    public void force(Path file, MappedByteBuffer mapped) throws IOException {
        hook.before(Op.FORCE, file);
        if (forcing) {
            files.force(file, mapped);
        }
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        hook.before(Op.RENAME, to);
        files.rename(from, to);
    }

    @Override
    public void delete(Path path) throws IOException {
        hook.before(Op.DELETE, path);
        files.delete(path);
    }

    @Override
    public OpenDirectory openDirectory(Path directory) throws IOException {
        hook.before(Op.OPEN_DIRECTORY, directory);
        return new HookedDirectory(directory, files.openDirectory(directory));
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        hook.before(Op.LIST, directory);
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
    public String fileSystemType(Path path) throws IOException {
        return files.fileSystemType(path);
    }

    private final class HookedDirectory implements OpenDirectory {

        private final Path path;
        private final OpenDirectory directory;

        HookedDirectory(Path path, OpenDirectory directory) {
            this.path = path;
            this.directory = directory;
        }

        @Override
        public void force() throws IOException {
            hook.before(Op.FORCE_DIRECTORY, path);
            if (forcing) {
                directory.force();
            }
        }

        @Override
        public void close() throws IOException {
            directory.close();
        }
    }

    private final class HookedFile implements OpenFile {

        private final OpenFile file;
        private boolean isLocked;

        HookedFile(OpenFile file) {
            this.file = file;
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
            hook.before(Op.WRITE, file.path());
            file.write(source, offset);
        }

        @Override
        public void force() throws IOException {
            hook.before(Op.FORCE, file.path());
            if (forcing) {
                file.force();
            }
        }

        @Override
        public void force(MappedByteBuffer mapped, int offset, int length) throws IOException {
            hook.before(Op.FORCE, file.path());
            if (forcing) {
                file.force(mapped, offset, length);
            }
        }

        @Override
        public void truncate(long length) throws IOException {
            hook.before(Op.TRUNCATE, file.path());
            file.truncate(length);
        }

        @Override
        public MappedByteBuffer map(boolean writable, long length) throws IOException {
            hook.before(Op.MAP, file.path());
            return file.map(writable, length);
        }

        @Override
        public @Nullable FileLock tryLock() throws IOException {
            hook.before(Op.LOCK, file.path());
            FileLock lock = file.tryLock();
            isLocked = lock != null;
            return lock;
        }

        @Override
        public void close() throws IOException {
            if (isLocked) {
                hook.before(Op.UNLOCK, file.path());
            }
            file.close();
        }
    }

    /** What the kernel would show in another boot. */
    private record BootIdFile(Path path, UUID bootId) implements OpenFile {

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
