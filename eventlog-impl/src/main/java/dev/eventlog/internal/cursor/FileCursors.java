package dev.eventlog.internal.cursor;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.EventLogException;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.support.Names;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cursors in files of {@code cursors/}, one for each name, mapped while open.
 *
 * <p><b>Threading:</b> Thread-safe; files are touched on the I/O thread.
 */
final class FileCursors extends Cursors {

    private static final Logger LOGGER = LoggerFactory.getLogger(FileCursors.class);
    static final String SUFFIX = ".cursor";
    static final String PARKED_SUFFIX = ".parked";

    private final Journal journal;
    private final Path directory;
    private final Path parkedDirectory;
    private final FileOps files;
    private final IoThread io;
    private final Map<String, FileCursor> open = new ConcurrentHashMap<>();
    private final Map<String, ParkedList> parked = new ConcurrentHashMap<>();
    private volatile boolean closed;

    FileCursors(Journal journal, FileOps files, IoThread io) {
        super(journal.clock());
        Path root = Objects.requireNonNull(journal.directory());
        this.journal = journal;
        this.directory = root.resolve("cursors");
        this.parkedDirectory = root.resolve("parked");
        this.files = files;
        this.io = io;
    }

    private Path file(String name) {
        return directory.resolve(Names.fileName(name) + SUFFIX);
    }

