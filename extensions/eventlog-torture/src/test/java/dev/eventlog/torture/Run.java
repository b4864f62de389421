package dev.eventlog.torture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.SplittableRandom;

/**
 * Seed and budget of a random test, and where it works: {@code -Dseed=}, {@code -Dcases=}, {@code -Dseconds=},
 * {@code -Dtorture.directory=}. <b>Threading:</b> Immutable.
 *
 * @param test its class
 * @param seed of all that is random
 * @param cases most cases
 * @param seconds most time
 */
record Run(String test, long seed, long cases, long seconds) {

    /** What the command line says, or a new seed and the budget of a normal build. */
    static Run of(Class<?> test, long cases, long seconds) {
        boolean given = Long.getLong("cases") != null || Long.getLong("seconds") != null;
        return new Run(
                test.getSimpleName(),
                Long.getLong("seed", System.nanoTime()),
                Long.getLong("cases", given ? Long.MAX_VALUE : cases),
                Long.getLong("seconds", given ? Long.MAX_VALUE >> 32 : seconds));
    }

    SplittableRandom random() {
        return new SplittableRandom(seed);
    }

    /** A directory of its own, in memory where the system has a place for that: forces are not wanted here. */
    Path directory() {
        String named = System.getProperty("torture.directory");
        Path shared = Path.of("/dev/shm");
        try {
            if (named != null) {
                return Files.createTempDirectory(Path.of(named), "torture-");
            }
            return Files.isWritable(shared)
                    ? Files.createTempDirectory(shared, "torture-")
                    : Files.createTempDirectory("torture-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deletes a directory with all that is in it. */
    static void delete(Path directory) {
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How to repeat the run, for messages. */
    @Override
    public String toString() {
        return "REPRODUCE: mvn test -pl extensions/eventlog-torture -am -Dtest=" + test + " -Dseed=" + seed
                + " -Dcases=" + cases + " -DexcludedGroups= -Dsurefire.failIfNoSpecifiedTests=false";
    }
}
