package dev.eventlog.torture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Engines with one mistake each: every one is found, by the part of this suite that it names. */
class SabotageTest {

    private static final Path SOURCES = Path.of(System.getProperty("basedir", "."))
            .resolve("../../eventlog-impl/src/main/java/dev/eventlog/internal")
            .normalize();

    @TempDir
    private Path temporary;

    @ParameterizedTest
    @EnumSource(Sabotage.class)
    @Tag("nightly")
    void sabotageIsFound(Sabotage sabotage) throws IOException {
        find(sabotage);
    }

    @Test
    @Tag("build")
    void engineThatChecksNoBodiesIsFound() throws IOException {
        find(Sabotage.DOES_NOT_CHECK_BODIES);
    }

    @Test
    @Tag("build")
    void eachSabotageFitsTheEngine() throws IOException {
        for (Sabotage sabotage : Sabotage.values()) {
            String source = Files.readString(SOURCES.resolve(sabotage.file()));
            assertThat(sabotage.applyTo(source)).isNotEqualTo(source);
        }
    }

    private void find(Sabotage sabotage) throws IOException {
        Path classes = compile(sabotage);
        Run run = Run.of(SabotageTest.class, 30_000, 120);
        // what is found is wrong on purpose, and nobody looks at it
        Path kept = run.directory();
        String output;
        try {
            output = torture(sabotage, classes, run, kept);
        } finally {
            Run.delete(kept);
        }
        String found = output.lines()
                .filter(line -> line.startsWith("WRONG ") || line.contains("AssertionError"))
                .findFirst()
                .orElse(null);
        System.out.println(sabotage + ": " + found);
        assertThat(found).as("%s was not found: %s%n%s", sabotage, run, output).isNotNull();
    }

    /** Runs the suite with the engine that has the mistake; returns what it printed. */
    private static String torture(Sabotage sabotage, Path classes, Run run, Path directory) throws IOException {
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        // most are found before a better compiler pays
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        classes + System.getProperty("path.separator") + classPath(),
                        "-Dseed=" + run.seed(),
                        "-Dcases=" + run.cases(),
                        "-Dseconds=" + run.seconds(),
                        "-Dtorture.directory=" + directory,
                        Torture.class.getName(),
                        sabotage.part)
                .redirectErrorStream(true)
                .start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    /** Returns where the classes with the mistake are. */
    private Path compile(Sabotage sabotage) throws IOException {
        Path classes = Files.createDirectories(temporary.resolve(sabotage.name()));
        Path source = temporary.resolve("source").resolve(sabotage.file());
        Files.createDirectories(source.getParent());
        Files.writeString(source, sabotage.applyTo(Files.readString(SOURCES.resolve(sabotage.file()))));
        var options = new ArrayList<>(List.of("-nowarn", "-proc:none", "-cp", classPath(), "-d", classes.toString()));
        options.add(source.toString());
        int result = ToolProvider.getSystemJavaCompiler().run(null, null, System.err, options.toArray(String[]::new));
        assertThat(result).as("%s compiles", sabotage).isZero();
        return classes;
    }
}
