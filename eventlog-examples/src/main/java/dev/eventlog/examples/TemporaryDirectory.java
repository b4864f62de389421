package dev.eventlog.examples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A new directory that is deleted, with what is in it, on close or when the JVM is asked to end; unless it is to be kept.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public final class TemporaryDirectory implements AutoCloseable {

    private final Path path;
    private final Thread deleteAtExit;
    private volatile boolean kept; // written by any thread, read by the one that deletes

    private TemporaryDirectory(Path path) {
        this.path = path;
        deleteAtExit = new Thread(this::delete, "delete-" + path.getFileName());
        Runtime.getRuntime().addShutdownHook(deleteAtExit);
    }

    /** A new directory where the system keeps temporary files. */
    public static TemporaryDirectory create(String prefix) {
        try {
            return new TemporaryDirectory(Files.createTempDirectory(prefix));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A new directory inside another. */
    public static TemporaryDirectory createIn(Path parent, String prefix) throws IOException {
        return new TemporaryDirectory(Files.createTempDirectory(parent, prefix));
    }

    /** The directory. */
    public Path path() {
        return path;
    }

    /** Leaves the directory where it is, for somebody to look into. */
    public void keep() {
        kept = true;
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(deleteAtExit);
        } catch (IllegalStateException endingAlready) {
            return; // the hook does it
        }
        delete();
    }

    /** As far as possible: at the end of the JVM somebody may still be writing. */
    private void delete() {
        if (kept) {
            return;
        }
        for (Path each : contents()) {
            try {
                Files.deleteIfExists(each);
            } catch (IOException stays) {
                System.err.println("could not delete " + each + ": " + stays.getMessage());
            }
        }
    }

    /** Children before their parents. */
    private List<Path> contents() {
        try (Stream<Path> all = Files.walk(path)) {
            return all.sorted(Comparator.reverseOrder()).toList();
        } catch (IOException | UncheckedIOException e) {
            return List.of();
        }
    }
}
