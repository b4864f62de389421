package dev.eventlog.internal.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import net.openhft.chronicle.bytes.MappedBytes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each test opens a JVM of its own: in this one somebody else may have opened everything already. */
@Timeout(300)
final class JvmOpenerTest {

    private static final String[] FLAGS = {
        "--add-opens",
        "java.base/java.lang.reflect=ALL-UNNAMED",
        "--add-exports",
        "java.base/sun.nio.ch=ALL-UNNAMED",
        "--add-exports",
        "java.base/jdk.internal.ref=ALL-UNNAMED"
    };

    /** Without jdk.unsupported there is no ReflectionFactory: the JVM refuses the trick, and a missing flag shows. */
    private static final String[] REFUSING = {"--limit-modules", "java.base"};

    @TempDir
    Path directory;

    /** What the other JVM runs. */
    static final class Probe {

        public static void main(String[] args) {
            try {
                JvmOpener.open();
                JvmOpener.open();
            } catch (IllegalStateException e) {
                System.out.println("refused: " + e.getMessage());
                refusedAgain();
                return;
            }
            Module base = Object.class.getModule();
            Module user = Probe.class.getModule();
            System.out.println("open: " + base.isOpen("java.lang.reflect", user) + " "
                    + base.isExported("sun.nio.ch", user) + " " + base.isExported("jdk.internal.ref", user));
            System.out.println("properties: " + System.getProperty("chronicle.announcer.disable") + " "
                    + System.getProperty("chronicle.analytics.disable") + " "
                    + System.getProperty("chronicle.disk.monitor.disable"));
        }

        private static void refusedAgain() {
            try {
                JvmOpener.open();
            } catch (IllegalStateException e) {
                System.out.println("again: " + e.getMessage());
            }
        }
    }

    /** What the other JVM runs to see that Chronicle gets at what it needs: it maps a file. */
    static final class ChronicleProbe {

        public static void main(String[] args) throws Exception {
            JvmOpener.open();
            try (MappedBytes bytes = MappedBytes.mappedBytes(Path.of(args[0]).toFile(), 1 << 16)) {
                bytes.writeLong(0, 4711);
                System.out.println("mapped: " + bytes.readLong(0));
            }
        }
    }

    @Test
    void plainJvmIsOpened() throws Exception {
        assertThat(run(Probe.class)).containsExactly("open: true true true", "properties: true true true");
    }

    @Test
    void chronicleMapsAFileInAPlainJvmWithoutAWarning() throws Exception {
        assertThat(runWith(List.of(directory.resolve("mapped").toString()), ChronicleProbe.class, silentUnsafe()))
                .contains("mapped: 4711")
                .noneMatch(line -> line.toUpperCase(Locale.ROOT).contains("WARN"));
    }

    /** From 24 on the JDK itself warns, once, that Chronicle uses Unsafe: that is not ours to hide. */
    private static String[] silentUnsafe() {
        return Runtime.version().feature() < 24
                ? new String[0]
                : new String[] {"--sun-misc-unsafe-memory-access=allow"};
    }

    @Test
    void refusalNamesTheFlags() throws Exception {
        List<String> output = run(Probe.class, REFUSING);

        assertThat(output).hasSize(2);
        assertThat(output.get(0))
                .startsWith("refused: ")
                .contains("java=" + Runtime.version())
                .contains("sun.reflect.ReflectionFactory")
                .endsWith(String.join(" ", FLAGS));
        assertThat(output.get(1)).isEqualTo(output.get(0).replace("refused: ", "again: "));
    }

    @Test
    void jvmWithTheFlagsNeedsNoTrick() throws Exception {
        var flags = new ArrayList<>(List.of(REFUSING));
        flags.addAll(List.of(FLAGS));

        assertThat(run(Probe.class, flags.toArray(String[]::new)))
                .containsExactly("open: true true true", "properties: true true true");
    }

    @Test
    void oneMissingFlagIsRefused() throws Exception {
        for (int missing = 0; missing < FLAGS.length; missing += 2) {
            var flags = new ArrayList<>(List.of(FLAGS));
            flags.remove(missing);
            flags.remove(missing);
            flags.addAll(List.of(REFUSING));

            assertThat(run(Probe.class, flags.toArray(String[]::new)).get(0)).startsWith("refused: ");
        }
    }

    @Test
    void propertiesOfTheUserAreKept() throws Exception {
        assertThat(run(Probe.class, "-Dchronicle.announcer.disable=false", "-Dchronicle.disk.monitor.disable="))
                .contains("properties: false true ");
    }

    private List<String> run(Class<?> main, String... options) throws IOException, InterruptedException {
        return runWith(List.of(), main, options);
    }

    private List<String> runWith(List<String> arguments, Class<?> main, String... options)
            throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        Path output = directory.resolve("output");
        Process jvm = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(jvm.waitFor()).as(() -> read(output)).isZero();
        return Files.readAllLines(output);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
