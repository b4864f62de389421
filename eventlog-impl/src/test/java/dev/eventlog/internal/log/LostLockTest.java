package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.EventLog;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.ChildJvm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The lock file of a log that is open is deleted or replaced: nobody else gets the log, and its writer stops. */
@Timeout(120)
class LostLockTest {

    private final Numbered numbered = new Numbered(1, 300);
    private Path directory;

    @TempDir
    private Path temporary;

    /** Opens a log, appends one event, and tells of the first error on the log's own threads. */
    static final class Writer {
        public static void main(String[] arguments) throws Exception {
            var failure = new CompletableFuture<Throwable>();
            EventLog log = EventLog.open(Numbered.config(Path.of(arguments[0]))
                    .backgroundErrors(failure::complete)
                    .build());
            var producer = log.producer("writer", Numbered.CODEC);
            producer.append(ByteBuffer.allocate(10));
            System.out.println("open");
            String told = failure.get().toString();
            try {
                producer.append(ByteBuffer.allocate(10));
                System.out.println("still appends");
            } catch (LogFailedException e) {
                System.out.println("stopped: " + e.getMessage());
            }
            System.out.println("told: " + told);
            System.in.read();
        }
    }

    @Test
    void processThatFindsNoLockFileIsRefusedAsLongAsTheWriterLives() throws IOException {
        directory = temporary.resolve("log");
        Path lock = directory.resolve("lock");
        try (var writer = ChildJvm.start(Writer.class, directory)) {
            writer.awaitLine("open");
            Files.delete(lock);
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> EventLog.open(directory))
                        .isInstanceOf(LockedException.class)
                        .hasMessageContaining("another process")
                        .hasMessageContaining(directory.toString());
            }
            // also once it has noticed
            assertThat(writer.awaitLine("stopped:")).contains(lock.toString());
            assertThat(writer.awaitLine("told:")).contains(lock.toString());
            Files.deleteIfExists(lock);
            Files.createFile(lock);
            assertThatThrownBy(() -> EventLog.open(directory)).isInstanceOf(LockedException.class);
            writer.kill();
        }
        try (EventLog log = EventLog.open(directory)) {
            assertThat(log.endPosition()).isOne();
        }
    }

    private static void replace(Path file) throws IOException {
        Path copy = file.resolveSibling("copy");
        Files.write(copy, new byte[10]);
        Files.move(copy, file, StandardCopyOption.REPLACE_EXISTING);
    }

    @Test
    void writerNoticesAtAForce() throws IOException {
        for (String name : new String[] {"lock", "log.meta"}) {
            for (boolean replaced : new boolean[] {false, true}) {
                directory = temporary.resolve("log-" + name + replaced);
                Path file = directory.resolve(name);
                EventLog log = EventLog.open(Numbered.config(directory).build());
                numbered.appendTo(log, 10);
                log.force();
                if (replaced) {
                    replace(file);
                } else {
                    Files.delete(file);
                }
                assertThat(forceUntilItFails(log)).hasMessageContaining(file.toString());
                long end = log.endPosition();
                assertThatThrownBy(() -> numbered.appendTo(log, end + 1))
                        .isInstanceOf(LogFailedException.class)
                        .hasMessageContaining(file.toString());
                numbered.assertComplete(log);
                assertThatThrownBy(log::close).isInstanceOf(LogFailedException.class);
                try (EventLog again = Numbered.open(directory, FileOps.system())) {
                    assertThat(again.endPosition()).isEqualTo(end);
                    numbered.assertComplete(again);
                }
            }
        }
    }

    @Test
    void writerWhoseSegmentIsDeletedOrRenamedStopsAtAForce() throws IOException {
        for (boolean renamed : new boolean[] {false, true}) {
            directory = temporary.resolve("log-segment-" + renamed);
            EventLog log = EventLog.open(Numbered.config(directory).build());
            numbered.appendTo(log, 10);
            log.force();
            Path file;
            try (var files = Files.walk(directory.resolve("active"))) {
                file = files.filter(path -> path.toString().endsWith(".cq4"))
                        .findFirst()
                        .orElseThrow();
            }
            if (renamed) {
                Files.move(directory, directory.resolveSibling("elsewhere"));
            } else {
                Files.delete(file);
            }
            LogFailedException failed = forceUntilItFails(log);
            if (!renamed) {
                assertThat(failed).hasMessageContaining(file.toString()).hasMessageContaining("segment was deleted");
            }
            assertThatThrownBy(log::close).isInstanceOf(LogFailedException.class);
        }
    }

    /** Forces that follow each other closely do not each look. */
    private LogFailedException forceUntilItFails(EventLog log) {
        while (true) {
            try {
                log.producer("numbered", Numbered.CODEC).append(numbered.event(log.endPosition()));
                log.force();
            } catch (LogFailedException failed) {
                return failed;
            }
        }
    }

    @Test
    void writerThatIsIdleNoticesToo() throws Exception {
        directory = temporary.resolve("log");
        var told = new CompletableFuture<Throwable>();
        EventLog log = EventLog.open(
                Numbered.config(directory).backgroundErrors(told::complete).build());
        numbered.appendTo(log, 10);
        Files.delete(directory.resolve("lock"));
        assertThat(told.get(60, TimeUnit.SECONDS))
                .hasMessageContaining(directory.resolve("lock").toString());
        long end = log.endPosition();
        assertThatThrownBy(() -> numbered.appendTo(log, end + 1)).isInstanceOf(LogFailedException.class);
        assertThatThrownBy(log::close).isInstanceOf(LogFailedException.class);
        try (EventLog again = EventLog.open(directory)) {
            numbered.assertComplete(again);
            assertThat(again.endPosition()).isEqualTo(end);
        }
    }

    @Test
    void segmentIsNotMovedWithoutTheLock() throws IOException {
        directory = temporary.resolve("log");
        EventLog log = EventLog.open(Numbered.config(directory).build());
        numbered.appendTo(log, 10);
        long end = log.endPosition();
        Files.delete(directory.resolve("lock"));
        assertThatThrownBy(log::close)
                .isInstanceOf(LogFailedException.class)
                .hasStackTraceContaining(directory.resolve("lock").toString());
        assertThat(directory.resolve("segments")).isEmptyDirectory();
        try (EventLog again = EventLog.open(directory)) {
            numbered.assertComplete(again);
            assertThat(again.endPosition()).isEqualTo(end);
        }
    }

    /** The close of any other channel on them would free the lock. */
    @Test
    void lockedFilesAreOpenedOnceHoweverTheLogIsFound() throws IOException {
        directory = temporary.resolve("log");
        for (String found : new String[] {"new", "whole", "without log.meta", "with a damaged log.meta"}) {
            if (found.startsWith("with")) {
                Files.delete(directory.resolve("log.meta"));
            }
            if (found.endsWith("damaged log.meta")) {
                Files.write(directory.resolve("log.meta"), new byte[100]);
            }
            var opened = new ArrayList<String>();
            var files = new HookedFileOps((op, path) -> {
                String name = path.getFileName().toString();
                boolean isLocked = name.equals("lock") || name.equals("log.meta");
                if (isLocked && (op == HookedFileOps.Op.OPEN || op == HookedFileOps.Op.CREATE)) {
                    opened.add(name);
                }
            });
            try (EventLog log = Numbered.open(directory, files)) {
                numbered.appendTo(log, log.endPosition() + 10);
                log.force();
                numbered.assertComplete(log);
            }
            assertThat(opened).as(found).containsExactly("lock", "log.meta");
        }
    }
}
