package dev.eventlog.tools;

import dev.eventlog.internal.inspection.Inspected;
import dev.eventlog.internal.support.Names;
import java.nio.file.Path;
import java.util.List;

/**
 * What a tool found in a log.
 *
 * <p><b>Threading:</b> Immutable.
 *
 * @param directory real path of the log
 * @param logId identity of the log
 * @param firstPosition where it begins
 * @param endPosition where it ends
 * @param segments number of its segments
 * @param events events that were read
 * @param bytes bytes of segments that were read
 * @param findings what is worth to be told, in the order of positions
 */
public record Report(
        Path directory,
        String logId,
        long firstPosition,
        long endPosition,
        int segments,
        long events,
        long bytes,
        List<Finding> findings) {

    /** How grave a finding is, least first. */
    public enum Severity {
        /** Nothing is wrong. */
        NOTE,
        /** Not as a writer leaves it: a torn end, a file that is missing and will be made anew, damage that is recorded. */
        IMPERFECTION,
        /** A file is damaged whose contents other files tell: the next open makes it anew. */
        DERIVED,
        /** Something is damaged or lost that no other file tells. */
        DAMAGE
    }

    /**
     * Something that was found.
     *
     * @param severity how grave it is
     * @param what is wrong, or worth to be told
     * @param file where
     * @param offset bytes from the file's beginning
     * @param fromPosition first event that is affected; -1: none
     * @param toPosition behind the last; {@link Long#MAX_VALUE} if unknown, -1: none
     */
    public record Finding(Severity severity, String what, Path file, long offset, long fromPosition, long toPosition) {

        /** In one line; what is no printable ASCII is escaped. */
        @Override
        public String toString() {
            String positions = fromPosition < 0
                    ? ""
                    : " positions=" + fromPosition + ".."
                            + (toPosition == Long.MAX_VALUE ? "unknown" : Long.toString(toPosition));
            return severity + ": " + Text.printable(what) + ": file=" + Text.printable(file.toString()) + " offset="
                    + offset + positions;
        }
    }

    static Report of(Inspected log) {
        return new Report(
                log.directory(),
                log.logId().toString(),
                log.firstPosition(),
                log.endPosition(),
                log.segments(),
                log.events(),
                log.bytes(),
                log.findings().stream().map(Report::finding).toList());
    }

    private static Finding finding(Inspected.Finding finding) {
        return new Finding(
                Severity.valueOf(finding.severity().name()),
                finding.what(),
                finding.file(),
                finding.offset(),
                finding.from(),
                finding.to());
    }

    /** Whether no file is damaged and nothing is lost that is not recorded as such. */
    public boolean isSound() {
        return findings.stream().allMatch(finding -> finding.severity().compareTo(Severity.DERIVED) < 0);
    }

    /** The findings of a gravity or more. */
    public List<Finding> findings(Severity atLeast) {
        return findings.stream()
                .filter(finding -> finding.severity().compareTo(atLeast) >= 0)
                .toList();
    }

    /** All of it as one JSON object, in ASCII. Positions that are not known are null. */
    public String toJson() {
        var json = new StringBuilder("{\"directory\":").append(Text.json(directory.toString()));
        json.append(",\"sound\":").append(isSound());
        json.append(",\"logId\":").append(Text.json(logId));
        json.append(",\"firstPosition\":").append(firstPosition);
        json.append(",\"endPosition\":").append(endPosition);
        json.append(",\"segments\":").append(segments);
        json.append(",\"events\":").append(events);
        json.append(",\"bytes\":").append(bytes);
        json.append(",\"findings\":[");
        for (int i = 0; i < findings.size(); i++) {
            Finding finding = findings.get(i);
            json.append(i == 0 ? "" : ",");
            json.append("{\"severity\":").append(Text.json(finding.severity().name()));
            json.append(",\"what\":").append(Text.json(finding.what()));
            json.append(",\"file\":").append(Text.json(finding.file().toString()));
            json.append(",\"offset\":").append(finding.offset());
            json.append(",\"fromPosition\":").append(position(finding.fromPosition()));
            json.append(",\"toPosition\":").append(position(finding.toPosition()));
            json.append('}');
        }
        return json.append("]}").toString();
    }

    private static String position(long position) {
        return position < 0 || position == Long.MAX_VALUE ? "null" : Long.toString(position);
    }

    /** In some lines, for people. */
    @Override
    public String toString() {
        var text = new StringBuilder(isSound() ? "sound" : "DAMAGED").append(": ");
        text.append(Names.quoted(directory.toString()));
        text.append(" log ").append(logId);
        text.append(", positions ").append(firstPosition).append(" to ").append(endPosition);
        text.append(", segments ").append(segments);
        text.append(", events read ").append(events);
        for (Finding finding : findings) {
            text.append(System.lineSeparator()).append("  ").append(finding);
        }
        return text.toString();
    }
}
