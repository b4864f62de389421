package dev.eventlog.jmh;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where and when something was measured.
 *
 * @param load average number of running threads in the minute before: above 0 the machine was not quiet
 * @param commit of the working directory's git tree, {@code unknown} if it is none; a {@code +} says changed files
 */
public record Machine(
        String measuredAt,
        String processor,
        int cores,
        String memory,
        String kernel,
        String jdk,
        String fileSystem,
        String load,
        String commit,
        List<String> jvmFlags) {

    private static final int GIT_SECONDS = 10;

    /** Describes this machine as seen from a directory on the file system that is measured. */
    public static Machine here(Path directory) throws IOException {
        BlockDevice device = BlockDevice.of(directory);
        return new Machine(
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                field("/proc/cpuinfo", "model name"),
                Runtime.getRuntime().availableProcessors(),
                gibibytes(field("/proc/meminfo", "MemTotal")),
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                System.getProperty("java.vm.name") + " " + Runtime.version(),
                device.fileSystem() + " on " + device.source(),
                read("/proc/loadavg").split(" ", 2)[0],
                currentCommit(),
                Fork.flags());
    }

    /** Its lines, for a report. */
    public List<String> lines() {
        return List.of(
                "processor: " + processor + ", " + cores + " cores",
                "memory: " + memory,
                "kernel: " + kernel,
                "JVM: " + jdk,
                "file system: " + fileSystem,
                "load before: " + load,
                "commit: " + commit,
                "measured: " + measuredAt);
    }

    private static String field(String file, String name) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of(file), StandardCharsets.UTF_8)) {
            return lines.filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).trim())
                    .findFirst()
                    .orElse("unknown");
        }
    }

    private static String gibibytes(String kibibytes) {
        String digits = kibibytes.replaceAll("\\D", "");
        return digits.isEmpty()
                ? kibibytes
                : String.format(Locale.ROOT, "%.1f GiB", Long.parseLong(digits) / (double) (1 << 20));
    }

    private static String read(String file) throws IOException {
        return Files.readString(Path.of(file), StandardCharsets.UTF_8).trim();
    }

    private static String currentCommit() {
        String commit = git("rev-parse", "--short=12", "HEAD");
        if (commit.isEmpty()) {
            return "unknown";
        }
        return git("status", "--porcelain", "--untracked-files=no").isEmpty() ? commit : commit + "+";
    }

    /** What git prints; empty if it is not there or fails. */
    private static String git(String... arguments) {
        try {
            Process process = new ProcessBuilder(Stream.concat(Stream.of("git"), Stream.of(arguments))
                            .toList())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try (Stream<String> lines =
                    process.inputReader(StandardCharsets.UTF_8).lines()) {
                String printed = lines.collect(Collectors.joining("\n"));
                boolean ended = process.waitFor(GIT_SECONDS, TimeUnit.SECONDS);
                return ended && process.exitValue() == 0 ? printed : "";
            }
        } catch (IOException absent) {
            return "";
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}
