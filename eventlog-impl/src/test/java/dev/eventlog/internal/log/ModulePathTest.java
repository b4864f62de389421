package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.internal.support.ChildJvm;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.StringJoiner;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A program that is a module, and finds the library on the module path. */
@Timeout(120)
class ModulePathTest {

    private static final String MAIN = """
            package app;

            import dev.eventlog.Codec;
            import dev.eventlog.EventLog;
            import java.nio.file.Path;
            import java.time.Duration;

            class Main {
                record Placed(String id, long cents) {}

                public static void main(String[] arguments) {
                    var codec = Codec.records(Placed.class);
                    try (var log = EventLog.open(Path.of(arguments[0]))) {
                        log.producer("checkout", codec).append("o-17", new Placed("o-17", 2_500));
                        try (var billing = log.consumer("billing", codec)) {
                            System.out.println(billing.poll(Duration.ofSeconds(1)).get(0).data());
                        }
                    }
                }
            }
            """;

    @TempDir
    private Path temporary;

    private String run(String required) throws IOException {
        Path program = Files.createDirectory(temporary.resolve("program-" + required.length()));
        Path source = Files.writeString(program.resolve("Main.java"), MAIN);
        Path declaration = Files.writeString(
                program.resolve("module-info.java"),
                "module app { requires dev.eventlog; " + required + " opens app; }");
        String modules = modulePath();
        var told = new StringWriter();
        int compiled = ToolProvider.findFirst("javac")
                .orElseThrow()
                .run(
                        new PrintWriter(told),
                        new PrintWriter(told),
                        "-p",
                        modules,
                        "-d",
                        program.resolve("classes").toString(),
                        source.toString(),
                        declaration.toString());
        assertThat(compiled).as("%s", told).isZero();
        Path log = program.resolve("log");
        String path = program.resolve("classes") + File.pathSeparator + modules;
        Process process = new ProcessBuilder(ChildJvm.java(), "-p", path, "-m", "app/app.Main", log.toString())
                .redirectErrorStream(true)
                .start();
        return new String(process.getInputStream().readAllBytes());
    }

    /** What users have: the engine, here a directory of classes, is a jar whose manifest names its module. */
    private String modulePath() throws IOException {
        var path = new StringJoiner(File.pathSeparator);
        for (String entry : ChildJvm.classPath().split(File.pathSeparator)) {
            if (entry.contains("eventlog-impl")) {
                if (!entry.contains("test-classes")) {
                    path.add(Files.isDirectory(Path.of(entry)) ? jar(Path.of(entry)) : entry);
                }
            } else if (entry.matches(".*/(eventlog-api|chronicle|posix|slf4j|jspecify).*")) {
                path.add(entry);
            }
        }
        return path.toString();
    }

    private String jar(Path classes) throws IOException {
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Automatic-Module-Name", "dev.eventlog.impl");
        Path jar = temporary.resolve("eventlog-impl.jar");
        try (OutputStream file = Files.newOutputStream(jar);
                var target = new JarOutputStream(file, manifest);
                var all = Files.walk(classes)) {
            for (Path each : List.copyOf(all.filter(Files::isRegularFile).toList())) {
                target.putNextEntry(new JarEntry(classes.relativize(each).toString()));
                target.write(Files.readAllBytes(each));
                target.closeEntry();
            }
        }
        return jar.toString();
    }

    @Test
    void programThatRequiresWhatTheDocumentationSaysRuns() throws IOException {
        assertThat(run("requires dev.eventlog.impl; requires org.slf4j; requires jdk.unsupported;"))
                .contains("Placed[id=o-17, cents=2500]");
    }

    @Test
    void programThatLacksAModuleOfTheJdkIsToldWhichOne() throws IOException {
        assertThat(run("requires dev.eventlog.impl; requires org.slf4j;"))
                .contains("requires jdk.unsupported;")
                .doesNotContain("Placed[");
    }
}
