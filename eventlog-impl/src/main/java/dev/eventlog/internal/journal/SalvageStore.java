package dev.eventlog.internal.journal;

import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.inspection.InspectOptions;
import dev.eventlog.internal.inspection.Inspected;
import dev.eventlog.internal.inspection.Traces;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The segments of a log that is read as it was found: wherever their files are, whole or not, none of them changed. The
 * journal's own segment, which nothing is appended to, lives in memory.
 *
 * <p><b>Threading:</b> Thread-safe; files are touched on the I/O thread.
 */
final class SalvageStore implements SegmentStore {

    private final Map<Long, Inspection.SegmentFile> found = new HashMap<>();
    private final UUID logId;
    private final LogDirectory directory;
    private final MemorySegmentStore memory;
    private final FileOps files;
    private final IoThread io;

    private SalvageStore(EventLogConfig config, LogDirectory directory, UUID logId, FileOps files, IoThread io) {
        this.directory = directory;
        this.logId = logId;
        this.files = files;
        this.io = io;
        memory = new MemorySegmentStore(config);
    }

    /** Opens a journal of what is left of a log. */
    static Journal open(EventLogConfig config, Path path, FileOps files, Clock clock, Traces traces, IoThread io)
            throws IOException {
        return io.call(() -> {
            LogDirectory directory = LogDirectory.existing(path, true, files);
            var inspection = new Inspection(directory, InspectOptions.of(false), traces, files);
            Inspected log = inspection.run(null);
            var store = new SalvageStore(config, directory, log.logId(), files, io);
            var segments = new ArrayList<Segment>();
            long number = 0;
            for (Inspection.SegmentFile file : inspection.segments()) {
                store.found.put(file.segment().number(), file);
                segments.add(file.segment());
                number = Math.max(number, file.segment().number());
            }
            long end = reachingTo(segments, log.endPosition());
            store.publishEnd(end);
            var parts = new Journal.Parts(
                    log.logId(),
                    new UUID(0, 0),
                    log.lastEpoch() + 1,
                    end,
                    number + 1,
                    segments,
                    inspection.manifest().dictionary(),
                    new ProgressTable(),
                    new Epochs(List.copyOf(inspection.manifest().epochs())),
                    directory.root());
            return new Journal(store, parts, config, clock);
        });
    }

    /** Lets the last segment reach to the end of the log, where events of it are missing. */
    private static long reachingTo(List<Segment> segments, long end) {
        if (segments.isEmpty()) {
            return end;
        }
        Segment last = segments.get(segments.size() - 1);
        if (last.endPosition() < end) {
            last.seal(new Segment.SegmentEnd(
                    end, last.endOffset(), last.firstTimeNanos(), last.lastTimeNanos(), last.lastCrc()));
        }
        return last.endPosition();
    }

    private Inspection.SegmentFile found(Segment segment) throws IOException {
        Inspection.SegmentFile file = found.get(segment.number());
        if (file == null) {
            throw new IOException("no file of " + segment);
        }
        return file;
    }

    @Override
    public @Nullable Path file(Segment segment) {
        Inspection.SegmentFile file = found.get(segment.number());
        return file == null ? null : file.file();
    }

    @Override
    public ByteBuffer map(Segment segment) throws IOException {
        return io.call(() -> {
            try (FileOps.OpenFile open = files.open(found(segment).file(), FileOps.Mode.READ)) {
                return open.map(false, Math.min(segment.endOffset(), open.length()))
                        .order(ByteOrder.LITTLE_ENDIAN);
            }
        });
    }

    @Override
    public SparseIndex index(Segment segment) throws IOException {
        return io.call(() -> {
            Inspection.SegmentFile file = found(segment);
            SegmentScan scan = file.scan();
            if (scan != null) {
                return scan.index();
            }
            SparseIndex index = IndexFile.read(directory.index(segment.number()), logId, segment.number(), files);
            if (index != null) {
                return index;
            }
            try (FileOps.OpenFile open = files.open(file.file(), FileOps.Mode.READ)) {
                return SegmentScanner.scan(open, FrameBuilder.seed(logId), null, SegmentScanner.Expected.all(segment))
                        .index();
            }
        });
    }

    @Override
    public SegmentScanner.@Nullable Found findBehind(
            Segment segment, SegmentScanner.Damage damage, long greatestPosition) throws IOException {
        return io.call(() -> {
            try (FileOps.OpenFile open = files.open(found(segment).file(), FileOps.Mode.READ)) {
                return SegmentScanner.find(
                        open, FrameBuilder.seed(logId), SegmentScanner.Expected.all(segment), damage);
            }
        });
    }

    @Override
    public SegmentWriter begin(long number, long leastLength) {
        return memory.begin(1, leastLength);
    }

    @Override
    public void prepare(long number) {
        memory.prepare(number);
    }

    @Override
    public void publishEnd(long endPosition) {
        memory.publishEnd(endPosition);
    }

    @Override
    public void seal(Segment segment, SegmentWriter writer) {
        memory.seal(segment, writer);
    }

    @Override
    public long recordedPosition() {
        return 0;
    }

    @Override
    public long prunedTimeNanos() {
        return memory.prunedTimeNanos();
    }

    @Override
    public void prune(List<Segment> segments, long timeNanos, Runnable publish) throws IOException {
        throw new IOException("log is only read, nothing is pruned");
    }

    @Override
    public void release() {
        memory.release();
    }

    @Override
    public void discard(SegmentWriter writer) {
        memory.discard(writer);
    }

    @Override
    public void force(SegmentWriter active, long basePosition, long endOffset, long endPosition) {
        memory.force(active, basePosition, endOffset, endPosition);
    }

    @Override
    public long durablePosition() {
        return memory.durablePosition();
    }

    @Override
    public void close() {
        memory.close();
    }
}
