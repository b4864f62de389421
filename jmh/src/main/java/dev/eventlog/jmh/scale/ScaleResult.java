package dev.eventlog.jmh.scale;

import dev.eventlog.jmh.Machine;
import dev.eventlog.jmh.compare.Limits;
import dev.eventlog.jmh.compare.Verdict;
import java.util.List;

/**
 * What came out of a scale run, as it is kept as JSON.
 *
 * @param kind {@link #KIND}
 * @param growth greatest divided by least median time of an append
 * @param limits of the growth
 */
public record ScaleResult(
        String kind, Machine machine, double growth, Limits limits, Verdict verdict, List<ScaleStep> steps) {

    /** What {@link #kind} is. */
    public static final String KIND = "scale";

    /** The columns of the table. */
    public static final List<String> HEADERS = List.of(
            "events",
            "append ns (mean)",
            "read ns",
            "open first ms",
            "open warm ms",
            "seek position µs",
            "seek time µs",
            "RSS MiB (without files)",
            "heap MiB",
            "files",
            "length MiB");
}
