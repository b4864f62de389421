package dev.eventlog.jmh.report;

import dev.eventlog.jmh.Options;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The command {@code report}: writes {@code benchmarks.md} and {@code images/benchmarks-*.png} from result files. */
public final class Report {

    private static final String PAGE = "benchmarks.md";

    private Report() {}

    static Options options() {
        return new Options("report file… ").option("json", "file").option("out", "directory");
    }

    /** Runs it and returns the exit code. */
    public static int run(List<String> arguments, PrintStream out) throws IOException {
        Options options = options().parse(arguments);
        String first = options.text("json");
        List<Path> files = Stream.concat(Stream.ofNullable(first), options.words().stream())
                .map(Path::of)
                .toList();
        Path directory = options.path("out");
        requireUsable(options, files, directory);
        Path target = directory == null ? Path.of("docs") : directory;
        Results results = Results.read(files);
        Path images = Files.createDirectories(target.resolve("images"));
        Page page = new Page();
        page.write(results, new Plots(images));
        Path file = target.resolve(PAGE);
        Files.writeString(file, page.text(), StandardCharsets.UTF_8);
        out.println("written: " + file);
        return 0;
    }

    private static void requireUsable(Options options, List<Path> files, @Nullable Path directory) {
        if (files.isEmpty()) {
            throw new Options.UsageException(
                    "no files: name what compare, latency and scale wrote with --json\n" + options.help());
        }
        for (Path file : files) {
            if (!Files.isRegularFile(file)) {
                throw new Options.UsageException("no such file: " + file + "\n" + options.help());
            }
        }
        if (directory != null && Files.isRegularFile(directory)) {
            throw new Options.UsageException("--out " + directory + " is a file; name a directory");
        }
    }
}
