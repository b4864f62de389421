package dev.eventlog.torture.disk;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a power cut could leave of a directory. The files are real; this remembers of each 4 KiB page every version that
 * was seen since it was forced, and which names were made, changed or deleted since their directory was forced. Stores
 * through mappings are seen when the files are captured: the page cache is one for mappings and reads.
 *
 * <p>An {@link #image} takes of each page any version, whole or by sectors; of each length any; and of the changes of
 * names either those up to some moment, as a journalling file system would, or any that can stand without the others.
 *
 * <p><b>Threading:</b> Thread-safe: one monitor.
 */
public final class Disk {

    private static final int READ_AT_ONCE = 256 << 10;

    private final Path root;
    private final Map<Object, Inode> inodes = new HashMap<>();
    // by directory and name, as they are now and as they are for sure
    private Map<Entry, Object> names = new LinkedHashMap<>();
    private final Map<Entry, Object> durableNames = new LinkedHashMap<>();
    private final List<Change> changes = new ArrayList<>();
    private final Map<Object, Path> paths = new HashMap<>();
    private final Map<Object, Integer> errors = new HashMap<>();
    private final Scratch scratch = new Scratch();
    private Object rootKey;

    /** A name in a directory. */
    private record Entry(Object directory, String name) {}

    /** What happened to a file's name: made (from is null), deleted (to is null), renamed. */
    private record Change(Entry from, Entry to, Object inode) {
        boolean isIn(Object directory) {
            return (from != null && from.directory().equals(directory))
                    || (to != null && to.directory().equals(directory));
        }
    }

    /** A buffer to read by. */
    static final class Scratch {
        final byte[] bytes = new byte[READ_AT_ONCE];
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(READ_AT_ONCE);

        int read(FileChannel channel, long at, long end) throws IOException {
            buffer.clear().limit((int) Math.min(READ_AT_ONCE, end - at));
            int read = channel.read(buffer, at);
            if (read > 0) {
                buffer.flip().get(bytes, 0, read);
            }
            return read;
        }
    }

    /** A disk that has for sure what is in a directory now. */
    public Disk(Path root) throws IOException {
        this.root = root.toRealPath();
        capture();
        for (Inode inode : inodes.values()) {
            inode.forced(0, Long.MAX_VALUE);
        }
        durableNames.putAll(names);
        changes.clear();
    }

    /** The directory. */
    public Path root() {
        return root;
    }

    /** Takes up what all files hold now. */
    public synchronized void capture() throws IOException {
        changedNames();
        for (Map.Entry<Object, Path> each : paths.entrySet()) {
            Inode inode = inodes.get(each.getKey());
            if (!inode.isDirectory) {
                capture(inode, each.getValue(), 0, Long.MAX_VALUE);
            }
        }
    }

    private void capture(Inode inode, Path path, long from, long to) throws IOException {
        try (var file = new RandomAccessFile(path.toFile(), "r")) {
            inode.capture(file.getChannel(), scratch, from, to);
        } catch (FileNotFoundException goneMeanwhile) {
            // its name goes with the next look
        }
    }

    /** Bytes of a file were forced; what it is called by now does not matter. */
    public synchronized void forced(Object file, long from, long to) throws IOException {
        changedNames();
        Inode inode = inodes.get(file);
        Path path = paths.get(file);
        if (inode != null && path != null) {
            capture(inode, path, from, to);
            inode.forced(from, to);
        }
    }

    /** A force of bytes of a file failed: what was not durable may never become so. */
    public synchronized void failed(Object file, long from, long to) throws IOException {
        changedNames();
        Inode inode = inodes.get(file);
        Path path = paths.get(file);
        if (inode != null && path != null) {
            capture(inode, path, from, to);
            inode.failed(from, to);
        }
        errors.merge(file, 1, Integer::sum);
    }

    /** How many forces of a file failed. */
    synchronized int errors(Object file) {
        return errors.getOrDefault(file, 0);
    }

    /** The names in a directory were forced. */
    public synchronized void forcedNames(Path directory) throws IOException {
        changedNames();
        Object key = key(directory);
        var rest = new ArrayList<Change>();
        var involved = new HashSet<Object>();
        for (int i = changes.size() - 1; i >= 0; i--) {
            Change change = changes.get(i);
            // a rename that is kept keeps that the file was made
            if (change.isIn(key) || involved.contains(change.inode())) {
                involved.add(change.inode());
            } else {
                rest.add(0, change);
            }
        }
        for (Change change : changes) {
            if (!rest.contains(change)) {
                apply(change, durableNames);
            }
        }
        changes.clear();
        changes.addAll(rest);
    }

    private static Object key(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    private static void apply(Change change, Map<Entry, Object> to) {
        if (change.from() != null) {
            to.remove(change.from(), change.inode());
        }
        if (change.to() != null) {
            to.put(change.to(), change.inode());
        }
    }

    /** Notes what was made, renamed and deleted since the last look. */
    public synchronized void changedNames() throws IOException {
        var now = new LinkedHashMap<Entry, Object>();
        paths.clear();
        Files.walkFileTree(root, new Walk(now));
        var gone = new HashMap<Object, Entry>();
        names.forEach((entry, inode) -> {
            if (!inode.equals(now.get(entry))) {
                gone.put(inode, entry);
            }
        });
        now.forEach((entry, inode) -> {
            if (!inode.equals(names.get(entry))) {
                changes.add(new Change(gone.remove(inode), entry, inode));
            }
        });
        Set<Object> alive = new HashSet<>(now.values());
        gone.forEach((inode, entry) -> {
            // a name that was given to another file went with that
            if (!now.containsKey(entry)) {
                changes.add(new Change(entry, null, inode));
            }
            assert !alive.contains(inode);
        });
        names = now;
    }

    /** Finds all files. */
    private final class Walk extends SimpleFileVisitor<Path> {

        private final Map<Entry, Object> found;
        private final Map<Path, Object> directories = new HashMap<>();

        Walk(Map<Entry, Object> found) {
            this.found = found;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            directories.put(directory, attributes.fileKey());
            if (directory.equals(root)) {
                rootKey = attributes.fileKey();
            } else {
                add(directory, attributes);
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            add(file, attributes);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
                return FileVisitResult.CONTINUE;
            }
            throw e;
        }

        private void add(Path path, BasicFileAttributes attributes) {
            Object key = attributes.fileKey();
            found.put(
                    new Entry(
                            directories.get(path.getParent()),
                            path.getFileName().toString()),
                    key);
            paths.put(key, path);
            inodes.computeIfAbsent(key, unused -> new Inode(key, attributes.isDirectory()));
        }
    }

    /** Number of things that a power cut could leave one way or another. */
    public synchronized int doubts() {
        int doubts = changes.size();
        for (Object key : paths.keySet()) {
            doubts += inodes.get(key).doubts();
        }
        return doubts;
    }

    /**
     * Writes what a power cut at the last capture could leave into a directory.
     *
     * @return a hash of all names and bytes
     */
    public synchronized long image(Path target, Choices choices) throws IOException {
        var chosen = new LinkedHashMap<>(durableNames);
        if (choices.tears()) {
            chooseAny(chosen, choices);
        } else {
            int kept = choices.pick(changes.size() + 1);
            changes.subList(0, kept).forEach(change -> apply(change, chosen));
        }
        return write(target, rootKey, chosen, choices, "");
    }

    /** Any changes, but of those of one file or of one name none without the ones before. */
    private void chooseAny(Map<Entry, Object> chosen, Choices choices) {
        var left = new HashSet<>();
        for (Change change : changes) {
            boolean follows =
                    left.contains(change.inode()) || left.contains(change.from()) || left.contains(change.to());
            if (!follows && choices.pick(2) == 1) {
                apply(change, chosen);
            } else {
                left.add(change.inode());
                left.add(change.from() == null ? change.inode() : change.from());
                left.add(change.to() == null ? change.inode() : change.to());
            }
        }
    }

    private long write(Path directory, Object key, Map<Entry, Object> chosen, Choices choices, String below)
            throws IOException {
        Files.createDirectories(directory);
        long hash = Hash.of(below);
        for (Map.Entry<Entry, Object> each : chosen.entrySet()) {
            if (!each.getKey().directory().equals(key)) {
                continue;
            }
            Inode inode = inodes.get(each.getValue());
            Path path = directory.resolve(each.getKey().name());
            if (inode.isDirectory) {
                hash += write(path, inode.key, chosen, choices, below + "/" + path.getFileName());
            } else {
                try (var file = new RandomAccessFile(path.toFile(), "rw")) {
                    // a commit fits a sector, and both slots may change between two forces
                    long content = inode.write(file, choices, !path.getParent().endsWith("cursors"), scratch);
                    hash += Hash.mix(content ^ Hash.of(below + "/" + path.getFileName()));
                }
            }
        }
        return hash;
    }

    /** What is durable of the names, and what happened to them since. */
    @Override
    public synchronized String toString() {
        var text = new StringBuilder("durable names:\n");
        durableNames.forEach((entry, inode) -> text.append("  ")
                .append(text(entry))
                .append(" = ")
                .append(inode)
                .append('\n'));
        text.append("changes since:\n");
        for (Change change : changes) {
            text.append("  ")
                    .append(text(change.from()))
                    .append(" -> ")
                    .append(text(change.to()))
                    .append('\n');
        }
        return text.toString();
    }

    private String text(Entry entry) {
        if (entry == null) {
            return "nothing";
        }
        Path parent = entry.directory().equals(rootKey) ? root : paths.get(entry.directory());
        return (parent == null ? "deleted directory" : root.relativize(parent)) + "/" + entry.name();
    }
}
