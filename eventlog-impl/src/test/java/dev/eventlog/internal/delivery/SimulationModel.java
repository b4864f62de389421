package dev.eventlog.internal.delivery;

import dev.eventlog.internal.cursor.ParkedList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a subscription must and must not do, told step by step what it did; throws at the first step that is wrong. Knows
 * nothing of how it is done.
 */
final class SimulationModel {

    private static final int NO_LANE = -1;

    /** A rule that was broken. */
    static final class Violation extends RuntimeException {
        private static final long serialVersionUID = 1;

        Violation(String what) {
            super(what);
        }
    }

    private final SimulationPlan plan;
    private final long first;
    private final int[] keys;
    // of each key its events, and which of them is next in this life
    private final int[][] byKey;
    private final int[] nextOfKey;
    private final int[] keyLane;
    private final int[] parkedOfKey;
    // for all lives
    private final boolean[] isDone;
    private final boolean[] isParked;
    // for this life
    private final boolean[] isFinished;
    private final boolean[] isHandled;
    private final int[] attempts;
    private final long[] failedAt;
    private final List<List<Integer>> unflushed = new ArrayList<>();
    private final int[] running;
    private int nextInOrder;

    SimulationModel(SimulationPlan plan) {
        this.plan = plan;
        int count = plan.events();
        first = (long) plan.region() * SimulatedLog.REGION_EVENTS;
        keys = new int[count];
        int keyCount = SimulatedLog.keys(plan.region());
        var lists = new ArrayList<List<Integer>>();
        for (int i = 0; i < keyCount; i++) {
            lists.add(new ArrayList<>());
        }
        for (int i = 0; i < count; i++) {
            keys[i] = SimulatedLog.keyNumber(plan.region(), i);
            if (keys[i] >= 0) {
                lists.get(keys[i]).add(i);
            }
        }
        byKey = lists.stream()
                .map(list -> list.stream().mapToInt(Integer::intValue).toArray())
                .toArray(int[][]::new);
        nextOfKey = new int[keyCount];
        keyLane = new int[keyCount];
        parkedOfKey = new int[keyCount];
        isDone = new boolean[count];
        isParked = new boolean[count];
        isFinished = new boolean[count];
        isHandled = new boolean[count];
        attempts = new int[count];
        failedAt = new long[count];
        running = new int[plan.lanes()];
        for (int i = 0; i < plan.lanes(); i++) {
            unflushed.add(new ArrayList<>());
        }
        Arrays.fill(keyLane, NO_LANE);
        Arrays.fill(running, -1);
    }

    private static void require(boolean holds, String rule, int index) {
        if (!holds) {
            throw new Violation(rule + ": event " + index);
        }
    }

    // ---- lives

    /** A life begins with what is on disk: that must be done, and of each key the first events and no others. */
    void begin(long checkpoint, long[] completions) {
        checkCommit(checkpoint, completions);
        for (int i = 0; i < isFinished.length; i++) {
            isFinished[i] = first + i < checkpoint || contains(completions, first + i);
        }
        for (int[] events : byKey) {
            boolean isOpen = false;
            for (int event : events) {
                require(!isOpen || !isFinished[event], "done although one before it of its key comes again", event);
                isOpen |= !isFinished[event];
            }
        }
        Arrays.fill(isHandled, false);
        Arrays.fill(attempts, 0);
        Arrays.fill(nextOfKey, 0);
        Arrays.fill(keyLane, NO_LANE);
        Arrays.fill(running, -1);
        unflushed.forEach(List::clear);
        nextInOrder = 0;
    }

    private static boolean contains(long[] pairs, long position) {
        for (int i = 0; i < pairs.length; i += 2) {
            if (pairs[i] <= position && position < pairs[i + 1]) {
                return true;
            }
        }
        return false;
    }

    /** What is not flushed has no effect. */
    void crash() {
        unflushed.forEach(List::clear);
    }

    /** It ended in an orderly way, or failed. */
    void end() {
        unflushed.forEach(List::clear);
    }

    // ---- a lane

