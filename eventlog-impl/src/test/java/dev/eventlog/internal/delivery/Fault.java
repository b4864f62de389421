package dev.eventlog.internal.delivery;

import java.util.Set;

/** What happens to a simulated consumer. */
enum Fault {
    /** The process dies. */
    CRASH(SimulationForm.values()),
    /** The process dies, and of the checkpoint is left what was forced. */
    POWER_CUT(SimulationForm.values()),
    /** The checkpoint is forced. */
    FORCE(SimulationForm.values()),
    /** It is closed, and its handlers end in time. */
    STOP(SimulationForm.values()),
    /** It is closed, its handlers run on, and somebody else opens it. */
    FENCE(SimulationForm.values()),
    /** Somebody opens it although it is open. */
    DUPLICATE_LEASE(SimulationForm.values()),
    /** The subscription, or a member, is paused for a while. */
    PAUSE(SimulationForm.values()),
    /** All threads but the reader's and one stand for a second. */
    SLOW(SimulationForm.values()),
    /** The log's clock goes on by two minutes. */
    CLOCK_JUMP(SimulationForm.values()),
    /** For a while nobody who waits is woken. */
    LOST_WAKE_UP(SimulationForm.values()),
    /** The next event that is to be parked finds no room. */
    NO_ROOM(SimulationForm.values()),
    /** Somebody takes events off the list of parked ones. */
    OPERATOR(SimulationForm.values()),
    /** The thread of a lane dies. */
    BROKEN_LANE(SimulationForm.LANES),
    /** The next flush throws. */
    FLUSH_FAILURE(SimulationForm.LANES),
    JOIN(SimulationForm.SHARED),
    /** A member is closed, and its handler ends in time. */
    LEAVE(SimulationForm.SHARED),
    /** A member is closed, and its handler runs on. */
    LEAVE_BEHIND(SimulationForm.SHARED),
    /** A member's thread dies, and says so. */
    DEATH(SimulationForm.SHARED),
    /** A member's thread dies without a word. */
    SILENT_DEATH(SimulationForm.SHARED),
    /** A member cannot decode the next event that it gets. */
    BROKEN_CODEC(SimulationForm.SHARED),
    /** A handler throws: drawn for each event, and not planned. */
    HANDLER_EXCEPTION(),
    /** Whoever was closed is refused what it commits or parks: comes of others. */
    REFUSED(),
    /** A member answers for an event whose lease has ended: comes of others. */
    LATE_ANSWER();

    private final Set<SimulationForm> forms;

    Fault(SimulationForm... forms) {
        this.forms = Set.of(forms);
    }

    boolean isPlannedFor(SimulationForm form) {
        return forms.contains(form);
    }
}
