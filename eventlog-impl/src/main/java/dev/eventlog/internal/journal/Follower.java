package dev.eventlog.internal.journal;

import dev.eventlog.Codec;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the files of a log that another process writes, and changes none. It opens neither {@code lock} nor
 * {@code log.meta}.
 *
 * <p>Sealed segments are those of the manifest; behind them come those in {@code active/}, and in {@code segments/} where a
 * writer died before it recorded them, each with the position that its first frame tells. A segment moves from the one
 * directory to the other and is pruned while this looks, so each file is looked for in both, and one that is gone is left
 * out. A new writer orders the directory first, then replaces the state file: where that was replaced meanwhile all is
 * looked at again.
 *
 * <p>It looks when a reader needs to know, and on its own: each 20 ms whether there is a new writer, each 200 ms at the
 * manifest, and at the frames themselves where no state file tells how far they go. The segments are published before
 * the view whose end position needs them.
 *
 * <p><b>Threading:</b> Thread-safe; files are touched on the I/O thread.
 */
final class Follower implements SegmentSource {

    private static final Logger LOGGER = LoggerFactory.getLogger(Follower.class);

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** Looks of which one is at the manifest too. */
    private static final int SELDOM = 10;
    /** Times that files are looked for which move meanwhile. */
    private static final int ATTEMPTS = 5;

    private final LogDirectory directory;
    private final UUID logId;
    private final FileOps files;
    private final SegmentFiles segmentFiles;
    private final IoThread io;
    private final StateFile.Boot boot;
    private final Dictionary dictionary = new Dictionary();
    private final SegmentList segments;

    // on the I/O thread
    private final Map<Long, Segment> known = new HashMap<>();
    private final Map<Segment, SegmentTail> tails = new HashMap<>();
    private @Nullable Object manifestStamp;
    private int looks;
    private boolean isFailing;
    private boolean closed;

    // counts looks as they begin; by the I/O thread, read by any
    private final AtomicLong begun = new AtomicLong();
    // written on the I/O thread, read by any; published by volatile
    private volatile @Nullable FollowedView view;
    private volatile @Nullable String failure;

    private Follower(LogDirectory directory, UUID logId, FileOps files, IoThread io) throws IOException {
        this.directory = directory;
        this.logId = logId;
        this.files = files;
        this.io = io;
        segmentFiles = new SegmentFiles(directory, files);
        boot = new StateFile.Boot(JournalOpener.bootId(files), directory.identity());
        segments = new SegmentList(List.of(), this, directory.root());
    }

    /** Begins to follow a log; null if the directory has none. On the I/O thread. */
    static @Nullable Follower open(LogDirectory directory, FileOps files, IoThread io) throws IOException {
        UUID logId = new SegmentFiles(directory, files).logId();
        if (logId == null) {
            return null;
        }
        var follower = new Follower(directory, logId, files, io);
        follower.look();
        io.every(LOOK_NANOS, follower::lookNowAndThen);
        return follower;
    }

    ReadJournal.Identity identity() {
        return new ReadJournal.Identity(logId, directory.root(), dictionary);
    }

    SegmentList segments() {
        return segments;
    }

    /** How far the log has come. */
    FollowedView view() {
        return Objects.requireNonNull(view, "looked at before anyone asks");
    }

    /**
     * The same, if what was read before still belongs to the log.
     *
     * @throws LogFailedException if the log was set back behind the reader, or replaced
     */
    FollowedView soundView() {
        String why = failure;
        if (why != null) {
            throw new LogFailedException(why, false, null);
        }
        return view();
    }

    /** Looks at everything now. */
    void refresh() {
        // one that begins after this serves all who ask until then: many readers come to the end of a segment at once
        long before = begun.get();
        call("looking at the log", () -> {
            if (begun.get() == before) {
                look();
            }
            return true;
        });
        soundView();
    }

