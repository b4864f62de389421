package dev.eventlog.torture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Damaged files: what was appended, or an exception that names the place; in a JVM of 256 MiB that must not die. */
class DamageTest {

    @Test
    @Tag("build")
    @Timeout(600)
    void damagedFilesShowWhatWasAppendedOrThrow() throws IOException, InterruptedException {
        Run run = Run.of(DamageTest.class, 400, 6);
        Process child = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-ea",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        "-Dseed=" + run.seed(),
                        "-Dcases=" + run.cases(),
                        "-Dseconds=" + run.seconds(),
                        Torture.class.getName(),
                        "damage"))
                .redirectErrorStream(true)
                .start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(child.exitValue()).as("%s%n%s", run, output).isZero();
        System.out.print(output);
    }
}
