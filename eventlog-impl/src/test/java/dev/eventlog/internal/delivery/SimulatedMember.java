package dev.eventlog.internal.delivery;

/** A member of a simulated shared consumer, and its thread. */
final class SimulatedMember extends SimulatedThread {

    final Member member = new Member();
    long beganAt;
    boolean isPaused;
    // its thread ended without a word
    boolean isDead;
    // it was closed and nobody waits for it
    boolean isLeft;
    // since when one of these
    long goneAt;

    SimulatedMember(int number, long wakeAt) {
        super(number, wakeAt);
    }
}
