package dev.eventlog.jmh.report;

import dev.eventlog.jmh.Json;
import dev.eventlog.jmh.Options;
import dev.eventlog.jmh.compare.Comparison;
import dev.eventlog.jmh.latency.LatencyResult;
import dev.eventlog.jmh.scale.ScaleResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The results that a report is made of, in the order of their files. */
record Results(List<Comparison> comparisons, List<LatencyResult> latencies, List<ScaleResult> scales) {

    static Results read(List<Path> files) throws IOException {
        var results = new Results(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (Path file : files) {
            switch (Json.kind(file)) {
                case Comparison.KIND -> results.comparisons.add(Json.read(file, Comparison.class));
                case LatencyResult.KIND -> results.latencies.add(Json.read(file, LatencyResult.class));
                case ScaleResult.KIND -> results.scales.add(Json.read(file, ScaleResult.class));
                default ->
                    throw new Options.UsageException(
                            file + " is not a result of compare, latency or scale: they write one with --json");
            }
        }
        return results;
    }
}
