package dev.eventlog.internal.cursor;

import dev.eventlog.error.LockedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Names;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The consumers that an open log has for itself, against other processes and other opens in this JVM. Within the log a
 * consumer may be held more than once: by the one that consumes, and by the one that reads what it parked.
 *
 * <p><b>Threading:</b> One thread at a time: the I/O thread.
 */
final class ConsumerLocks {

    static final String SUFFIX = ".lock";

    private final Path directory;
    private final FileOps files;
    private final Clock clock;
    private final Map<String, Held> held = new HashMap<>();

    private static final class Held {
        private final ConsumerLock lock;
        private int count = 1;

        Held(ConsumerLock lock) {
            this.lock = lock;
        }
    }

    ConsumerLocks(Path directory, FileOps files, Clock clock) {
        this.directory = directory;
        this.files = files;
        this.clock = clock;
    }

    private Path file(String name) {
        return directory.resolve(Names.fileName(name) + SUFFIX);
    }

    /**
     * Holds a consumer.
     *
     * @return whether it was not held before
     * @throws LockedException if somebody else does
     */
    boolean hold(String name) throws IOException {
        Held before = held.get(name);
        if (before != null) {
            before.count++;
            return false;
        }
        files.createDirectory(directory);
        String here = clock.whoAndWhen();
        String owner = clock.processAndWhen(files.hostName());
        held.put(name, new Held(ConsumerLock.acquire(name, file(name), here, owner, files)));
        return true;
    }

    boolean isHeld(String name) {
        return held.containsKey(name);
    }

    /** Who holds a consumer, here or elsewhere; null if nobody. */
    @Nullable
    String owner(String name) throws IOException {
        return ConsumerLock.owner(file(name), files);
    }

    /** Deletes the file of a consumer that is held. */
    void delete(String name) throws IOException {
        Held present = held.get(name);
        if (present != null) {
            present.lock.delete();
        }
    }

    /** Holds it once less; returns whether nobody does any more. */
    boolean free(String name) throws IOException {
        Held present = held.get(name);
        if (present == null) {
            return false;
        }
        if (present.count > 1) {
            present.count--;
            return false;
        }
        // in this order: what failed is tried again
        present.lock.release();
        held.remove(name);
        return true;
    }

    /** Frees all. */
    void freeAll() throws IOException {
        IOException first = null;
        for (Held each : held.values()) {
            try {
                each.lock.release();
            } catch (IOException e) {
                first = e;
            }
        }
        held.clear();
        if (first != null) {
            throw first;
        }
    }
}
