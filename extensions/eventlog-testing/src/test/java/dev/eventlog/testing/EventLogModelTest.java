package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random operations on a log against a plain list. {@code -Dseed=…} repeats a run, {@code -Deventlog.model.steps=…} makes
 * it longer.
 */
@Timeout(1_200)
class EventLogModelTest {

    private static final int MAX_EVENT_LENGTH_BYTES = 128 << 10;

    @TempDir(factory = MemoryDirectory.class)
    Path parent;

    /** The given seed, else some that are always the same and one that never was. */
    static LongStream seeds() {
        Long given = Long.getLong("seed");
        return given != null ? LongStream.of(given) : LongStream.of(1, System.nanoTime());
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void logInMemoryTellsTheSameAsAList(long seed) {
        run(new InMemory(false), seed, 2_500, "logInMemoryTellsTheSameAsAList");
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void logOnDiskTellsTheSameAsAList(long seed) {
        run(new OnDisk(parent, Durability.PROCESS_CRASH, false), seed, 1_000, "logOnDiskTellsTheSameAsAList");
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void logThatSurvivesPowerCutsTellsTheSameAsAList(long seed) {
        run(new OnDisk(parent, Durability.POWER_LOSS, false), seed, 500, "logThatSurvivesPowerCutsTellsTheSameAsAList");
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void logInMemoryThatIsPrunedTellsTheSameAsAList(long seed) {
        run(new InMemory(true), seed, 2_500, "logInMemoryThatIsPrunedTellsTheSameAsAList");
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void logOnDiskThatIsPrunedTellsTheSameAsAList(long seed) {
        run(
                new OnDisk(parent, Durability.PROCESS_CRASH, true),
                seed,
                1_000,
                "logOnDiskThatIsPrunedTellsTheSameAsAList");
    }

    /** Keeps little, so that runs prune by both rules while the clock moves. */
    private static EventLogConfig.Builder pruning(EventLogConfig.Builder config) {
        return config.retainFor(Duration.ofHours(30)).retainBytes(3 << 19);
    }

    private static void run(ModelRun.Backend backend, long seed, int usualSteps, String test) {
        int steps = Integer.getInteger("eventlog.model.steps", usualSteps);
        var run = new ModelRun(backend, seed);
        try {
            run.run(steps);
        } catch (Throwable e) {
            throw new AssertionError(
                    "seed=" + seed + " steps=" + steps + "; repeat it with\n"
                            + "  mvn test -pl extensions/eventlog-testing -am -Dtest='EventLogModelTest#" + test
                            + "*' -Dsurefire.failIfNoSpecifiedTests=false -Dseed=" + seed
                            + " -Deventlog.model.steps=" + steps
                            + "\nlast operations:\n  " + run.lastOperations() + "\n" + e,
                    e);
        }
    }

    /** <b>Threading:</b> Thread-safe: without state. */
    private record InMemory(boolean isPruning) implements ModelRun.Backend {

        @Override
        public EventLog open(ManualClock clock) {
            EventLogConfig.Builder config = EventLogConfig.inMemory()
                    .segmentLengthBytes(1 << 20)
                    .maxEventLengthBytes(MAX_EVENT_LENGTH_BYTES)
                    .dedupWindow(ModelIds.COUNT, ModelIds.AGE)
                    .clock(clock);
            return EventLog.open((isPruning ? pruning(config) : config).build());
        }

        @Override
        public @Nullable EventLog reopen(EventLog log, ManualClock clock) {
            return null;
        }

        @Override
        public @Nullable EventLog crash(EventLog log, ManualClock clock) {
            return null;
        }

        @Override
        public int maxEventLengthBytes() {
            return MAX_EVENT_LENGTH_BYTES;
        }
    }

    /** <b>Threading:</b> One thread at a time: the test's. */
    private static final class OnDisk implements ModelRun.Backend {

        private final Path parent;
        private final Durability durability;
        private final boolean isPruning;
        private Path directory;
        private int copies;

        OnDisk(Path parent, Durability durability, boolean isPruning) {
            this.parent = parent;
            this.durability = durability;
            this.isPruning = isPruning;
            directory = parent.resolve("log");
        }

        @Override
        public EventLog open(ManualClock clock) {
            // forced on demand only: nothing happens to the files while they are copied
            EventLogConfig.Builder config = EventLogConfig.at(directory)
                    .segmentLengthBytes(1 << 20)
                    .maxEventLengthBytes(MAX_EVENT_LENGTH_BYTES)
                    .durability(durability)
                    .forceInterval(Duration.ZERO)
                    .dedupWindow(ModelIds.COUNT, ModelIds.AGE)
                    .clock(clock);
            return EventLog.open((isPruning ? pruning(config) : config).build());
        }

        @Override
        public EventLog reopen(EventLog log, ManualClock clock) {
            log.close();
            return open(clock);
        }

        @Override
        public EventLog crash(EventLog log, ManualClock clock) {
            Path copy = parent.resolve("copy-" + copies++);
            try {
                // a crash is one instant: nothing may be pruned while the copy is made
                while (!copiedAtOnce(log, copy)) {
                    delete(copy);
                }
                log.close();
                delete(directory);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            directory = copy;
            return open(clock);
        }

        private boolean copiedAtOnce(EventLog log, Path copy) throws IOException {
            // asks the thread that works on the files, so that all it was told before is done
            int unused = log.consumers().size();
            long first = log.firstPosition();
            boolean isCopied = false;
            try {
                copy(directory, copy);
                isCopied = true;
            } catch (NoSuchFileException | UncheckedIOException pruned) {
                assertThat(isPruning).isTrue();
            }
            unused = log.consumers().size();
            return isCopied && log.firstPosition() == first;
        }

        private static void copy(Path from, Path to) throws IOException {
            for (Path path : walked(from)) {
                // a read of the lock file would free the lock
                if (!path.endsWith("lock")) {
                    Files.copy(path, to.resolve(from.relativize(path).toString()));
                }
            }
            Files.setPosixFilePermissions(to, Files.getPosixFilePermissions(from));
        }

        private static void delete(Path tree) throws IOException {
            List<Path> paths = walked(tree);
            for (int i = paths.size() - 1; i >= 0; i--) {
                Files.delete(paths.get(i));
            }
        }

        private static List<Path> walked(Path tree) throws IOException {
            try (Stream<Path> paths = Files.walk(tree)) {
                return paths.toList();
            }
        }

        @Override
        public int maxEventLengthBytes() {
            return MAX_EVENT_LENGTH_BYTES;
        }
    }
}
