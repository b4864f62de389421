package dev.eventlog.internal.journal;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.inspection.InspectOptions;
import dev.eventlog.internal.inspection.Inspected;
import dev.eventlog.internal.inspection.Inspected.Finding;
import dev.eventlog.internal.inspection.Inspected.Severity;
import dev.eventlog.internal.inspection.Traces;
import dev.eventlog.internal.support.Names;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One look at the files of a log, which may be open, without its lock. Changes nothing.
 *
 * <p>What must be there is read first ({@code state}, then the manifest), the segments after it: whatever a writer appends
 * meanwhile is more, never less. A segment that is moved from {@code active/} to {@code segments/} is looked for in both; one
 * that is gone in both was pruned, if the manifest says so by then.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
final class Inspection {

    private static final int READS_OF_A_MOVING_FILE = 5;

    /** A segment that was found. */
    record SegmentFile(Segment segment, Path file, @Nullable SegmentScan scan) {}

    private final LogDirectory directory;
    private final InspectOptions options;
    private final Traces traces;
    private final FileOps files;
    private final List<Finding> findings = new ArrayList<>();
    private final List<SegmentFile> found = new ArrayList<>();
    private @Nullable LogMeta meta;
    private UUID logId = new UUID(0, 0);
    private int seed;
    private @Nullable StateFile state;
    private @Nullable Manifest readManifest;
    private Manifest manifest;
    private long required;
    // whether the state file tells where the log ends
    private boolean isEndKnown;
    // whether a writer may be at work
    private boolean isWriting;
    private long firstPosition;
    private long due;
    private int lastEpoch;
    private long frames;
    private long events;
    private long bytes;
    // what ended the scan of the last segment that is not recorded; null: nothing stood there
    private @Nullable String endProblem;

    Inspection(LogDirectory directory, InspectOptions options, Traces traces, FileOps files) {
        this.directory = directory;
        this.options = options;
        this.traces = traces;
        this.files = files;
        manifest = Manifest.create(directory.manifest(), logId, files);
    }

    /**
     * Looks.
     *
     * @param known what {@code log.meta} says, if the caller holds its lock
     */
    Inspected run(@Nullable LogMeta known) throws IOException {
        identify(known);
        seed = FrameBuilder.seed(logId);
        readState(known != null);
        readManifest();
        Manifest.Pruned pruned = manifest.pruned();
        firstPosition = pruned != null ? pruned.firstPosition() : meta == null ? 0 : meta.firstPosition();
        due = firstPosition;
        List<Long> numbers = numbers();
        for (int i = 0; i < numbers.size(); i++) {
            segment(numbers.get(i), i + 1 < numbers.size() ? numbers.get(i + 1) : -1);
        }
        if (due < required) {
            missing(due, required, directory.active());
            due = required;
        }
        others();
        return new Inspected(
                directory.root(),
                logId,
                lastEpoch,
                firstPosition,
                due,
                found.size(),
                frames,
                events,
                bytes,
                processed(),
                List.copyOf(findings));
    }

    private List<Inspected.Processed> processed() {
        var told = new ProgressTable();
        manifest.progress().all().forEach(told::putIfNewer);
        for (SegmentFile file : found) {
            SegmentScan scan = file.scan();
            if (scan != null) {
                scan.progress().forEach(told::putIfNewer);
            }
        }
        return told.all().stream()
                .map(each -> new Inspected.Processed(each.logId(), each.consumer(), each.checkpoint()))
                .toList();
    }

    /** The segments, each with its file and what a scan found, if it was scanned; to be asked after {@link #run}. */
    List<SegmentFile> segments() {
        return found;
    }

    /** What the manifest tells, and the names that were found in segments. */
    Manifest manifest() {
        return manifest;
    }

    LogMeta meta() {
        return Objects.requireNonNull(meta);
    }

    private void add(Severity severity, String what, Path file, long offset, long from, long to) {
        findings.add(new Finding(severity, what, file, offset, from, to));
    }

    private void add(Severity severity, String what, Path file) {
        add(severity, what, file, 0, -1, -1);
    }

    private void identify(@Nullable LogMeta known) throws IOException {
        LogMeta read = known;
        boolean isThere = files.attributes(directory.meta()) != null;
        if (read == null && isThere) {
            read = DirectoryLock.lookUnlessHeldHere(directory, files, () -> {
                try (FileOps.OpenFile file = files.open(directory.meta(), FileOps.Mode.READ)) {
                    LogMeta there = LogMeta.read(file);
                    if (there == null) {
                        add(Severity.DERIVED, "log.meta is damaged", directory.meta());
                    }
                    return there == null ? LogMeta.UNKNOWN : there;
                }
            });
        }
        if (!isThere) {
            add(Severity.IMPERFECTION, "log.meta is missing", directory.meta());
        }
        if (read == null || read.equals(LogMeta.UNKNOWN)) {
            read = LostMeta.look(directory, isThere ? "not readable" : "missing", traces, files);
        }
        if (read == null) {
            throw LostMeta.nothingThere(directory);
        }
        meta = read;
        logId = read.logId();
    }

