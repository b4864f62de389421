package dev.eventlog.jmh;

import java.io.IOException;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;

/**
 * Runs the benchmarks with JMH's own options, such as {@code -f 3} or a name's part, and then prints how each compares
 * with the peer that did the same work in the same run.
 */
public final class Main {

    private Main() {}

    /** Takes JMH's options. */
    public static void main(String[] args) throws CommandLineOptionException, RunnerException, IOException {
        var options = new CommandLineOptions(args);
        if (options.shouldHelp()) {
            options.showHelp();
            return;
        }
        var runner = new Runner(options);
        if (options.shouldList()) {
            runner.list();
            return;
        }
        printRatios(runner.run());
    }

    /** Pairs results by class and by what follows the first word of the method: {@code eventlogX} with {@code chronicleX}. */
    private static void printRatios(Collection<RunResult> results) {
        Map<String, Double> ours = new TreeMap<>();
        Map<String, Double> peers = new TreeMap<>();
        for (RunResult result : results) {
            String benchmark = result.getParams().getBenchmark();
            int dot = benchmark.lastIndexOf('.');
            String type = benchmark.substring(benchmark.lastIndexOf('.', dot - 1) + 1, dot);
            String method = benchmark.substring(dot + 1);
            double score = result.getPrimaryResult().getScore();
            if (method.startsWith("eventlog")) {
                ours.put(type + " " + method.substring("eventlog".length()), score);
            } else if (method.startsWith("chronicle")) {
                peers.put(type, score);
            }
        }
        System.out.printf(
                Locale.ROOT, "%n%-44s %12s %12s %8s%n", "work, ns per event", "eventlog", "Chronicle", "ratio");
        ours.forEach((name, score) -> {
            Double peer = peers.get(name.substring(0, name.indexOf(' ')));
            if (peer != null) {
                System.out.printf(Locale.ROOT, "%-44s %12.1f %12.1f %8.2f%n", name, score, peer, score / peer);
            }
        });
    }
}
