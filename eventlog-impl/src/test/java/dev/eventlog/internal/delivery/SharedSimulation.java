package dev.eventlog.internal.delivery;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.internal.cursor.Cursor;
import dev.eventlog.internal.cursor.ParkedList;
import dev.eventlog.internal.delivery.SharedPlan.Fault;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Runs the shared consumer of a {@link SharedPlan} on one thread, with a clock of its own: the machine, the places, the cursors
 * and the lists of parked events are those that ship, and everything that a thread, a handler or a disk could do is drawn from
 * the plan's seed. {@link SharedModel} looks at each step.
 */
final class SharedSimulation {

    private static final int MOST_STEPS = 60_000;

    private final SharedPlan plan;
    private final SharedSabotage sabotage;
    private final SimulatedLog log;
    private final SplittableRandom random;
    private final SharedModel model;
    private final String name;
    private final List<SharedOwner> abandoned = new ArrayList<>();
    // attempts that fail in each life, by event; poison: more than there are attempts
    private final int[] failures;
    private final boolean[] isLong;

    private SharedOwner owner;
    private int visible;
    private int nextFault;
    private long now = Long.MAX_VALUE - 2_000_000_000L;
    private long steps;
    private boolean isPaused;
    private long resumeAt;
    // the checkpoint as it was forced
    private long forced;
    private long[] forcedCompletions = {};

    SharedSimulation(SharedPlan plan, SharedSabotage sabotage, SimulatedLog log) {
        this.plan = plan;
        this.sabotage = sabotage;
        this.log = log;
        random = new SplittableRandom(plan.seed() ^ 0x5DEECE66DL);
        model = new SharedModel(plan);
        failures = new int[plan.events()];
        isLong = new boolean[plan.events()];
        for (int i = 0; i < failures.length; i++) {
            int kind = random.nextInt(20);
            failures[i] = kind == 0 ? Integer.MAX_VALUE : kind < 4 ? 1 + random.nextInt(3) : 0;
            isLong[i] = random.nextInt(24) == 0;
        }
        name = "m" + Long.toHexString(plan.seed());
        forced = first();
        visible = random.nextInt(plan.events() + 1);
        Cursor cursor = log.cursors.open(name);
        cursor.commit(first(), true);
        cursor.close();
        owner = open();
    }

    /** Runs it, and returns how many steps it took. */
    long run() {
        try {
            while (!model.isOver(visible) || nextFault < plan.faults().size() || owner.place.checkpoint() < end()) {
                step();
                if (steps > MOST_STEPS) {
                    throw new SimulationModel.Violation("no progress: " + model.unfinished(visible));
                }
            }
            model.checkParked(parkedList());
            return steps;
        } finally {
            owner.dies();
            log.cursors.forget(name);
        }
    }

    private ParkedList parkedList() {
        return log.cursors.parked(name);
    }

    private long first() {
        return (long) plan.region() * SimulatedLog.REGION_EVENTS;
    }

    long end() {
        return first() + visible;
    }

    private SharedOwner open() {
        isPaused = false;
        Cursor cursor = log.cursors.open(name);
        ConsumerConfig config = ConsumerConfig.named(name).build();
        Place place = Place.of(config, cursor, log.journal);
        var parking = new Parking(log.cursors.parked(name), log.journal);
        try {
            model.begin(place.checkpoint(), place.completions());
        } catch (SimulationModel.Violation broken) {
            place.close();
            throw broken;
        }
        return new SharedOwner(this, place, parking);
    }

    // ---- time

    private void step() {
        steps++;
        while (nextFault < plan.faults().size() && (plan.faults().get(nextFault).step() <= steps || isQuiet())) {
            happen(plan.faults().get(nextFault++));
        }
        if (isPaused && resumeAt - now <= 0) {
            isPaused = false;
            owner.resumeAll();
        }
        if (visible < plan.events() && random.nextInt(8) == 0) {
            visible += 1 + random.nextInt(Math.min(8, plan.events() - visible));
        }
        SharedOwner chosen = owner;
        SharedActor first = owner.first();
        for (SharedOwner each : abandoned) {
            SharedActor its = each.first();
            if (its != null && (first == null || its.wakeAt - first.wakeAt < 0)) {
                chosen = each;
                first = its;
            }
        }
        if (first == null) {
            throw new SimulationModel.Violation("all threads sleep for ever");
        }
        if (first.wakeAt - now > 0) {
            now = first.wakeAt;
        }
        chosen.turn(first);
        if (owner.isOver()) {
            // all members are gone: the next ones open it anew
            owner.checkEnd();
            owner.close();
            owner = open();
        }
    }

    private boolean isQuiet() {
        return visible == plan.events() && model.isOver(visible);
    }

    private void happen(Fault fault) {
        switch (fault.kind()) {
            case CRASH -> {
                owner.dies();
                abandoned.clear();
                owner = open();
            }
            case POWER_CUT -> powerCut();
            case FORCE -> {
                forced = owner.place.checkpoint();
                forcedCompletions = owner.lastCompletions;
            }
            case STOP -> owner.stop();
            case ABANDON -> {
                owner.abandon();
                abandoned.add(owner);
                owner = open();
            }
            case JOIN -> owner.join();
            case LEAVE -> owner.leave();
            case LEAVE_BEHIND -> owner.leaveBehind();
            case DEATH -> owner.die(false);
            case SILENT_DEATH -> owner.die(true);
            case BROKEN -> owner.breakNext();
            case PAUSE -> {
                owner.pauseOne();
                isPaused = true;
                resumeAt = now + 50_000_000;
            }
            case CLOCK_JUMP -> now += 120_000_000_000L;
            case SLOW -> owner.slow(now + 1_000_000_000L);
            case NO_ROOM -> owner.fill();
            case OPERATOR -> operate();
        }
    }

    private void powerCut() {
        owner.dies();
        abandoned.clear();
        Cursor cursor = log.cursors.open(name);
        // the list of parked events is forced at each change
        cursor.commit(forced, forcedCompletions, forcedCompletions.length);
        cursor.close();
        owner = open();
    }

    /** Takes the first events off the list, as many as it likes. */
    private void operate() {
        ParkedList list = parkedList();
        var taken = new ArrayList<Long>();
        int count = 1 + random.nextInt(4);
        for (long at = list.next(0); at >= 0 && taken.size() < count; at = list.next(at + 1)) {
            taken.add(at);
        }
        list.release(taken);
        taken.forEach(position -> model.released(index(position)));
    }

    // ---- what an owner is told

    long now() {
        return now;
    }

    SplittableRandom random() {
        return random;
    }

    SharedPlan plan() {
        return plan;
    }

    SharedSabotage sabotage() {
        return sabotage;
    }

    SharedModel model() {
        return model;
    }

    Place currentPlace() {
        return owner.place;
    }

    int index(long position) {
        return (int) (position - first());
    }

    /** Whether handlers take long for an event. */
    boolean isLong(int index) {
        return isLong[index];
    }

    /** Whether a handler throws for an event at an attempt. */
    boolean fails(int index, int attempt) {
        return attempt <= failures[index];
    }
}
