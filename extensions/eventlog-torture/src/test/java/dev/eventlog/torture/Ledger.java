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
    // where the log says that it begins
    private volatile long first;

    Ledger() {}

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
        while (events.size() > end) {
            events.remove(events.size() - 1);
        }
        durable = Math.min(durable, end);
        pulled = Math.min(pulled, end);
        pushed.removeIf(position -> position >= end);
    }

    synchronized long intendedEnd() {
        return events.size();
    }

    synchronized Expected event(long position) {
        return events.get((int) position);
    }

    synchronized Ledger copy() {
        var copy = new Ledger();
        copy.events.addAll(events);
        copy.durable = durable;
        copy.pulled = pulled;
        copy.pushed.addAll(pushed);
        copy.first = first;
        return copy;
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

    void first(long position) {
        first = position;
    }

    long first() {
        return first;
    }
}
