package dev.eventlog.internal.delivery;

import java.util.Arrays;
import java.util.List;

/** What kind of consumer is simulated. */
enum SimulationForm {
    /** A subscription, in the order of the log or of each key. */
    LANES {
        @Override
        Simulation.Subject subject(SimulationPlan plan) {
            return new Lanes(new LanesModel(plan));
        }
    },
    /** A consumer that members share. */
    SHARED {
        @Override
        Simulation.Subject subject(SimulationPlan plan) {
            return new Shared(new SharedModel(plan));
        }
    };

    abstract Simulation.Subject subject(SimulationPlan plan);

    /** The faults that a plan may have. */
    List<Fault> faults() {
        return Arrays.stream(Fault.values())
                .filter(each -> each.isPlannedFor(this))
                .toList();
    }

    private record Lanes(LanesModel model) implements Simulation.Subject {
        @Override
        public SimulatedOwner open(Simulation simulation, Place place, Parking parking) {
            return new LanesOwner(simulation, place, parking, model);
        }
    }

    private record Shared(SharedModel model) implements Simulation.Subject {
        @Override
        public SimulatedOwner open(Simulation simulation, Place place, Parking parking) {
            return new SharedOwner(simulation, place, parking, model);
        }
    }
}
