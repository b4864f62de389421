package dev.eventlog.jmh.latency;

import dev.eventlog.jmh.Fork;
import dev.eventlog.jmh.Json;
import dev.eventlog.jmh.Machine;
import dev.eventlog.jmh.Options;
import dev.eventlog.jmh.Progress;
import dev.eventlog.jmh.ScratchDirectory;
import dev.eventlog.jmh.Table;
import dev.eventlog.jmh.compare.Limits;
import dev.eventlog.jmh.compare.Quartiles;
import dev.eventlog.jmh.compare.Unit;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;

/** The command {@code latency}: rounds of eventlog and of a peer in turn, percentiles and their ratio. */
public final class Latency {

    private static final double[] PERCENTILES = {50, 90, 99, 99.9, 99.99, 100};
    private static final double WARMUP_SECONDS = 3;
    private static final long GREATEST_RATE = 10_000_000;

    private Latency() {}

    static Options options() {
        return new Options("latency")
                .option("rate", "events-per-second")
                .option("seconds", "n")
                .option("rounds", "n")
                .option("forks", "n")
                .option("peer", String.join("|", Lines.PEERS))
                .option("json", "file")
                .option("dir", "directory");
    }

    /** Runs it and returns the exit code. */
    public static int run(List<String> arguments, PrintStream out) throws IOException {
        Options options = options().parse(arguments).withoutWords();
        long rate = options.number("rate", 1, GREATEST_RATE, 100_000);
        long seconds = options.number("seconds", 1, 3600, 5);
        int rounds = (int) options.number("rounds", 1, 1000, 5);
        int forks = (int) options.number("forks", 1, 100, 3);
        Lines peer = peer(options);
        Path parent = options.path("dir", Path.of(System.getProperty("java.io.tmpdir")));
        Files.createDirectories(parent);
        Machine machine = Machine.here(parent);
        var measured = new ArrayList<LatencyResult.Round>();
        try (var progress = new Progress(forks * rounds)) {
            for (int fork = 0; fork < forks; fork++) {
                progress.begin("fork " + (fork + 1) + " of " + forks);
                measure(parent, peer, rate, seconds, rounds, fork, measured, progress);
            }
        }
        LatencyResult result = result(machine, rate, (double) seconds, peer, measured);
        print(result, out);
        Path json = options.path("json");
        if (json != null) {
            Json.write(json, result);
        }
        return result.lines().stream().anyMatch(line -> line.verdict().isFailure()) ? 1 : 0;
    }

    private static Lines peer(Options options) {
        List<String> names = options.names("peer", Lines.PEERS::contains, Lines.PEERS);
        if (names.size() > 1) {
            throw new Options.UsageException("--peer takes one of " + String.join(", ", Lines.PEERS));
        }
        return names.isEmpty() ? Lines.CHRONICLE : Lines.valueOf(names.get(0).toUpperCase(Locale.ROOT));
    }

    private static void measure(
            Path parent,
            Lines peerLine,
            long rate,
            long seconds,
            int rounds,
            int number,
            List<LatencyResult.Round> measured,
            Progress progress)
            throws IOException {
        try (var scratch = new ScratchDirectory(parent);
                Fork ours = start(scratch.path(), Lines.EVENTLOG, rate);
                Fork peer = start(scratch.path(), peerLine, rate)) {
            ours.ask(Double.toString(WARMUP_SECONDS));
            peer.ask(Double.toString(WARMUP_SECONDS));
            for (int round = 0; round < rounds; round++) {
                String first = ((number + round) % 2 == 0 ? ours : peer).ask(Long.toString(seconds));
                String second = ((number + round) % 2 == 0 ? peer : ours).ask(Long.toString(seconds));
                measured.add(
                        (number + round) % 2 == 0
                                ? new LatencyResult.Round(first, second)
                                : new LatencyResult.Round(second, first));
                progress.step();
            }
        }
    }

    private static Fork start(Path scratch, Lines line, long rate) throws IOException {
        Path directory = Files.createDirectories(scratch.resolve(line.name()));
        return new Fork(
                directory.resolve("errors.txt"),
                List.of("fork-latency", line.name(), directory.toString(), Long.toString(rate)));
    }

    static LatencyResult result(
            Machine machine, long rate, double seconds, Lines peer, List<LatencyResult.Round> rounds) {
        Histogram ours = sum(rounds.stream().map(LatencyResult.Round::ours).toList());
        Histogram theirs = sum(rounds.stream().map(LatencyResult.Round::peer).toList());
        var lines = new ArrayList<LatencyResult.Percentile>();
        for (double percentile : PERCENTILES) {
            Quartiles ratio = Quartiles.of(rounds.stream()
                    .mapToDouble(round -> (double) decode(round.ours()).getValueAtPercentile(percentile)
                            / decode(round.peer()).getValueAtPercentile(percentile))
                    .toArray());
            Limits limits = peer == Lines.CHRONICLE ? limits(percentile) : Limits.none();
            lines.add(new LatencyResult.Percentile(
                    percentile,
                    ours.getValueAtPercentile(percentile) / 1e3,
                    theirs.getValueAtPercentile(percentile) / 1e3,
                    ratio,
                    limits,
                    limits.judge(Unit.MICROS, ratio == null ? Double.NaN : ratio.median(), Double.NaN)));
        }
        return new LatencyResult(
                LatencyResult.KIND,
                machine,
                rate,
                seconds,
                peer.label(),
                Lines.EVENTLOG.configuration(),
                peer.configuration(),
                lines,
                rounds);
    }

    private static Limits limits(double percentile) {
        if (percentile == 50) {
            return Limits.ratio(1.2, 1.0);
        }
        return percentile == 99 || percentile == 99.9 ? Limits.ratio(1.2, 0.8) : Limits.none();
    }

    /** All of these as one. */
    public static Histogram sum(List<String> histograms) {
        Histogram sum = new Histogram(3);
        histograms.forEach(histogram -> sum.add(decode(histogram)));
        return sum;
    }

    private static Histogram decode(String histogram) {
        try {
            return Histogram.decodeFromCompressedByteBuffer(
                    ByteBuffer.wrap(Base64.getDecoder().decode(histogram)), 0);
        } catch (DataFormatException malformed) {
            throw new IllegalArgumentException("not a histogram", malformed);
        }
    }

    private static void print(LatencyResult result, PrintStream out) {
        result.machine().lines().forEach(out::println);
        out.println("\nappend → handler on another thread, " + result.rate() + " events/s, peer: " + result.peerName()
                + "\n");
        out.print(table(result).toText());
    }

    /** The result as a table. */
    public static Table table(LatencyResult result) {
        var table = new Table(LatencyResult.HEADERS);
        for (LatencyResult.Percentile line : result.lines()) {
            Quartiles ratio = line.ratio();
            table.add(List.of(
                    line.percentile() == 100
                            ? "max"
                            : "p" + String.valueOf(line.percentile()).replaceAll("\\.0$", ""),
                    String.format(Locale.ROOT, "%.2f", line.oursMicros()),
                    String.format(Locale.ROOT, "%.2f", line.peerMicros()),
                    ratio == null
                            ? "-"
                            : String.format(Locale.ROOT, "%.2f (%.2f–%.2f)", ratio.median(), ratio.low(), ratio.high()),
                    line.limits().format(Unit.MICROS, line.limits().floor()),
                    line.limits().format(Unit.MICROS, line.limits().goal()),
                    line.verdict().label()));
        }
        return table;
    }
}