    /** A handler is called. */
    void begins(int lane, int index, int attempt, long now) {
        require(running[lane] < 0, "a lane has two events", index);
        require(!isFinished[index] && !isHandled[index], "handed over although it is done", index);
        require(attempt == attempts[index] + 1, "attempt " + attempt + " comes after " + attempts[index], index);
        require(attempt <= plan.attempts(), "more than " + plan.attempts() + " attempts", index);
        require(
                attempt == 1 || now - failedAt[index] >= Simulation.BACK_OFF_NANOS * 8 / 10,
                "next attempt without a pause",
                index);
        require(!isParked[index], "handed over although it is parked", index);
        running[lane] = index;
        if (plan.lanes() == 1) {
            while (nextInOrder < isFinished.length && (isFinished[nextInOrder] || isHandled[nextInOrder])) {
                nextInOrder++;
            }
            require(nextInOrder == index, "not in the order of the log, " + nextInOrder + " is not done", index);
        }
        int key = keys[index];
        if (key >= 0) {
            int[] events = byKey[key];
            while (nextOfKey[key] < events.length
                    && (isFinished[events[nextOfKey[key]]] || isHandled[events[nextOfKey[key]]])) {
                nextOfKey[key]++;
            }
            int next = events[nextOfKey[key]];
            require(next == index, "overtakes event " + next + " of its key", index);
            require(parkedOfKey[key] == 0, "overtakes a parked event of its key", index);
            require(keyLane[key] == NO_LANE || keyLane[key] == lane, "its key is in two lanes", index);
            keyLane[key] = lane;
        }
    }

    void returned(int lane, int index) {
        require(running[lane] == index, "returned on another lane", index);
        running[lane] = -1;
        isHandled[index] = true;
        unflushed.get(lane).add(index);
    }

    /**
     * The handler threw.
     *
     * @param isEnding whether that may be the close's doing, so that it is no attempt
     */
    void failed(int lane, int index, long now, boolean isEnding) {
        require(running[lane] == index, "failed on another lane", index);
        running[lane] = -1;
        attempts[index] += isEnding ? 0 : 1;
        failedAt[index] = now;
        leaveKey(lane, index);
    }

    /** A lane has a key no more, unless it has something of it to flush. */
    private void leaveKey(int lane, int index) {
        int key = keys[index];
        if (key >= 0 && keyLane[key] == lane && unflushed.get(lane).stream().noneMatch(each -> keys[each] == key)) {
            keyLane[key] = NO_LANE;
        }
    }

    void flushed(int lane) {
        List<Integer> flushed = unflushed.get(lane);
        for (int index : flushed) {
            isDone[index] = true;
            isFinished[index] = true;
            if (keys[index] >= 0) {
                keyLane[keys[index]] = NO_LANE;
            }
        }
        flushed.clear();
    }

    void flushFailed(int lane) {
        unflushed.get(lane).clear();
    }

    void laneIsBroken(int lane) {
        unflushed.get(lane).clear();
    }

    void parked(int lane, int index, int attempt, boolean isAbandoned) {
        require(!isAbandoned, "parked by who was closed", index);
        require(attempts[index] == plan.attempts(), "parked after " + attempts[index] + " attempts", index);
        require(attempt == plan.attempts(), "parked with " + attempt + " attempts told", index);
        require(unflushed.get(lane).isEmpty(), "parked before the flush of what was handled before it", index);
        nowParked(index);
    }

    /** It waits behind a parked event of its key, or was on the list already. */
    void parkedBehind(int index) {
        int key = keys[index];
        require(isParked[index] || (key >= 0 && parkedOfKey[key] > 0), "parked although nothing holds it back", index);
        nowParked(index);
    }

    private void nowParked(int index) {
        if (!isParked[index]) {
            isParked[index] = true;
            if (keys[index] >= 0) {
                parkedOfKey[keys[index]]++;
            }
        }
        isDone[index] = true;
        isFinished[index] = true;
    }

    /** Somebody took it off the list and handled it. */
    void released(int index) {
        require(isParked[index], "taken off the list twice", index);
        isParked[index] = false;
        if (keys[index] >= 0) {
            parkedOfKey[keys[index]]--;
        }
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
