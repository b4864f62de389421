package dev.eventlog.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.eventlog.internal.support.Seed;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Thousands of simulated shared consumers with faults, each from a seed; see {@link SharedSimulation}. {@code
 * -Deventlog.simulation.seconds=} sets how long.
 */
@Timeout(3600)
class SharedSimulationTest {

    private static final int SECONDS = Integer.getInteger("eventlog.simulation.seconds", 2);
    private static final int MOST_RUNS_OF_A_SABOTAGE = 10_000;

    private final Seed seed = Seed.of(SharedSimulationTest.class);

    @Test
    void noRuleIsBrokenWhateverHappens() {
        long end = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
        long began = System.nanoTime();
        long steps = 0;
        long runs = 0;
        try (var log = new SimulatedLog()) {
            for (long each = seed.value(); System.nanoTime() - end < 0; each++) {
                SharedPlan plan = SharedPlan.random(each);
                String broken = violation(plan, SharedSabotage.NONE, log);
                if (broken != null) {
                    SharedPlan least =
                            plan.minimised(smaller -> isSame(broken, violation(smaller, SharedSabotage.NONE, log)));
                    fail(
                            "%s%nin %s%nrepeat with -Dseed=%d; smallest: %s: %s",
                            broken, plan, each, violation(least, SharedSabotage.NONE, log), least);
                }
                steps += lastSteps;
                runs++;
            }
        }
        long micros = (System.nanoTime() - began) / 1_000;
        System.out.printf(
                "simulated %,d shared consumers, %,d steps, %,d a second; %s%n",
                runs, steps, steps * 1_000_000 / micros, seed);
        assertThat(runs).isPositive();
    }

    @ParameterizedTest
    @EnumSource(value = SharedSabotage.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void eachSabotageIsNoticed(SharedSabotage sabotage) {
        try (var log = new SimulatedLog()) {
            for (int i = 0; i < MOST_RUNS_OF_A_SABOTAGE; i++) {
                String noticed = violation(SharedPlan.random(seed.value() + i), sabotage, log);
                if (noticed != null) {
                    assertThat(noticed).as("%s", seed).containsPattern(sabotage.rule);
                    return;
                }
            }
        }
        fail("nothing was noticed of %s, %s", sabotage, seed);
    }

    @Test
    void aFailingPlanIsMadeSmaller() {
        try (var log = new SimulatedLog()) {
            SharedPlan plan = SharedPlan.random(seed.value());
            for (long each = seed.value(); violation(plan, SharedSabotage.WATERMARK_OFF_BY_ONE, log) == null; each++) {
                plan = SharedPlan.random(each);
            }
            String broken = violation(plan, SharedSabotage.WATERMARK_OFF_BY_ONE, log);
            SharedPlan least = plan.minimised(
                    smaller -> isSame(broken, violation(smaller, SharedSabotage.WATERMARK_OFF_BY_ONE, log)));
            assertThat(least.events()).as("%s of %s", least, seed).isLessThanOrEqualTo(plan.events());
            assertThat(least.faults().size()).isLessThanOrEqualTo(plan.faults().size());
            assertThat(isSame(broken, violation(least, SharedSabotage.WATERMARK_OFF_BY_ONE, log)))
                    .isTrue();
        }
    }

    private long lastSteps;

    private @Nullable String violation(SharedPlan plan, SharedSabotage sabotage, SimulatedLog log) {
        try {
            lastSteps = new SharedSimulation(plan, sabotage, log).run();
            return null;
        } catch (SimulationModel.Violation | AssertionError | IllegalStateException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** Whether two violations are of one rule, whatever the events. */
    private static boolean isSame(String broken, @Nullable String other) {
        return other != null && kind(other).equals(kind(broken));
    }

    private static String kind(String broken) {
        return broken.replaceAll("[0-9\\[\\], ]+", "#");
    }
}
