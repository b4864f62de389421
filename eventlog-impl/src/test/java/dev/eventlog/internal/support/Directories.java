package dev.eventlog.internal.support;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Copies, hashes and deletes the directories of logs. */
public final class Directories {

    /** Copied first: what they say must not be ahead of the segments, since a process crash is one instant. */
    private static final List<String> FIRST = List.of("cursors", "parked", "state");

    private static final int BLOCK_LENGTH = 64 << 10;
    private static final byte[] ZEROS = new byte[BLOCK_LENGTH];

    private Directories() {}

    /** Copies a log's directory as a crash at this moment would leave it; the log may go on appending. */
    public static void copyLog(Path from, Path to) {
        try {
            Files.createDirectories(to);
            for (String name : FIRST) {
                copy(from.resolve(name), to.resolve(name));
            }
            try (var children = Files.list(from)) {
                for (Path child : children.toList()) {
                    String name = child.getFileName().toString();
                    if (!FIRST.contains(name)) {
                        copy(child, to.resolve(name));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        if (Files.isDirectory(from, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectories(to);
            try (var children = Files.list(from)) {
                for (Path child : children.toList()) {
                    copy(child, to.resolve(child.getFileName()));
                }
            }
        } else if (Files.isRegularFile(from, LinkOption.NOFOLLOW_LINKS)) {
            try {
                copyWithoutZeros(from, to);
            } catch (NoSuchFileException goneMeanwhile) {
                // Chronicle lets its own files go in the background
            }
        }
    }

    /** Leaves holes where the file has only zeros: what is allocated ahead need not be written once more. */
    private static void copyWithoutZeros(Path from, Path to) throws IOException {
        byte[] block = new byte[BLOCK_LENGTH];
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
        } catch (FileNotFoundException gone) {
            throw new NoSuchFileException(from.toString());
        }
    }

    /** Name and hash of each regular file below a directory. */
    public static Map<String, String> hashes(Path directory) {
        var hashes = new TreeMap<String, String>();
        try (var files = Files.walk(directory)) {
            for (Path file : files.toList()) {
                if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
                    hashes.put(
                            directory.relativize(file).toString(),
                            HexFormat.of().formatHex(digest));
                }
            }
            return hashes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Names below a directory, directories too. */
    public static List<String> names(Path directory) {
        try (var files = Files.walk(directory)) {
            return files.map(file -> directory.relativize(file).toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deletes a directory with all that is in it. */
    public static void delete(Path directory) {
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
