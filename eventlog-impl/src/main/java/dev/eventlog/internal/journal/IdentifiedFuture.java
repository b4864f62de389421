package dev.eventlog.internal.journal;

import java.util.concurrent.CompletableFuture;

/**
 * The future of an event with an id that was handed over, and what is to be known of that id when the event is appended.
 *
 * <p><b>Threading:</b> Thread-safe as a future; what became of the event: the holder of the append lock, then the append
 * thread.
 */
final class IdentifiedFuture extends CompletableFuture<Long> {

    private final EventIds ids;
    private long firstPosition = IdWindow.UNKNOWN;

    /**
     * @param ids the id of the only event
     */
    IdentifiedFuture(EventIds ids) {
        this.ids = ids;
    }

    /** The id. */
    EventIds ids() {
        return ids;
    }

    /** Says that the event is left out, since it has stood in the log before. */
    void leaveOut(long itsFirstPosition) {
        firstPosition = itsFirstPosition;
    }

    /** Whether the event is left out. */
    boolean isLeftOut() {
        return firstPosition != IdWindow.UNKNOWN;
    }

    /** Where the event has stood before. */
    long firstPosition() {
        return firstPosition;
    }
}
