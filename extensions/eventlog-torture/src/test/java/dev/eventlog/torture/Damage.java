package dev.eventlog.torture;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.SplittableRandom;

/** Damages one file of a log's directory in one way. <b>Threading:</b> One thread at a time. */
final class Damage {

    private static final int PAGE = 4096;
    private static final int[] EDGES = {
        0,
        1,
        -1,
        7,
        8,
        64,
        0x7fff,
        0xffff,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        0x40000000,
        0x3fffffff,
        0x10000,
        1 << 20
    };

    private final SplittableRandom random;

    Damage(SplittableRandom random) {
        this.random = random;
    }

    /** Does it and says what was done. */
    String strike(Path log, Path older) throws IOException {
        Path victim = victim(log);
        Path other = victim(log);
        String what = strike(log, older, victim, other);
        return what + " " + log.relativize(victim);
    }

    /** Each kind of file as often as another, then any of that kind. */
    private Path victim(Path log) throws IOException {
        List<Path> files = Trees.files(log);
        for (int tries = 0; tries < 50; tries++) {
            Path file = files.get(random.nextInt(files.size()));
            String name = log.relativize(file).toString();
            boolean isData = name.endsWith(".segment") || name.endsWith(".cq4");
            if (!name.equals("lock") && Files.size(file) > 0 && (isData || random.nextInt(3) == 0)) {
                return file;
            }
        }
        return files.get(0);
    }

    private String strike(Path log, Path older, Path victim, Path other) throws IOException {
        try (var file = new RandomAccessFile(victim.toFile(), "rw")) {
            long length = Math.max(1, file.length());
            long at = offset(file, length);
            switch (random.nextInt(15)) {
                case 0, 1 -> {
                    byte old = read(file, at);
                    write(file, at, new byte[] {(byte) (old ^ 1 << random.nextInt(8))});
                    return "bit at " + at;
                }
                case 2 -> {
                    write(file, at, new byte[] {(byte) random.nextInt()});
                    return "byte at " + at;
                }
                case 3 -> {
                    write(file, at, garbage(1 + random.nextInt(64)));
                    return "garbage at " + at;
                }
                case 4 -> {
                    write(file, at / 512 * 512, new byte[512]);
                    return "zero sector at " + at / 512 * 512;
                }
                case 5 -> {
                    write(file, at / 512 * 512, garbage(512 << random.nextInt(4)));
                    return "garbage sectors at " + at / 512 * 512;
                }
                case 6 -> {
                    file.setLength(at);
                    return "cut to " + at;
                }
                case 7 -> {
                    write(file, length, random.nextBoolean() ? new byte[5000] : garbage(1 + random.nextInt(9000)));
                    return "extended from " + length;
                }
                case 8 -> {
                    return swapPages(file, length);
                }
                case 9 -> {
                    return pageOf(other, file, length) + " of " + log.relativize(other);
                }
                case 10, 11 -> {
                    return edge(file, at);
                }
                case 12 -> {
                    return swapSlots(file);
                }
                default -> {
                    // below, when the file is closed
                }
            }
        }
        if (random.nextBoolean()) {
            Path before = older.resolve(log.relativize(victim).toString());
            if (Files.exists(before) && !victim.toString().contains("cursors")) {
                Files.copy(before, victim, StandardCopyOption.REPLACE_EXISTING);
                return "older version of";
            }
        }
        boolean sameKind = victim.getParent().equals(other.getParent());
        if (sameKind && !victim.equals(other)) {
            Files.copy(other, victim, StandardCopyOption.REPLACE_EXISTING);
            return "copy of " + log.relativize(other) + " as";
        }
        Path beside = victim.resolveSibling(victim.getFileName().toString().replace("000000000", "000000009"));
        if (!Files.exists(beside)) {
            Files.copy(victim, beside);
            return "copied to " + beside.getFileName() + ":";
        }
        return "spared";
    }

    /** Anywhere, or where a header is likely. */
    private long offset(RandomAccessFile file, long length) throws IOException {
        long any = random.nextLong(length);
        if (length <= 2 * PAGE && random.nextBoolean()) {
            // state and cursors: small structures at the beginning of pages
            return Math.min(length - 1, (long) random.nextInt(2) * PAGE + random.nextInt(180));
        }
        switch (random.nextInt(4)) {
            case 0 -> {
                return Math.min(length - 1, random.nextInt(700));
            }
            case 1, 2 -> {
                // a frame's or a record's beginning is at or before a word that is not zero
                for (long at = any & -8; at >= 0 && at > any - 4096; at -= 4) {
                    file.seek(at);
                    if (length - at >= 4 && file.readInt() == 0x45564c46) {
                        return Math.min(length - 1, Math.max(0, at - 4 + random.nextInt(120)));
                    }
                }
                return any;
            }
            default -> {
                return any;
            }
        }
    }

    private byte[] garbage(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte read(RandomAccessFile file, long at) throws IOException {
        file.seek(at);
        return (byte) Math.max(0, file.read());
    }

    private static void write(RandomAccessFile file, long at, byte[] bytes) throws IOException {
        file.seek(at);
        file.write(bytes);
    }

    private static byte[] page(RandomAccessFile file, long number) throws IOException {
        byte[] page = new byte[PAGE];
        file.seek(number * PAGE);
        int read = file.read(page);
        return read < 0 ? new byte[0] : java.util.Arrays.copyOf(page, read);
    }

    private String swapPages(RandomAccessFile file, long length) throws IOException {
        long pages = (length + PAGE - 1) / PAGE;
        long one = random.nextLong(pages);
        long two = random.nextLong(pages);
        byte[] first = page(file, one);
        byte[] second = page(file, two);
        write(file, two * PAGE, first);
        if (random.nextBoolean()) {
            write(file, one * PAGE, second);
        }
        return "pages " + one + " and " + two + " in";
    }

    private String pageOf(Path other, RandomAccessFile file, long length) throws IOException {
        long to = random.nextLong((length + PAGE - 1) / PAGE);
        try (var source = new RandomAccessFile(other.toFile(), "r")) {
            long from = random.nextLong(Math.max(1, source.length() / PAGE));
            write(file, to * PAGE, page(source, from));
            return "page " + from + " in place of " + to;
        }
    }

    private String edge(RandomAccessFile file, long at) throws IOException {
        int value = EDGES[random.nextInt(EDGES.length)];
        long aligned = at & -4;
        byte[] bytes = new byte[random.nextInt(4) == 0 ? 8 : 4];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (value >> 8 * Math.min(i, 3));
        }
        write(file, aligned, bytes);
        return "value " + value + " at " + aligned;
    }

    private String swapSlots(RandomAccessFile file) throws IOException {
        byte[] first = page(file, 0);
        byte[] second = page(file, 1);
        write(file, 0, second);
        write(file, PAGE, first);
        return "slots swapped in";
    }
}
