package dev.eventlog.internal.delivery;

import dev.eventlog.internal.delivery.DeliveryMachine.Step;
import org.jspecify.annotations.Nullable;

/** A thread of a simulated shared consumer: the reader's, or a member's; and what it is doing. */
final class SharedActor {

    final int number;
    // null: the reader
    final @Nullable Member member;
    long wakeAt;
    boolean isEnded;
    // what it does until it wakes; null: it asks for the next step
    @Nullable
    Step doing;

    long position;
    int attempt;
    long beganAt;
    boolean isPaused;
    // its thread ended without a word
    boolean isDead;
    // it was closed and nobody waits for it
    boolean isLeft;
    // since when one of these
    long goneAt;

    SharedActor(int number, @Nullable Member member, long wakeAt) {
        this.number = number;
        this.member = member;
        this.wakeAt = wakeAt;
    }
}
