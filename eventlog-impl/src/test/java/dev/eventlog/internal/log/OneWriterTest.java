package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eventlog.EventLog;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.ChildJvm;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One process, and in it one {@link EventLog}, writes a log; whoever comes second is told at once by whom. */
@Timeout(120)
class OneWriterTest {

    @TempDir
    private Path temporary;

    /** Opens a log, prints the process as the operating system of the parent knows it, and holds it. */
    static final class Holder {
        public static void main(String[] arguments) throws Exception {
            EventLog log = EventLog.open(Path.of(arguments[0]));
            log.producer("holder", Numbered.CODEC).append(java.nio.ByteBuffer.wrap(new byte[] {1, 2, 3}));
            System.out.println("open pid=" + ProcessHandle.current().pid() + " end=" + log.endPosition());
            if (arguments.length > 1) {
                Runtime.getRuntime().halt(Integer.parseInt(arguments[1]));
            }
            System.in.read();
        }
    }

    @Test
    void secondProcessIsRefusedWithTheFirstOnesPid() {
        Path directory = temporary.resolve("log");
        try (var child = ChildJvm.start(Holder.class, directory)) {
            child.awaitLine("open");
            long quickest = Long.MAX_VALUE;
            for (int i = 0; i < 20; i++) {
                long before = System.nanoTime();
                var refusal = catchThrowableOfType(LockedException.class, () -> EventLog.open(directory));
                quickest = Math.min(quickest, System.nanoTime() - before);
                assertThat(refusal)
                        .hasMessageContaining("pid=" + child.process().pid())
                        .hasMessageContaining(directory.toString());
                assertThat(refusal.owner()).contains("pid=" + child.process().pid());
            }
            assertThat(quickest).as("it does not wait").isLessThan(TimeUnit.SECONDS.toNanos(5));
            child.kill();
        }
        try (EventLog log = EventLog.open(directory)) {
            assertThat(log.endPosition()).isOne();
        }
    }

    @Test
    void secondOpenIsRefusedWithTheFirstOnesStackOnEachWayToTheDirectory() throws Exception {
        Path directory = temporary.resolve("log");
        Path link = temporary.resolve("link");
        Path relative = Path.of("").toAbsolutePath().relativize(directory);
        try (EventLog log = EventLog.open(directory)) {
            Files.createSymbolicLink(link, directory);
            for (Path path : List.of(directory, link, relative, directory.resolve("../log"))) {
                assertThatThrownBy(() -> EventLog.open(path))
                        .isInstanceOf(LockedException.class)
                        .hasMessageContaining("secondOpenIsRefusedWithTheFirstOnesStackOnEachWayToTheDirectory");
            }
            assertHeldFor(directory);
            assertThat(log.endPosition()).isZero();
        }
        EventLog.open(link).close();
    }

    @Test
    void secondOpenThroughAnotherClassLoaderIsRefused() throws Exception {
        Path directory = temporary.resolve("log");
        try (EventLog log = EventLog.open(directory);
                var loader = new URLClassLoader(urls(), ClassLoader.getPlatformClassLoader())) {
            Class<?> other = loader.loadClass(EventLog.class.getName());
            assertThat(other).isNotSameAs(EventLog.class);
            var open = other.getMethod("open", Path.class);
            assertThatThrownBy(() -> open.invoke(null, directory))
                    .isInstanceOf(InvocationTargetException.class)
                    .cause()
                    .hasMessageContaining("open for writing in this JVM already")
                    .hasMessageContaining("secondOpenThroughAnotherClassLoaderIsRefused");
            assertHeldFor(directory);
            log.force();
        }
    }

