package dev.eventlog.internal.journal;

import dev.eventlog.error.LockedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The right to write a log: the operating system's lock on a file that is used for nothing else, which the system frees
 * when the process dies, however it dies.
 *
 * <p>The system's lock belongs to the process and is lost, silently, as soon as any channel on the file is closed in it.
 * So a registry for the whole JVM refuses a second open before the file is touched. It is kept in system properties, one a
 * log, which copies of this class in other class loaders see too. Should it be lost all the same, the JDK itself knows of
 * the overlapping lock; the channel that found it is then never closed.
 *
 * <p>The file holds the owner in text, for the message that others get.
 *
 * <p><b>Threading:</b> Thread-safe; call on the I/O thread.
 */
final class DirectoryLock {

    private static final String PROPERTY_PREFIX = "dev.eventlog.open.";
    /** Channels whose close would free a lock that is held. */
    private static final List<FileOps.OpenFile> NEVER_CLOSED = new CopyOnWriteArrayList<>();

    private static final int MAX_OWNER_LENGTH = 512;

    private final String key;
    private final FileOps.OpenFile file;

    private DirectoryLock(String key, FileOps.OpenFile file) {
        this.key = key;
        this.file = file;
    }

    /**
     * Takes the lock, without waiting.
     *
     * @param opener who opens, for the message that a second opener in this JVM gets
     * @throws LockedException if it is held, in this JVM or by another process
     */
    static DirectoryLock acquire(LogDirectory directory, FileOps files, String opener, Clock clock) throws IOException {
        FileOps.Attributes attributes = files.attributes(directory.root());
        Object identity = attributes == null ? null : attributes.fileKey();
        String key = PROPERTY_PREFIX + (identity == null ? directory.root().toString() : identity.toString());
        Object present = System.getProperties().putIfAbsent(key, opener);
        if (present != null) {
            throw new LockedException(
                    "log is open for writing in this JVM already: directory=" + directory.root()
                            + "; share that EventLog, or close it first. It was opened by " + present,
                    present.toString());
        }
        boolean taken = false;
        try {
            DirectoryLock acquired = lockFile(key, directory, files, clock);
            taken = true;
            return acquired;
        } finally {
            if (!taken) {
                System.getProperties().remove(key);
            }
        }
    }

    private static DirectoryLock lockFile(String key, LogDirectory directory, FileOps files, Clock clock)
            throws IOException {
        FileOps.OpenFile file = files.open(directory.lock(), FileOps.Mode.CREATE);
        boolean closes = true;
        try {
            FileLock lock = file.tryLock();
            if (lock == null) {
                String owner = readOwner(file);
                throw new LockedException(
                        "log is open for writing by another process: directory=" + directory.root() + " " + owner
                                + "; close it there first",
                        owner);
            }
            closes = true;
            byte[] owner = owner(clock).getBytes(StandardCharsets.UTF_8);
            file.truncate(0);
            file.write(ByteBuffer.wrap(owner), 0);
            closes = false;
            return new DirectoryLock(key, file);
        } catch (OverlappingFileLockException heldHere) {
            closes = false;
            NEVER_CLOSED.add(file);
            String owner = "this JVM";
            throw new LockedException(
                    "log is open for writing in this JVM already: directory=" + directory.root()
                            + "; share that EventLog, or close it first",
                    owner);
        } finally {
            if (closes) {
                file.close();
            }
        }
    }

    private static String readOwner(FileOps.OpenFile file) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(MAX_OWNER_LENGTH);
        file.read(text, 0);
        String owner = new String(text.array(), 0, text.position(), StandardCharsets.UTF_8);
        return owner.replaceAll("[^ -~]", "?").strip();
    }

    private static String owner(Clock clock) {
        var process = ProcessHandle.current();
        return "pid=" + process.pid() + " host=" + host() + " since=" + Clock.toInstant(clock.epochNanos());
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }

    /** Frees the lock. */
    void release() throws IOException {
        try {
            file.close();
        } finally {
            System.getProperties().remove(key);
        }
    }
}
