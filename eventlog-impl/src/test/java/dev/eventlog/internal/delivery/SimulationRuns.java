package dev.eventlog.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.eventlog.internal.support.Seed;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Thousands of simulated consumers of a form with faults, each from a seed; see {@link Simulation}. {@code
 * -Deventlog.simulation.seconds=} sets how long, or {@code -Deventlog.simulation.steps=} how many steps.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class SimulationRuns {

    private static final int SECONDS = Integer.getInteger("eventlog.simulation.seconds", 2);
    private static final long STEPS = Long.getLong("eventlog.simulation.steps", 0);
    private static final int MOST_RUNS_OF_A_SABOTAGE = 10_000;
    /** With so many consumers each fault has happened. */
    private static final int ENOUGH_CONSUMERS = 300;

    private final SimulationForm form;
    private final Sabotage typical;
    private final Seed seed = Seed.of(getClass());

    /**
     * @param typical a mistake to make a failing plan smaller with
     */
    SimulationRuns(SimulationForm form, Sabotage typical) {
        this.form = form;
        this.typical = typical;
    }

    @Test
    void noRuleIsBrokenWhateverHappens() {
        long began = System.nanoTime();
        var tally = new SimulationTally();
        try (var log = new SimulatedLog()) {
            for (long each = seed.value(); isMoreWanted(tally, began); each++) {
                SimulationPlan plan = SimulationPlan.random(form, each);
                String broken = violation(plan, Sabotage.NONE, log, tally);
                if (broken != null) {
                    tell(plan, broken, log);
                }
            }
        }
        long micros = (System.nanoTime() - began) / 1_000;
        System.out.printf(
                "simulated %s: %s; %,d steps a second; %s%n", form, tally, tally.steps() * 1_000_000 / micros, seed);
        assertThat(tally.consumers()).isPositive();
        if (tally.consumers() >= ENOUGH_CONSUMERS) {
            assertThat(form.faults())
                    .allSatisfy(fault -> assertThat(tally.count(fault))
                            .as("%s of %s", fault, seed)
                            .isPositive());
        }
    }

    private static boolean isMoreWanted(SimulationTally tally, long began) {
        return STEPS > 0
                ? tally.steps() < STEPS
                : System.nanoTime() - began < Duration.ofSeconds(SECONDS).toNanos();
    }

    private void tell(SimulationPlan plan, String broken, SimulatedLog log) {
        SimulationPlan least = least(plan, Sabotage.NONE, broken, log);
        fail(
                "%s%nin %s%nrepeat with -Dseed=%d; smallest: %s: %s",
                broken, plan, plan.seed(), violation(least, Sabotage.NONE, log), least);
    }

    List<Sabotage> sabotages() {
        return Sabotage.of(form);
    }

    @ParameterizedTest
    @MethodSource("sabotages")
    void eachSabotageIsNoticed(Sabotage sabotage) {
        try (var log = new SimulatedLog()) {
            for (int i = 0; i < MOST_RUNS_OF_A_SABOTAGE; i++) {
                String noticed = violation(SimulationPlan.random(form, seed.value() + i), sabotage, log);
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
            SimulationPlan plan = SimulationPlan.random(form, seed.value());
            for (long each = seed.value() + 1; violation(plan, typical, log) == null; each++) {
                plan = SimulationPlan.random(form, each);
            }
            String broken = violation(plan, typical, log);
            assertThat(broken).isNotNull();
            SimulationPlan least = least(plan, typical, String.valueOf(broken), log);
            assertThat(least.events()).as("%s of %s", least, seed).isLessThanOrEqualTo(plan.events());
            assertThat(least.faults().size()).isLessThanOrEqualTo(plan.faults().size());
            assertThat(isSame(String.valueOf(broken), violation(least, typical, log)))
                    .isTrue();
        }
    }

    private static SimulationPlan least(SimulationPlan plan, Sabotage sabotage, String broken, SimulatedLog log) {
        return plan.minimised(smaller -> isSame(broken, violation(smaller, sabotage, log)));
    }

    private static @Nullable String violation(SimulationPlan plan, Sabotage sabotage, SimulatedLog log) {
        return violation(plan, sabotage, log, new SimulationTally());
    }

    private static @Nullable String violation(
            SimulationPlan plan, Sabotage sabotage, SimulatedLog log, SimulationTally tally) {
        try {
            new Simulation(plan, sabotage, log, tally).run();
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
