package dev.eventlog.internal.journal;

import dev.eventlog.error.LockedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The right to write a log: the operating system's lock on a file that is used for nothing else, which the system frees
 * when the process dies, however it dies.
 *
 * <p>A lock file that is deleted leaves its lock on a file that nobody finds any more. So {@code log.meta} is locked too:
 * whoever makes a new lock file is refused there, as long as the writer lives. And the writer looks, at each force, before
 * it moves a segment, and each second, whether both names still stand for the files that it locked; if not, it stops.
 *
 * <p>The system's lock belongs to the process and is lost, silently, as soon as any channel on the file is closed in it:
 * so nothing else ever opens the two files, not even for reading. A registry for the whole JVM refuses a second open before
 * they are touched. It is kept in system properties, one a log, which copies of this class in other class loaders see too.
 * Should it be lost all the same, the JDK itself knows of the overlapping lock; the channel that found it is then never
 * closed.
 *
 * <p>The lock file holds the owner in text, for the message that others get.
 *
 * <p><b>Threading:</b> One thread at a time: the I/O thread.
 */
final class DirectoryLock {

    private static final String PROPERTY_PREFIX = "dev.eventlog.open.";
    /** Channels whose close would free a lock that is held. */
    private static final List<FileOps.OpenFile> NEVER_CLOSED = new CopyOnWriteArrayList<>();

    /** Held to enter the registry, and to look at a locked file while nobody can. */
    private static final ReentrantLock REGISTERING = new ReentrantLock();

    private static final int MAX_OWNER_LENGTH = 512;

    private final String key;
    private final LogDirectory directory;
    private final FileOps files;
    private final Held lock;
    private @Nullable Held meta;

    private DirectoryLock(String key, LogDirectory directory, FileOps files, Held lock) {
        this.key = key;
        this.directory = directory;
        this.files = files;
        this.lock = lock;
    }

    /**
     * A file that is locked.
     *
     * @param file open as long as the lock is held
     * @param fileKey what its name stood for when it was locked; no other file has that while this one is open
     */
    private record Held(FileOps.OpenFile file, Object fileKey) {}

    /**
     * Takes the lock, without waiting.
     *
     * @param opener who opens, for the message that a second opener in this JVM gets
     * @throws LockedException if it is held, in this JVM or by another process
     */
    static DirectoryLock acquire(LogDirectory directory, FileOps files, String opener, Clock clock) throws IOException {
        String key = key(directory, files);
        Object present;
        REGISTERING.lock();
        try {
            present = System.getProperties().putIfAbsent(key, opener);
        } finally {
            REGISTERING.unlock();
        }
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

    private static String key(LogDirectory directory, FileOps files) throws IOException {
        FileOps.Attributes attributes = files.attributes(directory.root());
        Object identity = attributes == null ? null : attributes.fileKey();
        return PROPERTY_PREFIX + (identity == null ? directory.root().toString() : identity.toString());
    }

    /**
     * Looks at a locked file without taking its lock, which the look would free if it were this JVM's: then there is none.
     *
     * @return what the work gives; null if this JVM has the log open
     */
    static <R> @Nullable R lookUnlessHeldHere(LogDirectory directory, FileOps files, IoThread.Work<R> work)
            throws IOException {
        String key = key(directory, files);
        REGISTERING.lock();
        try {
            return System.getProperties().containsKey(key) ? null : work.run();
        } finally {
            REGISTERING.unlock();
        }
    }

    private static DirectoryLock lockFile(String key, LogDirectory directory, FileOps files, Clock clock)
            throws IOException {
        Held held = hold(directory.lock(), FileOps.Mode.CREATE, directory, files);
        boolean written = false;
        try {
            byte[] owner = clock.processAndWhen(files.hostName()).getBytes(StandardCharsets.UTF_8);
            held.file().truncate(0);
            held.file().write(ByteBuffer.wrap(owner), 0);
            written = true;
            return new DirectoryLock(key, directory, files, held);
        } finally {
            if (!written) {
                held.file().close();
            }
        }
    }

    private static Held hold(Path path, FileOps.Mode mode, LogDirectory directory, FileOps files) throws IOException {
        Object before = files.fileKey(path);
        FileOps.OpenFile file = files.open(path, mode);
        boolean closes = true;
        try {
            if (file.tryLock() == null) {
                throw lockedElsewhere(file, directory);
            }
            Object fileKey = files.fileKey(path);
            if (fileKey == null || (before != null && !before.equals(fileKey))) {
                throw new IOException("file was replaced while it was opened: " + path
                        + "; another process may be opening the log, try again");
            }
            closes = false;
            return new Held(file, fileKey);
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

    private static LockedException lockedElsewhere(FileOps.OpenFile file, LogDirectory directory) throws IOException {
        boolean isOwnerKnown = file.path().equals(directory.lock());
        String owner = isOwnerKnown ? readOwner(file) : "another process";
        return new LockedException(
                "log is open for writing by another process: directory=" + directory.root() + " "
                        + (isOwnerKnown ? owner : "(its lock file was deleted or replaced, so nobody knows by which)")
                        + "; close it there first, or open it here for reading, with readOnly()",
                owner);
    }

    /**
     * Opens {@code log.meta}, which must exist, and takes its lock as well, as long as this one is held. Once.
     *
     * @return to read and to mend it by; not to be closed
     * @throws LockedException if another process has it, though the lock file was free
     */
    FileOps.OpenFile openMeta() throws IOException {
        assert meta == null;
        Held held = hold(directory.meta(), FileOps.Mode.WRITE, directory, files);
        meta = held;
        return held.file();
    }

    /**
     * Makes sure that the lock still keeps others out.
     *
     * @throws IOException if a locked file was deleted or replaced
     */
    void verify() throws IOException {
        verify(lock);
        if (meta != null) {
            verify(meta);
        }
    }

    private void verify(Held held) throws IOException {
        if (!held.fileKey().equals(files.fileKey(held.file().path()))) {
            throw new IOException("file was deleted or replaced while the log was open: "
                    + held.file().path() + "; without it another process could write the log too");
        }
    }

    private static String readOwner(FileOps.OpenFile file) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(MAX_OWNER_LENGTH);
        file.read(text, 0);
        String owner = new String(text.array(), 0, text.position(), StandardCharsets.UTF_8);
        return owner.replaceAll("[^ -~]", "?").strip();
    }

    /** Frees the lock. Once. */
    void release() throws IOException {
        try {
            if (meta != null) {
                meta.file().close();
            }
        } finally {
            try {
                lock.file().close();
            } finally {
                System.getProperties().remove(key);
            }
        }
    }
}
