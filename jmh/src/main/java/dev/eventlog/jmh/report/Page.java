package dev.eventlog.jmh.report;

import dev.eventlog.jmh.Machine;
import dev.eventlog.jmh.Table;
import dev.eventlog.jmh.compare.Comparison;
import dev.eventlog.jmh.compare.RowResult;
import dev.eventlog.jmh.compare.Verdict;
import dev.eventlog.jmh.latency.Latency;
import dev.eventlog.jmh.latency.LatencyResult;
import dev.eventlog.jmh.scale.Scale;
import dev.eventlog.jmh.scale.ScaleResult;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Writes the report's page. <b>Threading:</b> One thread at a time: the caller. */
final class Page {

    static final String NO_PLOTS =
            "Without plots: the JVM found no font. Install fontconfig and a font, and run `report` again.";

    private static final String METHOD = """
            ## How it is measured

            - **In pairs.** The two sides of a row live at the same time, each in a JVM of its own, and work in turn: one \
            sample of ours, one of the peer, the order changing from pair to pair. What disturbs the machine for longer than \
            a sample disturbs both. The ratio is the median of the pairs' ratios; in brackets stands where its middle half lies.
            - **Ratios, not figures.** Figures of a shared virtual machine say little about another one; ratios say more. \
            Where less is better (ns, ms, bytes) a ratio below 1 is good for us, where more is better (events/s) one above 1.
            - **Floor and goal.** A floor that is missed fails the command; a goal is what is aimed at.
            - **Warm.** Each side warms up in each JVM before its first sample. Samples are short, and what one wrote is forced \
            to the disk or deleted before the next, outside the time, so that the kernel's writing back does not decide. \
            Before each sample that appends, a file is written and deleted, so that its pages are of memory that was in use \
            just now: a virtual machine's first use of a page costs more than what is measured.
            - **All of it.** 64-byte payloads. Ours carry the whole envelope (key, type, source, position, times), are \
            checksummed, and are verified when read; nothing of that is switched off. The peers carry the 64 bytes.
            - **Waiting** threads spin 100 times and then yield, on both sides: with few processors a thread that only spins \
            keeps the log's own threads, or the peer's driver, from running.
            - **Device bytes** are those of the block device's own count, since only there is what the file system's journal and \
            whole folios add; so nothing else may write meanwhile.
            - **Latency** counts from the time at which an event should have been sent, so that the wait behind a stall counts \
            for every event behind it (no coordinated omission).
            """;

    private static final String REPEAT = """
            ## How to repeat it

            On a quiet machine, with a directory on a disk:

            ```
            mvn -B -ntp -q package -DskipTests
            java -jar jmh/target/eventlog-jmh.jar compare --dir DIRECTORY --json compare.json     # --quick: five minutes
            java -jar jmh/target/eventlog-jmh.jar latency --dir DIRECTORY --json latency.json     # --peer aeron, disruptor
            java -jar jmh/target/eventlog-jmh.jar scale --dir DIRECTORY --max 1e8 --json scale.json
            java -jar jmh/target/eventlog-jmh.jar report compare.json latency.json scale.json --out docs
            ```

            `compare --only row,…` runs some rows. The parts alone: `java -jar jmh/target/eventlog-jmh.jar jmh -h`.
            """;

    private final StringBuilder text = new StringBuilder();

    String text() {
        return text.toString();
    }

    private void line(String line) {
        text.append(line).append('\n');
    }

    private void paragraph(String paragraph) {
        line(paragraph);
        line("");
    }

    void write(Results results, Plots plots) throws IOException {
        paragraph("# Benchmarks");
        paragraph("Written by `report` from result files; not to be edited by hand."
                + " [Where the time goes](performance.md) explains what is not met.");
        if (!plots.hasFonts()) {
            paragraph(NO_PLOTS);
        }
        machines(results);
        for (int i = 0; i < results.comparisons().size(); i++) {
            comparison(results.comparisons().get(i), plots, "benchmarks-compare" + suffix(i));
        }
        latencies(results.latencies(), plots);
        for (int i = 0; i < results.scales().size(); i++) {
            scale(results.scales().get(i), plots, "benchmarks-scale" + suffix(i));
        }
        configurations(results);
        line(METHOD);
        text.append(REPEAT);
    }

    private static String suffix(int index) {
        return index == 0 ? "" : "-" + (index + 1);
    }

