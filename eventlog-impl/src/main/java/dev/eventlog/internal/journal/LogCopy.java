package dev.eventlog.internal.journal;

import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.inspection.InspectOptions;
import dev.eventlog.internal.inspection.Inspected;
import dev.eventlog.internal.inspection.Traces;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Copies a log that may be written meanwhile to where the copy opens by itself.
 *
 * <p>First the files of consumers, then what the log consists of is found out, then the segments are copied up to where
 * they ended at that moment: so no checkpoint is ahead of the copy, and every event that was there when the copying began is
 * in it. Manifest, state and indexes are written anew. All of it goes to a directory beside the target, which takes the
 * target's name when it is complete and forced: whoever dies on the way leaves no copy.
 *
 * <p>A log that prunes meanwhile may delete a segment before it is copied, and perhaps events that a checkpoint which was
 * copied before stands at; then the copy begins anew.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
final class LogCopy {

    private static final int ATTEMPTS = 5;
    private static final int COPIED_AT_ONCE = 1 << 20;

    private final LogDirectory source;
    private final Path target;
    private final Path beside;
    private final LongConsumer progress;
    private final Traces traces;
    private final FileOps files;

    LogCopy(LogDirectory source, Path target, LongConsumer progress, Traces traces, FileOps files) {
        this.source = source;
        this.target = target.toAbsolutePath();
        beside = this.target.resolveSibling(this.target.getFileName() + ".partial");
        this.progress = progress;
        this.traces = traces;
        this.files = files;
    }

    Inspected run() throws IOException {
        if (files.attributes(target) != null) {
            throw new IOException("target of the copy exists: " + target + "; name a directory that does not");
        }
        if (target.startsWith(source.root())) {
            throw new IOException("target of the copy lies in the log: " + target + "; name another directory");
        }
        for (int attempt = 1; ; attempt++) {
            deletePartial();
            boolean isComplete = false;
            try {
                Inspected copied = copy();
                isComplete = true;
                files.rename(beside, target);
                Path parent = target.getParent();
                if (parent != null) {
                    files.forceDirectory(parent);
                }
                return copied;
            } catch (NoSuchFileException pruned) {
                if (attempt == ATTEMPTS) {
                    throw pruned;
                }
            } finally {
                if (!isComplete) {
                    deletePartial();
                }
            }
        }
    }

    private Inspected copy() throws IOException {
        LogDirectory copy = LogDirectory.prepare(beside, true, files);
        Path oldest = oldestSealed();
        for (String name : new String[] {"parked", "cursors"}) {
            for (String file : files.list(source.root().resolve(name))) {
                copySmall(
                        source.root().resolve(name).resolve(file),
                        beside.resolve(name).resolve(file));
            }
            files.forceDirectory(beside.resolve(name));
        }
        var inspection = new Inspection(source, InspectOptions.of(true, progress), traces, files);
        Inspected log = inspection.run(null);
        if (oldest != null && files.attributes(oldest) == null) {
            throw new NoSuchFileException(oldest.toString());
        }
        for (Inspection.SegmentFile each : inspection.segments()) {
            copySegment(each, copy, log.logId());
        }
        files.forceDirectory(copy.segments());
        files.forceDirectory(copy.index());
        writeOwnFiles(copy, inspection, log);
        files.forceDirectory(beside);
        return log;
    }

    private @Nullable Path oldestSealed() throws IOException {
        return files.list(source.segments()).stream()
                .min(Comparator.naturalOrder())
                .map(source.segments()::resolve)
                .orElse(null);
    }