    private Path parkedFile(String name) {
        return parkedDirectory.resolve(Names.fileName(name) + PARKED_SUFFIX);
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    Cursor load(String name, Runnable onClose) {
        if (closed) {
            throw new LogClosedException("log is closed; open it again");
        }
        try {
            FileCursor cursor = io.call(() -> {
                Path file = file(name);
                if (files.attributes(file) == null) {
                    create(file, name);
                }
                return new FileCursor(this, name, map(file), journal.epoch(), onClose);
            });
            check(cursor);
            open.put(name, cursor);
            return cursor;
        } catch (IOException e) {
            throw failed("opening the checkpoint of consumer " + name, file(name), e);
        }
    }

    private void create(Path file, String name) throws IOException {
        if (files.list(directory).size() >= MAX_CONSUMERS) {
            throw new IllegalStateException(
                    "log has " + MAX_CONSUMERS + " consumers already: name=" + name + "; forget some");
        }
        ByteBuffer bytes = ByteBuffer.allocateDirect(CursorDescriptor.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < CursorDescriptor.SLOTS; i++) {
            ByteBuffer slot = slot(bytes, i);
            FileHeader.write(slot, CursorDescriptor.MAGIC, journal.id());
            CursorDescriptor.putName(slot, name);
            slot.putLong(CursorDescriptor.SEQUENCE_OFFSET, i + 1L);
            slot.putLong(CursorDescriptor.CHECKPOINT_OFFSET, Cursor.NONE);
            slot.putLong(CursorDescriptor.HIGHEST_OFFSET, Cursor.NONE);
            slot.putInt(CursorDescriptor.EPOCH_OFFSET, journal.epoch());
            slot.putInt(CursorDescriptor.CRC_OFFSET, CursorDescriptor.crc(slot, new java.util.zip.CRC32C()));
        }
        files.replace(file, bytes);
    }

    static ByteBuffer slot(ByteBuffer bytes, int number) {
        return bytes.slice(number * CursorDescriptor.SLOT_LENGTH, CursorDescriptor.SLOT_LENGTH)
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    private MappedByteBuffer map(Path file) throws IOException {
        try (FileOps.OpenFile source = files.open(file, FileOps.Mode.WRITE)) {
            if (source.length() != CursorDescriptor.LENGTH) {
                throw damaged(file, "file has " + source.length() + " bytes instead of " + CursorDescriptor.LENGTH);
            }
            return source.map(true, CursorDescriptor.LENGTH);
        }
    }

    /** A checkpoint must lie in what its epoch left; where a power cut took events, or a copy was made before them, it is set back. */
    private void check(FileCursor cursor) {
        Path file = file(cursor.name());
        cursor.load(journal.id(), file);
        long checkpoint = cursor.checkpoint();
        if (checkpoint == Cursor.NONE) {
            return;
        }
        long end = journal.epochEnd(cursor.epoch());
        if (end >= 0 && checkpoint <= end && checkpoint <= journal.endPosition()) {
            return;
        }
        if (end >= 0 && journal.isRestartedSince(cursor.epoch())) {
            LOGGER.warn(
                    "checkpoint is set back, a power cut or the copying of the log took events that were not durable: consumer={} from={} to={}",
                    cursor.name(),
                    checkpoint,
                    end);
            cursor.setBack(end);
            return;
        }
        throw new CorruptLogException(
                "checkpoint is ahead of the log: consumer=" + cursor.name() + " checkpoint=" + checkpoint
                        + " endPosition="
                        + journal.endPosition() + " file=" + file
                        + "; the log was probably restored from an older backup. Restore the newer one, or forget the"
                        + " consumer and open it at a place of your choice",
                file,
                0,
                checkpoint,
                journal.endPosition(),
                null);
    }

    private static CorruptLogException damaged(Path file, String what) {
        return new CorruptLogException(
                "checkpoint is damaged, " + what + ": file=" + file
                        + " offset=0; restore the file, or forget the consumer and open it at a place of your choice",
                file,
                0,
                -1,
                -1,
                null);
    }

    /** The newest valid slot's number; -1 if none is valid. */
    static int newest(ByteBuffer[] slots) {
        int newest = -1;
        for (int i = 0; i < slots.length; i++) {
            if (CursorDescriptor.isValid(slots[i])
                    && (newest < 0
                            || slots[i].getLong(CursorDescriptor.SEQUENCE_OFFSET)
                                    > slots[newest].getLong(CursorDescriptor.SEQUENCE_OFFSET))) {
                newest = i;
            }
        }
        return newest;
    }

    void released(FileCursor cursor) {
        open.remove(cursor.name(), cursor);
    }

    @Override
    public List<String> names() {
        try {
            return io.call(() -> {
                var names = new ArrayList<String>();
                for (String fileName : files.list(directory)) {
                    String name = fileName.endsWith(SUFFIX) ? storedName(directory.resolve(fileName)) : null;
                    if (name != null) {
                        names.add(name);
                    }
                }
                names.sort(null);
                return names;
            });
        } catch (IOException e) {
            throw failed("listing consumers", directory, e);
        }
    }

    /** The name in a cursor's file; null if the file is damaged: who opens that consumer is told. */
    private @Nullable String storedName(Path file) throws IOException {
        ByteBuffer[] slots = readSlots(file);
        int newest = newest(slots);
        return newest < 0 ? null : CursorDescriptor.name(slots[newest]);
    }

    private ByteBuffer[] readSlots(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocateDirect(CursorDescriptor.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        try (FileOps.OpenFile source = files.open(file, FileOps.Mode.READ)) {
            source.read(bytes, 0);
        }
        return new ByteBuffer[] {slot(bytes, 0), slot(bytes, 1)};
    }

    @Override
    long stored(String name) {
        try {
            return io.call(() -> {
                if (files.attributes(file(name)) == null) {
                    return Cursor.NONE;
                }
                ByteBuffer[] slots = readSlots(file(name));
                int newest = newest(slots);
                return newest < 0 ? Cursor.NONE : slots[newest].getLong(CursorDescriptor.CHECKPOINT_OFFSET);
            });
        } catch (IOException e) {
            throw failed("reading the checkpoint of consumer " + name, file(name), e);
        }
    }

    @Override
    boolean delete(String name) {
        try {
            return io.call(() -> {
                parked.remove(name);
                boolean present = files.attributes(file(name)) != null;
                files.delete(parkedFile(name));
                files.delete(file(name));
                files.forceDirectory(directory);
                files.forceDirectory(parkedDirectory);
                return present;
            });
        } catch (IOException e) {
            throw failed("forgetting consumer " + name, file(name), e);
        }
    }

    @Override
    public ParkedList parked(String name) {
        return parked.computeIfAbsent(
                name, unused -> new ParkedList(new ParkedFile(parkedFile(name), journal.id(), files, io)));
    }

    @Override
    public void force() {
        for (FileCursor cursor : open.values()) {
            cursor.force();
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            io.run(this::force);
        } catch (IOException e) {
            throw failed("forcing checkpoints", directory, e);
        }
        for (FileCursor cursor : open.values()) {
            cursor.close();
        }
    }

    static EventLogException failed(String what, Path where, IOException e) {
        String message = String.valueOf(e.getMessage());
        if (message.contains("No space left") || message.contains("quota") || message.contains("File too large")) {
            return new StorageFullException(
                    what + " failed, storage is full: path=" + where + "; make room, then go on", e);
        }
        String advice = e instanceof AccessDeniedException
                ? "; give user " + System.getProperty("user.name") + " the right to read and write it"
                : "";
        return new LogFailedException(what + " failed: path=" + where + " (" + e + ")" + advice, false, e);
    }
}
