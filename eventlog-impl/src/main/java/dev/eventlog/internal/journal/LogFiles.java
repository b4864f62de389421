package dev.eventlog.internal.journal;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.frame.FrameView;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The files of a log, looked at without its lock and without changing any: what stands in them, and what is wrong with it.
 * A writer may go on meanwhile. What it holds locks on is not opened where that would free them.
 *
 * <p><b>Threading:</b> Thread-safe: without state. Interrupts harm only the caller's own channels.
 */
public final class LogFiles {

    private LogFiles() {}

    /** How grave a finding is, least first. */
    public enum Severity {
        /** Nothing is wrong. */
        NOTE,
        /** Not as a writer leaves it, and nothing that survived a crash is missing. */
        IMPERFECTION,
        /** A file is damaged whose contents can be derived from others. */
        DERIVED,
        /** Something is damaged or lost that nothing else tells. */
        DAMAGE
    }

    /**
     * Something that was found.
     *
     * @param severity how grave it is
     * @param what is wrong, or worth to be told
     * @param file where
     * @param offset bytes from the file's beginning
     * @param from position of the first event that is affected; -1: none
     * @param to position behind the last; {@link Long#MAX_VALUE} if unknown, -1: none
     */
    public record Finding(Severity severity, String what, Path file, long offset, long from, long to) {}

    /**
     * What a log consists of, as it was found.
     *
     * @param directory real path
     * @param logId identity of the log
     * @param lastEpoch greatest epoch of a writer
     * @param firstPosition where it begins
     * @param endPosition where it ends
     * @param segments number of segments
     * @param frames frames that were read
     * @param events events in them
     * @param bytes bytes that were read of segments
     * @param told how far consumers have come whose outputs are in it, as far as that was found
     * @param findings what is worth to be told, in the order of positions
     */
    public record Inspected(
            Path directory,
            UUID logId,
            int lastEpoch,
            long firstPosition,
            long endPosition,
            int segments,
            long frames,
            long events,
            long bytes,
            List<ReadJournal.Progress> told,
            List<Finding> findings) {

        /** The gravest finding. */
        public Severity severity() {
            return findings.stream()
                    .map(Finding::severity)
                    .max(Severity::compareTo)
                    .orElse(Severity.NOTE);
        }
    }

    /** Sees the frames of a log, in order. */
    @FunctionalInterface
    public interface FrameVisitor {
        /**
         * Sees one.
         *
         * @param frame valid until the method returns
         * @param offset of its document header in its file
         */
        void visit(FrameView frame, long offset);
    }

    /** How a log is looked at. */
    public record Options(boolean isFull, LongConsumer progress, FrameVisitor visitor) {

        /** Nobody is told. */
        public static Options of(boolean isFull) {
            return new Options(isFull, bytes -> {}, (frame, offset) -> {});
        }
    }

    /**
     * Looks at a log.
     *
     * @param options whether all segments are read or only what an open would read; told the bytes that were read so far;
     *     shown the frames
     * @throws IOException if there is no such directory, or a file cannot be read
     * @throws CorruptLogException if nothing tells which log it is
     */
    public static Inspected inspect(Path directory, Options options, Journal.Traces traces, FileOps files)
            throws IOException {
        return new Inspection(LogDirectory.existing(directory, true, files), options, traces, files).run(null);
    }

    /**
     * Copies a log as it is at some moment after the call begins, with its consumers. What is copied is read in full.
     *
     * @param target must not exist
     * @param progress told the bytes that were read so far
     * @return what was copied; damage is copied too
     */
    public static Inspected copy(
            Path directory, Path target, LongConsumer progress, Journal.Traces traces, FileOps files)
            throws IOException {
        return new LogCopy(LogDirectory.existing(directory, true, files), target, progress, traces, files).run();
    }

    /** Fails with a list of what was found, if that is more than notes. */
    static void requirePerfect(Inspected inspected) {
        List<Finding> wrong = inspected.findings().stream()
                .filter(finding -> finding.severity() != Severity.NOTE)
                .toList();
        if (wrong.isEmpty()) {
            return;
        }
        var list = new StringBuilder();
        for (Finding finding : wrong) {
            list.append("\n  ").append(describe(finding));
        }
        Finding first = wrong.get(0);
        throw new CorruptLogException(
                "log is not as its writer left it, and is to be opened only if it is: file=" + first.file() + " offset="
                        + first.offset() + "; nothing was changed. Look at what was found, then open it with"
                        + " Recovery.RECOVER or restore it from a backup:" + list,
                first.file(),
                first.offset(),
                first.from(),
                first.to(),
                null);
    }

    /** A finding in one line. */
    public static String describe(Finding finding) {
        return finding.severity() + ": " + finding.what() + ": file=" + finding.file() + " offset=" + finding.offset()
                + (finding.from() < 0
                        ? ""
                        : " positions=" + finding.from() + ".."
                                + (finding.to() == Long.MAX_VALUE ? "unknown" : finding.to()));
    }

    /** A segment that was found. */
    record SegmentFile(Segment segment, Path file, @Nullable SegmentScan scan) {}
}
