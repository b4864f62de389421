package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.error.EventLogException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Directories;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A writing process is suspended, and while it is somebody takes its locks away and another process takes the log over, or
 * puts a backup in its place. Once it goes on it stops by itself, and nothing that it acknowledges is missing in the log.
 */
@Timeout(120)
class StoppedWriterTest {

    private final Numbered first = new Numbered(1, 300);
    private final Numbered second = new Numbered(2, 300);

    @TempDir
    private Path temporary;

    private int round;

    private Path directory() {
        return temporary.resolve("log-" + round);
    }

    /** Appends durably, one after the other, and tells each position, until it is refused. */
    static final class Writer {
        public static void main(String[] arguments) {
            var numbered = new Numbered(1, 300);
            EventLog log = Numbered.open(Path.of(arguments[0]), FileOps.system(), Durability.POWER_LOSS);
            var producer = log.producer("writer", Numbered.CODEC);
            try {
                while (true) {
                    long position = producer.append(numbered.event(log.endPosition()));
                    System.out.println("acknowledged " + position);
                }
            } catch (EventLogException refused) {
                System.out.println("stopped " + refused);
            }
            Runtime.getRuntime().halt(0);
        }
    }

    private static void signal(ChildJvm child, String name) {
        assertThat(ChildJvm.succeeds("kill", name, Long.toString(child.process().pid())))
                .isTrue();
    }

    /** Whole lines only: the last may be printed half. */
    private static long lastAcknowledged(ChildJvm child) {
        String out = child.out();
        return out.substring(0, out.lastIndexOf('\n') + 1)
                .lines()
                .filter(line -> line.startsWith("acknowledged "))
                .mapToLong(line -> Long.parseLong(line.substring("acknowledged ".length())))
                .max()
                .orElse(-1);
    }

    private long takeOver(ChildJvm writer) {
        try (EventLog log = Numbered.open(directory(), FileOps.system(), Durability.POWER_LOSS)) {
            long end = log.endPosition();
            assertThat(end).as("acknowledged is there").isGreaterThan(lastAcknowledged(writer));
            second.appendTo(log, end + 50);
            return end;
        }
    }

    private void assertStopsAndChangedNothing(ChildJvm writer, long end) {
        signal(writer, "-CONT");
        assertThat(writer.await()).as(writer.output()).isZero();
        assertThat(writer.out()).contains("stopped ");
        assertThat(lastAcknowledged(writer))
                .as("acknowledged by the one that was displaced")
                .isLessThan(end);
        try (EventLog log = Numbered.open(directory(), FileOps.system())) {
            assertThat(log.endPosition()).isGreaterThanOrEqualTo(end + 50);
            for (Event<ByteBuffer> event :
                    (Iterable<Event<ByteBuffer>>) log.read(EventQuery.all(), Numbered.CODEC)::iterator) {
                Numbered whose = event.position() < end ? first : second;
                assertThat(whose.isRight(event))
                        .as("event at %d", event.position())
                        .isTrue();
            }
        }
    }

    @Test
    void writerThatWasSuspendedWhileAnotherTookTheLogOverAcknowledgesNothingMore() throws IOException {
        for (round = 0; round < 3; round++) {
            try (ChildJvm writer = ChildJvm.start(Writer.class, directory())) {
                writer.awaitLine("acknowledged " + (50 + round));
                signal(writer, "-STOP");
                // what nobody should do: a lock that is only held would keep the log
                Files.delete(directory().resolve("lock"));
                Files.delete(directory().resolve("log.meta"));
                assertStopsAndChangedNothing(writer, takeOver(writer));
            }
        }
    }

    @Test
    void writerUnderWhichABackupIsPutStopsAndTheBackupIsWhatItWas() throws IOException {
        Path backup = temporary.resolve("backup");
        long end;
        try (EventLog log = Numbered.open(directory(), FileOps.system(), Durability.POWER_LOSS)) {
            first.appendTo(log, 40);
            end = log.endPosition();
            second.appendTo(log, end + 50);
        }
        Directories.copyLog(directory(), backup);
        for (List<String> kept : List.of(List.<String>of(), List.of("lock", "log.meta"))) {
            try (ChildJvm writer = ChildJvm.start(Writer.class, directory())) {
                writer.awaitLine("acknowledged " + (end + 100));
                signal(writer, "-STOP");
                replaceBy(backup, kept);
                signal(writer, "-CONT");
                assertThat(writer.await()).as(writer.output()).isZero();
                assertThat(writer.out()).contains("stopped ");
            }
            try (EventLog log = Numbered.open(directory(), FileOps.system())) {
                assertThat(log.endPosition()).as("kept %s", kept).isGreaterThanOrEqualTo(end + 50);
                for (Event<ByteBuffer> event :
                        (Iterable<Event<ByteBuffer>>) log.read(EventQuery.all(), Numbered.CODEC)::iterator) {
                    Numbered whose = event.position() < end ? first : second;
                    assertThat(event.position() >= end + 50 || whose.isRight(event))
                            .as("event at %d, kept %s", event.position(), kept)
                            .isTrue();
                }
            }
        }
    }

    /** As one restores who does not know that the log is open: everything is deleted, but for what is kept, and copied. */
    private void replaceBy(Path backup, List<String> kept) throws IOException {
        try (var entries = Files.list(directory())) {
            for (Path entry : entries.toList()) {
                if (!kept.contains(entry.getFileName().toString())) {
                    Directories.delete(entry);
                }
            }
        }
        try (var entries = Files.list(backup)) {
            for (Path entry : entries.toList()) {
                Path target = directory().resolve(entry.getFileName());
                if (!Files.exists(target)) {
                    if (Files.isDirectory(entry)) {
                        Directories.copyLog(entry, target);
                    } else {
                        Files.copy(entry, target);
                    }
                }
            }
        }
    }
}