    private void writeOwnFiles(LogDirectory copy, Inspection inspection, Inspected log) throws IOException {
        UUID logId = log.logId();
        Manifest from = inspection.manifest();
        Manifest manifest = Manifest.copyOf(from, copy.manifest(), logId, files);
        for (Inspection.SegmentFile each : inspection.segments()) {
            Segment segment = each.segment();
            if (segment.epoch() > manifest.lastEpoch()) {
                manifest.addFoundEpoch(segment.epoch(), segment.basePosition());
            }
            SegmentScan scan = each.scan();
            segment.tell(scan == null ? List.of() : scan.progress());
            manifest.addFoundSegment(segment);
        }
        manifest.rewrite();
        manifest.close();
        // that the page cache of the original held more says nothing of the copy
        var boot = new StateFile.Boot(new UUID(0, 0), 0);
        var positions = new StateFile.Positions(log.firstPosition(), log.endPosition(), log.endPosition());
        StateFile.create(copy.state(), logId, boot, Math.max(1, log.lastEpoch()), positions, files);
        inspection.meta().create(copy.meta(), files);
    }

    private void copySegment(Inspection.SegmentFile each, LogDirectory copy, UUID logId) throws IOException {
        Segment segment = each.segment();
        Path to = copy.segment(segment.number());
        SegmentScan scan = each.scan();
        if (scan == null) {
            // lost: the copy has no more of it
            return;
        }
        long end = segment.endOffset();
        long length = Recovery.trimmedLength(end, Long.MAX_VALUE);
        ByteBuffer bytes = ByteBuffer.allocateDirect(COPIED_AT_ONCE);
        try (FileOps.OpenFile in = openMoved(each, segment.number());
                FileOps.OpenFile out = files.open(to, FileOps.Mode.CREATE)) {
            for (long at = 0; at < length; at += bytes.limit()) {
                bytes.clear().limit((int) Math.min(COPIED_AT_ONCE, length - at));
                int wanted = (int) Math.max(0, Math.min(bytes.limit(), end - at));
                int read = in.read(bytes.limit(wanted), at);
                if (read < wanted && scan.gaps().isEmpty() && scan.problem() == null) {
                    throw new NoSuchFileException(in.path().toString());
                }
                int limit = (int) Math.min(COPIED_AT_ONCE, length - at);
                bytes.limit(limit);
                for (int i = read; i < limit; i++) {
                    bytes.put(i, (byte) 0);
                }
                out.write(bytes.position(0), at);
            }
            out.force();
        }
        if (scan.gaps().isEmpty()) {
            IndexFile.write(copy.index(segment.number()), logId, segment.number(), scan.index(), files);
        }
    }

    private FileOps.OpenFile openMoved(Inspection.SegmentFile each, long number) throws IOException {
        try {
            return files.open(each.file(), FileOps.Mode.READ);
        } catch (NoSuchFileException moved) {
            return files.open(source.segment(number), FileOps.Mode.READ);
        }
    }

    private void copySmall(Path from, Path to) throws IOException {
        FileOps.Attributes attributes = files.attributes(from);
        if (attributes == null || !attributes.isRegularFile() || attributes.length() > COPIED_AT_ONCE) {
            return;
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) attributes.length());
        try (FileOps.OpenFile in = files.open(from, FileOps.Mode.READ)) {
            in.read(bytes, 0);
        } catch (NoSuchFileException forgotten) {
            return;
        }
        try (FileOps.OpenFile out = files.open(to, FileOps.Mode.CREATE)) {
            out.write(bytes.flip(), 0);
            out.force();
        }
    }

    private void deletePartial() throws IOException {
        if (files.attributes(beside) != null) {
            for (String name : files.list(beside)) {
                if (!Recovery.isKnownName(name)) {
                    throw new IOException("directory is not what an earlier copy left: " + beside
                            + "; remove it, or name another target");
                }
            }
            for (String name : List.of("parked", "cursors", "segments", "index", "active")) {
                for (String file : files.list(beside.resolve(name))) {
                    files.delete(beside.resolve(name).resolve(file));
                }
                files.delete(beside.resolve(name));
            }
            for (String file : files.list(beside)) {
                files.delete(beside.resolve(file));
            }
            files.delete(beside);
        }
    }
}
