package dev.eventlog.examples.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class LatencyHistogramTest {

    private final LatencyHistogram histogram = new LatencyHistogram();

    @Test
    void emptyHistogramSaysZero() {
        assertThat(histogram.percentile(50)).isZero();
        assertThat(histogram.greatest()).isZero();
    }

    @Test
    void percentilesAreThoseOfTheSortedValuesWithinThreePercent() {
        var random = new SplittableRandom(5);
        var values = new long[10_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextLong(1L << random.nextInt(1, 40));
            histogram.record(values[i]);
        }
        Arrays.sort(values);
        for (double percent : new double[] {0.1, 1, 25, 50, 90, 99, 99.9, 100}) {
            long exact = values[(int) Math.ceil(values.length * percent / 100) - 1];
            assertThat(histogram.percentile(percent)).isCloseTo(exact, Percentage.withPercentage(3.2));
        }
        assertThat(histogram.greatest()).isEqualTo(values[values.length - 1]);
        assertThat(histogram.total()).isEqualTo(values.length);
    }

    @Test
    void extremesAreTaken() {
        histogram.record(-1);
        histogram.record(0);
        histogram.record(Long.MAX_VALUE);
        assertThat(histogram.percentile(50)).isZero();
        assertThat(histogram.percentile(100)).isEqualTo(Long.MAX_VALUE);
    }
}
