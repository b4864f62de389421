package dev.eventlog.examples.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class VerdictTest {

    private final Verdict verdict = new Verdict();

    @Test
    void equalRunsHaveNoDifferences() {
        verdict.add("input", Map.of("book", "bid 1 2\n", "tape", "count 0\n"));
        verdict.add("replay", Map.of("book", "bid 1 2\n", "tape", "count 0\n"));
        assertThat(verdict.differences()).isEmpty();
        assertThat(verdict.runs()).isEqualTo("input = replay");
        assertThat(verdict.lengths()).containsEntry("book", 8).containsEntry("tape", 8);
    }

    @Test
    void differenceNamesConsumerRunsAndLine() {
        verdict.add("input", Map.of("book", "bid 1 2\nask 3 4\n"));
        verdict.add("replay", Map.of("book", "bid 1 2\nask 3 5\n"));
        verdict.add("3 kills", Map.of("book", "bid 1 2\n"));
        assertThat(verdict.differences())
                .containsExactly(
                        "book differs, line 2: input has \"ask 3 4\", replay has \"ask 3 5\"",
                        "book differs, line 2: input has \"ask 3 4\", 3 kills has no such line");
    }

    @Test
    void missingStateIsADifference() {
        verdict.add("input", Map.of("book", "bid 1 2\n"));
        verdict.add("3 kills", Map.of());
        assertThat(verdict.differences()).hasSize(1);
    }
}
