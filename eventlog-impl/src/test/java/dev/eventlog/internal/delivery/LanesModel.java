package dev.eventlog.internal.delivery;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a subscription must and must not do: what each consumer must not, and the order of the log or of each key. */
final class LanesModel extends SimulationModel {

    private static final int NO_LANE = -1;

    private final int[] keys;
    // of each key its events, and which of them is next in this life
    private final int[][] byKey;
    private final int[] nextOfKey;
    private final int[] keyLane;
    // for all lives
    private final int[] parkedOfKey;
    // for this life
    private final boolean[] isHandled;
    private final List<List<Integer>> unflushed = new ArrayList<>();
    private final int[] running;
    private int nextInOrder;

    LanesModel(SimulationPlan plan) {
        super(plan);
        int count = plan.events();
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
        isHandled = new boolean[count];
        running = new int[plan.workers()];
        for (int i = 0; i < plan.workers(); i++) {
            unflushed.add(new ArrayList<>());
        }
        Arrays.fill(keyLane, NO_LANE);
        Arrays.fill(running, -1);
    }

    // ---- lives

    /** A life begins with what is on disk: of each key the first events and no others. */
    @Override
    void begin(long checkpoint, long[] completions) {
        super.begin(checkpoint, completions);
        for (int[] events : byKey) {
            boolean isOpen = false;
            for (int event : events) {
                require(!isOpen || !isFinished(event), "done although one before it of its key comes again", event);
                isOpen |= !isFinished(event);
            }
        }
        Arrays.fill(isHandled, false);
        Arrays.fill(nextOfKey, 0);
        Arrays.fill(keyLane, NO_LANE);
        Arrays.fill(running, -1);
        nextInOrder = 0;
    }

    @Override
    void end() {
        unflushed.forEach(List::clear);
    }

    // ---- a lane

    /** A handler is called. */
    void begins(int lane, int index, int attempt, long now) {
        require(running[lane] < 0, "a lane has two events", index);
        require(!isHandled[index], "handed over although it is done", index);
        checkAttempt(index, attempt, now);
        running[lane] = index;
        if (plan.workers() == 1) {
            while (nextInOrder < index && (isFinished(nextInOrder) || isHandled[nextInOrder])) {
                nextInOrder++;
            }
            require(nextInOrder == index, "not in the order of the log", index);
        }
        int key = keys[index];
        if (key >= 0) {
            require(nextOf(key) == index, "overtakes event of its key", index);
            require(parkedOfKey[key] == 0, "overtakes a parked event of its key", index);
            require(keyLane[key] == NO_LANE || keyLane[key] == lane, "its key is in two lanes", index);
            keyLane[key] = lane;
        }
    }

    /** The first event of a key that is not handled. */
    private int nextOf(int key) {
        int[] events = byKey[key];
        int next = nextOfKey[key];
        while (next < events.length && (isFinished(events[next]) || isHandled[events[next]])) {
            next++;
        }
        nextOfKey[key] = next;
        return events[next];
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
        if (!isEnding) {
            countFailure(index, now);
        }
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
            nowDone(index);
            if (keys[index] >= 0) {
                keyLane[keys[index]] = NO_LANE;
            }
        }
        flushed.clear();
    }

    /** The flush failed, or the lane's thread ended: what it handled is not done. */
    void lost(int lane) {
        unflushed.get(lane).clear();
    }

    void parked(int lane, int index, int attempt) {
        checkParking(index, attempt);
        require(unflushed.get(lane).isEmpty(), "parked before the flush of what was handled before it", index);
        nowParked(index);
    }

    /** It waits behind a parked event of its key, or was on the list already. */
    void parkedBehind(int index) {
        int key = keys[index];
        require(isParked(index) || (key >= 0 && parkedOfKey[key] > 0), "parked although nothing holds it back", index);
        nowParked(index);
    }

    @Override
    void nowParked(int index) {
        if (!isParked(index) && keys[index] >= 0) {
            parkedOfKey[keys[index]]++;
        }
        super.nowParked(index);
        nowDone(index);
    }

    @Override
    void released(int index) {
        super.released(index);
        if (keys[index] >= 0) {
            parkedOfKey[keys[index]]--;
        }
    }
}
