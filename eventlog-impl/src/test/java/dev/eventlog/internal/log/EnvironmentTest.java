package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.SmallDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Machines that are set up in unusual ways: what a log needs of them is little. */
@Timeout(120)
class EnvironmentTest {

    @TempDir
    private Path temporary;

    /** Writes and reads a log, with names and metadata that are not ASCII. */
    static final class User {
        public static void main(String[] arguments) {
            Path directory = Path.of(arguments[0]);
            String text = "\u00e4\u20ac\ud83d\ude80";
            try (EventLog log = EventLog.open(directory)) {
                var producer = log.producer("source", Codec.utf8());
                producer.append(NewEvent.of(text, text).withMetadata(Map.of(text, text)));
                log.force();
                try (var consumer = log.consumer("billing", Codec.utf8())) {
                    var event = consumer.poll(Duration.ofSeconds(1)).get(0);
                    boolean isRight = event.data().equals(text)
                            && text.equals(event.key())
                            && event.metadata().equals(Map.of(text, text));
                    consumer.commit();
                    System.out.println(isRight ? "right" : "wrong " + event);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"000", "022", "077"})
    void logNeedsNoHomeNoTemporaryDirectoryNoLocaleAndNoUmask(String umask) throws IOException {
        Path directory = temporary.resolve("log");
        List<String> before =
                List.of("sh", "-c", "umask " + umask + "; exec \"$@\"", "sh", "env", "-i", "LC_ALL=C", "PATH=/nowhere");
        List<String> flags = List.of(
                "-Djava.io.tmpdir=" + temporary.resolve("none"),
                "-Duser.home=" + temporary.resolve("none"),
                "-XX:-UsePerfData");
        try (var child = ChildJvm.start(before, flags, User.class, directory)) {
            assertThat(child.await()).as(child.output()).isZero();
            assertThat(child.out()).contains("right");
        }
        try (var files = Files.walk(directory)) {
            for (Path file : files.filter(each -> !each.getFileName().toString().matches(".*\\.cq4t?"))
                    .toList()) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .as("%s", file)
                        .endsWith("------");
            }
        }
    }

    @Test
    void logNeedsNoTemporaryDirectoryFromWhichProgramsMayBeRun() {
        try (SmallDisk disk = SmallDisk.mount(SmallDisk.Kind.TMPFS, temporary, 64 << 20)) {
            assertThat(ChildJvm.succeeds(
                            "mount", "-o", "remount,noexec", disk.resolve("").toString()))
                    .isTrue();
            var flags = List.of("-Djava.io.tmpdir=" + disk.resolve(""));
            try (var child = ChildJvm.start(List.of(), flags, User.class, temporary.resolve("log"))) {
                assertThat(child.await()).as(child.output()).isZero();
                assertThat(child.out()).contains("right");
            }
        }
    }

    @Test
    void logOnADiskThatIsMountedReadOnlyIsReadAndNotOpenedForWriting() throws IOException {
        var numbered = new Numbered(1, 300);
        try (SmallDisk disk = SmallDisk.mount(SmallDisk.Kind.TMPFS, temporary, 64 << 20)) {
            Path directory = disk.resolve("log");
            long end;
            try (EventLog log = Numbered.open(directory, FileOps.system())) {
                numbered.appendTo(log, 100);
                log.consumer("known", Numbered.CODEC).close();
                end = log.endPosition();
            }
            // the same disk at a second place: mappings that are not collected yet keep the first one writable
            Path readOnly = Files.createDirectory(temporary.resolve("read-only"));
            assertThat(ChildJvm.succeeds("mount", "--bind", disk.resolve("").toString(), readOnly.toString()))
                    .isTrue();
            try {
                assertThat(ChildJvm.succeeds("mount", "-o", "remount,bind,ro", readOnly.toString()))
                        .isTrue();
                assertReadOnly(readOnly.resolve("log"), numbered, end);
            } finally {
                assertThat(ChildJvm.succeeds("umount", "-l", readOnly.toString()))
                        .isTrue();
            }
        }
    }

    private static void assertReadOnly(Path directory, Numbered numbered, long end) {
        assertThatThrownBy(() -> EventLog.open(directory))
                .isInstanceOf(LogFailedException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContaining("ead-only file system");
        try (EventLog log =
                EventLog.open(EventLogConfig.at(directory).readOnly().build())) {
            assertThat(log.endPosition()).isEqualTo(end);
            numbered.assertComplete(log);
            assertThat(log.consumers()).hasSize(1);
            for (String name : List.of("known", "new")) {
                assertThatThrownBy(() -> log.consumer(name, Numbered.CODEC))
                        .as(name)
                        .isInstanceOf(LogFailedException.class)
                        .hasMessageContaining(directory.toString());
            }
            assertThat(log.read(EventQuery.all(), Numbered.CODEC).count()).isEqualTo(end);
        }
    }
}