    private void readState(boolean isAlone) throws IOException {
        for (int tries = 0; tries < READS_OF_A_MOVING_FILE && (state == null || !isWhole(state)); tries++) {
            state = StateFile.read(directory.state(), logId, files);
        }
        if (files.attributes(directory.state()) == null) {
            add(Severity.IMPERFECTION, "state is missing", directory.state());
        } else if (state == null || !isWhole(state)) {
            add(Severity.DERIVED, "state is damaged", directory.state());
        }
        if (state != null) {
            var boot = new StateFile.Boot(JournalOpener.bootId(files), directory.identity());
            boolean sameBoot = boot.isKnown() && state.boot().equals(boot);
            required = Math.max(state.durablePosition(), sameBoot ? state.endPosition() : 0);
            isEndKnown = sameBoot && state.endPosition() != StateFile.UNKNOWN;
            isWriting = sameBoot && !isAlone;
            lastEpoch = state.epoch();
        }
    }

    private static boolean isWhole(StateFile state) {
        return state.endPosition() != StateFile.UNKNOWN
                && state.durablePosition() != StateFile.UNKNOWN
                && state.firstPosition() != StateFile.UNKNOWN;
    }

    private void readManifest() throws IOException {
        for (int tries = 0;
                tries < READS_OF_A_MOVING_FILE && (readManifest == null || readManifest.isDamaged());
                tries++) {
            readManifest = Manifest.read(directory.manifest(), logId, files);
        }
        if (files.attributes(directory.manifest()) == null) {
            add(Severity.IMPERFECTION, "manifest is missing", directory.manifest());
        } else if (readManifest == null || readManifest.isDamaged()) {
            add(Severity.DERIVED, "manifest is damaged", directory.manifest());
        }
        manifest = readManifest != null ? readManifest : Manifest.create(directory.manifest(), logId, files);
        lastEpoch = Math.max(lastEpoch, manifest.lastEpoch());
    }

    /** Numbers of all segments that are recorded or there, but for pruned ones. */
    private List<Long> numbers() throws IOException {
        var numbers = new TreeSet<Long>();
        for (String name : files.list(directory.active())) {
            numbers.add(LogDirectory.segmentNumber(name, false));
        }
        for (String name : files.list(directory.segments())) {
            numbers.add(LogDirectory.segmentNumber(name, true));
        }
        manifest.segments().forEach(segment -> numbers.add(segment.number()));
        return List.copyOf(numbers.tailSet(manifest.lastPruned() + 1));
    }

    private void segment(long number, long next) throws IOException {
        Segment recorded = manifest.segments().stream()
                .filter(segment -> segment.number() == number)
                .findFirst()
                .orElse(null);
        int findingsBefore = findings.size();
        if (recorded != null) {
            sealed(recorded);
        } else {
            unrecorded(number, next);
        }
        if (findings.size() > findingsBefore && isPrunedMeanwhile(number)) {
            findings.subList(findingsBefore, findings.size()).clear();
        }
    }

    private boolean isPrunedMeanwhile(long number) throws IOException {
        Manifest now = Manifest.read(directory.manifest(), logId, files);
        return now != null && now.lastPruned() >= number;
    }

    private void sealed(Segment segment) throws IOException {
        long number = segment.number();
        if (segment.basePosition() != due) {
            add(Severity.DAMAGE, "segment does not follow the one before it", directory.segment(number), 0, due, due);
        }
        due = segment.endPosition();
        SegmentScan scan = null;
        Path path = directory.segment(number);
        try (FileOps.OpenFile file = open(number)) {
            if (file == null) {
                lost("segment is missing", path, 0, segment.basePosition(), segment.endPosition());
            } else {
                path = file.path();
                scan = sealed(segment, file);
            }
        }
        found.add(new SegmentFile(segment, path, scan));
        if (scan != null || !options.isFull()) {
            index(segment, scan);
        }
    }

