package dev.eventlog.jmh.compare;

import dev.eventlog.jmh.Json;
import dev.eventlog.jmh.Machine;
import dev.eventlog.jmh.Options;
import dev.eventlog.jmh.Progress;
import dev.eventlog.jmh.Table;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command {@code compare}: runs rows, prints the table, and fails if a floor was missed. */
public final class Compare {

    private Compare() {}

    /** The options of the command. */
    static Options options() {
        return new Options("compare")
                .flag("quick")
                .option("json", "file")
                .option("only", "row,…")
                .option("forks", "n")
                .option("pairs", "n")
                .option("log-events", "n")
                .option("dir", "directory");
    }

    /** Runs it and returns the exit code. */
    public static int run(List<String> arguments, PrintStream out) throws IOException {
        Options options = options().parse(arguments).withoutWords();
        List<Row> rows = rows(options);
        Effort effort = effort(options);
        Path parent = options.path("dir", Path.of(System.getProperty("java.io.tmpdir")));
        Files.createDirectories(parent);
        Machine machine = Machine.here(parent);
        var results = new ArrayList<RowResult>();
        int steps = rows.stream().mapToInt(row -> PairRunner.pairs(row, effort)).sum();
        try (var progress = new Progress(steps)) {
            var runner = new PairRunner(parent, effort, progress::step);
            for (Row row : rows) {
                progress.begin(row.name());
                results.add(run(row, runner));
            }
        }
        var comparison = new Comparison(Comparison.KIND, machine, effort, results);
        print(comparison, out);
        Path json = options.path("json");
        if (json != null) {
            Json.write(json, comparison);
        }
        return comparison.exitCode();
    }

    private static RowResult run(Row row, PairRunner runner) {
        try {
            return RowResult.of(row, runner.run(row), null);
        } catch (IOException failure) {
            return RowResult.of(row, List.of(), String.valueOf(failure.getMessage()));
        }
    }

    static List<Row> rows(Options options) {
        List<String> all = Rows.ALL.stream().map(Row::name).toList();
        List<String> only = options.names("only", all::contains, all);
        return Rows.ALL.stream()
                .filter(row -> only.isEmpty() || only.contains(row.name()))
                .toList();
    }

    static Effort effort(Options options) {
        Effort preset = options.has("quick") ? Effort.quick() : Effort.full();
        return new Effort(
                (int) options.number("forks", 1, 100, preset.forks()),
                (int) options.number("pairs", 1, 1_000, preset.pairs()),
                preset.warmupSeconds(),
                (int) options.number("log-events", 1_000, 100_000_000, preset.logEvents()));
    }

    private static void print(Comparison comparison, PrintStream out) {
        comparison.machine().lines().forEach(out::println);
        out.println();
        var table = new Table(Comparison.HEADERS);
        comparison.rows().forEach(row -> table.add(row.cells()));
        out.print(table.toText());
        for (RowResult row : comparison.rows()) {
            if (row.failure() != null) {
                out.println(row.name() + " failed: " + row.failure());
            }
        }
    }
}
