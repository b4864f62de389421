package dev.eventlog.internal.cursor;

import dev.eventlog.error.LockedException;
import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The right to be a consumer, over all processes and class loaders: the operating system's lock on a file of the consumer's
 * own. The system frees it when the process ends, however it ends.
 *
 * <p>The lock belongs to the process and is lost, silently, as soon as any channel on the file is closed in it. So nothing
 * else opens the file, and a registry for the whole JVM, kept in system properties, refuses a second owner before the file
 * is touched. Should the registry be lost all the same, the JDK knows of the overlapping lock; the channel that found it is
 * then never closed.
 *
 * <p>The file names its owner for the message that others get. Whoever wants to know only whether there is one takes the lock
 * for a moment, if the file names one; so an opener that is refused tries again for {@link #PATIENCE_NANOS}. The name of an
 * owner that died stays, without a lock.
 *
 * <p>The file stays until the consumer is forgotten; then it goes while it is locked. Who has opened it before that, finds
 * that its name stands for another file or none, and begins again.
 *
 * <p><b>Threading:</b> One thread at a time: the I/O thread.
 */
final class ConsumerLock {

    private static final String PROPERTY_PREFIX = "dev.eventlog.consumer.";
    /** What stands in the registry while somebody looks who owns a consumer. */
    private static final String LOOKING = "somebody who looks";

    private static final int MAX_OWNER_LENGTH = 512;
    private static final int ATTEMPTS = 20;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    /** How long is waited for those who only look. */
    static final long PATIENCE_NANOS = ATTEMPTS * PAUSE_NANOS;

    /** Channels whose close would free a lock that is held. */
    private static final List<FileOps.OpenFile> NEVER_CLOSED = new CopyOnWriteArrayList<>();

    private final String key;
    private final Path path;
    private final FileOps files;
    private final FileOps.OpenFile file;

    private ConsumerLock(String key, Path path, FileOps files, FileOps.OpenFile file) {
        this.key = key;
        this.path = path;
        this.files = files;
        this.file = file;
    }

    /** The registry's key of a consumer's file. */
    private static String key(Path path, FileOps files) throws IOException {
        Path directory = path.getParent();
        Object identity = directory == null ? null : files.fileKey(directory);
        return PROPERTY_PREFIX + (identity == null ? String.valueOf(directory) : identity) + "/" + path.getFileName();
    }

    /**
     * Takes the right.
     *
     * @param path the lock's file, made if absent
     * @param here who asks, for others in this JVM
     * @param elsewhere the same for other processes
     * @throws LockedException if somebody has it
     */
    static ConsumerLock acquire(String name, Path path, String here, String elsewhere, FileOps files)
            throws IOException {
        String key = key(path, files);
        for (int attempt = 1; ; attempt++) {
            String present = System.getProperties().putIfAbsent(key, here) instanceof String owner ? owner : null;
            if (present == null) {
                ConsumerLock taken = null;
                try {
                    taken = lock(key, path, files);
                    if (taken != null) {
                        taken.name(elsewhere);
                        return taken;
                    }
                    if (attempt == ATTEMPTS) {
                        present = read(path, files);
                    }
                } finally {
                    if (taken == null) {
                        System.getProperties().remove(key);
                    }
                }
            }
            if (present != null && (attempt == ATTEMPTS || !present.equals(LOOKING))) {
                throw locked(name, present);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private static LockedException locked(String name, String owner) {
        return new LockedException(
                "consumer is open already: name=" + name + " owner=" + owner
                        + "; close it first, or give each consumer a name of its own",
                owner);
    }

    /** Locks the file; null if another process has it, or the file went meanwhile. */
    private static @Nullable ConsumerLock lock(String key, Path path, FileOps files) throws IOException {
        Object before = files.fileKey(path);
        FileOps.OpenFile file = files.open(path, FileOps.Mode.CREATE);
        boolean closes = true;
        try {
            if (file.tryLock() == null) {
                return null;
            }
            Object after = files.fileKey(path);
            if (after == null || (before != null && !before.equals(after))) {
                return null;
            }
            closes = false;
            return new ConsumerLock(key, path, files, file);
        } catch (OverlappingFileLockException heldHere) {
            closes = false;
            NEVER_CLOSED.add(file);
            throw locked(String.valueOf(path.getFileName()), "this JVM");
        } finally {
            if (closes) {
                file.close();
            }
        }
    }

    /** Writes who has it. A full disk keeps nobody from consuming: then others cannot be told. */
    private void name(String owner) {
        try {
            file.truncate(0);
            file.write(ByteBuffer.wrap(owner.getBytes(StandardCharsets.UTF_8)), 0);
        } catch (IOException untold) {
            // the lock itself needs no room
        }
    }

    /** What the file says of its owner. Only where this process does not hold the lock. */
    private static String read(Path path, FileOps files) throws IOException {
        try (FileOps.OpenFile file = files.open(path, FileOps.Mode.READ)) {
            return read(file);
        } catch (NoSuchFileException gone) {
            return "another process";
        }
    }

    private static String read(FileOps.OpenFile file) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(MAX_OWNER_LENGTH);
        file.read(text, 0);
        String owner = new String(text.array(), 0, text.position(), StandardCharsets.UTF_8)
                .replaceAll("[^ -~]", "?")
                .strip();
        return owner.isEmpty() ? "another process" : owner;
    }

    /** Who has the right, in whichever process; null if nobody, or that cannot be found out. */
    static @Nullable String owner(Path path, FileOps files) throws IOException {
        String key = key(path, files);
        String here = System.getProperty(key);
        if (here != null) {
            return here.equals(LOOKING) ? null : here;
        }
        FileOps.Attributes attributes = files.attributes(path);
        if (attributes == null || attributes.length() == 0) {
            return null;
        }
        if (System.getProperties().putIfAbsent(key, LOOKING) instanceof String owner) {
            return owner.equals(LOOKING) ? null : owner;
        }
        boolean closes = true;
        FileOps.OpenFile file = null;
        try {
            file = files.open(path, FileOps.Mode.WRITE);
            return file.tryLock() == null ? read(file) : null;
        } catch (OverlappingFileLockException heldHere) {
            closes = false;
            NEVER_CLOSED.add(file);
            return "this JVM";
        } catch (IOException notAllowed) {
            return null;
        } finally {
            if (file != null && closes) {
                file.close();
            }
            System.getProperties().remove(key);
        }
    }

    /** Deletes the file; the right stays until it is released. */
    void delete() throws IOException {
        files.delete(path);
    }

    /** Gives the right up. Once. */
    void release() throws IOException {
        try {
            file.truncate(0);
        } catch (IOException stays) {
            // a name without a lock says nothing
        } finally {
            try {
                file.close();
            } finally {
                System.getProperties().remove(key);
            }
        }
    }
}