    private @Nullable SegmentScan sealed(Segment segment, FileOps.OpenFile file) throws IOException {
        if (file.length() < segment.endOffset() || options.isFull()) {
            SegmentScan scan = scan(file, SegmentScanner.Expected.all(segment));
            gaps(file.path(), scan);
            Segment.SegmentEnd end = scan.end();
            boolean isShort = scan.problem() != null || end.offset() != segment.endOffset() || end.position() != due;
            if (isShort && manifest.isEndRecordedAsLost(segment)) {
                add(Severity.IMPERFECTION, "end of segment is recorded as lost", file.path(), end.offset(), due, due);
            } else if (isShort) {
                lost(
                        scan.problem() == null ? "segment ends before its last frame" : scan.problem(),
                        file.path(),
                        end.offset(),
                        Math.max(end.position(), segment.basePosition()),
                        segment.endPosition());
            } else if (end.lastCrc() != segment.lastCrc() && segment.lastCrc() != 0) {
                lost("last frame is not the one that was recorded", file.path(), end.offset(), due, due);
            }
            return scan;
        }
        SegmentScanner.Opening opening = SegmentScanner.opening(file);
        if (opening == null
                || opening.number() != segment.number()
                || !opening.logId().equals(logId)) {
            lost("segment does not begin as it should", file.path(), 0, segment.basePosition(), segment.basePosition());
        }
        return null;
    }

    private void index(Segment segment, @Nullable SegmentScan scan) throws IOException {
        Path file = directory.index(segment.number());
        if (files.attributes(file) == null) {
            return;
        }
        SparseIndex index = IndexFile.read(file, logId, segment.number(), files);
        boolean isWrong = index == null || (scan != null && scan.gaps().isEmpty() && !index.isSame(scan.index()));
        // it may have been deleted, or replaced, meanwhile
        if (isWrong && files.attributes(file) != null) {
            index = IndexFile.read(file, logId, segment.number(), files);
            if (index == null || scan == null || !index.isSame(scan.index())) {
                add(Severity.DERIVED, "index is damaged", file);
            }
        }
    }

    /** A segment that is not recorded: being written, left by a crash, or the record is lost. */
    private void unrecorded(long number, long next) throws IOException {
        try (FileOps.OpenFile file = open(number)) {
            if (file == null) {
                return;
            }
            if (!isEndKnown) {
                // as an open judges it: what was forced must be there, also if only frames behind a hole tell
                required = Math.max(required, SegmentScanner.durableBehind(file, seed, 0));
            }
            long nextBase = next < 0 ? -1 : beginning(next);
            long end = nextBase < 0 ? required : nextBase;
            SegmentScan scan = scan(file, SegmentScanner.Expected.upTo(due, end));
            lastEpoch = Math.max(lastEpoch, scan.epoch());
            boolean isNewer = scan.basePosition() > due && due >= required && state != null;
            if (scan.dataFrames() == 0 || scan.end().position() <= due || isNewer) {
                notAdded(file, scan);
                return;
            }
            if (scan.basePosition() > due) {
                missing(due, scan.basePosition(), file.path());
                closeGap(number, scan.basePosition());
            }
            gaps(file.path(), scan);
            required = Math.max(required, Math.min(scan.durablePosition(), Long.MAX_VALUE));
            due = scan.end().position();
            endProblem = scan.problem();
            if (scan.problem() != null && due >= required && next < 0) {
                add(
                        isWriting ? Severity.NOTE : Severity.IMPERFECTION,
                        (isWriting ? "end of an append that goes on or was cut short (" : "torn end of the log (")
                                + scan.problem() + ")",
                        file.path(),
                        scan.end().offset(),
                        due,
                        Long.MAX_VALUE);
            }
            var segment = new Segment(number, scan.epoch(), Math.max(scan.basePosition(), firstPosition));
            segment.seal(scan.end());
            found.add(new SegmentFile(segment, file.path(), scan));
        }
    }

    private void notAdded(FileOps.OpenFile file, SegmentScan scan) {
        if (scan.problem() != null || scan.dataFrames() > 0) {
            boolean isLost = due < required;
            add(
                    isLost ? Severity.DAMAGE : isWriting ? Severity.NOTE : Severity.IMPERFECTION,
                    isLost ? "no event of a segment can be read" : "segment behind the end of the log",
                    file.path(),
                    scan.end().offset(),
                    due,
                    isLost ? required : Long.MAX_VALUE);
        }
    }

    /** Lets the last segment reach up to the next one, so that what is missing in between is met there. */
    private void closeGap(long number, long position) {
        SegmentFile last = found.isEmpty() ? null : found.get(found.size() - 1);
        if (last == null) {
            var lost = new Segment(number - 1, 1, due);
            lost.seal(new Segment.SegmentEnd(position, 0, 0, 0, 0));
            found.add(new SegmentFile(lost, directory.segment(number - 1), null));
        } else {
            Segment segment = last.segment();
            segment.seal(new Segment.SegmentEnd(
                    position,
                    segment.endOffset(),
                    segment.firstTimeNanos(),
                    segment.lastTimeNanos(),
                    segment.lastCrc()));
        }
    }

