package dev.eventlog.jmh;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** A directory for one benchmark's files: below the system property {@code bench.dir}, else the temporary directory. */
final class ScratchDirectory {

    private ScratchDirectory() {}

    static Path create() throws IOException {
        String parent = System.getProperty("bench.dir");
        return parent == null
                ? Files.createTempDirectory("eventlog-jmh")
                : Files.createTempDirectory(Files.createDirectories(Path.of(parent)), "eventlog-jmh");
    }

    static void delete(Path directory) throws IOException {
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure) throws IOException {
                Files.deleteIfExists(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
