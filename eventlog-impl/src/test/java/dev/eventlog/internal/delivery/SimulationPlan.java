package dev.eventlog.internal.delivery;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/**
 * What happens to a simulated subscription: all of it follows from these values, so that a failing run can be made smaller.
 *
 * @param seed of the durations, the outcomes and the order of what happens at the same time
 * @param region of the {@link SimulatedLog}
 * @param events that are handled
 * @param faults in the order of their steps
 */
record SimulationPlan(long seed, int region, int lanes, int events, int batchEvents, int attempts, List<Fault> faults) {

    /** What happens at a step. */
    record Fault(int step, Kind kind) {}

    enum Kind {
        /** The process dies. */
        CRASH,
        /** The process dies, and of the checkpoint is left what was forced. */
        POWER_CUT,
        /** The checkpoint is forced. */
        FORCE,
        /** The subscription is closed, and its handlers end in time. */
        STOP,
        /** The subscription is closed, and its handlers run on. */
        ABANDON,
        PAUSE,
        /** The log's clock goes on by two minutes. */
        CLOCK_JUMP,
        /** All lanes but one stand for a second. */
        SLOW,
        /** The thread of a lane dies. */
        BROKEN_LANE,
        /** The next flush throws. */
        FLUSH_FAILURE,
        /** Somebody takes events off the list of parked ones. */
        OPERATOR
    }

    private static final int MOST_STEPS = 4_000;

    static SimulationPlan random(long seed) {
        var random = new SplittableRandom(seed);
        int faultCount = random.nextInt(12);
        var steps = new ArrayList<Integer>();
        for (int i = 0; i < faultCount; i++) {
            steps.add(random.nextInt(random.nextBoolean() ? 200 : MOST_STEPS));
        }
        steps.sort(null);
        Kind[] kinds = Kind.values();
        List<Fault> faults = steps.stream()
                .map(step -> new Fault(step, kinds[random.nextInt(kinds.length)]))
                .toList();
        return new SimulationPlan(
                seed,
                random.nextInt(SimulatedLog.REGIONS),
                random.nextInt(4) == 0 ? 1 : 2 + random.nextInt(7),
                1 + random.nextInt(SimulatedLog.REGION_EVENTS),
                random.nextBoolean() ? 1 : 1 + random.nextInt(20),
                1 + random.nextInt(4),
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
            plans.add(with(lanes, events, batchEvents, attempts, List.copyOf(fewer)));
        }
        for (int fewer : new int[] {events / 2, events - 1}) {
            if (fewer >= 1 && fewer < events) {
                plans.add(with(lanes, fewer, batchEvents, attempts, faults));
            }
        }
        if (lanes > 2) {
            plans.add(with(lanes - 1, events, batchEvents, attempts, faults));
        }
        if (batchEvents > 1) {
            plans.add(with(lanes, events, 1, attempts, faults));
        }
        if (attempts > 1) {
            plans.add(with(lanes, events, batchEvents, attempts - 1, faults));
        }
        return plans;
    }

    private SimulationPlan with(
            int newLanes, int newEvents, int newBatchEvents, int newAttempts, List<Fault> newFaults) {
        return new SimulationPlan(seed, region, newLanes, newEvents, newBatchEvents, newAttempts, newFaults);
    }
}
