package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.EventLogException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Directories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Links, pipes and foreign directories in place of a log's own files are refused; rights that are missing are named. */
@Timeout(120)
class UntrustedDirectoryTest {

    private static final List<String> KINDS = List.of("link", "dangling link", "hard link", "fifo", "directory");

    private final Numbered numbered = new Numbered(1, 100);
    private Path directory;
    private Path original;

    @TempDir
    private Path temporary;

    @BeforeEach
    void writeLog() {
        directory = temporary.resolve("log");
        original = temporary.resolve("original");
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            numbered.appendTo(log, 20);
            log.consumer("billing", Numbered.CODEC).close();
        }
        Directories.copyLog(directory, original);
    }

    private void put(Path file, String kind) throws IOException {
        Path aside = temporary.resolve("victim");
        Files.deleteIfExists(aside);
        Files.move(file, aside);
        switch (kind) {
            case "link" -> Files.createSymbolicLink(file, aside);
            case "dangling link" -> Files.createSymbolicLink(file, temporary.resolve("nothing"));
            case "hard link" -> Files.createLink(file, aside);
            case "directory" -> Files.createDirectory(file);
            default -> assumeTrue(ChildJvm.succeeds("mkfifo", file.toString()), "needs mkfifo");
        }
    }

    @Test
    void linkPipeOrDirectoryInPlaceOfAFileIsRefusedAndWhatItPointsToIsLeft() throws IOException {
        Path cursor;
        try (var cursors = Files.list(directory.resolve("cursors"))) {
            cursor = directory.relativize(cursors.findFirst().orElseThrow());
        }
        for (String name : List.of("lock", "log.meta", "manifest", "state", cursor.toString())) {
            for (String kind : KINDS) {
                Directories.delete(directory);
                Directories.copyLog(original, directory);
                put(directory.resolve(name), kind);
                var victim = Files.readAllBytes(temporary.resolve("victim"));
                assertThatThrownBy(() -> {
                            try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
                                log.consumer("billing", Numbered.CODEC);
                            }
                        })
                        .as("%s: %s", name, kind)
                        .isInstanceOf(EventLogException.class)
                        .hasMessageContaining(Path.of(name).getFileName().toString());
                assertThat(Files.readAllBytes(temporary.resolve("victim"))).isEqualTo(victim);
                assertThat(temporary.resolve("nothing")).doesNotExist();
            }
        }
    }

    @Test
    void linkInPlaceOfOneOfItsDirectoriesIsRefused() throws IOException {
        for (String name : List.of("active", "segments", "index", "cursors", "parked")) {
            Directories.delete(directory);
            Directories.copyLog(original, directory);
            Path elsewhere = temporary.resolve("elsewhere-" + name);
            if (Files.exists(directory.resolve(name))) {
                Files.move(directory.resolve(name), elsewhere);
            } else {
                Files.createDirectory(elsewhere);
            }
            List<String> before = Directories.names(elsewhere);
            Files.createSymbolicLink(directory.resolve(name), elsewhere);
            assertThatThrownBy(() -> Numbered.open(directory, HookedFileOps.quick()))
                    .isInstanceOf(EventLogException.class)
                    .hasMessageContaining(directory.resolve(name).toString());
            assertThat(Directories.names(elsewhere)).isEqualTo(before);
        }
    }

    @Test
    void newLogIsForItsOwnerOnly() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
                .isEqualTo("rwx------");
    }

    @Test
    void unknownFilesAreLeftAndHarmless() throws IOException {
        Files.writeString(directory.resolve(".DS_Store"), "x");
        Files.writeString(directory.resolve("notes~"), "x");
        Files.createDirectory(directory.resolve("lost+found"));
        Files.createDirectory(directory.resolve("lost+found/sub"));
        for (String name : List.of("segments", "index", "active", "cursors", "parked")) {
            Files.writeString(directory.resolve(name).resolve(".DS_Store"), "x");
            Files.writeString(directory.resolve(name).resolve("0000000001.segment~"), "x");
            Files.createDirectory(directory.resolve(name).resolve("odd"));
        }
        Files.writeString(directory.resolve("log.meta.tmp"), "left by a crash");
        Files.writeString(directory.resolve("state.tmp"), "left by a crash");
        for (int open = 1; open <= 3; open++) {
            try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                    var consumer = log.consumer("billing", Numbered.CODEC)) {
                numbered.appendTo(log, 20 + 5 * open);
                numbered.assertComplete(log);
                assertThat(log.consumers()).hasSize(1);
                assertThat(consumer.position()).isZero();
            }
        }
        assertThat(directory.resolve("notes~")).exists();
        assertThat(directory.resolve("lost+found/sub")).exists();
    }

    @Test
    void directoryThatEveryoneMayWriteIntoIsRefusedUnlessAllowed() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(() -> Numbered.open(directory, HookedFileOps.quick()))
                .isInstanceOf(EventLogException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContaining("allowInsecureDirectory");
        EventLog.open(EventLogConfig.at(directory).allowInsecureDirectory().build())
                .close();
    }

    @Test
    void directoryOfAnotherUserIsRefusedUnlessAllowed() {
        assumeTrue(ChildJvm.isRoot(), "needs root to give a directory away");
        assumeTrue(ChildJvm.succeeds("chown", "65534", directory.toString()), "needs chown");
        assertThatThrownBy(() -> Numbered.open(directory, HookedFileOps.quick()))
                .isInstanceOf(EventLogException.class)
                .hasMessageContaining("belongs to")
                .hasMessageContaining(directory.toString());
        EventLog.open(EventLogConfig.at(directory).allowInsecureDirectory().build())
                .close();
    }

    /** Opens a log as whoever runs it, and prints what came of it. */
    static final class Opener {
        public static void main(String[] arguments) {
            try (EventLog log = EventLog.open(Path.of(arguments[0]))) {
                log.consumer("billing", Codec.utf8()).close();
                System.out.println("opened " + log.endPosition());
            } catch (EventLogException e) {
                System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
            }
        }
    }

    @Test
    void missingRightIsNamedWithPathAndUserAndNothingIsCreated() throws IOException {
        assumeTrue(ChildJvm.isRoot(), "needs root to become another user");
        List<String> nobody = List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
        assumeTrue(
                ChildJvm.succeeds("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "true"),
                "needs setpriv");
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
        String classPath = ChildJvm.copyClassPath(temporary.resolve("lib"));
        Path parent = Files.createDirectory(temporary.resolve("parent"));
        assertRefused(nobody, classPath, parent.resolve("log"), parent);

        Path owned = Files.createDirectory(temporary.resolve("owned"));
        Files.setPosixFilePermissions(owned, PosixFilePermissions.fromString("r-xr-xr-x"));
        ChildJvm.succeeds("chown", "65534", owned.toString());
        assertRefused(nobody, classPath, owned, owned);

        for (String name : List.of("log.meta", "manifest", "segments", "active", "cursors", "lock")) {
            Directories.delete(directory);
            Directories.copyLog(original, directory);
            ChildJvm.succeeds("chown", "-R", "65534", directory.toString());
            ChildJvm.succeeds("chown", "-R", "0", directory.resolve(name).toString());
            ChildJvm.succeeds("chmod", "-R", "go=", directory.resolve(name).toString());
            assertRefused(nobody, classPath, directory, directory);
        }
    }

    private static void assertRefused(List<String> nobody, String classPath, Path log, Path watched)
            throws IOException {
        List<String> before = Directories.names(watched);
        try (var child = ChildJvm.start(nobody, List.of("-cp", classPath), Opener.class, log)) {
            assertThat(child.await()).as(child.output()).isZero();
            assertThat(child.out())
                    .contains("Exception: ")
                    .contains(log.toString())
                    .containsAnyOf("nobody", "65534")
                    .doesNotContain("opened");
        }
        assertThat(Directories.names(watched)).isEqualTo(before);
    }
}
