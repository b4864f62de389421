package dev.eventlog.jmh.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class RowResultTest {

    private static Verdict judge(Unit unit, Limits limits, double ours, double peer) {
        return RowResult.of(Samples.row("row", unit, limits), Samples.pairs(ours, peer), null)
                .verdict();
    }

    @Test
    void lessIsBetterForTimes() {
        Limits limits = Limits.ratio(1.1, 0.8);

        assertThat(judge(Unit.NANOS_PER_EVENT, limits, 80, 100)).isEqualTo(Verdict.GOAL_MET);
        assertThat(judge(Unit.NANOS_PER_EVENT, limits, 81, 100)).isEqualTo(Verdict.FLOOR_MET);
        assertThat(judge(Unit.NANOS_PER_EVENT, limits, 110, 100)).isEqualTo(Verdict.FLOOR_MET);
        assertThat(judge(Unit.NANOS_PER_EVENT, limits, 111, 100)).isEqualTo(Verdict.NOT_MET);
    }

    @Test
    void moreIsBetterForRates() {
        Limits limits = Limits.ratio(2, 4);

        assertThat(judge(Unit.EVENTS_PER_SECOND, limits, 4e6, 1e6)).isEqualTo(Verdict.GOAL_MET);
        assertThat(judge(Unit.EVENTS_PER_SECOND, limits, 2e6, 1e6)).isEqualTo(Verdict.FLOOR_MET);
        assertThat(judge(Unit.EVENTS_PER_SECOND, limits, 1.9e6, 1e6)).isEqualTo(Verdict.NOT_MET);
    }

    @Test
    void absoluteLimitsLookAtOurFigureAlone() {
        assertThat(judge(Unit.MILLIS, Limits.absolute(100, 30), 29, 1)).isEqualTo(Verdict.GOAL_MET);
        assertThat(judge(Unit.MILLIS, Limits.absolute(100, 30), 101, 1)).isEqualTo(Verdict.NOT_MET);
    }

    @Test
    void aGoalWithoutAFloorFailsNothing() {
        assertThat(judge(Unit.EVENTS_PER_SECOND, Limits.ratioGoal(0.5), 1, 10))
                .isEqualTo(Verdict.GOAL_MISSED)
                .matches(verdict -> !verdict.isFailure());
        assertThat(judge(Unit.EVENTS_PER_SECOND, Limits.none(), 1, 10)).isEqualTo(Verdict.INFORMATION);
    }

    @Test
    void theRatioIsTheMedianOfThePairs() {
        var pairs =
                List.of(new Pair(0, 1.0, 1.0), new Pair(0, 2.0, 1.0), new Pair(0, 3.0, 1.0), new Pair(0, 40.0, 1.0));

        Quartiles ratio = RowResult.of(Samples.row("row", Unit.EVENTS_PER_SECOND, Limits.none()), pairs, null)
                .ratio();

        assertThat(ratio).isNotNull();
        assertThat(ratio.median()).isEqualTo(2.5, within(1e-9));
        assertThat(ratio.low()).isEqualTo(1.75, within(1e-9));
        assertThat(ratio.high()).isEqualTo(12.25, within(1e-9));
    }

    @Test
    void aPeerOfZeroHasNoRatio() {
        RowResult result = RowResult.of(
                Samples.row("row", Unit.BYTES, Limits.absolute(1, 1)),
                List.of(new Pair(0, 0.0, 0.0), new Pair(0, 5.0, 0.0)),
                null);

        assertThat(result.ratio()).isNull();
        assertThat(result.verdict()).isEqualTo(Verdict.NOT_MET);
    }

    @Test
    void aRowThatDidNotRunFailsIfItHasLimits() {
        RowResult failed = RowResult.of(
                Samples.row("row", Unit.EVENTS_PER_SECOND, Limits.ratio(1, 2)), List.of(), "the fork ended");

        assertThat(failed.verdict()).isEqualTo(Verdict.NOT_RUN);
        assertThat(failed.cells()).contains("NOT RUN (failed)");
    }

    @Test
    void aMissedFloorIsTheExitCode() {
        Comparison comparison = Samples.comparison();

        assertThat(comparison.exitCode()).isEqualTo(1);
        assertThat(new Comparison(
                                Comparison.KIND,
                                comparison.machine(),
                                comparison.effort(),
                                comparison.rows().subList(0, 2))
                        .exitCode())
                .isZero();
    }

    @Test
    void figuresOfOneOperationBecomeTheUnits() {
        assertThat(Unit.EVENTS_PER_SECOND.figure(200)).isEqualTo(5e6);
        assertThat(Unit.MILLIS.figure(2e6)).isEqualTo(2);
        assertThat(Unit.EVENTS_PER_SECOND.format(5_250_000)).isEqualTo("5.25 M events/s");
        assertThat(Unit.MICROS.format(8.3)).isEqualTo("8.30 µs");
    }
}
