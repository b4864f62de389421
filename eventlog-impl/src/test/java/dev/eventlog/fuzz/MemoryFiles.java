package dev.eventlog.fuzz;

import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileLock;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Files in memory: what they hold and what they are called, without directories, locks and mappings.
 *
 * <p><b>Threading:</b> One thread at a time.
 */
public final class MemoryFiles implements FileOps {

    private final Map<Path, byte[]> contents = new HashMap<>();

    /** Puts a file there and opens it. */
    public OpenFile put(Path file, byte[] bytes) {
        contents.put(file, bytes);
        return new MemoryFile(file);
    }

    /** What a file holds. */
    public byte[] bytes(Path file) {
        byte[] bytes = contents.get(file);
        if (bytes == null) {
            throw new IllegalStateException("no such file: " + file);
        }
        return bytes;
    }

    @Override
    public OpenFile open(Path file, Mode mode) throws IOException {
        if (mode == Mode.CREATE) {
            contents.putIfAbsent(file, new byte[0]);
        } else if (!contents.containsKey(file)) {
            throw new NoSuchFileException(file.toString());
        }
        return new MemoryFile(file);
    }

    @Override
    public void createDirectory(Path directory) {}

    @Override
    public void rename(Path from, Path to) {
        contents.put(to, bytes(from));
        contents.remove(from);
    }

    @Override
    public void delete(Path path) {
        contents.remove(path);
    }

    @Override
    public OpenDirectory openDirectory(Path directory) {
        return new OpenDirectory() {
            @Override
            public void force() {}

            @Override
            public void close() {}
        };
    }

    @Override
    public List<String> list(Path directory) {
        return contents.keySet().stream()
                .filter(file -> directory.equals(file.getParent()))
                .map(file -> String.valueOf(file.getFileName()))
                .sorted()
                .toList();
    }

    @Override
    public @Nullable Attributes attributes(Path path) {
        byte[] bytes = contents.get(path);
        return bytes == null ? null : new Attributes(false, true, bytes.length, path, null, false);
    }

    @Override
    public @Nullable Named named(Path path) {
        byte[] bytes = contents.get(path);
        return bytes == null ? null : new Named(path, bytes.length);
    }

    @Override
    public Path realPath(Path path) {
        return path;
    }

    @Override
    public String fileSystemType(Path path) {
        return "memory";
    }

    /** A file that is open. */
    private final class MemoryFile implements OpenFile {

        private final Path path;

        MemoryFile(Path path) {
            this.path = path;
        }

        @Override
        public Path path() {
            return path;
        }

        @Override
        public long length() {
            return bytes(path).length;
        }

        @Override
        public int read(ByteBuffer target, long offset) {
            byte[] bytes = bytes(path);
            int count = (int) Math.max(0, Math.min(target.remaining(), bytes.length - offset));
            if (count > 0) {
                target.put(bytes, (int) offset, count);
            }
            return count;
        }

        @Override
        public void write(ByteBuffer source, long offset) {
            int end = Math.toIntExact(offset + source.remaining());
            byte[] bytes = Arrays.copyOf(bytes(path), Math.max(end, bytes(path).length));
            source.get(bytes, (int) offset, source.remaining());
            contents.put(path, bytes);
        }

        @Override
        public void force() {}

        @Override
        public void force(MappedByteBuffer mapped, int offset, int length) {
            throw new UnsupportedOperationException("files in memory are not mapped");
        }

        @Override
        public void truncate(long length) {
            contents.put(path, Arrays.copyOf(bytes(path), (int) Math.min(length, length())));
        }

        @Override
        public MappedByteBuffer map(boolean writable, long length) {
            throw new UnsupportedOperationException("files in memory are not mapped");
        }

        @Override
        public FileLock tryLock() {
            throw new UnsupportedOperationException("files in memory are not locked");
        }

        @Override
        public void close() {}
    }
}
