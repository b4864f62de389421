package dev.eventlog.internal.cursor;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.cursor.ParkedDescriptor.Entry;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.journal.ReadJournal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of {@code parked/}, laid out as {@link ParkedDescriptor} says. Each change replaces it as a whole and is forced,
 * so whoever dies on the way leaves the list before or after the change, and anything else is damage. It is made before
 * the consumer's checkpoint and goes after it, so where there is a checkpoint and no list, the list was lost.
 *
 * <p>A parked event must lie in what the epoch left that parked it; where a power cut took it, or a copy of the log was
 * made before it, it leaves the list: its position may be another event's. So does one that the log no longer keeps, which
 * only files that were exchanged can make happen.
 *
 * <p><b>Threading:</b> One thread at a time: the list that owns it.
 */
final class ParkedFile {

    private static final Logger LOGGER = LoggerFactory.getLogger(ParkedFile.class);

    private final String name;
    private final Path path;
    private final Path checkpoint;
    private final ReadJournal journal;
    private final FileOps files;
    private final IoThread io;

    ParkedFile(String name, ReadJournal journal, FileOps files, IoThread io) {
        Path root = Objects.requireNonNull(journal.directory());
        this.name = name;
        this.path = FileCursors.parkedFile(root, name);
        this.checkpoint = FileCursors.file(root, name);
        this.journal = journal;
        this.files = files;
        this.io = io;
    }

    /** The epoch that events are parked in now. */
    int epoch() {
        return journal.epoch();
    }

    /** Makes an empty list if there is none. On the I/O thread. */
    void create() throws IOException {
        if (files.attributes(path) == null) {
            clear();
        }
    }

    /** Makes the list empty, whatever it is. On the I/O thread. */
    void clear() throws IOException {
        files.replace(path, ParkedDescriptor.write(name, journal.id(), new TreeMap<>()));
    }

    /** Deletes the file. On the I/O thread. */
    void delete() throws IOException {
        files.delete(path);
        files.forceDirectory(Objects.requireNonNull(path.getParent()));
    }

    /**
     * Reads the list.
     *
     * @throws CorruptLogException if it is damaged or lost
     */
    NavigableMap<Long, Entry> load() {
        try {
            return io.call(() -> read(true));
        } catch (IOException e) {
            throw FileCursors.failed("reading the list of parked events", path, e);
        }
    }

    /**
     * Reads the list without what is gone from the log.
     *
     * @param isOurs whether this process has the consumer, so that the file may be put right
     */
    private NavigableMap<Long, Entry> read(boolean isOurs) throws IOException {
        // before the list: it must not know of more than is known here
        journal.refresh();
        FileOps.Attributes attributes = files.attributes(path);
        if (attributes == null) {
            if (files.attributes(checkpoint) == null) {
                return new TreeMap<>();
            }
            throw ParkedDescriptor.failure("missing", name, path, 0);
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(ParkedDescriptor.MAX_LENGTH, attributes.length()))
                .order(ByteOrder.LITTLE_ENDIAN);
        try (FileOps.OpenFile file = files.open(path, FileOps.Mode.READ)) {
            file.read(bytes, 0);
        }
        NavigableMap<Long, Entry> entries = ParkedDescriptor.read(bytes, attributes.length(), name, journal.id(), path);
        NavigableMap<Long, Entry> kept = kept(entries);
        if (isOurs && kept.size() < entries.size()) {
            files.replace(path, ParkedDescriptor.write(name, journal.id(), kept));
        }
        return kept;
    }

    private NavigableMap<Long, Entry> kept(NavigableMap<Long, Entry> entries) {
        var kept = new TreeMap<Long, Entry>();
        for (var each : entries.entrySet()) {
            long position = each.getKey();
            int epoch = each.getValue().epoch();
            long end = journal.epochEnd(epoch);
            if (position < journal.firstPosition()) {
                LOGGER.warn(
                        "parked event leaves its list, the log does not keep it: consumer={} position={} firstPosition={}",
                        name,
                        position,
                        journal.firstPosition());
            } else if (end >= 0 && position < end && position < journal.endPosition()) {
                kept.put(position, each.getValue());
            } else if (end >= 0 && journal.isRestartedSince(epoch)) {
                LOGGER.warn(
                        "parked event leaves its list, a power cut or the copying of the log took it before it was durable: consumer={} position={} end={}",
                        name,
                        position,
                        end);
            } else {
                throw new CorruptLogException(
                        "list of parked events is ahead of the log: consumer=" + name + " position=" + position
                                + " endPosition=" + journal.endPosition() + " file=" + path
                                + " offset=0; the log was probably restored from an older backup. Restore the newer"
                                + " one, or forget the consumer and open it at a place of your choice",
                        path,
                        0,
                        position,
                        journal.endPosition(),
                        null);
            }
        }
        return kept;
    }

    /** Number of events on the list, whichever process has it. On the I/O thread. */
    int count() throws IOException {
        return read(false).size();
    }

    /**
     * Position of the first event on the list, whichever process has it; {@link ParkedList#NONE} without any. On the I/O
     * thread.
     */
    long first() throws IOException {
        NavigableMap<Long, Entry> entries = read(false);
        return entries.isEmpty() ? ParkedList.NONE : entries.firstKey();
    }

    /**
     * Replaces the list, durably.
     *
     * @throws dev.eventlog.error.PositionExpiredException if an event of it is no longer kept
     */
    void replace(NavigableMap<Long, Entry> entries) {
        try {
            io.run(() -> {
                if (!entries.isEmpty()) {
                    journal.requireKept(entries.firstKey());
                }
                files.replace(path, ParkedDescriptor.write(name, journal.id(), entries));
                if (!entries.isEmpty()) {
                    confirmKept(entries);
                }
            });
        } catch (IOException e) {
            throw FileCursors.failed("writing the list of parked events", path, e);
        }
    }

    /** Another process may have pruned an event while the list was written: then the list goes back. */
    private void confirmKept(NavigableMap<Long, Entry> entries) throws IOException {
        try {
            journal.confirmKept(entries.firstKey());
        } catch (PositionExpiredException pruned) {
            files.replace(
                    path, ParkedDescriptor.write(name, journal.id(), entries.tailMap(pruned.firstPosition(), true)));
            throw pruned;
        }
    }
}
