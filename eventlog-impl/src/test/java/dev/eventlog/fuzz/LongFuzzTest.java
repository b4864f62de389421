package dev.eventlog.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The same targets for longer, each in a JVM of its own with little memory: guided by Jazzer towards what no input has reached
 * yet where profile {@code fuzz} brings it, else changed at random. {@code -Deventlog.fuzz.seconds=} says how long each
 * target is given, {@code -Deventlog.fuzz.target=} which; what is found stays in {@code target/fuzz}.
 */
@Tag("release")
@Timeout(value = 12, unit = TimeUnit.HOURS)
class LongFuzzTest {

    private static final String JAZZER = "com.code_intelligence.jazzer.Jazzer";
    private static final int SECONDS = Integer.getInteger("eventlog.fuzz.seconds", 60);
    private static final int MEMORY_MEBIBYTES = 512;
    private static final int LONGEST_CASE_SECONDS = 20;

    private final Seed seed = Seed.of(LongFuzzTest.class);

    static Stream<String> targets() {
        String only = System.getProperty("eventlog.fuzz.target");
        return only == null ? FuzzTest.targets() : Stream.of(only);
    }

    @ParameterizedTest
    @MethodSource("targets")
    void noInputLeadsToOtherBytesOrAnUnknownException(String name) throws Exception {
        Path directory = Path.of("target", "fuzz", name).toAbsolutePath();
        Files.createDirectories(directory);
        var command = new ArrayList<>(List.of(
                ChildJvm.java(),
                "-ea",
                "-Xmx" + MEMORY_MEBIBYTES + "m",
                "-XX:+EnableDynamicAgentLoading",
                "-cp",
                ChildJvm.classPath()));
        command.addAll(isJazzerThere() ? jazzer(name, directory) : List.of(Fuzz.class.getName(), name, "" + SECONDS));
        if (!isJazzerThere()) {
            command.add("" + seed.value());
        }
        Path log = directory.resolveSibling(name + ".log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        int code = process.waitFor();
        List<String> said = Files.readAllLines(log, java.nio.charset.StandardCharsets.ISO_8859_1);
        said.stream()
                .filter(line -> line.startsWith("Done ") || line.startsWith(name))
                .forEach(line -> System.out.println(name + ": " + line));
        assertThat(code).as("%s, see %s; %s", name, log, seed).isZero();
    }

    private static boolean isJazzerThere() {
        return ChildJvm.classPath().contains("jazzer");
    }

    private List<String> jazzer(String name, Path directory) throws IOException {
        FuzzTarget target = Fuzz.target(name);
        Path inputs = Files.createDirectories(directory.resolve("inputs"));
        var known = new ArrayList<>(target.seeds());
        known.addAll(Fuzz.kept(target));
        for (int i = 0; i < known.size(); i++) {
            Files.write(inputs.resolve("known-" + i), known.get(i));
        }
        return List.of(
                JAZZER,
                "--target_class=" + Fuzz.class.getName(),
                "--target_args=" + name,
                "--instrumentation_includes=dev.eventlog.internal.**",
                "--reproducer_path=" + directory,
                "-artifact_prefix=" + directory + "/",
                "-max_total_time=" + SECONDS,
                "-timeout=" + LONGEST_CASE_SECONDS,
                "-rss_limit_mb=" + 4 * MEMORY_MEBIBYTES,
                "-print_final_stats=1",
                "-seed=" + (seed.value() & Integer.MAX_VALUE),
                inputs.toString());
    }
}
