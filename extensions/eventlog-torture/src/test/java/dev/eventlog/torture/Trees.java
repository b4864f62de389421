package dev.eventlog.torture;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/** Copies directories and tells what is in them. <b>Threading:</b> Thread-safe: without state. */
final class Trees {

    private static final int BLOCK = 64 << 10;
    private static final byte[] ZEROS = new byte[BLOCK];
    /** Copied first: a log that is written meanwhile may be ahead of these, not behind. */
    private static final List<String> FIRST = List.of("cursors", "parked", "state");

    private Trees() {}

    /** Copies a log's directory; zeros at the ends of files become holes. */
    static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        for (String name : FIRST) {
            if (Files.exists(from.resolve(name))) {
                copyAny(from.resolve(name), to.resolve(name));
            }
        }
        try (var children = Files.list(from)) {
            for (Path child : children.toList()) {
                if (!FIRST.contains(child.getFileName().toString())) {
                    copyAny(child, to.resolve(child.getFileName()));
                }
            }
        }
    }

    private static void copyAny(Path from, Path to) throws IOException {
        if (Files.isDirectory(from)) {
            Files.createDirectories(to);
            try (var children = Files.list(from)) {
                for (Path child : children.toList()) {
                    copyAny(child, to.resolve(child.getFileName()));
                }
            }
            return;
        }
        byte[] block = new byte[BLOCK];
        try (var source = new RandomAccessFile(from.toFile(), "r");
                var target = new RandomAccessFile(to.toFile(), "rw")) {
            long at = 0;
            for (int read = source.read(block); read > 0; read = source.read(block)) {
                if (!Arrays.equals(block, 0, read, ZEROS, 0, read)) {
                    target.seek(at);
                    target.write(block, 0, read);
                }
                at += read;
            }
            target.setLength(at);
        } catch (java.io.FileNotFoundException gone) {
            throw new NoSuchFileException(from.toString());
        }
    }

    /** Regular files below a directory, ordered. */
    static List<Path> files(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    /** Length and checksum of each file below a directory that is there. */
    static Map<String, String> checksums(Path directory) throws IOException {
        var checksums = new TreeMap<String, String>();
        if (Files.exists(directory)) {
            for (Path file : files(directory)) {
                var crc = new CRC32C();
                byte[] bytes = Files.readAllBytes(file);
                crc.update(bytes);
                checksums.put(directory.relativize(file).toString(), bytes.length + " " + crc.getValue());
            }
        }
        return checksums;
    }
}
