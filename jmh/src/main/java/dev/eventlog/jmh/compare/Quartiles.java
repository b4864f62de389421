package dev.eventlog.jmh.compare;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The middle half of some values, linearly interpolated between neighbours. */
public record Quartiles(double low, double median, double high) {

    /** Of these values, without those that are no numbers or infinite; null: there are none. */
    public static @Nullable Quartiles of(double... values) {
        double[] sorted =
                Arrays.stream(values).filter(Double::isFinite).sorted().toArray();
        return sorted.length == 0
                ? null
                : new Quartiles(quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75));
    }

    private static double quantile(double[] sorted, double quantile) {
        double rank = quantile * (sorted.length - 1);
        int below = (int) rank;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
    }
}
