package dev.eventlog.internal.journal;

import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.inspection.Traces;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the directory of a log into order when a writer opens it, whatever the last writer left.
 *
 * <p>Sealed segments are taken as the manifest has them; if it is missing or damaged they are scanned and it is made
 * anew. What stands in {@code active/} is scanned, checked against what must be there, recorded with its valid end and
 * moved to {@code segments/}. No byte of a segment is rewritten; behind a failed force it is copied. Each step can be repeated: a process that dies here
 * leaves work, not damage.
 *
 * <p>What must be there: in the same boot of the machine, everything below the end position that the last writer
 * published, since the page cache survived it. After another boot, everything below the greatest durable position that
 * the state file or any frame tells; what is above is kept as far as it is valid, the rest stays in its file.
 *
 * <p>Where the log begins is told by the manifest's record of what was pruned; the files of such segments are deleted if a
 * process died before it had. Where the oldest segments are missing and no such record is there, see
 * {@link #findBeginning}.
 *
 * <p><b>Threading:</b> One thread at a time: the I/O thread, holding the directory's lock.
 */
final class Recovery {

    private static final Logger LOGGER = LoggerFactory.getLogger(Recovery.class);
    private static final Set<String> KNOWN = Set.of(
            "lock",
            "log.meta",
            "state",
            "manifest",
            "active",
            "segments",
            "index",
            "cursors",
            "owners",
            "parked",
            "torn",
            "replaced");

    private static final int COPIED_AT_ONCE = 1 << 20;

    private final LogDirectory directory;
    private final LogMeta meta;
    private final FileOps files;
    private final Traces traces;
    private final Policy policy;
    private final int seed;
    private Manifest manifest;
    private boolean manifestChanged;
    // whether the file is there, whole as far as its records show
    private boolean manifestIsWhole;
    private long firstPosition;
    private long endPosition;
    private long lastNumber;
    // everything below must be there, by the state file or a segment that was scanned
    private long told;
    // events up to here must have been there, and nothing is left of the last of them; 0: none
    private long lostEnd;

    private Recovery(LogDirectory directory, LogMeta meta, Traces traces, Policy policy, FileOps files) {
        this.policy = policy;
        this.directory = directory;
        this.meta = meta;
        this.files = files;
        this.traces = traces;
        seed = FrameBuilder.seed(meta.logId());
        manifest = Manifest.create(directory.manifest(), meta.logId(), files);
    }

    /**
     * What a log consists of after recovery.
     *
     * @param manifest recorded epochs, segments, dictionary
     * @param firstPosition where the log begins
     * @param endPosition where the next event goes; everything below was forced and survives a power cut
     * @param nextNumber number that no segment has had
     * @param nextEpoch epoch that no writer has had
     */
    record Result(Manifest manifest, long firstPosition, long endPosition, long nextNumber, int nextEpoch) {}

    /**
     * What the configuration says of it.
     *
     * @param isPruning whether the log is opened with a rule of retention
     * @param isDamageRecorded whether events that are missing are recorded as lost, rather than the open refused
     */
    record Policy(boolean isPruning, boolean isDamageRecorded) {}

    /** Does it. */
    static Result run(
            LogDirectory directory, LogMeta meta, StateFile.Boot boot, Traces traces, Policy policy, FileOps files)
            throws IOException {
        return new Recovery(directory, meta, traces, policy, files).run(boot);
    }

    private Result run(StateFile.Boot boot) throws IOException {
        nameUnknownFiles();
        loadManifest();
        finishPruning();
        StateFile state = StateFile.read(directory.state(), meta.logId(), files);
        findBeginning(state);
        boolean sameBoot = state != null && boot.isKnown() && state.boot().equals(boot);
        // an unknown position is below any other
        long end = sameBoot && state != null ? state.endPosition() : StateFile.UNKNOWN;
        told = state == null ? 0 : Math.max(state.durablePosition(), end);
        takeUnrecordedSegments();
        checkSealedSegments();
        List<Leftover> leftovers = scanLeftovers();
        long required = requiredPosition(leftovers);
        if (end == StateFile.UNKNOWN) {
            required = durableBehind(leftovers, required);
        }
        if (policy.isDamageRecorded()) {
            leftovers = scannedBehindDamage(leftovers, required);
        }
        List<Leftover> kept = contiguous(leftovers, required);
        // in another boot what is read comes from the disk
        boolean isDoubtful = state == null || (sameBoot && state.isForceFailed());
        for (Leftover leftover : kept) {
            if (leftover.scan().basePosition() > endPosition) {
                recordLostBefore(leftover.number(), leftover.scan().basePosition());
            }
            recordGaps(leftover.number(), leftover.scan());
            if (isDoubtful) {
                writeAgain(leftover);
            } else {
                keep(leftover, sameBoot);
            }
        }
        if (lostEnd > endPosition) {
            recordLostBefore(Math.max(1, lastNumber) + 1, lostEnd);
        }
        for (Leftover leftover : leftovers) {
            if (!kept.contains(leftover)) {
                putAside(leftover);
            }
        }
        if (manifestChanged) {
            manifest.rewrite();
        } else {
            manifest.compact();
        }
        int lastEpoch = Math.max(manifest.lastEpoch(), state != null ? state.epoch() : lastEpochElsewhere());
        for (Leftover leftover : leftovers) {
            lastEpoch = Math.max(lastEpoch, leftover.scan().epoch());
        }
        return new Result(manifest, firstPosition, endPosition, lastNumber + 1, lastEpoch + 1);
    }

    /**
     * The greatest epoch in the files that are not asked as long as the state file tells the last one. What stands in the
     * manifest may be too little: nothing shows that it was cut between two records.
     */
    private int lastEpochElsewhere() throws IOException {
        int last = 0;
        for (Traces.Trace trace : traces.find(directory.root(), files)) {
            if (meta.logId().equals(trace.logId())) {
                last = Math.max(last, trace.epoch());
            }
        }
        for (String name : files.list(directory.torn())) {
            Path aside = directory.torn().resolve(name);
            FileOps.Attributes attributes = files.attributes(aside);
            Path file = attributes != null && attributes.isDirectory() ? directory.chronicleFile(aside) : null;
            if (file != null) {
                try (FileOps.OpenFile open = files.open(file, FileOps.Mode.READ)) {
                    SegmentScanner.Opening opening = SegmentScanner.opening(open);
                    if (opening != null && opening.logId().equals(meta.logId())) {
                        last = Math.max(last, opening.epoch());
                    }
                }
            }
        }
        return last;
    }

    /** Whether something in a log's directory is of ours, by its name. */
    static boolean isKnownName(String name) {
        return KNOWN.contains(name) || name.endsWith(".tmp");
    }

    private void nameUnknownFiles() throws IOException {
        for (String name : files.list(directory.root())) {
            if (!isKnownName(name)) {
                LOGGER.info(
                        "unknown file in the log's directory is ignored: {}",
                        dev.eventlog.internal.support.Names.quoted(name));
            }
        }
    }

    private void loadManifest() throws IOException {
        Manifest read = Manifest.read(directory.manifest(), meta.logId(), files);
        if (read == null ? files.attributes(directory.manifest()) != null : read.isDamaged()) {
            LOGGER.warn("manifest is damaged; what is missing is read from the segments: {}", directory.manifest());
        }
        manifestChanged = read == null || read.isDamaged();
        manifestIsWhole = !manifestChanged;
        if (read != null) {
            manifest = read;
        }
        Manifest.Pruned pruned = manifest.pruned();
        beginAt(pruned == null ? meta.firstPosition() : pruned.firstPosition());
    }

    /** Takes up where the log begins, and how far the manifest knows it from there. */
    private void beginAt(long position) {
        firstPosition = position;
        endPosition = position;
        lastNumber = manifest.lastPruned();
        for (Segment segment : manifest.segments()) {
            lastNumber = Math.max(lastNumber, segment.number());
            endPosition = segment.endPosition();
        }
    }

    /** Deletes what is left of segments that are recorded as pruned. */
    private void finishPruning() throws IOException {
        long last = manifest.lastPruned();
        for (String name : last == 0 ? List.<String>of() : files.list(directory.segments())) {
            long number = LogDirectory.segmentNumber(name, true);
            if (number >= 0 && number <= last) {
                files.delete(directory.segment(number));
            }
        }
        for (String name : last == 0 ? List.<String>of() : files.list(directory.index())) {
            long number = LogDirectory.indexNumber(name);
            if (number >= 0 && number <= last) {
                files.delete(directory.index(number));
            }
        }
    }

    /**
     * Finds where the log begins if its first segments are missing and no record tells that they were pruned. They were if
     * the state file says so, which is told before any file is deleted, or if the oldest segment there is says that none
     * was kept when it was begun. Without a state file that can be read, and without a manifest that is whole, nobody knows:
     * then they count as pruned if the log is opened with a rule of retention, with a warning, else as lost. Whatever is
     * there is kept, so that a wrong word in the state file deletes nothing.
     */
    private void findBeginning(@Nullable StateFile state) throws IOException {
        List<Segment> recorded = manifest.segments();
        if (!recorded.isEmpty() && isThereOrLost(recorded.get(0))) {
            return;
        }
        Path sealed = oldestSealed();
        SegmentScanner.Opening oldest = sealed == null ? oldestActive() : opening(sealed);
        if (sealed != null && oldest == null) {
            // damaged at its beginning: not a question of what is before it
            return;
        }
        long told = state == null ? StateFile.UNKNOWN : state.firstPosition();
        long found = oldest != null ? oldest.basePosition() : Math.max(told, firstPosition);
        if (found <= firstPosition) {
            return;
        }
        boolean isKnown = told != StateFile.UNKNOWN;
        boolean isPruned = isKnown
                ? told >= found
                : oldest != null && (oldest.previousNumber() < 0 || (policy.isPruning() && !manifestIsWhole));
        if (!isPruned && policy.isDamageRecorded()) {
            // takeUnrecordedSegments, checkSealedSegments and contiguous find what is missing
            return;
        }
        if (!isPruned) {
            throw Corruption.at(
                    "segment is missing"
                            + (isKnown || manifestIsWhole
                                    ? ""
                                    : " or was pruned, which manifest and state told that are lost too; if the log was"
                                            + " opened with retainFor or retainBytes before, open it so once more"),
                    directory.segments(),
                    0,
                    firstPosition,
                    found);
        }
        LOGGER.warn(
                "record of pruned segments is lost; the log begins with the oldest segment that is there, as {}: directory={} firstPosition={}",
                isKnown ? "the state file says" : "nothing tells whether older ones were pruned or lost",
                directory.root(),
                found);
        long lastPruned = oldest == null ? lastNumber : oldest.number() - 1;
        manifest.addFoundPruned(new Manifest.Pruned(lastPruned, found, Long.MIN_VALUE));
        manifestChanged = true;
        beginAt(found);
    }

    private boolean isThereOrLost(Segment first) throws IOException {
        return files.attributes(directory.segment(first.number())) != null
                || directory.chronicleFile(first.number()) != null
                || manifest.isRecordedAsDamaged(first.basePosition(), first.basePosition() + 1);
    }

    private @Nullable Path oldestSealed() throws IOException {
        for (String name : files.list(directory.segments())) {
            long number = LogDirectory.segmentNumber(name, true);
            if (number > manifest.lastPruned()) {
                return directory.segment(number);
            }
        }
        return null;
    }

    private SegmentScanner.@Nullable Opening oldestActive() throws IOException {
        for (String name : files.list(directory.active())) {
            long number = LogDirectory.segmentNumber(name, false);
            Path file = number > manifest.lastPruned() ? directory.chronicleFile(number) : null;
            SegmentScanner.Opening opening = file == null ? null : opening(file);
            if (opening != null) {
                return opening;
            }
        }
        return null;
    }

    private SegmentScanner.@Nullable Opening opening(Path file) throws IOException {
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.READ)) {
            SegmentScanner.Opening opening = SegmentScanner.opening(open);
            return opening != null && opening.logId().equals(meta.logId()) ? opening : null;
        }
    }

    /** Segments that were moved and not recorded, or all of them where the manifest is made anew. */
    private void takeUnrecordedSegments() throws IOException {
        long recorded = lastNumber;
        for (String name : files.list(directory.segments())) {
            long number = LogDirectory.segmentNumber(name, true);
            if (number > recorded) {
                takeUnrecorded(number, directory.segment(number));
            }
        }
    }

    private void takeUnrecorded(long number, Path file) throws IOException {
        SegmentScan scan = scan(file, SegmentScanner.Expected.NOTHING);
        long forced = durableBehind(file, scan);
        if (policy.isDamageRecorded()) {
            long required = Math.max(Math.max(told, forced), beginningBehind(number));
            scan = scan(file, SegmentScanner.Expected.upTo(endPosition, required));
        }
        boolean follows = scan.dataFrames() > 0 && scan.basePosition() == endPosition;
        if (!follows && policy.isDamageRecorded()) {
            if (scan.dataFrames() == 0 || scan.basePosition() < endPosition) {
                putUnreadableAside(file);
                return;
            }
            recordLostBefore(number, scan.basePosition());
        } else if (!follows) {
            throw Corruption.at(
                    "segment does not follow the one before it (" + scan.problem() + ")",
                    file,
                    scan.end().offset(),
                    endPosition,
                    Long.MAX_VALUE);
        }
        if (forced > scan.end().position() && !policy.isDamageRecorded()) {
            throw Corruption.at(
                    scan.problem() == null ? "events are missing" : scan.problem(),
                    file,
                    scan.end().offset(),
                    scan.end().position(),
                    forced);
        }
        told = Math.max(told, Math.max(forced, scan.durablePosition()));
        recordGaps(number, scan);
        record(number, scan);
    }

    /** Position that the first readable segment behind one begins with; -1 if there is none. */
    private long beginningBehind(long number) throws IOException {
        for (String name : files.list(directory.segments())) {
            long behind = LogDirectory.segmentNumber(name, true);
            SegmentScanner.Opening opening = behind > number ? opening(directory.segment(behind)) : null;
            if (opening != null) {
                return opening.basePosition();
            }
        }
        SegmentScanner.Opening active = oldestActive();
        return active == null ? -1 : active.basePosition();
    }

    /** Events of the end of the last recorded segment, or of segments without a file, that nothing is left of. */
    private void recordLostBefore(long number, long position) {
        List<Segment> segments = manifest.segments();
        Segment last = segments.isEmpty() ? null : segments.get(segments.size() - 1);
        if (last == null || last.number() < number - 1) {
            // no frame tells its epoch: that of the next one is not wrong, as nothing of it can be read
            last = new Segment(number - 1, Math.max(1, manifest.lastEpoch()), endPosition);
            last.seal(new Segment.SegmentEnd(position, 0, 0, 0, 0));
            manifest.addFoundSegment(last);
        } else {
            last.seal(new Segment.SegmentEnd(
                    position, last.endOffset(), last.firstTimeNanos(), last.lastTimeNanos(), last.lastCrc()));
        }
        lose(new Manifest.Damaged(last.number(), endPosition, position, last.endOffset(), last.endOffset()));
        lastNumber = Math.max(lastNumber, last.number());
        endPosition = position;
    }

    private void recordGaps(long number, SegmentScan scan) {
        for (SegmentScan.Gap gap : scan.gaps()) {
            if (gap.to() > gap.from()) {
                lose(new Manifest.Damaged(number, gap.from(), gap.to(), gap.offset(), gap.endOffset()));
            }
        }
    }

    private void lose(Manifest.Damaged range) {
        LOGGER.warn(
                "events are lost and recorded as such: positions={}..{} file={} offset={}",
                range.from(),
                range.to(),
                directory.segment(range.segment()),
                range.offset());
        manifest.addFoundDamage(range);
        manifestChanged = true;
    }

    private void record(long number, SegmentScan scan) {
        if (scan.epoch() > manifest.lastEpoch()) {
            manifest.addFoundEpoch(scan.epoch(), scan.basePosition());
        }
        var segment = new Segment(number, scan.epoch(), scan.basePosition());
        segment.seal(scan.end());
        segment.tell(scan.progress());
        manifest.addFoundSegment(segment);
        manifestChanged = true;
        lastNumber = Math.max(lastNumber, number);
        endPosition = segment.endPosition();
    }

    private SegmentScan scan(Path file, SegmentScanner.Expected expected) throws IOException {
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.READ)) {
            return expected.endPosition() < 0
                    ? SegmentScanner.scan(open, seed, manifest.dictionary())
                    : SegmentScanner.scan(open, seed, manifest.dictionary(), expected);
        }
    }

    /** Each recorded segment must be there, and long enough; one that was recorded and not yet moved is moved. */
    private void checkSealedSegments() throws IOException {
        long expected = firstPosition;
        for (Segment segment : manifest.segments()) {
            Path file = directory.segment(segment.number());
            FileOps.Attributes attributes = files.attributes(file);
            if (attributes == null) {
                Path active = directory.chronicleFile(segment.number());
                if (active != null) {
                    move(active, segment.number());
                    attributes = files.attributes(file);
                }
            }
            boolean isShort = attributes == null || attributes.length() < segment.endOffset();
            if (isShort && manifest.isEndRecordedAsLost(segment)) {
                LOGGER.debug("end of segment was lost before: {}", segment);
            } else if (isShort && policy.isDamageRecorded()) {
                loseEnd(segment, file, attributes != null);
            } else if (isShort) {
                String what = attributes == null
                        ? "segment is missing"
                        : "segment was cut to " + attributes.length() + " bytes";
                throw Corruption.at(
                        what,
                        file,
                        attributes == null ? 0 : attributes.length(),
                        segment.basePosition(),
                        segment.endPosition());
            }
            if (segment.basePosition() != expected) {
                throw Corruption.at(
                        "segment does not follow the one before it", file, 0, expected, segment.basePosition());
            }
            expected = segment.endPosition();
        }
    }

    /** A recorded segment whose file is gone or was cut. */
    private void loseEnd(Segment segment, Path file, boolean isThere) throws IOException {
        long from = segment.basePosition();
        long offset = 0;
        if (isThere) {
            SegmentScan scan = scan(file, SegmentScanner.Expected.all(segment));
            recordGaps(segment.number(), scan);
            if (scan.dataFrames() > 0) {
                from = scan.end().position();
                offset = scan.end().offset();
            }
        }
        lose(new Manifest.Damaged(segment.number(), from, segment.endPosition(), offset, segment.endOffset()));
    }

    /** A segment in {@code active/}, and what a scan found in it. */
    private record Leftover(long number, Path file, SegmentScan scan) {}

    private List<Leftover> scanLeftovers() throws IOException {
        var sealed = new HashSet<Long>();
        manifest.segments().forEach(segment -> sealed.add(segment.number()));
        var found = new ArrayList<Leftover>();
        for (String name : files.list(directory.active())) {
            long number = LogDirectory.segmentNumber(name, false);
            if (number < 0) {
                LOGGER.info("unknown file in active/ is ignored: {}", dev.eventlog.internal.support.Names.quoted(name));
                continue;
            }
            lastNumber = Math.max(lastNumber, number);
            boolean isDone = sealed.contains(number) || number <= manifest.lastPruned();
            Path file = isDone ? null : directory.chronicleFile(number);
            if (file == null) {
                directory.deleteActive(number);
            } else {
                found.add(new Leftover(number, file, scan(file, SegmentScanner.Expected.NOTHING)));
            }
        }
        return found;
    }

    /** The same, each also behind damage as far as events must be there. */
    private List<Leftover> scannedBehindDamage(List<Leftover> leftovers, long required) throws IOException {
        var again = new ArrayList<Leftover>();
        long position = endPosition;
        for (Leftover leftover : leftovers) {
            SegmentScan scan = leftover.scan();
            if (position < required && scan.end().position() < required) {
                scan = scan(leftover.file(), SegmentScanner.Expected.upTo(position, required));
            }
            if (scan.dataFrames() > 0) {
                position = Math.max(position, scan.end().position());
            }
            again.add(new Leftover(leftover.number(), leftover.file(), scan));
        }
        return again;
    }

    /** Everything below must be there. */
    private long requiredPosition(List<Leftover> leftovers) {
        // sealed segments are forced before they are recorded
        long required = Math.max(endPosition, told);
        for (Leftover leftover : leftovers) {
            required = Math.max(required, leftover.scan().durablePosition());
        }
        return required;
    }

    /** The same, also by what stands behind the first hole of a file: holes in what was forced are damage. */
    private long durableBehind(List<Leftover> leftovers, long known) throws IOException {
        long durable = known;
        for (Leftover leftover : leftovers) {
            durable = Math.max(durable, durableBehind(leftover.file(), leftover.scan()));
        }
        return durable;
    }

    private long durableBehind(Path file, SegmentScan scan) throws IOException {
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.READ)) {
            return SegmentScanner.durableBehind(open, seed, scan.end().offset());
        }
    }

    /** The leftovers with events that follow each other and what is sealed; all that is required must be in them. */
    private List<Leftover> contiguous(List<Leftover> leftovers, long required) {
        var kept = new ArrayList<Leftover>();
        long position = endPosition;
        Path file = directory.active();
        long offset = 0;
        String problem = "segment is missing";
        for (Leftover leftover : leftovers) {
            SegmentScan scan = leftover.scan();
            boolean isBehindLost =
                    policy.isDamageRecorded() && scan.basePosition() > position && scan.basePosition() <= required;
            if (scan.dataFrames() > 0 && (scan.basePosition() == position || isBehindLost)) {
                kept.add(leftover);
                position = scan.end().position();
            }
            if (scan.basePosition() <= position) {
                file = leftover.file();
                offset = scan.end().offset();
                problem = scan.problem() == null ? "events are missing" : String.valueOf(scan.problem());
            }
        }
        if (position < required && policy.isDamageRecorded()) {
            lostEnd = required;
        } else if (position < required) {
            throw Corruption.at(problem, file, offset, position, required);
        }
        return kept;
    }

    /**
     * Keeps a leftover by writing it to a new file: a force of it failed, or may have, and behind that the kernel may call
     * pages clean that never reached the disk. What was read of them passed its checksums.
     */
    private void writeAgain(Leftover leftover) throws IOException {
        warnIfTorn(leftover);
        long end = leftover.scan().end().offset();
        Path file = directory.segment(leftover.number());
        Path beside = file.resolveSibling(file.getFileName() + ".tmp");
        LOGGER.warn("events are written again, since a force of their file failed: {}", file);
        files.delete(beside);
        SegmentScan copied;
        try (FileOps.OpenFile from = files.open(leftover.file(), FileOps.Mode.READ);
                FileOps.OpenFile to = files.open(beside, FileOps.Mode.CREATE)) {
            copy(from, to, end);
            to.force();
            copied = leftover.scan().gaps().isEmpty()
                    ? SegmentScanner.scan(to, seed, null)
                    : SegmentScanner.scan(
                            to,
                            seed,
                            null,
                            SegmentScanner.Expected.upTo(
                                    leftover.scan().basePosition(),
                                    leftover.scan().end().position()));
        }
        if (copied.end().offset() != end
                || copied.end().lastCrc() != leftover.scan().end().lastCrc()) {
            throw Corruption.at(
                    "file changed while it was copied",
                    leftover.file(),
                    copied.end().offset(),
                    endPosition,
                    endPosition);
        }
        files.rename(beside, file);
        files.forceDirectory(directory.segments());
        record(leftover.number(), leftover.scan());
        directory.deleteActive(leftover.number());
    }

    /** Copies what is before an offset, with zeros to the end of the page behind it. */
    private static void copy(FileOps.OpenFile from, FileOps.OpenFile to, long end) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocateDirect(COPIED_AT_ONCE);
        long length = trimmedLength(end, Long.MAX_VALUE);
        for (long at = 0; at < length; at += bytes.limit()) {
            bytes.clear().limit((int) Math.min(COPIED_AT_ONCE, length - at));
            from.read(bytes, at);
            for (long i = Math.max(0, end - at); i < bytes.limit(); i++) {
                bytes.put((int) i, (byte) 0);
            }
            to.write(bytes.position(0), at);
        }
    }

    private void warnIfTorn(Leftover leftover) {
        SegmentScan scan = leftover.scan();
        if (scan.problem() != null) {
            LOGGER.warn(
                    "torn end of the log is left out ({}): file={} offset={} position={}",
                    scan.problem(),
                    directory.segment(leftover.number()),
                    scan.end().offset(),
                    scan.end().position());
        }
    }

    private void keep(Leftover leftover, boolean sameBoot) throws IOException {
        warnIfTorn(leftover);
        SegmentScan scan = leftover.scan();
        try (FileOps.OpenFile open = files.open(leftover.file(), FileOps.Mode.WRITE)) {
            if (scan.problem() == null && sameBoot) {
                open.truncate(trimmedLength(scan.end().offset(), open.length()));
            }
            open.force();
        }
        move(leftover.file(), leftover.number());
        record(leftover.number(), scan);
        directory.deleteActive(leftover.number());
    }

    /** A sealed file keeps a whole page, with a zero document header, behind its last frame. */
    static long trimmedLength(long endOffset, long length) {
        long trimmed = (endOffset + DocumentHeader.LENGTH + 4095) & ~4095L;
        return Math.min(trimmed, length);
    }

    private void move(Path file, long number) throws IOException {
        files.rename(file, directory.segment(number));
        files.forceDirectory(directory.segments());
        files.forceDirectory(directory.active(number));
    }

    /** A leftover without events is deleted; one with events that nothing leads to was never durable, and is kept aside. */
    private void putAside(Leftover leftover) throws IOException {
        if (leftover.scan().dataFrames() == 0 && leftover.scan().problem() == null) {
            directory.deleteActive(leftover.number());
            return;
        }
        Path aside = aside(directory.active(leftover.number()));
        LOGGER.warn("segment of events that were never durable is put aside: {} -> {}", leftover.file(), aside);
        files.rename(directory.active(leftover.number()), aside);
        files.forceDirectory(directory.torn());
        files.forceDirectory(directory.active());
    }

    /** A segment that tells nothing any more: its number may be given again, its bytes are kept. */
    private void putUnreadableAside(Path file) throws IOException {
        Path aside = aside(file);
        LOGGER.warn("no event of a segment can be read, its file is put aside: {} -> {}", file, aside);
        files.rename(file, aside);
        files.forceDirectory(directory.torn());
        files.forceDirectory(directory.segments());
    }

    /** A free name among what is kept aside. */
    private Path aside(Path moved) throws IOException {
        files.createDirectory(directory.torn());
        String name = String.valueOf(moved.getFileName());
        Path aside = directory.torn().resolve(name);
        for (int copy = 2; files.attributes(aside) != null; copy++) {
            aside = directory.torn().resolve(name + "-" + copy);
        }
        return aside;
    }
}
