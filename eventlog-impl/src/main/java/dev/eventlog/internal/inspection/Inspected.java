package dev.eventlog.internal.inspection;

import dev.eventlog.error.CorruptLogException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/**
 * What a log consists of, as it was found.
 *
 * <p><b>Threading:</b> Immutable.
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
 * @param processed how far consumers have come whose outputs are in it, as far as that was found
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
        List<Processed> processed,
        List<Finding> findings) {

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
    public record Finding(Severity severity, String what, Path file, long offset, long from, long to) {

        /** All of it in one line. */
        String describe() {
            return severity + ": " + what + ": file=" + file + " offset=" + offset
                    + (from < 0 ? "" : " positions=" + from + ".." + (to == Long.MAX_VALUE ? "unknown" : to));
        }
    }

    /**
     * How far a consumer has come whose outputs are in the log.
     *
     * @param logId the log that it reads
     * @param consumer its name
     * @param checkpoint position of its first event whose outputs are not there
     */
    public record Processed(UUID logId, String consumer, long checkpoint) {}

    /** The gravest finding. */
    public Severity severity() {
        return findings.stream().map(Finding::severity).max(Severity::compareTo).orElse(Severity.NOTE);
    }

    /**
     * Fails with a list of what was found, if that is more than notes.
     *
     * @throws CorruptLogException then, with the place of the first
     */
    public void requirePerfect() {
        List<Finding> wrong = findings.stream()
                .filter(finding -> finding.severity() != Severity.NOTE)
                .toList();
        if (wrong.isEmpty()) {
            return;
        }
        var list = new StringBuilder();
        for (Finding finding : wrong) {
            list.append("\n  ").append(finding.describe());
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
}
