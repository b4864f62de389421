package dev.eventlog.internal.delivery;

import org.junit.jupiter.api.Timeout;

/** Simulated subscriptions, in the order of the log or of each key: {@link SimulationRuns}. */
@Timeout(3600)
class DeliverySimulationTest extends SimulationRuns {

    DeliverySimulationTest() {
        super(SimulationForm.LANES, Sabotage.TWO_LANES_FOR_A_KEY);
    }
}
