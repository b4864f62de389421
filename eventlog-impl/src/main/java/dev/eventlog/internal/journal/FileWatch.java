package dev.eventlog.internal.journal;

import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Looks whether the names of a log's files still stand for the files that it has open. Somebody who deletes, replaces or
 * cuts a file under an open log is met by no error: what is appended goes on into a file that nobody will find.
 *
 * <p><b>Threading:</b> One thread at a time: the I/O thread; except {@link #require} and {@link #requireDirectory}: thread-safe.
 */
final class FileWatch {

    /** Sealed segments that are looked at each time: a look takes some microseconds, and there may be many. */
    private static final int SEALED_AT_ONCE = 256;

    private static final String ADVICE =
            "; what was appended since may be lost. Close the log, bring back what was there, then open it again";

    private final FileOps files;
    private final LogDirectory directory;
    private final Known root;
    // by number; what was sealed, or what a name stood for when it was first looked at
    private final Map<Long, Object> sealed = new HashMap<>();
    private int nextSealed;

    FileWatch(LogDirectory directory, FileOps files) throws IOException {
        this.files = files;
        this.directory = directory;
        root = know(directory.root(), 0);
    }

    /**
     * A file as it was.
     *
     * @param length bytes that it has at least
     */
    record Known(Path path, Object fileKey, long length) {

        /** The same file where less of it is needed, or more. */
        Known withLength(long newLength) {
            return new Known(path, fileKey, newLength);
        }
    }

    /** Takes up what a name stands for. */
    Known know(Path path, long length) throws IOException {
        FileOps.Named named = files.named(path);
        if (named == null) {
            throw lost("deleted or renamed", path);
        }
        return new Known(path, named.fileKey(), length);
    }

    /**
     * Makes sure that a name still stands for the same file, and that the file is as long as it was.
     *
     * @throws IOException if not; the directory is named where it is not the same any more
     */
    void require(Known known) throws IOException {
        FileOps.Named named = files.named(known.path());
        if (named != null && named.fileKey().equals(known.fileKey()) && named.length() >= known.length()) {
            return;
        }
        FileOps.Named now = files.named(root.path());
        if (now == null || !now.fileKey().equals(root.fileKey())) {
            throw lost("the log's directory was renamed, deleted or replaced", root.path());
        }
        throw named == null
                ? lost("file was deleted or renamed", known.path())
                : named.fileKey().equals(known.fileKey())
                        ? lost(
                                "file was truncated to " + named.length() + " bytes, it had " + known.length()
                                        + " or more",
                                known.path())
                        : lost("file was replaced by another", known.path());
    }

    private static IOException lost(String what, Path path) {
        return new IOException(what + " while the log was open: " + path + ADVICE);
    }

    /** Makes sure of the log's directory. */
    void requireDirectory() throws IOException {
        require(root);
    }

    /** Takes up a segment that was moved to the sealed ones: it is the file that was written. */
    void sealed(Segment segment, Known written) {
        sealed.put(segment.number(), written.fileKey());
    }

    /** Makes sure of some of the sealed segments: all of them in turn. */
    void requireSealed(List<Segment> segments) throws IOException {
        if (nextSealed >= segments.size()) {
            nextSealed = 0;
            long first = segments.isEmpty() ? Long.MAX_VALUE : segments.get(0).number();
            sealed.keySet().removeIf(number -> number < first);
        }
        for (int left = SEALED_AT_ONCE; left > 0 && nextSealed < segments.size(); left--) {
            requireSealed(segments.get(nextSealed++));
        }
    }

    private void requireSealed(Segment segment) throws IOException {
        Path path = directory.segment(segment.number());
        Object fileKey = sealed.get(segment.number());
        if (fileKey == null) {
            Known known = know(path, segment.endOffset());
            sealed.put(segment.number(), known.fileKey());
            fileKey = known.fileKey();
        }
        require(new Known(path, fileKey, segment.endOffset()));
    }
}
