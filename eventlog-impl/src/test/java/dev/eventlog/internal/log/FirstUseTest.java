package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Directories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the first program of a user meets: plain {@code java -cp}, and nothing beside the log's directory. */
@Timeout(120)
class FirstUseTest {

    private static final List<String> UNSAFE_NOTICE = List.of(
            "WARNING: A terminally deprecated method in sun.misc.Unsafe has been called",
            "WARNING: sun.misc.Unsafe::objectFieldOffset has been called by net.openhft.chronicle.core.UnsafeMemory",
            "WARNING: Please consider reporting this to the maintainers of class net.openhft.chronicle.core.UnsafeMemory",
            "WARNING: sun.misc.Unsafe::objectFieldOffset will be removed in a future release");

    @TempDir
    private Path temporary;

    /** The program of the README, and then what is left of it. */
    static final class Program {
        public static void main(String[] arguments) throws InterruptedException {
            Set<String> before = threads();
            long started = System.nanoTime();
            try (EventLog log = open(arguments);
                    var consumer = log.consumer("billing", Codec.utf8())) {
                log.producer("checkout", Codec.utf8()).append("o-17", "placed");
                if (consumer.poll(Duration.ofMinutes(1)).size() != 1) {
                    throw new IllegalStateException("nothing to read");
                }
                consumer.commit();
                log.force();
            }
            long first = System.nanoTime() - started;
            started = System.nanoTime();
            open(arguments).close();
            long second = System.nanoTime() - started;
            awaitOwnThreads();
            Set<String> left = threads();
            left.removeAll(before);
            // Chronicle's own, a daemon, one for the JVM
            left.remove("background~resource~releaser");
            System.out.println("threads=" + left + " firstMicros=" + first / 1000 + " secondMicros=" + second / 1000);
        }

        /** A thread whose work has ended still is one for some microseconds. */
        private static void awaitOwnThreads() throws InterruptedException {
            for (Thread thread : Thread.getAllStackTraces().keySet()) {
                if (thread.getName().startsWith("eventlog")) {
                    thread.join(5_000);
                }
            }
        }

        private static EventLog open(String[] arguments) {
            return arguments.length == 0 ? EventLog.inMemory() : EventLog.open(Path.of(arguments[0]));
        }

        private static Set<String> threads() {
            return Thread.getAllStackTraces().keySet().stream()
                    .map(Thread::getName)
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    /**
     * What was printed besides slf4j's notice that it has no binding, and the notice that a JVM from 24 on prints of
     * Chronicle's use of Unsafe: four lines, once, which nothing but a flag of the JVM turns off.
     */
    private static List<String> ofTheLibrary(String text) {
        boolean noticeOfChronicle = text.contains(
                "WARNING: sun.misc.Unsafe::objectFieldOffset has been called by net.openhft.chronicle.core.");
        return text.lines()
                .filter(line -> !line.startsWith("SLF4J"))
                .filter(line -> !(noticeOfChronicle
                        && Runtime.version().feature() >= 24
                        && UNSAFE_NOTICE.stream().anyMatch(line::startsWith)))
                .toList();
    }

    @Test
    void firstOpenPrintsNothingLeavesNoThreadAndNoFileElsewhere() throws IOException {
        Path home = Files.createDirectory(temporary.resolve("home"));
        Path tmp = Files.createDirectory(temporary.resolve("tmp"));
        Path log = temporary.resolve("log");
        Set<String> workingDirectory = workingDirectory();
        List<String> flags = List.of("-Duser.home=" + home, "-Djava.io.tmpdir=" + tmp);
        try (var child = ChildJvm.start(List.of("env", "HOME=" + home), flags, Program.class, log)) {
            assertThat(child.await()).as(child.output()).isZero();
            assertThat(ofTheLibrary(child.err())).isEmpty();
            assertThat(child.out().lines()).hasSize(1);
            assertThat(child.out()).contains("threads=[]");
            System.out.println("first use on disk: " + child.out().strip());
        }
        assertThat(Directories.names(home)).containsExactly("");
        assertThat(Directories.names(tmp)).containsExactly("");
        assertThat(workingDirectory()).isEqualTo(workingDirectory);
        assertThat(Directories.names(log)).doesNotContain("active/0000000001", "state.tmp", "manifest.tmp");
    }

    private static Set<String> workingDirectory() throws IOException {
        try (var files = Files.list(Path.of(""))) {
            return files.map(Path::toString).collect(Collectors.toCollection(TreeSet::new));
        }
    }

    @Test
    void logInMemoryLoadsNothingOfChronicle() {
        try (var child = ChildJvm.start(List.of(), List.of("-verbose:class"), Program.class)) {
            assertThat(child.await()).as(child.err()).isZero();
            assertThat(child.out().lines().filter(line -> line.contains("net.openhft.chronicle.queue")))
                    .isEmpty();
            assertThat(child.out()).contains("dev.eventlog.internal.journal.MemorySegmentStore");
            assertThat(child.out()).contains("threads=[]");
            child.out()
                    .lines()
                    .filter(line -> line.startsWith("threads="))
                    .forEach(line -> System.out.println("first use in memory: " + line));
        }
    }
}
