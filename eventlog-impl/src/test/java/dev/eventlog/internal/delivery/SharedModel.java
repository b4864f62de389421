package dev.eventlog.internal.delivery;

import dev.eventlog.internal.cursor.ParkedList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a shared consumer must and must not do, told step by step what it did; throws at the first step that is wrong. Knows
 * nothing of how it is done.
 */
final class SharedModel {

    private final SharedPlan plan;
    private final long first;
    // for all lives
    private final boolean[] isDone;
    private final boolean[] isParked;
    // for this life
    private final boolean[] isFinished;
    private final int[] attempts;
    private final long[] failedAt;
    private final SharedActor[] holder;
    // who asked in vain, the first first; and who of them saw a later one get an event
    private final List<SharedActor> waiting = new ArrayList<>();
    private final List<SharedActor> overtaken = new ArrayList<>();

    SharedModel(SharedPlan plan) {
        this.plan = plan;
        first = (long) plan.region() * SimulatedLog.REGION_EVENTS;
        int count = plan.events();
        isDone = new boolean[count];
        isParked = new boolean[count];
        isFinished = new boolean[count];
        attempts = new int[count];
        failedAt = new long[count];
        holder = new SharedActor[count];
    }

    private static void require(boolean holds, String rule, int index) {
        if (!holds) {
            throw new SimulationModel.Violation(rule + ": event " + index);
        }
    }

    // ---- lives

    /** A life begins with what is on disk: that must be done. */
    void begin(long checkpoint, long[] completions) {
        checkCommit(checkpoint, completions);
        for (int i = 0; i < isFinished.length; i++) {
            isFinished[i] = first + i < checkpoint || contains(completions, first + i);
        }
        Arrays.fill(attempts, 0);
        Arrays.fill(failedAt, 0);
        Arrays.fill(holder, null);
        waiting.clear();
        overtaken.clear();
    }

    private static boolean contains(long[] pairs, long position) {
        for (int i = 0; i < pairs.length; i += 2) {
            if (pairs[i] <= position && position < pairs[i + 1]) {
                return true;
            }
        }
        return false;
    }

    // ---- members

    /** A member gets an event, be it to handle or to park. */
    void takes(SharedActor member, int index) {
        require(holder[index] == null, "two members have it", index);
        require(!isFinished[index], "handed over although it is done", index);
        holder[index] = member;
        for (SharedActor longer : waiting) {
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
    void waits(SharedActor member) {
        if (overtaken.contains(member)) {
            throw new SimulationModel.Violation("member " + member.number + " was overtaken and finds nothing");
        }
        if (!waiting.contains(member)) {
            waiting.add(member);
        }
    }

    /** It is paused, leaves or is dead. */
    void waitsNoMore(SharedActor member) {
        waiting.remove(member);
        overtaken.remove(member);
    }

    /** A handler is called. */
    void begins(SharedActor member, int index, int attempt, long now) {
        require(!member.isPaused, "handler called although paused", index);
        require(!isParked[index], "handed over although it is parked", index);
        require(attempt == attempts[index] + 1, "attempt " + attempt + " comes after " + attempts[index], index);
        require(attempt <= plan.attempts(), "more than " + plan.attempts() + " attempts", index);
        require(
                failedAt[index] == 0 || now - failedAt[index] >= Simulation.BACK_OFF_NANOS * 8 / 10,
                "next attempt without a pause",
                index);
    }

    /** A handler returned, or the event is parked; whether that was taken is known to whoever told it. */
    void answered(SharedActor member, int index, boolean isTaken) {
        require(isTaken == (holder[index] == member), "answer is " + (isTaken ? "taken" : "refused"), index);
        if (isTaken) {
            holder[index] = null;
            isDone[index] = true;
            isFinished[index] = true;
        }
    }

    /**
     * The handler threw.
     *
     * @param counts whether it cannot be the close's doing, so that it is an attempt
     */
    void failed(SharedActor member, int index, long now, boolean counts) {
        if (holder[index] == member) {
            if (counts) {
                attempts[index]++;
                failedAt[index] = now;
            }
            if (!counts || attempts[index] < plan.attempts()) {
                holder[index] = null;
            }
        }
    }

    /** A lease ended without an answer. */
    void lapsed(SharedActor member, int index, boolean counts) {
        require(holder[index] == member, "lease ended of who has it not", index);
        holder[index] = null;
        attempts[index] += counts ? 1 : 0;
        failedAt[index] = 0;
    }

    /** It is on the list, after its attempts. */
    void parked(int index, int attempt) {
        require(attempts[index] == plan.attempts(), "parked after " + attempts[index] + " attempts", index);
        require(attempt == plan.attempts(), "parked with " + attempt + " attempts told", index);
        isParked[index] = true;
        isDone[index] = true;
    }

    /** It was on the list already. */
    void wasParked(int index) {
        require(isParked[index], "taken for parked", index);
        isDone[index] = true;
    }

    /** There was no room to park it. */
    void givenBack(SharedActor member, int index) {
        if (holder[index] == member) {
            holder[index] = null;
        }
    }

    /** Somebody took it off the list and handled it. */
    void released(int index) {
        require(isParked[index], "taken off the list twice", index);
        isParked[index] = false;
    }

    // ---- the checkpoint

    /** All before the checkpoint and all that is told to be done above it is done. */
    void checkCommit(long checkpoint, long[] completions) {
        for (int i = 0; i < isDone.length; i++) {
            long position = first + i;
            if (position < checkpoint) {
                require(isDone[i], "checkpoint " + (checkpoint - first) + " passes what is not done", i);
            } else if (completions.length > 0 && contains(completions, position)) {
                require(isDone[i], "told to be done", i);
            }
        }
    }

    /** Whoever ends in an orderly way has told of all that is done. */
    void checkCommitted(long checkpoint, long[] completions) {
        for (int i = 0; i < isFinished.length; i++) {
            require(
                    !isFinished[i] || first + i < checkpoint || contains(completions, first + i),
                    "done, and not told at the end",
                    i);
        }
    }

    // ---- the end

    boolean isOver(int visible) {
        for (int i = 0; i < visible; i++) {
            if (!isFinished[i]) {
                return false;
            }
        }
        return visible == isDone.length;
    }

    String unfinished(int visible) {
        var open = new ArrayList<Integer>();
        for (int i = 0; i < visible; i++) {
            if (!isFinished[i]) {
                open.add(i);
            }
        }
        return open + " of " + visible + " are not done";
    }

    void checkParked(ParkedList list) {
        for (int i = 0; i < isParked.length; i++) {
            require(list.contains(first + i) == isParked[i], "list of parked events is wrong", i);
        }
    }
}