    /** Finds names of types and sources that are not in the manifest yet. */
    void learn() {
        call("reading names of types and sources", () -> {
            look();
            for (Segment segment : segments.all()) {
                if (segment.endOffset() == Segment.OPEN) {
                    scan(segment);
                }
            }
            return true;
        });
    }

    /** Where the valid frames of a segment end that is not recorded. */
    long endOffset(Segment segment) {
        return call("scanning " + segment, () -> {
            SegmentScan scan = scan(segment);
            return scan == null ? 0 : scan.end().offset();
        });
    }

    private <R> R call(String what, IoThread.Work<R> work) {
        try {
            return io.call(work);
        } catch (IOException e) {
            throw Corruption.io(what, directory.root(), e);
        }
    }

    private void lookNowAndThen() {
        if (closed || failure != null) {
            return;
        }
        try {
            FollowedView last = view();
            boolean isSeldom = ++looks % SELDOM == 0;
            if (!Objects.equals(files.fileKey(directory.state()), last.stateKey())
                    || (isSeldom && (!last.isBelieved() || !Objects.equals(manifestStamp, stamp())))) {
                look();
            }
            isFailing = false;
        } catch (IOException | RuntimeException e) {
            if (!isFailing) {
                LOGGER.warn("log's files could not be looked at; it is tried again: directory={}", directory.root(), e);
            }
            isFailing = true;
        }
    }

    private @Nullable Object stamp() throws IOException {
        FileOps.Attributes attributes = files.attributes(directory.manifest());
        return attributes == null ? null : List.of(attributes.length(), String.valueOf(attributes.fileKey()));
    }

    private void look() throws IOException {
        begun.incrementAndGet();
        for (int attempt = 1; !closed; attempt++) {
            Object key = files.fileKey(directory.state());
            FollowedView last = view;
            StateFile state = last != null && last.state() != null && Objects.equals(key, last.stateKey())
                    ? last.state()
                    : StateFile.map(directory.state(), logId, files);
            Found found = find();
            if (attempt == ATTEMPTS || Objects.equals(key, files.fileKey(directory.state()))) {
                take(found, state, key);
                return;
            }
        }
    }

    /**
     * What the manifest and the segments tell.
     *
     * @param all segments, oldest first
     * @param recordedEnd position behind the last one that is recorded
     * @param epochs writers' opens
     */
    private record Found(List<Segment> all, long recordedEnd, Epochs epochs) {}

    private Found find() throws IOException {
        Object stamp = stamp();
        Manifest manifest = Manifest.read(directory.manifest(), logId, files);
        // a record that is being written is read again
        manifestStamp = manifest == null || manifest.isDamaged() ? null : stamp;
        var all = new ArrayList<Segment>();
        var epochs = new ArrayList<Manifest.Epoch>();
        long number = 0;
        long end = 0;
        if (manifest != null) {
            takeNames(manifest.dictionary());
            epochs.addAll(manifest.epochs());
            number = manifest.lastPruned();
            Manifest.Pruned pruned = manifest.pruned();
            end = pruned != null
                    ? pruned.firstPosition()
                    : epochs.isEmpty() ? 0 : epochs.get(0).basePosition();
            for (Segment recorded : manifest.segments()) {
                all.add(sealed(recorded));
                number = Math.max(number, recorded.number());
                end = recorded.endPosition();
            }
        }
        addUnrecorded(all, number, end, epochs);
        return new Found(all, end, new Epochs(List.copyOf(epochs)));
    }

    private void takeNames(Dictionary told) {
        List<Codec.Schema> schemas = told.schemas();
        for (int i = dictionary.nextSchema(); i <= schemas.size(); i++) {
            dictionary.addSchema(i, schemas.get(i - 1));
        }
        List<String> sources = told.sources();
        for (int i = dictionary.nextSource(); i <= sources.size(); i++) {
            dictionary.addSource(i, sources.get(i - 1));
        }
    }

