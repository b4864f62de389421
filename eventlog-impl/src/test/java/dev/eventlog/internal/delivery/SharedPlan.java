package dev.eventlog.internal.delivery;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/**
 * What happens to a simulated shared consumer: all of it follows from these values, so that a failing run can be made smaller.
 *
 * @param seed of the durations, the outcomes and the order of what happens at the same time
 * @param region of the {@link SimulatedLog}
 * @param members that each life begins with
 * @param events that are handled
 * @param faults in the order of their steps
 */
record SharedPlan(long seed, int region, int members, int events, int attempts, List<Fault> faults) {

    /** What happens at a step. */
    record Fault(int step, Kind kind) {}

    enum Kind {
        /** The process dies. */
        CRASH,
        /** The process dies, and of the checkpoint is left what was forced. */
        POWER_CUT,
        /** The checkpoint is forced. */
        FORCE,
        /** All members are closed, and their handlers end in time. */
        STOP,
        /** All members are closed, and their handlers run on. */
        ABANDON,
        JOIN,
        /** A member is closed, and its handler ends in time. */
        LEAVE,
        /** A member is closed, and its handler runs on. */
        LEAVE_BEHIND,
        /** A member's thread dies, and says so. */
        DEATH,
        /** A member's thread dies without a word. */
        SILENT_DEATH,
        /** A member cannot decode the next event that it gets. */
        BROKEN,
        PAUSE,
        /** The log's clock goes on by two minutes. */
        CLOCK_JUMP,
        /** All members but one stand for a second. */
        SLOW,
        /** The next event that is to be parked finds no room. */
        NO_ROOM,
        /** Somebody takes events off the list of parked ones. */
        OPERATOR
    }

    private static final int MOST_STEPS = 3_000;

    static SharedPlan random(long seed) {
        var random = new SplittableRandom(seed);
        int faultCount = random.nextInt(14);
        var steps = new ArrayList<Integer>();
        for (int i = 0; i < faultCount; i++) {
            steps.add(random.nextInt(random.nextBoolean() ? 200 : MOST_STEPS));
        }
        steps.sort(null);
        Kind[] kinds = Kind.values();
        List<Fault> faults = steps.stream()
                .map(step -> new Fault(step, kinds[random.nextInt(kinds.length)]))
                .toList();
        return new SharedPlan(
                seed,
                random.nextInt(SimulatedLog.REGIONS),
                1 + random.nextInt(7),
                1 + random.nextInt(SimulatedLog.REGION_EVENTS),
                1 + random.nextInt(4),
                faults);
    }

    /** The smallest plan that can be made of this one by leaving things out, and still fails. */
    SharedPlan minimised(Predicate<SharedPlan> fails) {
        SharedPlan least = this;
        boolean isSmaller = true;
        while (isSmaller) {
            isSmaller = false;
            for (SharedPlan candidate : least.smaller()) {
                if (fails.test(candidate)) {
                    least = candidate;
                    isSmaller = true;
                    break;
                }
            }
        }
        return least;
    }

    private List<SharedPlan> smaller() {
        var plans = new ArrayList<SharedPlan>();
        for (int i = 0; i < faults.size(); i++) {
            var fewer = new ArrayList<>(faults);
            fewer.remove(i);
            plans.add(new SharedPlan(seed, region, members, events, attempts, List.copyOf(fewer)));
        }
        for (int fewer : new int[] {events / 2, events - 1}) {
            if (fewer >= 1 && fewer < events) {
                plans.add(new SharedPlan(seed, region, members, fewer, attempts, faults));
            }
        }
        if (members > 1) {
            plans.add(new SharedPlan(seed, region, members - 1, events, attempts, faults));
        }
        if (attempts > 1) {
            plans.add(new SharedPlan(seed, region, members, events, attempts - 1, faults));
        }
        return plans;
    }
}
