package dev.eventlog.internal.delivery;

import org.jspecify.annotations.Nullable;

/**
 * What a {@link SharedMachine} knows of one member: the event that it has a lease of, and whether it wants another. Once it is
 * gone it gets no event any more, so an answer that comes when its lease has ended is known by its having no event.
 *
 * <p><b>Threading:</b> One thread at a time: its machine's.
 */
class Member {

    // the event that it has
    int slot = Window.NONE;

    @Nullable
    KeyQueue queue;
    // the attempts of its event ran out: it is to be parked
    boolean isExhausted;

    boolean isPaused;
    boolean isLeaving;
    // it takes nothing any more; it may still have an event until its lease ends
    boolean isGone;
    long leaseEnd;

    boolean hasEvent() {
        return slot != Window.NONE;
    }
}
