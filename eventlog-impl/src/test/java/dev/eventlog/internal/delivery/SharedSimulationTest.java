package dev.eventlog.internal.delivery;

import org.junit.jupiter.api.Timeout;

/** Simulated consumers that members share: {@link SimulationRuns}. */
@Timeout(3600)
class SharedSimulationTest extends SimulationRuns {

    SharedSimulationTest() {
        super(SimulationForm.SHARED, Sabotage.LEASE_GIVEN_TWICE);
    }
}
