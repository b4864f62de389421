package dev.eventlog.internal.delivery;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/**
 * What happens to a simulated consumer: all of it follows from these values, so that a failing run can be made smaller.
 *
 * @param seed of the durations, the outcomes and the order of what happens at the same time
 * @param region of the {@link SimulatedLog}
 * @param workers lanes, or the members that each life begins with
 * @param events that are handled
 * @param throwing whether handlers fail
 * @param faults in the order of their steps
 */
record SimulationPlan(
        SimulationForm form,
        long seed,
        int region,
        int workers,
        int events,
        int batchEvents,
        int attempts,
        boolean throwing,
        List<Planned> faults) {

    /** What happens at a step. */
    record Planned(int step, Fault fault) {}

    private static final int MOST_STEPS = 4_000;
    private static final int MOST_FAULTS = 14;

    static SimulationPlan random(SimulationForm form, long seed) {
        var random = new SplittableRandom(seed);
        int faultCount = random.nextInt(MOST_FAULTS);
        var steps = new ArrayList<Integer>();
        for (int i = 0; i < faultCount; i++) {
            steps.add(random.nextInt(random.nextBoolean() ? 200 : MOST_STEPS));
        }
        steps.sort(null);
        List<Fault> kinds = form.faults();
        List<Planned> faults = steps.stream()
                .map(step -> new Planned(step, kinds.get(random.nextInt(kinds.size()))))
                .toList();
        return new SimulationPlan(
                form,
                seed,
                random.nextInt(SimulatedLog.REGIONS),
                random.nextInt(4) == 0 ? 1 : 2 + random.nextInt(7),
                1 + random.nextInt(SimulatedLog.REGION_EVENTS),
                random.nextBoolean() ? 1 : 1 + random.nextInt(20),
                1 + random.nextInt(4),
                true,
                faults);
    }

    /** The smallest plan that can be made of this one by leaving things out, and still fails. */
    SimulationPlan minimised(Predicate<SimulationPlan> fails) {
        SimulationPlan least = this;
        boolean isSmaller = true;
        while (isSmaller) {
            isSmaller = false;
            for (SimulationPlan candidate : least.smaller()) {
                if (fails.test(candidate)) {
                    least = candidate;
                    isSmaller = true;
                    break;
                }
            }
        }
        return least;
    }

    private List<SimulationPlan> smaller() {
        var plans = new ArrayList<SimulationPlan>();
        for (int i = 0; i < faults.size(); i++) {
            var fewer = new ArrayList<>(faults);
            fewer.remove(i);
            plans.add(with(workers, events, batchEvents, attempts, throwing, List.copyOf(fewer)));
        }
        for (int fewer : new int[] {events / 2, events - 1}) {
            if (fewer >= 1 && fewer < events) {
                plans.add(with(workers, fewer, batchEvents, attempts, throwing, faults));
            }
        }
        if (throwing) {
            plans.add(with(workers, events, batchEvents, attempts, false, faults));
        }
        if (workers > 2 || (workers == 2 && form == SimulationForm.SHARED)) {
            plans.add(with(workers - 1, events, batchEvents, attempts, throwing, faults));
        }
        if (batchEvents > 1) {
            plans.add(with(workers, events, 1, attempts, throwing, faults));
        }
        if (attempts > 1) {
            plans.add(with(workers, events, batchEvents, attempts - 1, throwing, faults));
        }
        return plans;
    }

    private SimulationPlan with(
            int newWorkers,
            int newEvents,
            int newBatchEvents,
            int newAttempts,
            boolean newThrowing,
            List<Planned> newFaults) {
        return new SimulationPlan(
                form, seed, region, newWorkers, newEvents, newBatchEvents, newAttempts, newThrowing, newFaults);
    }
}
