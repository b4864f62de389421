package dev.eventlog.jmh.latency;

import dev.eventlog.jmh.Machine;
import dev.eventlog.jmh.compare.Limits;
import dev.eventlog.jmh.compare.Quartiles;
import dev.eventlog.jmh.compare.Verdict;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came out of a latency measurement, as it is kept as JSON.
 *
 * @param kind {@link #KIND}
 * @param rate events a second
 * @param seconds of each round
 * @param rounds each side's histograms, one of ours and one of the peer directly behind each other
 * @param lines percentile by percentile
 */
public record LatencyResult(
        String kind,
        Machine machine,
        long rate,
        double seconds,
        String peerName,
        String oursConfiguration,
        String peerConfiguration,
        List<Percentile> lines,
        List<Round> rounds) {

    /** What {@link #kind} is. */
    public static final String KIND = "latency";

    /** The columns of the table. */
    public static final List<String> HEADERS = List.of(
            "percentile", "eventlog µs", "peer µs", "ours ÷ peer, median (25–75 %)", "floor", "goal", "verdict");

    /**
     * One percentile.
     *
     * @param percentile 0 to 100; 100 is the maximum
     * @param oursMicros over all rounds together
     * @param peerMicros over all rounds together
     * @param ratio of the rounds
     */
    public record Percentile(
            double percentile,
            double oursMicros,
            double peerMicros,
            @Nullable Quartiles ratio,
            Limits limits,
            Verdict verdict) {}

    /** One round's histograms, compressed and in Base64, in nanoseconds. */
    public record Round(String ours, String peer) {}
}
