package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.error.LockedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@link EventLog#open} promises of logs in a directory, beyond the contract that all backends share. */
@Timeout(300)
class LocalEventLogTest {

    @TempDir
    Path parent;

    @Test
    void openCreatesDirectoryAndLogIfAbsent() throws Exception {
        Path directory = parent.resolve("not/yet/there");
        try (EventLog log = EventLog.open(directory)) {
            log.producer("p", Codec.utf8()).append("a");
        }
        assertThat(Files.getPosixFilePermissions(directory)).isEqualTo(PosixFilePermissions.fromString("rwx------"));
        try (EventLog log = EventLog.open(directory)) {
            assertThat(log.read(EventQuery.all(), Codec.utf8())).hasSize(1);
        }
    }

    @Test
    void aLogThatIsOpenIsLockedUnderEachOfItsNames() throws Exception {
        Path directory = parent.resolve("log");
        try (EventLog log = EventLog.open(directory)) {
            Path link = Files.createSymbolicLink(parent.resolve("link"), directory);
            for (Path name : List.of(directory, link, parent.resolve("x/../log"))) {
                assertThatThrownBy(() -> EventLog.open(name)).isInstanceOfSatisfying(LockedException.class, refusal -> {
                    assertThat(refusal.owner()).contains(Thread.currentThread().getName());
                    assertThat(refusal).hasMessageContaining("log");
                });
            }
            log.producer("p", Codec.utf8()).append("still writing");
        }
        EventLog.open(directory).close();
    }

    @Test
    void aLogInMemoryIsNewEachTime() {
        try (EventLog one = EventLog.inMemory();
                EventLog two = EventLog.open(EventLogConfig.inMemory().build())) {
            one.producer("p", Codec.utf8()).append("a");
            assertThat(one.endPosition()).isEqualTo(1);
            assertThat(two.endPosition()).isZero();
            assertThat(one.durablePosition()).as("as in memory").isEqualTo(one.endPosition());
        }
    }

    @Test
    void filesOfOthersInTheDirectoryAreLeftAlone() throws Exception {
        Path directory = parent.resolve("log");
        EventLog.open(directory).close();
        for (String name : List.of(".DS_Store", "segments/notes.txt~", "active/backup.bak", "cursors/README")) {
            Files.writeString(directory.resolve(name), "not of the log");
        }
        try (EventLog log = EventLog.open(directory)) {
            log.producer("p", Codec.utf8()).append("a");
            assertThat(log.consumers()).isEmpty();
        }
        try (EventLog log = EventLog.open(directory)) {
            assertThat(log.read(EventQuery.all(), Codec.utf8())).hasSize(1);
        }
        assertThat(directory.resolve(".DS_Store")).hasContent("not of the log");
    }
}
