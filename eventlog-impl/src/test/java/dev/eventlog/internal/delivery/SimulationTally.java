package dev.eventlog.internal.delivery;

import java.util.Arrays;
import java.util.stream.Collectors;

/** What was simulated: how many consumers and steps, and how often each {@link Fault} fired. */
final class SimulationTally {

    private final long[] fired = new long[Fault.values().length];
    private long consumers;
    private long steps;

    void fired(Fault fault) {
        fired[fault.ordinal()]++;
    }

    void simulated(long itsSteps) {
        consumers++;
        steps += itsSteps;
    }

    long consumers() {
        return consumers;
    }

    long steps() {
        return steps;
    }

    long count(Fault fault) {
        return fired[fault.ordinal()];
    }

    @Override
    public String toString() {
        return String.format("%,d consumers, %,d steps, ", consumers, steps)
                + Arrays.stream(Fault.values())
                        .filter(each -> count(each) > 0)
                        .map(each -> String.format("%s %,d", each, count(each)))
                        .collect(Collectors.joining(", "));
    }
}