    /** A recorded segment: the one that readers know, which learns now where it ends, or a new one. */
    private Segment sealed(Segment recorded) {
        Segment same = same(recorded);
        if (same.endOffset() == Segment.OPEN) {
            same.seal(new Segment.SegmentEnd(
                    recorded.endPosition(),
                    recorded.endOffset(),
                    recorded.firstTimeNanos(),
                    recorded.lastTimeNanos(),
                    recorded.lastCrc()));
        }
        return same;
    }

    private Segment same(Segment found) {
        Segment before = known.get(found.number());
        return before != null && before.epoch() == found.epoch() && before.basePosition() == found.basePosition()
                ? before
                : found;
    }

    private void addUnrecorded(List<Segment> all, long lastRecorded, long end, List<Manifest.Epoch> epochs)
            throws IOException {
        long base = end;
        for (long number : segmentFiles.numbers()) {
            SegmentScanner.Opening opening = number <= lastRecorded ? null : segmentFiles.opening(number);
            // what lies before the end is left from a writer that died, and is about to be put aside
            if (opening != null && opening.logId().equals(logId) && opening.basePosition() >= base) {
                base = opening.basePosition();
                all.add(same(new Segment(number, opening.epoch(), base)));
                if (epochs.isEmpty() || epochs.get(epochs.size() - 1).number() < opening.epoch()) {
                    epochs.add(new Manifest.Epoch(opening.epoch(), base, 0, new UUID(0, 0)));
                }
            }
        }
    }

    private void take(Found found, @Nullable StateFile state, @Nullable Object key) throws IOException {
        boolean isBelieved = state != null
                && state.endPosition() != StateFile.UNKNOWN
                && (!boot.isKnown() || state.boot().equals(boot));
        List<Manifest.Epoch> opened = found.epochs().opened();
        int lastEpoch = opened.isEmpty() ? 0 : opened.get(opened.size() - 1).number();
        List<Segment> all = found.all();
        long end = found.recordedEnd();
        long durable = end;
        if (state != null && isBelieved) {
            end = Math.max(end, state.endPosition());
        } else {
            var settled = new Settled(all, found.recordedEnd());
            all = settled.kept;
            // what was durable and is not there is met by who reads on
            durable = Math.max(settled.durable, state == null ? 0 : state.durablePosition());
            end = Math.max(settled.end, durable);
        }
        var looked = new FollowedView(
                state,
                key,
                isBelieved,
                state == null ? lastEpoch : state.epoch(),
                found.epochs(),
                all.isEmpty() ? end : all.get(0).basePosition(),
                end,
                durable,
                !opened.isEmpty() && !opened.get(opened.size() - 1).home().equals(boot.home()));
        judge(looked);
        publish(all);
        view = looked;
    }

    /** Where the frames end that are valid and follow each other, where no state file can be believed. */
    private final class Settled {
        private final List<Segment> kept = new ArrayList<>();
        private long end;
        private long durable;

        Settled(List<Segment> all, long recordedEnd) throws IOException {
            end = recordedEnd;
            durable = recordedEnd;
            for (Segment segment : all) {
                boolean isRecorded = segment.endOffset() != Segment.OPEN;
                if (!isRecorded && kept.isEmpty()) {
                    // nothing tells where the log begins but its oldest segment
                    end = segment.basePosition();
                }
                SegmentScan scan = isRecorded || segment.basePosition() != end ? null : scan(segment);
                if (scan != null) {
                    end = scan.end().position();
                    durable = Math.max(durable, scan.durablePosition());
                }
                if (isRecorded || scan != null) {
                    kept.add(segment);
                }
            }
        }
    }

