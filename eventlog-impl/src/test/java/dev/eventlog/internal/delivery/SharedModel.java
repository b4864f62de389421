package dev.eventlog.internal.delivery;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a shared consumer must and must not do: what each consumer must not, one member for an event, and fairness. */
final class SharedModel extends SimulationModel {

    // for this life
    private final SimulatedMember[] holder;
    // who asked in vain, the first first; and who of them saw a later one get an event
    private final List<SimulatedMember> waiting = new ArrayList<>();
    private final List<SimulatedMember> overtaken = new ArrayList<>();

    SharedModel(SimulationPlan plan) {
        super(plan);
        holder = new SimulatedMember[plan.events()];
    }

    @Override
    void begin(long checkpoint, long[] completions) {
        super.begin(checkpoint, completions);
        Arrays.fill(holder, null);
        waiting.clear();
        overtaken.clear();
    }

    @Override
    void end() {
        // what members had begins anew with the next life
    }

    // ---- members

    /** A member gets an event, be it to handle or to park. */
    void takes(SimulatedMember member, int index) {
        require(holder[index] == null, "two members have it", index);
        require(!isFinished(index), "handed over although it is done", index);
        holder[index] = member;
        for (SimulatedMember longer : waiting) {
            if (longer == member) {
                break;
            }
            if (!overtaken.contains(longer)) {
                overtaken.add(longer);
            }
        }
        waitsNoMore(member);
    }

    /** A member asked in vain. */
    void waits(SimulatedMember member) {
        if (overtaken.contains(member)) {
            throw new Violation("member " + member.number + " was overtaken and finds nothing");
        }
        if (!waiting.contains(member)) {
            waiting.add(member);
        }
    }

    /** It is paused, leaves or is dead. */
    void waitsNoMore(SimulatedMember member) {
        waiting.remove(member);
        overtaken.remove(member);
    }

    /** A handler is called. */
    void begins(SimulatedMember member, int index, int attempt, long now) {
        require(!member.isPaused, "handler called although paused", index);
        checkAttempt(index, attempt, now);
    }

    /** A handler returned, or the event is parked; whether that was taken is known to whoever told it. */
    void answered(SimulatedMember member, int index, boolean isTaken) {
        require(isTaken == (holder[index] == member), isTaken ? "answer is taken" : "answer is refused", index);
        if (isTaken) {
            holder[index] = null;
            nowDone(index);
        }
    }

    /**
     * The handler threw.
     *
     * @param counts whether it cannot be the close's doing, so that it is an attempt
     */
    void failed(SimulatedMember member, int index, long now, boolean counts) {
        if (holder[index] == member) {
            if (counts) {
                countFailure(index, now);
            }
            if (!counts || attempts(index) < plan.attempts()) {
                holder[index] = null;
            }
        }
    }

    /** A lease ended without an answer. */
    void lapsed(SimulatedMember member, int index, boolean counts) {
        require(holder[index] == member, "lease ended of who has it not", index);
        holder[index] = null;
        if (counts) {
            countLapse(index);
        }
    }

    /** It is on the list, after its attempts. */
    void parked(int index, int attempt) {
        checkParking(index, attempt);
        nowParked(index);
    }

    /** It was on the list already. */
    void wasParked(int index) {
        require(isParked(index), "taken for parked", index);
    }

    /** There was no room to park it. */
    void givenBack(SimulatedMember member, int index) {
        if (holder[index] == member) {
            holder[index] = null;
        }
    }
}
