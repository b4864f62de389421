package dev.eventlog.internal.journal;

import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Names;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The directory of a log: where each file is, and whether the directory is one to trust.
 *
 * <pre>
 *   lock          the writer's lock              log.meta     identity and fixed settings
 *   state         boot, epoch, end, durable end  manifest     epochs and sealed segments
 *   active/n/     Chronicle's directory of segment n, which is being written or was when a writer died
 *   segments/n.segment   sealed segments         index/n.index  their sparse indexes
 *   cursors/      consumers' checkpoints         parked/      their lists of parked events
 *   owners/       consumers' locks
 * </pre>
 *
 * <p><b>Threading:</b> Immutable.
 */
final class LogDirectory {

    private static final String SEGMENT_SUFFIX = ".segment";
    private static final String INDEX_SUFFIX = ".index";
    private static final String CHRONICLE_SUFFIX = ".cq4";

    private final Path root;
    private final FileOps files;

    private LogDirectory(Path root, FileOps files) {
        this.root = root;
        this.files = files;
    }

    /**
     * Creates the directory if absent, for its owner only, and resolves it once: links on the way to it may change
     * later without effect.
     *
     * @throws IOException if it cannot be created, is no directory, or others may write into it
     */
    static LogDirectory prepare(Path path, boolean insecureAllowed, FileOps files) throws IOException {
        create(path.toAbsolutePath(), files);
        Path root = files.realPath(path);
        FileOps.Attributes attributes = files.attributes(root);
        if (attributes == null || !attributes.isDirectory()) {
            throw new IOException("not a directory: " + root);
        }
        if (!insecureAllowed) {
            requireOurs(root, attributes, files);
        }
        FileSystemAdvice.warn(root, files);
        var directory = new LogDirectory(root, files);
        Path above = root.getParent();
        if (above != null && files.attributes(directory.meta()) == null) {
            // also if the directory was there: whoever made it may have died before this
            files.forceDirectory(above);
        }
        for (Path child : new Path[] {
            directory.active(), directory.segments(), directory.index(), root.resolve("cursors"), root.resolve("parked")
        }) {
            files.createDirectory(child);
        }
        return directory;
    }

    /**
     * The directory of a log that is there; changes nothing.
     *
     * @param insecureAllowed whether others may write into it
     * @throws java.nio.file.NoSuchFileException if there is none
     * @throws IOException if it is no directory, or others may write into it
     */
    static LogDirectory existing(Path path, boolean insecureAllowed, FileOps files) throws IOException {
        Path root = files.realPath(path);
        FileOps.Attributes attributes = files.attributes(root);
        if (attributes == null || !attributes.isDirectory()) {
            throw new IOException("not a directory: " + root);
        }
        if (!insecureAllowed) {
            requireOurs(root, attributes, files);
        }
        return new LogDirectory(root, files);
    }

    private static void create(Path path, FileOps files) throws IOException {
        if (files.attributes(path) == null) {
            Path parent = path.getParent();
            if (parent != null) {
                create(parent, files);
            }
            files.createDirectory(path);
            if (parent != null) {
                // what is durable inside is lost if a power cut takes the name of the directory
                files.forceDirectory(parent);
            }
        }
    }

    private static void requireOurs(Path root, FileOps.Attributes attributes, FileOps files) throws IOException {
        String advice = "; make it yours alone (chown, chmod 700), or allow it with allowInsecureDirectory()";
        if (attributes.isWritableByOthers()) {
            throw new IOException("every user may write into the log's directory: " + root + advice);
        }
        String us = processOwner(files);
        if (us != null && attributes.owner() != null && !us.equals(attributes.owner())) {
            throw new IOException("the log's directory belongs to " + attributes.owner() + ", this process runs as "
                    + us + ": " + root + advice);
        }
    }

    /** The user that this process runs as, by the system's own account; null where it has none. */
    private static @Nullable String processOwner(FileOps files) throws IOException {
        FileOps.Attributes self = files.attributes(Path.of("/proc/self/status"));
        return self == null ? null : self.owner();
    }

    /** A hash of what the directory is, as long as it exists: a copy has another. */
    long identity() throws IOException {
        FileOps.Attributes attributes = files.attributes(root);
        Object key = attributes == null ? null : attributes.fileKey();
        return Names.hash64(key == null ? root.toString() : key.toString());
    }

    Path root() {
        return root;
    }

    Path lock() {
        return root.resolve("lock");
    }

    Path meta() {
        return root.resolve("log.meta");
    }

    Path state() {
        return root.resolve("state");
    }

    Path manifest() {
        return root.resolve("manifest");
    }

    Path active() {
        return root.resolve("active");
    }

    Path active(long segment) {
        return active().resolve(number(segment));
    }

    Path segments() {
        return root.resolve("segments");
    }

    Path segment(long segment) {
        return segments().resolve(number(segment) + SEGMENT_SUFFIX);
    }

    /** Segments behind a hole that a power cut left. */
    Path torn() {
        return root.resolve("torn");
    }

    Path index() {
        return root.resolve("index");
    }

    Path index(long segment) {
        return index().resolve(number(segment) + INDEX_SUFFIX);
    }

    /** Chronicle's data file in a directory of {@link #active()}; null if there is none. */
    @Nullable
    Path chronicleFile(long segment) throws IOException {
        return chronicleFile(active(segment));
    }

    /** Chronicle's data file in a directory of its own; null if there is none. */
    @Nullable
    Path chronicleFile(Path own) throws IOException {
        Path found = null;
        for (String name : files.list(own)) {
            if (name.endsWith(CHRONICLE_SUFFIX)) {
                found = own.resolve(name);
            }
        }
        return found;
    }

    /** Where a segment is now, sealed or not; null if it is not there. */
    @Nullable
    Path anySegment(long number) throws IOException {
        Path sealed = segment(number);
        if (files.attributes(sealed) == null) {
            Path written = chronicleFile(number);
            // it moves one way: not in active/ any more, it is among the sealed ones by now
            return written != null ? written : files.attributes(sealed) == null ? null : sealed;
        }
        return sealed;
    }

    /** Deletes a directory of {@link #active()} with what Chronicle keeps in it. */
    void deleteActive(long segment) throws IOException {
        Path directory = active(segment);
        for (String name : files.list(directory)) {
            files.delete(directory.resolve(name));
        }
        files.delete(directory);
    }

    /** The segment that a name in {@link #active()} or {@link #segments()} stands for; -1 if none. */
    static long segmentNumber(String name, boolean sealed) {
        return numberBefore(sealed ? SEGMENT_SUFFIX : "", name);
    }

    /** The segment whose index a name in {@link #index()} stands for; -1 if none. */
    static long indexNumber(String name) {
        return numberBefore(INDEX_SUFFIX, name);
    }

    private static long numberBefore(String suffix, String name) {
        if (!name.endsWith(suffix)) {
            return -1;
        }
        String digits = name.substring(0, name.length() - suffix.length());
        if (digits.length() != 10) {
            return -1;
        }
        long number = 0;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            number = number * 10 + (c - '0');
        }
        return number;
    }

    private static String number(long segment) {
        return String.format("%010d", segment);
    }
}
