package dev.eventlog.internal.delivery;

import dev.eventlog.internal.cursor.ParkedList;
import java.util.ArrayList;
import java.util.Arrays;

/**
 * What a consumer must and must not do, told step by step what it did; throws at the first step that is wrong. Knows nothing
 * of how it is done.
 */
abstract class SimulationModel {

    /** A rule that was broken. */
    static final class Violation extends RuntimeException {
        private static final long serialVersionUID = 1;

        Violation(String what) {
            super(what);
        }
    }

    final SimulationPlan plan;
    private final long first;
    // for all lives
    private final boolean[] isDone;
    private final boolean[] isParked;
    // all before it are done
    private int doneEnd;
    // for this life: done, or said to be at its beginning
    private final boolean[] isFinished;
    // all before it are finished
    private int finishedEnd;
    private long told;
    private final int[] attempts;
    private final long[] failedAt;
    private final boolean[] hasFailed;

    SimulationModel(SimulationPlan plan) {
        this.plan = plan;
        first = (long) plan.region() * SimulatedLog.REGION_EVENTS;
        int count = plan.events();
        isDone = new boolean[count];
        isParked = new boolean[count];
        isFinished = new boolean[count];
        attempts = new int[count];
        failedAt = new long[count];
        hasFailed = new boolean[count];
    }

    static void require(boolean holds, String rule, int index) {
        if (!holds) {
            throw new Violation(rule + ": event " + index);
        }
    }

    // ---- lives

    /** A life begins with what is on disk: that must be done. */
    void begin(long checkpoint, long[] completions) {
        checkCommit(checkpoint, completions);
        for (int i = 0; i < isFinished.length; i++) {
            isFinished[i] = first + i < checkpoint || contains(completions, first + i);
        }
        finishedEnd = 0;
        Arrays.fill(attempts, 0);
        Arrays.fill(hasFailed, false);
    }

    /** A life ended, in whichever way: what was not done has no effect. */
    abstract void end();

    private static boolean contains(long[] pairs, long position) {
        for (int i = 0; i < pairs.length; i += 2) {
            if (pairs[i] <= position && position < pairs[i + 1]) {
                return true;
            }
        }
        return false;
    }

    // ---- events

    final boolean isFinished(int index) {
        return isFinished[index];
    }

    final boolean isParked(int index) {
        return isParked[index];
    }

    final int attempts(int index) {
        return attempts[index];
    }

    final void nowDone(int index) {
        isDone[index] = true;
        isFinished[index] = true;
    }

    /** A handler may be called. */
    final void checkAttempt(int index, int attempt, long now) {
        require(!isFinished[index], "handed over although it is done", index);
        require(!isParked[index], "handed over although it is parked", index);
        require(attempt == attempts[index] + 1, attempt, attempts[index], index);
        require(attempt <= plan.attempts(), plan.attempts(), index);
        require(
                !hasFailed[index] || now - failedAt[index] >= Simulation.BACK_OFF_NANOS * 8 / 10,
                "next attempt without a pause",
                index);
    }

    // no text is made for what holds
    private static void require(boolean holds, int attempt, int before, int index) {
        if (!holds) {
            throw new Violation("attempt " + attempt + " comes after " + before + ": event " + index);
        }
    }

    private static void require(boolean holds, int most, int index) {
        if (!holds) {
            throw new Violation("more than " + most + " attempts: event " + index);
        }
    }

    /** An attempt was made and is to be followed by a pause. */
    final void countFailure(int index, long now) {
        attempts[index]++;
        hasFailed[index] = true;
        failedAt[index] = now;
    }

    /** An attempt was made that nobody answered for: the next one may follow at once. */
    final void countLapse(int index) {
        attempts[index]++;
        hasFailed[index] = false;
    }

    /** It is to be on the list, after its attempts. */
    final void checkParking(int index, int attempt) {
        if (attempts[index] != plan.attempts() || attempt != plan.attempts()) {
            throw new Violation(
                    "parked after " + attempts[index] + " attempts, of which " + attempt + " are told: event " + index);
        }
    }

    void nowParked(int index) {
        isParked[index] = true;
        isDone[index] = true;
    }

    /** Somebody took it off the list and handled it. */
    void released(int index) {
        require(isParked[index], "taken off the list twice", index);
        isParked[index] = false;
    }

    // ---- the checkpoint

    /** Holds behind each step: the checkpoint is where its owner put it, and not past what is not done. */
    final void checkStep(long checkpoint) {
        if (checkpoint != told) {
            throw new Violation(
                    "the checkpoint is at " + (checkpoint - first) + ", and its owner put it to " + (told - first));
        }
        checkDone(checkpoint);
    }

    private void checkDone(long checkpoint) {
        while (doneEnd < isDone.length && isDone[doneEnd]) {
            doneEnd++;
        }
        if (checkpoint - first > doneEnd) {
            throw new Violation("checkpoint " + (checkpoint - first) + " passes what is not done: event " + doneEnd);
        }
    }

    /** All before the checkpoint and all that is told to be done above it is done. */
    final void checkCommit(long checkpoint, long[] completions) {
        checkDone(checkpoint);
        for (int i = 0; i < completions.length; i += 2) {
            int end = (int) Math.min(completions[i + 1] - first, isDone.length);
            for (int index = (int) Math.max(completions[i] - first, 0); index < end; index++) {
                require(isDone[index], "told to be done", index);
            }
        }
        told = checkpoint;
    }

    /** Whoever ends in an orderly way has told of all that is done. */
    final void checkCommitted(long checkpoint, long[] completions) {
        for (int i = 0; i < isFinished.length; i++) {
            require(
                    !isFinished[i] || first + i < checkpoint || contains(completions, first + i),
                    "done, and not told at the end",
                    i);
        }
    }

    // ---- the end

    final boolean isOver(int visible) {
        while (finishedEnd < isFinished.length && isFinished[finishedEnd]) {
            finishedEnd++;
        }
        return visible == isDone.length && finishedEnd == visible;
    }

    final String unfinished(int visible) {
        var open = new ArrayList<Integer>();
        for (int i = 0; i < visible; i++) {
            if (!isFinished[i]) {
                open.add(i);
            }
        }
        return open + " of " + visible + " are not done";
    }

    final void checkParked(ParkedList list) {
        for (int i = 0; i < isParked.length; i++) {
            require(list.contains(first + i) == isParked[i], "list of parked events is wrong", i);
        }
    }
}
