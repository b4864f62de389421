package dev.eventlog.internal.delivery;

import dev.eventlog.internal.delivery.DeliveryMachine.Step;
import org.jspecify.annotations.Nullable;

/** A thread of a simulated consumer, the reader's or one that handles; and what it is doing. */
class SimulatedThread {

    static final int READER = 0;

    final int number;
    long wakeAt;
    boolean isEnded;
    // what it does until it wakes; null: it asks for the next step
    @Nullable
    Step doing;

    long position;
    int attempt;

    /**
     * @param number {@link #READER}, or from 1 on
     */
    SimulatedThread(int number, long wakeAt) {
        this.number = number;
        this.wakeAt = wakeAt;
    }
}