    private static URL[] urls() {
        return Arrays.stream(ChildJvm.classPath().split(File.pathSeparator))
                .map(entry -> {
                    try {
                        return Path.of(entry).toUri().toURL();
                    } catch (MalformedURLException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .toArray(URL[]::new);
    }

    /** The operating system's lock is silently lost when a channel on its file is closed: another process must not get it. */
    private static void assertHeldFor(Path directory) {
        try (var child = ChildJvm.start(Holder.class, directory, 0)) {
            assertThat(child.await()).as(child.output()).isNotZero();
            assertThat(child.err())
                    .contains("LockedException")
                    .contains("pid=" + ProcessHandle.current().pid());
        }
    }

    @Test
    void secondOpenIsRefusedAlsoIfTheSystemPropertiesWereReplaced() {
        Path directory = temporary.resolve("log");
        Properties before = System.getProperties();
        try (EventLog log = EventLog.open(directory)) {
            var others = new Properties();
            before.forEach((key, value) -> {
                if (!key.toString().startsWith("dev.eventlog")) {
                    others.put(key, value);
                }
            });
            System.setProperties(others);
            assertThatThrownBy(() -> EventLog.open(directory)).isInstanceOf(LockedException.class);
            System.setProperties(before);
            assertHeldFor(directory);
            log.force();
        } finally {
            System.setProperties(before);
        }
        EventLog.open(directory).close();
    }

    @Test
    void systemPropertiesCanStillBeListed() {
        try (EventLog log = EventLog.open(temporary.resolve("log"))) {
            var listed = new ByteArrayOutputStream();
            assertThatCode(() -> {
                        System.getProperties().list(new PrintStream(listed, true, StandardCharsets.UTF_8));
                        System.getProperties().store(listed, null);
                        System.getProperties().storeToXML(listed, null);
                    })
                    .doesNotThrowAnyException();
            assertThat(log.endPosition()).isZero();
        }
    }

    @Test
    void processWithThePidOfTheOneThatWasKilledOpensTheLog() {
        List<String> namespace = List.of("unshare", "--pid", "--fork", "--mount-proc");
        assumeTrue(
                ChildJvm.succeeds("unshare", "--pid", "--fork", "--mount-proc", "true"),
                "needs root for a pid namespace");
        Path directory = temporary.resolve("log");
        for (int run = 1; run <= 3; run++) {
            try (var child = ChildJvm.start(namespace, List.of(), Holder.class, directory, 137)) {
                assertThat(child.await()).as(child.output()).isEqualTo(137);
                assertThat(child.out()).contains("open pid=1 end=" + run);
            }
        }
    }

    /** As in two containers on one volume, where both processes may have the number 1. */
    @Test
    void processOfAnotherPidNamespaceIsRefusedUntilTheFirstIsKilled() {
        List<String> namespace = List.of("unshare", "--pid", "--fork", "--mount-proc", "--kill-child");
        assumeTrue(
                ChildJvm.succeeds("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "true"),
                "needs root for a pid namespace");
        Path directory = temporary.resolve("log");
        try (var first = ChildJvm.start(namespace, List.of(), Holder.class, directory)) {
            assertThat(first.awaitLine("open")).contains("pid=1 ");
            try (var second = ChildJvm.start(namespace, List.of(), Holder.class, directory)) {
                assertThat(second.await()).as(second.output()).isNotZero();
                assertThat(second.err())
                        .contains(LockedException.class.getName())
                        .contains("pid=1 ");
            }
            first.kill();
        }
        // unshare may be gone a moment before what it has started
        EventLog log = null;
        while (log == null) {
            try {
                log = EventLog.open(directory);
            } catch (LockedException notYet) {
                Thread.onSpinWait();
            }
        }
        assertThat(log.endPosition()).isOne();
        log.close();
    }

    @Test
    void failedOpenGivesTheLogFreeAgain() throws Exception {
        Path directory = temporary.resolve("log");
        EventLog.open(directory).close();
        byte[] meta = Files.readAllBytes(directory.resolve("log.meta"));
        Files.write(directory.resolve("log.meta"), new byte[3]);
        // nothing else tells what log this is
        Files.delete(directory.resolve("manifest"));
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> EventLog.open(directory)).isNotInstanceOf(LockedException.class);
        }
        Files.write(directory.resolve("log.meta"), meta);
        EventLog.open(directory).close();
    }

    @Test
    void openThatCannotBeginASegmentGivesTheLogFreeOnce() {
        Path directory = temporary.resolve("log");
        EventLog.open(directory).close();
        var unlocks = new AtomicInteger();
        var files = new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.CREATE && path.startsWith(directory.resolve("active"))) {
                throw new IOException("Input/output error, on purpose");
            }
            if (op == HookedFileOps.Op.UNLOCK && path.endsWith("lock")) {
                unlocks.incrementAndGet();
            }
        });
        assertThatThrownBy(() -> Numbered.open(directory, files))
                .isInstanceOf(LogFailedException.class)
                .hasStackTraceContaining("on purpose");
        assertThat(unlocks).hasValue(1);
        try (var child = ChildJvm.start(Holder.class, directory, 0)) {
            assertThat(child.await()).as(child.output()).isZero();
        }
        try (EventLog log = EventLog.open(directory)) {
            assertThatThrownBy(() -> EventLog.open(directory))
                    .isInstanceOf(LockedException.class)
                    .hasMessageContaining("openThatCannotBeginASegmentGivesTheLogFreeOnce");
            assertHeldFor(directory);
            assertThat(log.endPosition()).isOne();
        }
    }
}