    /** Events that the last segment should have had, or one behind it, of which nothing is left. */
    private void missing(long from, long to, Path otherwise) {
        SegmentFile last = found.isEmpty() ? null : found.get(found.size() - 1);
        String what = endProblem == null ? "events are missing" : endProblem;
        if (last == null) {
            lost("segment is missing", otherwise, 0, from, to);
        } else {
            lost(what, last.file(), last.segment().endOffset(), from, to);
        }
    }

    private void gaps(Path file, SegmentScan scan) {
        for (SegmentScan.Gap gap : scan.gaps()) {
            lost(gap.what(), file, gap.offset(), gap.from(), gap.to());
        }
    }

    /** Damage, unless it is recorded as such. */
    private void lost(String what, Path file, long offset, long from, long to) {
        boolean isRecorded = from < to && manifest.isRecordedAsDamaged(from, to);
        add(
                isRecorded ? Severity.IMPERFECTION : Severity.DAMAGE,
                isRecorded ? what + " (events are recorded as lost)" : what,
                file,
                offset,
                from,
                to);
    }

    private long beginning(long number) throws IOException {
        try (FileOps.OpenFile file = open(number)) {
            SegmentScanner.Opening opening = file == null ? null : SegmentScanner.opening(file);
            return opening == null || !opening.logId().equals(logId) ? -1 : opening.basePosition();
        }
    }

    private SegmentScan scan(FileOps.OpenFile file, SegmentScanner.Expected expected) throws IOException {
        SegmentScan scan = SegmentScanner.scan(file, seed, manifest.dictionary(), expected, (frame, offset) -> {
            frames++;
            events += frame.eventCount();
            options.visitor().visit(frame, offset);
            if ((frames & 1023) == 0) {
                options.progress().accept(bytes + offset);
            }
        });
        bytes += scan.end().offset();
        options.progress().accept(bytes);
        return scan;
    }

    /** The file of a segment, wherever it is; null if nowhere. */
    private FileOps.@Nullable OpenFile open(long number) throws IOException {
        for (int tries = 0; tries < READS_OF_A_MOVING_FILE; tries++) {
            Path active = directory.chronicleFile(number);
            for (Path path : new @Nullable Path[] {directory.segment(number), active, directory.segment(number)}) {
                if (path != null && files.attributes(path) != null) {
                    try {
                        return files.open(path, FileOps.Mode.READ);
                    } catch (NoSuchFileException moved) {
                        // meanwhile: look again
                    }
                }
            }
        }
        return null;
    }

    private void others() throws IOException {
        for (Traces.Trace trace : traces.find(directory.root(), files)) {
            String problem = trace.problem();
            UUID said = trace.logId();
            if (problem != null) {
                add(trace.isLost() ? Severity.DAMAGE : Severity.IMPERFECTION, problem, trace.file());
            } else if (said != null && !said.equals(logId)) {
                add(Severity.DAMAGE, "file is of log " + said + ", not of " + logId, trace.file());
            }
        }
        if (!files.list(directory.torn()).isEmpty()) {
            add(Severity.NOTE, "segments that were never durable are kept", directory.torn());
        }
        for (String name : files.list(directory.root())) {
            if (!Recovery.isKnownName(name)) {
                add(Severity.NOTE, "unknown file is ignored: " + Names.quoted(name), directory.root());
            }
        }
    }

    /** Looks at a log as its writer to be, who holds the lock, and refuses it if anything is wrong. */
    static void requirePerfect(LogDirectory directory, Traces traces, FileOps files) throws IOException {
        if (files.attributes(directory.meta()) == null
                && files.attributes(directory.manifest()) == null
                && files.list(directory.segments()).isEmpty()
                && files.list(directory.active()).isEmpty()) {
            return;
        }
        LogMeta meta = null;
        if (files.attributes(directory.meta()) != null) {
            try (FileOps.OpenFile file = files.open(directory.meta(), FileOps.Mode.READ)) {
                meta = LogMeta.read(file);
            }
        }
        if (meta == null) {
            throw new CorruptLogException(
                    "log.meta is missing or damaged: file=" + directory.meta()
                            + " offset=0; nothing was changed. Open the log with Recovery.RECOVER to have it made anew",
                    directory.meta(),
                    0,
                    -1,
                    -1,
                    null);
        }
        new Inspection(directory, InspectOptions.of(true), traces, files)
                .run(meta)
                .requirePerfect();
    }
}