    private void machines(Results results) {
        List<Machine> machines = Stream.of(
                        results.comparisons().stream().map(Comparison::machine),
                        results.latencies().stream().map(LatencyResult::machine),
                        results.scales().stream().map(ScaleResult::machine))
                .flatMap(all -> all)
                .toList();
        Machine first = machines.get(0);
        first.lines().forEach(entry -> line("- " + entry));
        line("");
        for (Machine machine : machines) {
            if (!isSame(machine, first)) {
                paragraph("Part of it elsewhere: " + String.join("; ", machine.lines()) + ".");
            }
        }
        paragraph("Flags of every measuring JVM, ours and the peers' alike: `" + String.join(" ", first.jvmFlags())
                + "`");
    }

    private static boolean isSame(Machine left, Machine right) {
        return left.processor().equals(right.processor())
                && left.cores() == right.cores()
                && left.jdk().equals(right.jdk())
                && left.fileSystem().equals(right.fileSystem())
                && left.commit().equals(right.commit());
    }

    private void comparison(Comparison comparison, Plots plots, String name) throws IOException {
        paragraph("## Beside the peers");
        long goals = count(comparison, Verdict.GOAL_MET);
        long floors = count(comparison, Verdict.FLOOR_MET);
        List<String> missed = comparison.rows().stream()
                .filter(row -> row.verdict().isFailure() || row.verdict() == Verdict.GOAL_MISSED)
                .map(row -> "`" + row.name() + "` (" + row.verdict().label() + ")")
                .toList();
        paragraph(goals + " rows meet their goal, " + floors + " their floor but not their goal. "
                + (missed.isEmpty() ? "None is missed." : "Not met: " + String.join(", ", missed) + "."));
        paragraph(String.format(
                Locale.ROOT,
                "%d forks of %d pairs a row; %.1f s of warm-up a side and fork; logs that are opened and searched hold %,d"
                        + " events.",
                comparison.effort().forks(),
                comparison.effort().pairs(),
                comparison.effort().warmupSeconds(),
                comparison.effort().logEvents()));
        var table = new Table(Comparison.HEADERS);
        comparison.rows().forEach(row -> table.add(row.cells()));
        paragraph(table.toMarkdown());
        image("Ratios with floors and goals", plots.ratios(comparison, name));
    }

    private static long count(Comparison comparison, Verdict verdict) {
        return comparison.rows().stream()
                .filter(row -> row.verdict() == verdict)
                .count();
    }

    private void image(String title, @Nullable String file) {
        if (file != null) {
            paragraph("![" + title + "](images/" + file + ")");
        }
    }

    private void latencies(List<LatencyResult> results, Plots plots) throws IOException {
        if (results.isEmpty()) {
            return;
        }
        paragraph("## Latency at a fixed rate");
        for (LatencyResult result : results) {
            paragraph(String.format(
                    Locale.ROOT,
                    "%,d events a second, %d rounds of %.0f s a side, beside %s:",
                    result.rate(),
                    result.rounds().size(),
                    result.seconds(),
                    result.peerName()));
            paragraph(Latency.table(result).toMarkdown());
        }
        image("Latency by percentile", plots.latencies(results, "benchmarks-latency"));
    }

    private void scale(ScaleResult result, Plots plots, String name) throws IOException {
        paragraph("## As a log grows");
        paragraph(Scale.table(result).toMarkdown());
        paragraph(Scale.growth(result) + ".");
        image("Append and read as the log grows", plots.scaleTimes(result, name + "-times"));
        image("Open and seek as the log grows", plots.scaleOpens(result, name + "-opens"));
    }

    private void configurations(Results results) {
        Map<String, String> sides = new LinkedHashMap<>();
        for (Comparison comparison : results.comparisons()) {
            for (RowResult row : comparison.rows()) {
                sides.putIfAbsent(row.oursName() + ": " + row.oursConfiguration(), row.name());
                sides.putIfAbsent(row.peerName() + ": " + row.peerConfiguration(), row.name());
            }
        }
        for (LatencyResult result : results.latencies()) {
            sides.putIfAbsent("eventlog: " + result.oursConfiguration(), "latency");
            sides.putIfAbsent(result.peerName() + ": " + result.peerConfiguration(), "latency");
        }
        sides.remove(": ");
        if (sides.isEmpty()) {
            return;
        }
        paragraph("## How each side is set up");
        sides.entrySet().stream()
                .map(side -> "- " + side.getKey() + " (`" + side.getValue() + "`)")
                .sorted()
                .forEach(this::line);
        line("");
    }
}
