package dev.eventlog.jmh.compare;

import dev.eventlog.jmh.Machine;
import java.util.List;

/**
 * A whole comparison, as it is kept as JSON.
 *
 * @param kind {@link #KIND}, which tells it from other files
 */
public record Comparison(String kind, Machine machine, Effort effort, List<RowResult> rows) {

    /** What {@link #kind} is. */
    public static final String KIND = "compare";

    /** The columns of the table. */
    public static final List<String> HEADERS =
            List.of("row", "work", "eventlog", "peer", "ours ÷ peer, or ours (25–75 %)", "floor", "goal", "verdict");

    /** 1 if a floor was missed, else 0. */
    int exitCode() {
        return rows.stream().anyMatch(row -> row.verdict().isFailure()) ? 1 : 0;
    }
}
