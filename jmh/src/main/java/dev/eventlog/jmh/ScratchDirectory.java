package dev.eventlog.jmh;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * A directory for a benchmark's files, deleted with them when closed, or when the JVM is ended from outside.
 *
 * <p><b>Threading:</b> One thread at a time: who made it.
 */
public final class ScratchDirectory implements AutoCloseable {

    private final Path path;
    private final Thread atExit;

    /** Makes one below the parent. */
    public ScratchDirectory(Path parent) throws IOException {
        path = Files.createTempDirectory(Files.createDirectories(parent), "eventlog-jmh");
        atExit = new Thread(() -> {
            try {
                delete(path);
            } catch (IOException failure) {
                System.err.println("not deleted: " + path + ": " + failure);
            }
        });
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /** Where it is. */
    public Path path() {
        return path;
    }

    @Override
    public void close() throws IOException {
        delete(path);
        Runtime.getRuntime().removeShutdownHook(atExit);
    }

    private static void delete(Path directory) throws IOException {
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) { // a child that is ending deletes its own
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure) throws IOException {
                Files.deleteIfExists(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
