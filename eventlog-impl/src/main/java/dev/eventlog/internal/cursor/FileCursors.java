package dev.eventlog.internal.cursor;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.EventLogException;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.journal.ReadJournal;
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
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
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
    private static final int REREADS = 3;
    /** Stands for the checkpoint of a consumer that is no more. */
    private static final long FORGOTTEN = -2;

    private static final int MAX_STEM_LENGTH = 100;
    private static final Pattern STEM = Pattern.compile("[a-z0-9][a-z0-9._-]*-[0-9a-f]{16}");

    private final ReadJournal journal;
    private final Path root;
    private final Path directory;
    private final FileOps files;
    private final IoThread io;
    private final Map<String, FileCursor> open = new ConcurrentHashMap<>();
    // of consumers that are held: others change the lists of the others
    private final Map<String, ParkedList> parked = new ConcurrentHashMap<>();
    // on the I/O thread: who is held, and what they need
    private final ConsumerLocks locks;
    private final NeededEvents needed;
    private volatile boolean closed;

    FileCursors(ReadJournal journal, FileOps files, IoThread io) {
        super(journal.clock());
        this.journal = journal;
        this.root = Objects.requireNonNull(journal.directory());
        this.directory = root.resolve("cursors");
        this.files = files;
        this.io = io;
        needed = new NeededEvents(this, directory, files);
        locks = new ConsumerLocks(root.resolve("owners"), files, journal.clock());
    }

    /** The file of a consumer's checkpoint. */
    static Path file(Path root, String name) {
        return root.resolve("cursors").resolve(Names.fileName(name) + SUFFIX);
    }

    /** The file of a consumer's parked events. */
    static Path parkedFile(Path root, String name) {
        return root.resolve("parked").resolve(Names.fileName(name) + PARKED_SUFFIX);
    }

    /** Whether a file in {@code cursors/} is named as ours are; others are ignored, and their names told to nobody. */
    static boolean isCursor(String fileName) {
        return fileName.endsWith(SUFFIX) && isOurs(fileName, SUFFIX);
    }

    /** Whether a file in {@code parked/} is named as ours are. */
    static boolean isParked(String fileName) {
        return fileName.endsWith(PARKED_SUFFIX) && isOurs(fileName, PARKED_SUFFIX);
    }

    private static boolean isOurs(String fileName, String suffix) {
        String stem = fileName.substring(0, fileName.length() - suffix.length());
        return stem.length() <= MAX_STEM_LENGTH && STEM.matcher(stem).matches();
    }

    private Path file(String name) {
        return file(root, name);
    }

    private ParkedFile parkedFile(String name) {
        return new ParkedFile(name, journal, files, io);
    }

    void force(String name, MappedByteBuffer mapped) {
        try {
            files.force(file(name), mapped);
        } catch (IOException e) {
            throw failed("forcing the checkpoint of consumer " + name, file(name), e);
        }
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
            io.run(() -> holdNow(name));
            boolean opened = false;
            try {
                FileCursor cursor = io.call(() -> {
                    Path file = file(name);
                    if (files.attributes(file) == null) {
                        create(file, name);
                    } else if (readFile(Names.fileName(name)).checkpoint() == FORGOTTEN) {
                        requireNotTooMany(name);
                    }
                    return new FileCursor(this, name, map(file, name), journal, onClose);
                });
                check(cursor);
                open.put(name, cursor);
                opened = true;
                return cursor;
            } finally {
                if (!opened) {
                    free(name);
                }
            }
        } catch (IOException e) {
            throw failed("opening the checkpoint of consumer " + name, file(name), e);
        }
    }

    private void holdNow(String name) throws IOException {
        if (locks.hold(name)) {
            // another process may have changed it since
            parked.remove(name);
        }
    }

    @Override
    public void hold(String name) {
        try {
            io.run(() -> holdNow(name));
        } catch (IOException e) {
            throw failed("taking consumer " + name, file(name), e);
        }
    }

    @Override
    public void free(String name) {
        try {
            io.run(() -> freeNow(name));
        } catch (LogClosedException alreadyFree) {
            LOGGER.debug("consumer was freed with its log: {}", name, alreadyFree);
        } catch (IOException e) {
            LOGGER.warn("consumer could not be freed, it is when the process ends: {}", name, e);
        }
    }

    private void freeNow(String name) throws IOException {
        if (locks.free(name)) {
            parked.remove(name);
        }
    }

    @Override
    @Nullable
    String ownerElsewhere(String name) {
        try {
            return io.<@Nullable String>call(() -> locks.owner(name));
        } catch (IOException e) {
            throw failed("looking who has consumer " + name, file(name), e);
        }
    }

    private void create(Path file, String name) throws IOException {
        requireNotTooMany(name);
        // before the checkpoint: who dies in between leaves an empty list, which nobody misses
        parkedFile(name).create();
        files.replace(file, bytes(name, journal.id(), journal.epoch(), Cursor.NONE, 0, 0));
    }

    /** Refuses one consumer too many; what is left of forgotten ones is not counted, but for as many as consumers. */
    private void requireNotTooMany(String name) throws IOException {
        List<String> all =
                files.list(directory).stream().filter(FileCursors::isCursor).toList();
        int forgotten = 0;
        for (int i = 0; i < all.size() && all.size() - forgotten >= MAX_CONSUMERS; i++) {
            String fileName = all.get(i);
            if (readFile(fileName.substring(0, fileName.length() - SUFFIX.length()))
                            .checkpoint()
                    == FORGOTTEN) {
                forgotten++;
            }
        }
        if (all.size() - forgotten >= MAX_CONSUMERS || all.size() >= 2 * MAX_CONSUMERS) {
            throw new IllegalStateException(
                    "log has " + MAX_CONSUMERS + " consumers already: name=" + name + "; forget some");
        }
    }

    /** A file of two slots that say the same. */
    private static ByteBuffer bytes(String name, UUID logId, int epoch, long checkpoint, int generation, int flags) {
        ByteBuffer bytes = newFile();
        var slots = new CursorSlots(bytes);
        for (int i = 0; i < CursorDescriptor.SLOTS; i++) {
            slots.prepare(i, name, logId);
            ByteBuffer slot = slots.slot(i);
            slot.putLong(CursorDescriptor.SEQUENCE_OFFSET, i + 1L);
            slot.putLong(CursorDescriptor.CHECKPOINT_OFFSET, checkpoint);
            slot.putLong(CursorDescriptor.HIGHEST_OFFSET, checkpoint);
            slot.putInt(CursorDescriptor.EPOCH_OFFSET, epoch);
            slot.putInt(CursorDescriptor.GENERATION_OFFSET, generation);
            slot.putShort(CursorDescriptor.FLAGS_OFFSET, (short) flags);
            slot.putInt(CursorDescriptor.CRC_OFFSET, CursorDescriptor.crc(slot, new CRC32C()));
        }
        return bytes;
    }

    static boolean resetTo(Path file, UUID logId, int epoch, long checkpoint, FileOps files) throws IOException {
        ByteBuffer before = newFile();
        try (FileOps.OpenFile source = files.open(file, FileOps.Mode.READ)) {
            source.read(before, 0);
        }
        String fileName = String.valueOf(file.getFileName());
        String stem = fileName.substring(0, fileName.length() - SUFFIX.length());
        var slots = new CursorSlots(before);
        String name = slots.name(stem);
        boolean isKnown = Names.fileName(name).equals(stem);
        if (isKnown) {
            files.replace(
                    file,
                    // what logs tell of outputs holds: its generation is no less
                    bytes(name, logId, epoch, checkpoint, 0, slots.anyFlags()));
        }
        return isKnown;
    }

    private static ByteBuffer newFile() {
        return ByteBuffer.allocate(CursorDescriptor.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    }

    private MappedByteBuffer map(Path file, String name) throws IOException {
        try (FileOps.OpenFile source = files.open(file, FileOps.Mode.WRITE)) {
            requireLength(source, file, name);
            ByteBuffer bytes = newFile();
            source.read(bytes, 0);
            // a copy may have holes where there were zeros; a store into one would fault on a full disk
            source.write(bytes.clear(), 0);
            return source.map(true, CursorDescriptor.LENGTH);
        }
    }

    private static void requireLength(FileOps.OpenFile source, Path file, String name) throws IOException {
        if (source.length() != CursorDescriptor.LENGTH) {
            throw CursorSlots.damaged(
                    "file has " + source.length() + " bytes instead of " + CursorDescriptor.LENGTH,
                    name,
                    file,
                    0,
                    null);
        }
    }

    /** A checkpoint must lie in what its epoch left; where a power cut took events, or a copy was made before them, it is set back. */
    private void check(FileCursor cursor) {
        Path file = file(cursor.name());
        boolean otherDamaged = cursor.load(file);
        long checkpoint = cursor.checkpoint();
        if (otherDamaged) {
            LOGGER.warn(
                    "one slot of a checkpoint is damaged, or its commit was cut short; the other one holds: consumer={} checkpoint={} file={}",
                    cursor.name(),
                    checkpoint,
                    file);
        }
        if (checkpoint != Cursor.NONE) {
            check(cursor, file, checkpoint);
        }
        // what survived is in the log's frames, so this is not ahead of it
        ReadJournal.Progress told = journal.progress(cursor.name());
        if (told != null && isNewer(told, cursor.generation(), cursor.checkpoint())) {
            cursor.adopt(told.checkpoint(), told.generation());
            if (cursor.isRequired()) {
                keepTold(cursor);
            }
        }
        cursor.settle();
    }

    /** Lets a file follow what the log's frames tell, or else the log keeps events for it that are processed. */
    private void keepTold(FileCursor cursor) {
        if (cursor.isKept() || !(journal instanceof Journal writing)) {
            return;
        }
        try {
            if (writing.durablePosition() < writing.endPosition()) {
                writing.force();
            }
            cursor.keep();
        } catch (EventLogException notKept) {
            LOGGER.debug("checkpoint is in the log only: consumer={}", cursor.name(), notKept);
        }
    }

    private static boolean isNewer(ReadJournal.Progress told, int generation, long checkpoint) {
        return told.generation() > generation || (told.generation() == generation && told.checkpoint() > checkpoint);
    }

    private void check(FileCursor cursor, Path file, long checkpoint) {
        // after the checkpoint: it may know of a writer that is not known here
        journal.refresh();
        long end = journal.epochEnd(cursor.epoch());
        if (end >= 0 && checkpoint <= end && checkpoint <= journal.endPosition()) {
            // what a power cut took was done for nothing: its positions may be other events'
            cursor.forgetCompletionsFrom(Math.min(end, journal.endPosition()));
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
                        + " offset=0; the log was probably restored from an older backup. Restore the newer one, or forget the"
                        + " consumer and open it at a place of your choice",
                file,
                0,
                checkpoint,
                journal.endPosition(),
                null);
    }

    void released(FileCursor cursor) {
        open.remove(cursor.name(), cursor);
        free(cursor.name());
    }

    @Override
    List<Stored> list() {
        try {
            return io.call(() -> {
                var all = new ArrayList<Stored>();
                for (String fileName : files.list(directory)) {
                    if (isCursor(fileName)) {
                        Stored stored = readFile(fileName.substring(0, fileName.length() - SUFFIX.length()));
                        if (stored.checkpoint() != FORGOTTEN) {
                            all.add(stored);
                        }
                    }
                }
                return all;
            });
        } catch (IOException e) {
            throw failed("listing consumers", directory, e);
        }
    }

    /**
     * What the file with a name says, or why it says nothing. Read between two commits of another process it may seem
     * damaged, so that is believed only when it stays so. On the I/O thread.
     */
    Stored readFile(String stem) {
        return read(stem, false);
    }

    /** The same as the file itself says in either slot: a power cut may take the other, and frames that tell more. */
    Stored readKept(String stem) {
        return read(stem, true);
    }

    private Stored read(String stem, boolean isFile) {
        Stored stored = readOnce(stem, isFile);
        for (int again = 0; again < REREADS && stored.damage() instanceof CorruptLogException; again++) {
            stored = readOnce(stem, isFile);
        }
        return stored;
    }

    private Stored readOnce(String stem, boolean isFile) {
        Path file = directory.resolve(stem + SUFFIX);
        ByteBuffer bytes = newFile();
        var slots = new CursorSlots(bytes);
        String name = slots.name(stem);
        try (FileOps.OpenFile source = files.open(file, FileOps.Mode.READ)) {
            source.read(bytes, 0);
            name = slots.name(stem);
            requireLength(source, file, name);
            ByteBuffer newest = slots.slot(slots.newest(name, journal.id(), file));
            boolean isRequired = CursorDescriptor.isRequired(newest);
            // a power cut may take the frames that tell more
            long checkpoint = isFile ? kept(name, newest) : checkpoint(name, newest);
            if (isFile && isRequired) {
                // its owner may be between the two slots
                checkpoint = Math.min(checkpoint, slots.leastCheckpoint(journal.id(), file));
            }
            return new Stored(name, checkpoint, isRequired, null);
        } catch (EventLogException damaged) {
            return new Stored(name, Cursor.NONE, false, damaged);
        } catch (IOException e) {
            return new Stored(name, Cursor.NONE, false, failed("reading the checkpoint of consumer " + name, file, e));
        }
    }

    /** What the file says, or less where the log tells of a seek back that the file does not know of. */
    private long kept(String name, ByteBuffer slot) {
        long checkpoint = checkpoint(name, slot);
        long kept = slot.getLong(CursorDescriptor.CHECKPOINT_OFFSET);
        return checkpoint == FORGOTTEN ? kept : Math.min(kept, checkpoint);
    }

    private long checkpoint(String name, ByteBuffer slot) {
        long checkpoint = slot.getLong(CursorDescriptor.CHECKPOINT_OFFSET);
        ReadJournal.Progress told = journal.progress(name);
        if (told != null && isNewer(told, slot.getInt(CursorDescriptor.GENERATION_OFFSET), checkpoint)) {
            return told.checkpoint();
        }
        return CursorDescriptor.isForgotten(slot) ? FORGOTTEN : checkpoint;
    }

    @Override
    Stored read(String name) {
        try {
            return io.call(
                    () -> has(name) ? readFile(Names.fileName(name)) : new Stored(name, Cursor.NONE, false, null));
        } catch (IOException e) {
            throw failed("reading the checkpoint of consumer " + name, file(name), e);
        }
    }

    @Override
    public boolean has(String name) {
        try {
            return io.call(() -> files.attributes(file(name)) != null
                    && readFile(Names.fileName(name)).checkpoint() != FORGOTTEN);
        } catch (IOException e) {
            throw failed("looking for the checkpoint of consumer " + name, file(name), e);
        }
    }

    @Override
    boolean delete(String name) {
        try {
            return io.call(() -> {
                if (!has(name)) {
                    return false;
                }
                try {
                    holdNow(name);
                } catch (LockedException elsewhere) {
                    throw new IllegalStateException(
                            "consumer is open: name=" + name + " owner=" + elsewhere.owner() + "; close it first",
                            elsewhere);
                }
                try {
                    deleteNow(name);
                } finally {
                    freeNow(name);
                }
                return true;
            });
        } catch (IOException e) {
            throw failed("forgetting consumer " + name, file(name), e);
        }
    }

    private void deleteNow(String name) throws IOException {
        parked.remove(name);
        ParkedFile list = parkedFile(name);
        // who dies here leaves a consumer without parked events, not one whose list is lost
        list.clear();
        int generation = generationToKeep(name);
        if (generation > 0) {
            files.replace(
                    file(name),
                    bytes(
                            name,
                            journal.id(),
                            journal.epoch(),
                            Cursor.NONE,
                            generation,
                            CursorDescriptor.FLAG_PROCESSES));
            locks.delete(name);
            return;
        }
        files.delete(file(name));
        files.forceDirectory(directory);
        list.delete();
        locks.delete(name);
    }

    /** A generation above all that logs may tell of a consumer whose outputs they have; 0 if none has any. */
    private int generationToKeep(String name) throws IOException {
        ReadJournal.Progress told = journal.progress(name);
        int generation = told == null ? 0 : told.generation() + 1;
        ByteBuffer bytes = newFile();
        try (FileOps.OpenFile source = files.open(file(name), FileOps.Mode.READ)) {
            source.read(bytes, 0);
            var slots = new CursorSlots(bytes);
            ByteBuffer newest = slots.slot(slots.newest(name, journal.id(), file(name)));
            boolean processes = (newest.getShort(CursorDescriptor.FLAGS_OFFSET) & CursorDescriptor.FLAG_PROCESSES) != 0;
            return processes ? Math.max(generation, newest.getInt(CursorDescriptor.GENERATION_OFFSET) + 1) : generation;
        } catch (CorruptLogException damaged) {
            return generation;
        }
    }

    @Override
    public int parkedCount(String name) {
        ParkedList list = parked.get(name);
        if (list != null) {
            return list.count();
        }
        try {
            return io.call(() -> parkedFile(name).count());
        } catch (IOException e) {
            throw failed("reading the list of parked events", parkedFile(root, name), e);
        }
    }

    @Override
    public ParkedList parked(String name) {
        ParkedList list = parked.computeIfAbsent(name, unused -> new ParkedList(parkedFile(name)));
        list.load();
        return list;
    }

    @Override
    public ReadJournal.Needs needs() {
        return needed.now();
    }

    @Override
    public void require(Cursor cursor) {
        FileCursor own = (FileCursor) cursor;
        if (own.isRequired()) {
            return;
        }
        keepTold(own);
        try {
            // there, where nothing is being pruned meanwhile
            io.run(own::require);
        } catch (IOException e) {
            throw failed("requiring consumer " + cursor.name(), file(cursor.name()), e);
        }
        // another process that was pruning may not have seen it; from here on it has
        journal.awaitPruning(0);
    }

    /** A consumer's cursor that is open here. */
    @Nullable
    FileCursor opened(String name) {
        return open.get(name);
    }

    /** The first event on a list that is in use here; {@link ParkedList#UNKNOWN} where it is not. Takes no lock. */
    long firstParked(String name) {
        ParkedList list = parked.get(name);
        return list == null ? ParkedList.UNKNOWN : list.first();
    }

    /** The first event on a list as its file tells. */
    long readFirstParked(String name) throws IOException {
        return parkedFile(name).first();
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
        try {
            io.run(locks::freeAll);
        } catch (IOException e) {
            throw failed("freeing consumers", directory, e);
        }
    }

    static EventLogException failed(String what, Path where, IOException e) {
        if (e instanceof FileOps.NoDescriptorException) {
            return new StorageFullException(
                    what + " failed, the process has no file descriptor left: path=" + where + " (" + e.getMessage()
                            + "); close files or allow more of them (ulimit -n), then go on",
                    e);
        }
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
