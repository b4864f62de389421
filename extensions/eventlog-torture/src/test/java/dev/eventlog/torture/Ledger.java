package dev.eventlog.torture;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * What was appended, acknowledged and handled, kept outside of the log. <b>Threading:</b> Thread-safe; written by the
 * workload and, for what is handled, by consumers.
 */
final class Ledger {

    // by position, before it is appended; guarded by this
    private final List<Expected> events = new ArrayList<>();
    // everything below was acknowledged as surviving a power cut
    private volatile long durable;
    // everything below was handled by the pulling consumer
    private volatile long pulled;
    private final Set<Long> pushed = new ConcurrentSkipListSet<>();
    // what members of the shared consumer handled
    private final Set<Long> shared = new ConcurrentSkipListSet<>();
    // what who processes was led over
    private final Set<Long> skipped = new ConcurrentSkipListSet<>();
    // whether the pulling consumer is required, and the most that it has begun to commit
    private final boolean isRequired;
    private volatile long committing;
    // where the log says that it begins
    private volatile long first;

    Ledger() {
        this(false);
    }

    Ledger(boolean isRequired) {
        this.isRequired = isRequired;
    }

    /** What is known at a moment; a power cut later must leave no less. */
    record Moment(long durable) {}

    Moment moment() {
        return new Moment(durable);
    }

    synchronized void intend(Expected event) {
        events.add(event);
    }

    /** Appended events that never came to be: where the next one goes. */
    synchronized void cutTo(long end) {
        notAppended(end);
        durable = Math.min(durable, end);
        pulled = Math.min(pulled, end);
        committing = Math.min(committing, end);
        pushed.removeIf(position -> position >= end);
        shared.removeIf(position -> position >= end);
        skipped.removeIf(position -> position >= end);
    }

    /** An append threw: what was intended from here on is not in the log. */
    synchronized void notAppended(long end) {
        while (events.size() > end) {
            events.remove(events.size() - 1);
        }
    }

    synchronized long intendedEnd() {
        return events.size();
    }

    synchronized Expected event(long position) {
        return events.get((int) position);
    }

    void durable(long end) {
        durable = Math.max(durable, end);
    }

    long durable() {
        return durable;
    }

    void pulled(long end) {
        pulled = Math.max(pulled, end);
    }

    long pulled() {
        return pulled;
    }

    Set<Long> pushed() {
        return pushed;
    }

    Set<Long> shared() {
        return shared;
    }

    Set<Long> skipped() {
        return skipped;
    }

    boolean isRequired() {
        return isRequired;
    }

    /** Before it is committed. */
    void committing(long end) {
        committing = Math.max(committing, end);
    }

    long committing() {
        return committing;
    }

    void first(long position) {
        first = position;
    }

    long first() {
        return first;
    }
}