    /** Refuses to go on where what was read may not be part of the log any more. */
    private void judge(FollowedView looked) throws IOException {
        FollowedView last = view;
        if (last == null) {
            return;
        }
        UUID present = looked.state() != null ? logId : segmentFiles.headerId(directory.state(), StateFile.MAGIC);
        if (present != null && !present.equals(logId)) {
            fail("another log is in the directory now: directory=" + directory.root() + "; open it again");
        }
        // in this order: the one end that both may tell grows meanwhile
        long before = last.endPosition();
        long left = looked.epoch() > last.epoch() ? looked.epochs().end(last.epoch()) : looked.endPosition();
        if (left >= 0 && left < before) {
            fail("log was set back while it was read, and events that were read may be others now: directory="
                    + directory.root() + " endPosition=" + before + " setBackTo=" + left
                    + "; open it again, its consumers go on from there");
        }
    }

    private void fail(String why) {
        if (failure == null) {
            failure = why;
            LOGGER.error(why);
        }
    }

    private void publish(List<Segment> all) throws IOException {
        var before = new ArrayList<>(known.values());
        known.clear();
        all.forEach(segment -> known.put(segment.number(), segment));
        segments.replaceAll(all);
        for (Segment gone : before) {
            boolean isKept = gone.equals(known.get(gone.number()));
            if (!isKept) {
                gone.prune();
            }
            if (!isKept || gone.endOffset() != Segment.OPEN) {
                SegmentTail tail = tails.remove(gone);
                if (tail != null) {
                    tail.close();
                }
            }
        }
    }

    /** Scans a segment that is not recorded as far as it goes by now; null if it is gone. On the I/O thread. */
    private @Nullable SegmentScan scan(Segment segment) throws IOException {
        SegmentTail tail = tails.get(segment);
        if (tail == null) {
            FileOps.OpenFile file = closed ? null : segmentFiles.open(segment.number());
            if (file == null) {
                return null;
            }
            tail = SegmentTail.open(file, FrameBuilder.seed(logId), dictionary);
            tails.put(segment, tail);
        }
        return tail.advance();
    }

    @Override
    public ByteBuffer map(Segment segment) throws IOException {
        return io.call(() -> {
            for (int attempt = 1; ; attempt++) {
                try (FileOps.OpenFile file = segmentFiles.open(segment.number())) {
                    if (file != null) {
                        return file.map(false, Math.min(segment.endOffset(), file.length()))
                                .order(ByteOrder.LITTLE_ENDIAN);
                    }
                } catch (IOException cut) {
                    // it may have been cut between the look at its length and the mapping
                    if (attempt == ATTEMPTS) {
                        throw cut;
                    }
                    continue;
                }
                look();
                if (segment.isPruned()) {
                    throw new NoSuchFileException(
                            directory.segment(segment.number()).toString());
                }
                if (attempt == ATTEMPTS) {
                    throw Corruption.at(
                            "segment is missing",
                            segments.file(segment),
                            0,
                            segment.basePosition(),
                            segment.endPosition());
                }
            }
        });
    }

    @Override
    public SparseIndex index(Segment segment) throws IOException {
        return io.call(() -> {
            SegmentScan scan;
            if (segment.endOffset() == Segment.OPEN) {
                scan = scan(segment);
            } else {
                SparseIndex index = indexFile(segment);
                if (index != null) {
                    return index;
                }
                try (FileOps.OpenFile file = segmentFiles.open(segment.number())) {
                    scan = file == null ? null : SegmentScanner.scan(file, FrameBuilder.seed(logId), null);
                }
            }
            // an empty one is right and slow
            return scan == null ? new SparseIndex() : scan.index();
        });
    }

    private @Nullable SparseIndex indexFile(Segment segment) throws IOException {
        try {
            return IndexFile.read(directory.index(segment.number()), logId, segment.number(), files);
        } catch (NoSuchFileException prunedMeanwhile) {
            return null;
        }
    }

    @Override
    public void release() {
        // the storage is the writer's
    }

    /** Closes what is open. */
    void close() {
        call("closing the log", () -> {
            closed = true;
            for (SegmentTail tail : tails.values()) {
                tail.close();
            }
            tails.clear();
            return true;
        });
    }
}
