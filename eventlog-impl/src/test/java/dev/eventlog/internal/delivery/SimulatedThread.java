package dev.eventlog.internal.delivery;

import dev.eventlog.internal.delivery.DeliveryMachine.Step;
import org.jspecify.annotations.Nullable;

/** A thread of a simulated subscription: the reader, or a lane; and what it is doing. */
final class SimulatedThread {

    static final int READER = -1;

    final int lane;
    long wakeAt;
    boolean isEnded;
    // what it does until it wakes; null: it asks for the next step
    @Nullable
    Step doing;

    long position;
    int attempt;

    SimulatedThread(int lane, long wakeAt) {
        this.lane = lane;
        this.wakeAt = wakeAt;
    }
}
