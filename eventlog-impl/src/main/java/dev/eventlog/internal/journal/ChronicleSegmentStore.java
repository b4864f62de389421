package dev.eventlog.internal.journal;

import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Segments on disk. Each is written through a Chronicle queue of its own in {@code active/n/}, and when full recorded in
 * the manifest and moved to {@code segments/}, where only this package reads it.
 *
 * <p>Order when a segment is sealed: force its contents, let Chronicle go, rename, force the directories, record it,
 * force the record. A process that dies between two steps is carried on by {@link Recovery}.
 *
 * <p>Order when segments are pruned: delete their indexes, which makes room for the rest where the disk is full; record it,
 * force the record; tell the state file, force that; let readers see it; delete the files. A deleted file keeps its blocks
 * as long as it is mapped anywhere, and when that ends is the garbage collector's affair. So it is cut to nothing through a
 * channel that was opened before, as soon as no reader is in it. It is never unmapped: a reader that was overlooked would
 * take the JVM with it, while one that finds the file cut gets an error that it can tell.
 *
 * <p><b>Threading:</b> Thread-safe except {@link #publishEnd}: the holder of the append lock. What touches files runs on
 * the I/O thread; the fields say so.
 */
final class ChronicleSegmentStore implements SegmentStore {

    private static final Logger LOGGER = LoggerFactory.getLogger(ChronicleSegmentStore.class);

    /** Forces that come one after the other do not each look at the locks. */
    private static final long VERIFY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final LogDirectory directory;
    private final FileOps files;
    private final IoThread io;
    private final IoThread filling;
    private final Manifest manifest;
    private final StateFile state;
    private final DirectoryLock lock;
    private final Identity identity;
    private final Consumer<Throwable> onFailure;
    private final FileWatch watch;
    private final FileWatch.Known stateFile;

    // written on the I/O thread, oldest first
    private final List<Unsealed> unsealed = new CopyOnWriteArrayList<>();
    // on the I/O thread, oldest first: segments that get no more frames and are not recorded yet
    private final Queue<Sealing> sealing = new ArrayDeque<>();
    // on the I/O thread: pruned segments whose storage is not given back yet
    private final List<Pruned> pruned = new ArrayList<>();
    // written on the I/O thread and by the holder of the append lock; published by volatile
    private volatile @Nullable Prepared prepared;
    // held to judge a force: nothing is durable behind a failed one, whatever a later one says
    private final ReentrantLock judging = new ReentrantLock();
    // written under judging, read by any; published by volatile
    private volatile long durablePosition;
    private volatile @Nullable IOException failure;
    // when the locks were looked at; written by forcing threads, read by them
    private volatile long usableNanos;
    // written and read on the I/O thread
    private boolean closed;

    /**
     * What the store needs to know of its log.
     *
     * @param logId identity of the log
     * @param seed its frames' seed
     * @param capacity length of segments
     * @param isForcedOften whether single events are forced
     * @param clock for the rate of filling
     * @param threadFactory makes the filling thread; null: a daemon thread
     */
    record Identity(
            UUID logId,
            int seed,
            long capacity,
            boolean isForcedOften,
            Clock clock,
            @Nullable ThreadFactory threadFactory) {}

    /** A segment that was begun before it is needed. */
    private record Prepared(long number, ChronicleSegmentWriter writer) {}

    /** A segment that was begun and not sealed, with a channel to force it by. */
    private static final class Unsealed {
        final long number;
        final ChronicleSegmentWriter writer;
        final FileOps.OpenFile file;
        final FileWatch.Known known;
        // by the I/O thread before it cuts and moves the file, read by leaders of groups; published by volatile
        volatile boolean isMoving;

        Unsealed(long number, ChronicleSegmentWriter writer, FileOps.OpenFile file, FileWatch.Known known) {
            this.number = number;
            this.writer = writer;
            this.file = file;
            this.known = known;
        }
    }

    /**
     * A segment that is no longer kept.
     *
     * @param file to cut it by, its name deleted; null: not deleted yet
     */
    private record Pruned(Segment segment, FileOps.@Nullable OpenFile file) {}

    /** What {@link Recovery} and the open have made ready. */
    record Parts(LogDirectory directory, Manifest manifest, StateFile state, DirectoryLock lock) {}

    ChronicleSegmentStore(Parts parts, Identity identity, FileOps files, IoThread io, Consumer<Throwable> onFailure)
            throws IOException {
        this.directory = parts.directory();
        this.manifest = parts.manifest();
        this.state = parts.state();
        this.lock = parts.lock();
        this.identity = identity;
        this.files = files;
        this.io = io;
        filling = new IoThread("eventlog-fill", identity.threadFactory());
        // a user's thread factory is a user's code: not under the append lock, where filling is asked for
        filling.later(() -> {});
        this.onFailure = onFailure;
        watch = new FileWatch(directory, files);
        stateFile = watch.know(directory.state(), StateFile.LENGTH);
        durablePosition = state.durablePosition();
        if (identity.isForcedOften()) {
            state.publishOnlyDurableReadable();
        }
        usableNanos = identity.clock().monotonicNanos() - 2 * VERIFY_NANOS;
    }

    @Override
    public SegmentWriter begin(long number, long leastLength) throws IOException {
        Prepared ready = prepared;
        if (ready == null || ready.number() != number) {
            ready = io.call(() -> {
                Prepared meanwhile = prepared;
                return meanwhile != null && meanwhile.number() == number
                        ? meanwhile
                        : new Prepared(number, create(number));
            });
        }
        // kept until there is room for all that will be written first: then nothing has changed
        prepared = ready;
        ready.writer().reserve(Math.min(leastLength, ready.writer().capacity()));
        prepared = null;
        return ready.writer();
    }

    @Override
    public void prepare(long number) {
        io.later(() -> {
            try {
                if (prepared == null) {
                    prepared = new Prepared(number, create(number));
                }
            } catch (IOException | RuntimeException e) {
                LOGGER.warn("next segment could not be prepared; it is tried again when needed", e);
            }
        });
    }

    private ChronicleSegmentWriter create(long number) throws IOException {
        Path active = directory.active(number);
        if (files.attributes(active) != null) {
            directory.deleteActive(number);
        }
        files.createDirectory(active);
        try {
            return createIn(active, number);
        } catch (IOException e) {
            directory.deleteActive(number);
            throw e;
        }
    }

    private ChronicleSegmentWriter createIn(Path active, long number) throws IOException {
        fill(active.resolve(ChronicleSegmentWriter.METADATA_FILE), ChronicleSegmentWriter.METADATA_LENGTH);
        Path data = active.resolve(ChronicleSegmentWriter.DATA_FILE);
        fill(data, FillAhead.FIRST_FILL);
        // one channel for the life of the segment; it stays with the file when Chronicle renames it
        FileOps.OpenFile file = files.open(data, FileOps.Mode.WRITE);
        ChronicleSegmentWriter writer = null;
        boolean created = false;
        try {
            writer = ChronicleSegmentWriter.create(
                    active,
                    identity.capacity(),
                    (renamed, toucher) -> new ChronicleSegmentWriter.Opened(
                            map(renamed, OPEN_LENGTH),
                            new ChronicleSegmentWriter.Forceable(file, file.map(true, file.length())),
                            new ChronicleSegmentWriter.Forceable(file, mapAgain(renamed)),
                            new FillAhead(
                                    file,
                                    ChronicleSegmentWriter.mappedLength(identity.capacity()),
                                    toucher,
                                    filling,
                                    identity.clock(),
                                    new FillAhead.Pace(identity.isForcedOften(), ahead()))));
            files.forceDirectory(active);
            files.forceDirectory(directory.active());
            unsealed.add(new Unsealed(number, writer, file, watch.know(writer.file(), file.length())));
            created = true;
            return writer;
        } finally {
            if (!created) {
                if (writer != null) {
                    writer.close();
                }
                file.close();
            }
        }
    }

    /**
     * Through an open file of its own: a disk's error is told once to each open file, and a waiter must not miss one
     * because the I/O thread forces at the same time and is told first.
     */
    private MappedByteBuffer mapAgain(Path file) throws IOException {
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.WRITE)) {
            return open.map(true, open.length());
        }
    }

    private long ahead() {
        return unsealed.isEmpty()
                ? FillAhead.LEAST_AHEAD
                : unsealed.get(unsealed.size() - 1).writer.ahead();
    }

    private void fill(Path file, long length) throws IOException {
        try (FileOps.OpenFile created = files.open(file, FileOps.Mode.CREATE)) {
            FillAhead.create(created, length, identity.isForcedOften());
        }
    }

    private static final long OPEN_LENGTH = -1;

    private ByteBuffer map(Path file, long length) throws IOException {
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.READ)) {
            long mapped = length == OPEN_LENGTH ? open.length() : Math.min(length, open.length());
            return open.map(false, mapped).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    @Override
    public ByteBuffer map(Segment segment) throws IOException {
        return io.call(() -> {
            Path path = directory.segment(segment.number());
            FileOps.Attributes there = files.attributes(path);
            if (there != null && !there.isRegularFile()) {
                throw new NoSuchFileException(path.toString(), null, "not a file any more");
            }
            return map(path, segment.endOffset());
        });
    }

    @Override
    public SparseIndex index(Segment segment) throws IOException {
        return io.call(() -> {
            Path file = directory.index(segment.number());
            SparseIndex index = IndexFile.read(file, identity.logId(), segment.number(), files);
            if (index != null) {
                return index;
            }
            try (FileOps.OpenFile open = files.open(directory.segment(segment.number()), FileOps.Mode.READ)) {
                index = SegmentScanner.scan(open, identity.seed(), null, SegmentScanner.Expected.all(segment))
                        .index();
            }
            writeIndex(segment, index);
            return index;
        });
    }

    @Override
    public SegmentScanner.@Nullable Found findBehind(
            Segment segment, SegmentScanner.Damage damage, long greatestPosition) throws IOException {
        SegmentScanner.Expected expected = SegmentScanner.Expected.in(segment, greatestPosition);
        return io.call(() -> {
            try (FileOps.OpenFile open = files.open(fileOf(segment), FileOps.Mode.READ)) {
                return SegmentScanner.find(open, identity.seed(), expected, damage);
            }
        });
    }

    private Path fileOf(Segment segment) {
        for (Unsealed each : unsealed) {
            if (each.number == segment.number()) {
                return each.writer.file();
            }
        }
        return directory.segment(segment.number());
    }

    @Override
    public void publishEnd(long endPosition) {
        state.publishEnd(endPosition);
    }

    @Override
    public void seal(Segment segment, SegmentWriter writer) {
        io.later(() -> {
            sealing.add(new Sealing(segment, unsealed(writer)));
            sealAll();
        });
    }

    /** Seals what waits for it, as far as there is room, and there are file descriptors. */
    private void sealAll() {
        for (Sealing oldest = sealing.peek(); oldest != null; oldest = sealing.peek()) {
            try {
                if (!seal(oldest)) {
                    return;
                }
                sealing.remove(oldest);
            } catch (Throwable e) {
                // the manifest has no gaps: what comes behind is left to the next open
                sealing.clear();
                failed(asIo("sealing " + oldest.segment, e));
                onFailure.accept(e);
            }
        }
    }

    /** Goes on with the sealing of a segment; false if a step finds no room or no descriptor: it is done again later. */
    private boolean seal(Sealing sealed) throws IOException {
        requireUsable();
        Segment segment = sealed.segment;
        Unsealed file = sealed.file;
        Path path = directory.segment(segment.number());
        if (sealed.step == Sealing.FORCE) {
            file.writer.close();
            watch.require(file.known);
            file.isMoving = true;
            // before the force: zeros ahead of the end need not reach the disk
            file.file.truncate(Recovery.trimmedLength(segment.endOffset(), file.file.length()));
            file.file.force();
            watch.require(file.known.withLength(segment.endOffset()));
            durable(segment.endPosition());
            sealed.step = Sealing.MOVE;
        }
        if (sealed.step == Sealing.MOVE) {
            if (!sealed.succeeds(() -> move(sealed, path))) {
                return false;
            }
            watch.sealed(segment, file.known);
        }
        if (sealed.step == Sealing.RECORD) {
            if (!sealed.succeeds(() -> manifest.addSegment(segment))) {
                return false;
            }
            manifest.force();
            manifest.verify(watch);
            writeIndex(segment, segment.index(this));
            segment.release();
            file.file.close();
            unsealed.remove(file);
            sealed.step = Sealing.DELETE;
        }
        return sealed.succeeds(() -> directory.deleteActive(segment.number()));
    }

    /** Both directories are open before the file is moved: behind that nothing may be tried again. */
    private void move(Sealing sealed, Path path) throws IOException {
        try (FileOps.OpenDirectory to = files.openDirectory(directory.segments());
                FileOps.OpenDirectory from = files.openDirectory(directory.active(sealed.segment.number()))) {
            files.rename(sealed.file.writer.file(), path);
            sealed.step = Sealing.RECORD;
            to.force();
            from.force();
        }
    }

    /** A segment on its way, and the step that comes next. On the I/O thread. */
    private static final class Sealing {
        static final int FORCE = 0;
        static final int MOVE = 1;
        static final int RECORD = 2;
        static final int DELETE = 3;

        final Segment segment;
        final Unsealed file;
        int step = FORCE;
        private boolean isTold;

        Sealing(Segment segment, Unsealed file) {
            this.segment = segment;
            this.file = file;
        }

        /** Does a step that leaves nothing behind where it finds no room or no descriptor; false then. */
        boolean succeeds(IoThread.Task work) throws IOException {
            int before = step;
            try {
                work.run();
                return true;
            } catch (IOException e) {
                if (step != before || !Corruption.isTemporary(e)) {
                    throw e;
                }
                if (!isTold) {
                    LOGGER.warn(
                            "no room to seal {}, or no file descriptor left; it is tried again each second, and at the next open",
                            segment,
                            e);
                }
                isTold = true;
                return false;
            }
        }
    }

    /** An index is derived: one that cannot be written is made anew when it is needed. */
    private void writeIndex(Segment segment, SparseIndex index) {
        try {
            IndexFile.write(directory.index(segment.number()), identity.logId(), segment.number(), index, files);
        } catch (IOException e) {
            LOGGER.warn("index of {} could not be written; it is made again when needed", segment, e);
        }
    }

    private Unsealed unsealed(SegmentWriter writer) {
        for (Unsealed candidate : unsealed) {
            if (candidate.writer == writer) {
                return candidate;
            }
        }
        throw new IllegalStateException("segment was not begun here");
    }

    @Override
    public long recordedPosition() {
        List<Segment> recorded = manifest.segments();
        return recorded.isEmpty() ? 0 : recorded.get(recorded.size() - 1).endPosition();
    }

    @Override
    public void announcePruning(long position) {
        state.publishPruning(position);
    }

    @Override
    public long prunedTimeNanos() {
        Manifest.Pruned last = manifest.pruned();
        return last == null ? Long.MIN_VALUE : last.timeNanos();
    }

    @Override
    public void prune(List<Segment> segments, long timeNanos, Runnable publish) throws IOException {
        requireUsable();
        for (Segment segment : segments) {
            files.delete(directory.index(segment.number()));
        }
        Segment last = segments.get(segments.size() - 1);
        manifest.addPruned(new Manifest.Pruned(last.number(), last.endPosition(), timeNanos));
        try {
            manifest.force();
            state.publishFirst(last.endPosition());
        } catch (IOException e) {
            onFailure.accept(failed(e));
            throw e;
        }
        publish.run();
        for (Segment segment : segments) {
            segment.prune();
            pruned.add(new Pruned(segment, null));
        }
        releaseNow();
        compact();
    }

    private void compact() throws IOException {
        try {
            manifest.compact();
        } catch (IOException e) {
            if (!Corruption.isTemporary(e)) {
                // whether the old file is there or the new one is unknown
                onFailure.accept(failed(e));
                throw e;
            }
            LOGGER.warn(
                    "no room to compact the manifest, or no file descriptor left; it is tried again when more is pruned",
                    e);
        }
    }

    @Override
    public void release() {
        io.later(this::releaseNow);
    }

    private void releaseNow() {
        if (closed) {
            return;
        }
        List<Pruned> all = List.copyOf(pruned);
        pruned.clear();
        for (Pruned each : all) {
            try {
                Pruned deleted = each.file() == null ? deleted(each.segment()) : each;
                if (deleted != null && !cut(deleted)) {
                    pruned.add(deleted);
                }
            } catch (IOException e) {
                LOGGER.warn("{} is pruned and could not be deleted; the next open does", each.segment(), e);
            }
        }
    }

    /** Deletes the name of a pruned segment; returns what is left to be cut, null if nothing. */
    private @Nullable Pruned deleted(Segment segment) throws IOException {
        Path path = directory.segment(segment.number());
        FileOps.OpenFile file;
        try {
            file = files.open(path, FileOps.Mode.WRITE);
        } catch (IOException notOurs) {
            // it has a second name, such as a backup's, or is gone: only the name is ours to take
            files.delete(path);
            return null;
        }
        boolean isDeleted = false;
        try {
            // names that a power cut brings back go at the next open
            files.delete(path);
            isDeleted = true;
            return new Pruned(segment, file);
        } finally {
            if (!isDeleted) {
                file.close();
            }
        }
    }

    /** Leaves a deleted file to its readers and the garbage collector. */
    private static void close(Pruned stillRead) throws IOException {
        FileOps.OpenFile file = stillRead.file();
        if (file != null) {
            file.close();
        }
    }

    /** Gives the storage of a deleted file back; false if it is still read. */
    private static boolean cut(Pruned deleted) throws IOException {
        FileOps.OpenFile file = deleted.file();
        if (file == null || deleted.segment().isRead()) {
            return file == null;
        }
        try (file) {
            file.truncate(0);
        }
        return true;
    }

    @Override
    public void discard(SegmentWriter writer) {
        io.later(() -> {
            try {
                discardNow(unsealed(writer));
            } catch (IOException e) {
                LOGGER.warn("segment without events could not be deleted; the next open does", e);
            }
        });
    }

    private void discardNow(Unsealed empty) throws IOException {
        empty.isMoving = true;
        unsealed.remove(empty);
        empty.file.close();
        empty.writer.close();
        directory.deleteActive(empty.number);
    }

    @Override
    public void force(SegmentWriter active, long basePosition, long endOffset, long endPosition) throws IOException {
        if (identity.clock().monotonicNanos() - usableNanos > VERIFY_NANOS) {
            requireUsable();
        }
        requireSound();
        try {
            boolean isIoThread = io.isCurrent();
            if (durablePosition < basePosition) {
                forceBefore(active, isIoThread);
            }
            ((ChronicleSegmentWriter) active).force(endOffset, isIoThread);
            // behind the force: what was forced is in the file that the name stands for
            for (Unsealed each : unsealed) {
                requireInPlace(each);
            }
            durable(endPosition);
        } catch (Throwable e) {
            throw failed(asIo("forcing", e));
        }
    }

    /** Also of the next one, which is prepared: there are two as a rule. */
    private void requireInPlace(Unsealed each) throws IOException {
        if (each.isMoving) {
            return;
        }
        try {
            watch.require(each.known);
        } catch (IOException lost) {
            // the flag is raised before the file is moved, by who looks himself
            if (!each.isMoving) {
                throw lost;
            }
        }
    }

    /** Fails if something failed before, or another process could write into the directory by now. */
    private void requireUsable() throws IOException {
        requireSound();
        try {
            watch.requireDirectory();
            lock.verify();
        } catch (IOException lost) {
            throw failed(lost);
        }
        usableNanos = identity.clock().monotonicNanos();
    }

    /** Stops the log if its lock no longer keeps others out, or a file is not what it was. On the I/O thread. */
    void watch() {
        if (closed || failure != null) {
            return;
        }
        try {
            requireUsable();
            requireFiles();
        } catch (IOException lost) {
            onFailure.accept(lost);
            return;
        }
        sealAll();
    }

    private void requireFiles() throws IOException {
        try {
            for (Unsealed each : unsealed) {
                requireInPlace(each);
            }
            watch.require(stateFile);
            manifest.verify(watch);
            watch.requireSealed(manifest.segments(), segment -> !manifest.isEndRecordedAsLost(segment));
        } catch (IOException lost) {
            throw failed(lost);
        }
    }

    /** Older segments, which the I/O thread is about to seal. A leader does not wait for that, as it may wait for a leader. */
    private void forceBefore(SegmentWriter active, boolean isIoThread) throws IOException {
        var older = new ArrayList<ChronicleSegmentWriter>();
        for (Unsealed each : unsealed) {
            if (each.writer == active) {
                for (ChronicleSegmentWriter writer : older) {
                    writer.force(isIoThread);
                }
                return;
            }
            older.add(each.writer);
        }
        // sealed meanwhile, and so are those before it; a newer one is another's
    }

    private static IOException asIo(String doing, Throwable error) {
        return error instanceof IOException io ? io : new IOException(doing + " failed: " + error, error);
    }

    private void requireSound() throws IOException {
        IOException before = failure;
        if (before != null) {
            throw before;
        }
    }

    /** Remembers the first failure; returns it. */
    private IOException failed(IOException error) {
        judging.lock();
        try {
            IOException before = failure;
            if (before == null) {
                failure = error;
                before = error;
                publishForceFailed();
            }
            return before;
        } finally {
            judging.unlock();
        }
    }

    private void publishForceFailed() {
        try {
            state.publishForceFailed();
        } catch (InternalError cut) {
            LOGGER.warn("the state file does not tell the next open of the failure", cut);
        }
    }

    private void durable(long position) throws IOException {
        judging.lock();
        try {
            requireSound();
            if (position > durablePosition) {
                durablePosition = position;
                state.publishDurable(position);
            }
        } finally {
            judging.unlock();
        }
    }

    @Override
    public long durablePosition() {
        return durablePosition;
    }

    @Override
    public void close() throws IOException {
        filling.close();
        io.run(() -> {
            releaseNow();
            // what finds no room once more is left to the next open; it is durable
            sealAll();
            sealing.clear();
            closed = true;
            try {
                for (Pruned stillRead : pruned) {
                    close(stillRead);
                }
                Prepared unused = prepared;
                if (unused != null) {
                    prepared = null;
                    discardNow(unsealed(unused.writer()));
                }
                for (Unsealed left : unsealed) {
                    left.file.close();
                    left.writer.close();
                }
                unsealed.clear();
                manifest.close();
            } finally {
                lock.release();
            }
            requireSound();
        });
    }
}
