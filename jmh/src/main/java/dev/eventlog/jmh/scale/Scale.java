package dev.eventlog.jmh.scale;

import dev.eventlog.jmh.Fork;
import dev.eventlog.jmh.Json;
import dev.eventlog.jmh.Machine;
import dev.eventlog.jmh.Options;
import dev.eventlog.jmh.Progress;
import dev.eventlog.jmh.ScratchDirectory;
import dev.eventlog.jmh.Table;
import dev.eventlog.jmh.compare.Limits;
import dev.eventlog.jmh.compare.Unit;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The command {@code scale}: logs of tenfold sizes. */
public final class Scale {

    private static final long LEAST = 1_000;
    private static final long MOST = 1_000_000_000;
    private static final long DEFAULT_MOST = 10_000_000;
    private static final long BYTES_PER_EVENT = 200;
    private static final Limits GROWTH = Limits.ratio(1.3, 1.1);

    private Scale() {}

    static Options options() {
        return new Options("scale")
                .option("max", "events")
                .option("json", "file")
                .option("dir", "directory");
    }

    /** Runs it and returns the exit code. */
    public static int run(List<String> arguments, PrintStream out) throws IOException {
        Options options = options().parse(arguments).withoutWords();
        long max = options.number("max", LEAST, MOST, DEFAULT_MOST);
        Path parent = options.path("dir", Path.of(System.getProperty("java.io.tmpdir")));
        Files.createDirectories(parent);
        requireRoom(parent, max);
        Machine machine = Machine.here(parent);
        List<Long> sizes = sizes(max);
        var steps = new ArrayList<ScaleStep>();
        try (var progress = new Progress(sizes.size())) {
            for (long size : sizes) {
                progress.begin(String.format(Locale.ROOT, "%,d events", size));
                try (var scratch = new ScratchDirectory(parent)) {
                    steps.add(step(scratch.path(), size));
                }
                progress.step();
            }
        }
        ScaleResult result = result(machine, steps);
        machine.lines().forEach(out::println);
        out.println();
        out.print(table(result).toText());
        out.println(growth(result));
        Path json = options.path("json");
        if (json != null) {
            Json.write(json, result);
        }
        return result.verdict().isFailure() ? 1 : 0;
    }

    private static void requireRoom(Path parent, long max) throws IOException {
        long free = Files.getFileStore(parent).getUsableSpace();
        if (free < max * BYTES_PER_EVENT) {
            throw new Options.UsageException("not enough room for --max " + max + ": directory=" + parent
                    + " freeBytes=" + free + " neededBytes=" + max * BYTES_PER_EVENT
                    + "; give a smaller --max or another --dir");
        }
    }

    /** Powers of ten from 1,000 on, and the greatest. */
    static List<Long> sizes(long max) {
        var sizes = new ArrayList<Long>();
        for (long size = LEAST; size < max; size *= 10) {
            sizes.add(size);
        }
        sizes.add(max);
        return sizes;
    }

    private static ScaleStep step(Path scratch, long size) throws IOException {
        Path directory = Files.createDirectories(scratch.resolve("log"));
        Path errors = scratch.resolve("errors.txt");
        ScaleStep step;
        try (Fork fork = new Fork(errors, List.of("fork-scale", directory.toString()))) {
            step = Json.parse(fork.ask("fill " + size), ScaleStep.class);
        }
        try (Fork fork = new Fork(errors, List.of("fork-scale", directory.toString()))) {
            return step.withOpenFirst(Double.parseDouble(fork.ask("open")));
        }
    }

    static ScaleResult result(Machine machine, List<ScaleStep> steps) {
        double least = steps.stream().mapToDouble(ScaleStep::appendNanos).min().orElse(Double.NaN);
        double most = steps.stream().mapToDouble(ScaleStep::appendNanos).max().orElse(Double.NaN);
        double growth = most / least;
        return new ScaleResult(
                ScaleResult.KIND,
                machine,
                growth,
                GROWTH,
                GROWTH.judge(Unit.NANOS_PER_EVENT, growth, Double.NaN),
                steps);
    }

    /** The growth of an append's time in a sentence. */
    public static String growth(ScaleResult result) {
        return String.format(
                Locale.ROOT,
                "slowest ÷ fastest size, append: %.2f (floor %s, goal %s): %s",
                result.growth(),
                result.limits().format(Unit.NANOS_PER_EVENT, result.limits().floor()),
                result.limits().format(Unit.NANOS_PER_EVENT, result.limits().goal()),
                result.verdict().label());
    }

    /** The result as a table. */
    public static Table table(ScaleResult result) {
        var table = new Table(ScaleResult.HEADERS);
        for (ScaleStep step : result.steps()) {
            table.add(List.of(
                    String.format(Locale.ROOT, "%,d", step.events()),
                    String.format(Locale.ROOT, "%.0f (%.0f)", step.appendNanos(), step.appendMeanNanos()),
                    String.format(Locale.ROOT, "%.1f", step.readNanos()),
                    String.format(Locale.ROOT, "%.0f", step.openFirstMillis()),
                    String.format(Locale.ROOT, "%.1f", step.openWarmMillis()),
                    String.format(Locale.ROOT, "%.1f", step.seekPositionMicros()),
                    String.format(Locale.ROOT, "%.1f", step.seekTimeMicros()),
                    String.format(Locale.ROOT, "%.0f (%.0f)", step.residentMebibytes(), step.anonymousMebibytes()),
                    String.format(Locale.ROOT, "%.1f", step.heapMebibytes()),
                    Long.toString(step.files()),
                    String.format(Locale.ROOT, "%.1f", step.lengthMebibytes())));
        }
        return table;
    }
}
