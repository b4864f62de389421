package dev.eventlog.internal.journal;

import dev.eventlog.error.LockedException;
import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The right to write a log: the operating system's lock on a file that is used for nothing else, which the system frees
 * when the process dies, however it dies.
 *
 * <p>The system's lock belongs to the process and is lost, silently, as soon as any channel on the file is closed in it.
 * So a registry for the whole JVM refuses a second open before the file is touched. The registry hangs on the system
 * properties' object and holds nothing but JDK types: it is the same one for copies of this class in other class
 * loaders.
 *
 * <p>The file holds the owner in text, for the message that others get.
 *
 * <p><b>Threading:</b> Thread-safe; call on the I/O thread.
 */
final class DirectoryLock {

    private static final String REGISTRY_KEY = "dev.eventlog.open-logs";
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
    static DirectoryLock acquire(LogDirectory directory, FileOps files, String opener) throws IOException {
        FileOps.Attributes attributes = files.attributes(directory.root());
        Object identity = attributes == null ? null : attributes.fileKey();
        String key = identity == null ? directory.root().toString() : identity.toString();
        String present = registry().putIfAbsent(key, opener);
        if (present != null) {
            throw new LockedException(
                    "log is open for writing in this JVM already: directory=" + directory.root()
                            + "; share that EventLog, or close it first. It was opened by " + present,
                    present);
        }
        boolean taken = false;
        try {
            DirectoryLock acquired = lockFile(key, directory, files);
            taken = true;
            return acquired;
        } finally {
            if (!taken) {
                registry().remove(key);
            }
        }
    }

    private static DirectoryLock lockFile(String key, LogDirectory directory, FileOps files) throws IOException {
        FileOps.OpenFile file = files.open(directory.lock(), FileOps.Mode.CREATE);
        FileLock lock = null;
        try {
            lock = file.tryLock();
            if (lock == null) {
                String owner = readOwner(file);
                throw new LockedException(
                        "log is open for writing by another process: directory=" + directory.root() + " " + owner
                                + "; close it there first",
                        owner);
            }
            byte[] owner = owner().getBytes(StandardCharsets.UTF_8);
            file.truncate(0);
            file.write(ByteBuffer.wrap(owner), 0);
            return new DirectoryLock(key, file);
        } finally {
            if (lock == null) {
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

    private static String owner() {
        var process = ProcessHandle.current();
        return "pid=" + process.pid() + " host=" + host() + " since=" + Instant.now();
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
            registry().remove(key);
        }
    }

    @SuppressWarnings("unchecked")
    private static ConcurrentMap<String, String> registry() {
        Properties anchor = System.getProperties();
        synchronized (anchor) {
            Object present = anchor.get(REGISTRY_KEY);
            if (present == null) {
                present = new ConcurrentHashMap<String, String>();
                anchor.put(REGISTRY_KEY, present);
            }
            return (ConcurrentMap<String, String>) present;
        }
    }
}
