package dev.eventlog.jmh.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.eventlog.jmh.Options;
import dev.eventlog.jmh.compare.Samples;
import dev.eventlog.jmh.compare.Verdict;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScaleTest {

    private static ScaleStep step(long events, double appendNanos) {
        return new ScaleStep(events, appendNanos, appendNanos, 30, 500, 20, 5, 6, 200, 90, 5, 6, 1);
    }

    @Test
    void sizesAreTenfoldUpToTheGreatest() {
        assertThat(Scale.sizes(1_000)).containsExactly(1_000L);
        assertThat(Scale.sizes(30_000)).containsExactly(1_000L, 10_000L, 30_000L);
    }

    @Test
    void growthIsTheSlowestByTheFastest() {
        ScaleResult result = Scale.result(Samples.machine(), List.of(step(1_000, 150), step(10_000, 100)));

        assertThat(result.growth()).isEqualTo(1.5, within(1e-9));
        assertThat(result.verdict()).isEqualTo(Verdict.NOT_MET);
        assertThat(Scale.growth(result)).contains("1.50").contains("NOT MET");
        assertThat(Scale.table(result).toText()).contains("10,000");
    }

    @Test
    void refusesWhatCannotBe() {
        assertThatThrownBy(() -> Scale.run(List.of("--max", "10"), System.out))
                .isInstanceOf(Options.UsageException.class)
                .hasMessageContaining("--max 10 is not a whole number from 1000");
    }
}
