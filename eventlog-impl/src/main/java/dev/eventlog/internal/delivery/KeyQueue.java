package dev.eventlog.internal.delivery;

import org.jspecify.annotations.Nullable;

/**
 * The events of one key that wait in a {@link Window}, the oldest first. It belongs to at most one lane: from the moment the
 * lane takes its first event until all that the lane handled of it is flushed.
 *
 * <p><b>Threading:</b> One thread at a time: its {@link DeliveryMachine}'s.
 */
final class KeyQueue {

    /** No lane. */
    static final int FREE = -1;

    @Nullable
    String key;

    int head = Window.NONE;
    int tail = Window.NONE;
    int lane = FREE;
    // the lane has handled events of it that are not flushed
    boolean isUnflushed;
    // the first event waits for its next attempt
    boolean isBackingOff;
    boolean isReady;
    // how often there was no room to park the first event
    int refusals;

    boolean isEmpty() {
        return head == Window.NONE;
    }

    /** Whether a lane may take it. */
    boolean isTakeable() {
        return head != Window.NONE && lane == FREE && !isBackingOff;
    }

    void add(Window window, int slot) {
        if (head == Window.NONE) {
            head = slot;
        } else {
            window.next(tail, slot);
        }
        tail = slot;
    }

    void removeFirst(Window window) {
        head = window.next(head);
        if (head == Window.NONE) {
            tail = Window.NONE;
        }
    }
}
