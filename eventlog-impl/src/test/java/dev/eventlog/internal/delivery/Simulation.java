package dev.eventlog.internal.delivery;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.error.LockedException;
import dev.eventlog.internal.cursor.Cursor;
import dev.eventlog.internal.cursor.ParkedList;
import dev.eventlog.internal.delivery.SimulationModel.Violation;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Runs the consumer of a {@link SimulationPlan} on one thread, with a clock of its own: the machine, the places, the cursors and
 * the lists of parked events are those that ship, and everything that a thread, a handler or a disk could do is drawn from the
 * plan's seed. {@link SimulationModel} looks at each step.
 */
final class Simulation {

    /** What is simulated: what must hold for it, and how its lives run. */
    interface Subject {

        SimulationModel model();

        /** Begins a life. */
        SimulatedOwner open(Simulation simulation, Place place, Parking parking);
    }

    static final long BACK_OFF_NANOS = 1_000_000;

    /** Within so many steps behind the last fault all must be done. */
    private static final int MOST_STEPS = 60_000;

    private static final long PAUSE_NANOS = 50_000_000;

    private final SimulationPlan plan;
    private final Sabotage sabotage;
    private final SimulatedLog log;
    private final SimulationTally tally;
    private final SplittableRandom random;
    private final Subject subject;
    private final SimulationModel model;
    private final String name;
    private final List<SimulatedOwner> abandoned = new ArrayList<>();
    // attempts that fail in each life, by event; poison: more than there are attempts
    private final int[] failures;
    private final boolean[] isLong;

    private SimulatedOwner owner;
    private int visible;
    private int nextFault;
    private long now = Long.MAX_VALUE - 2_000_000_000L;
    private long steps;
    private long faultAt;
    private boolean isPaused;
    private long resumeAt;
    private long wakeUpsLostUntil = now;
    // the checkpoint as it was forced
    private long forced;
    private long[] forcedCompletions = {};

    Simulation(SimulationPlan plan, Sabotage sabotage, SimulatedLog log, SimulationTally tally) {
        this.plan = plan;
        this.sabotage = sabotage;
        this.log = log;
        this.tally = tally;
        random = new SplittableRandom(plan.seed() ^ 0x5DEECE66DL);
        subject = plan.form().subject(plan);
        model = subject.model();
        failures = new int[plan.events()];
        isLong = new boolean[plan.events()];
        for (int i = 0; i < failures.length; i++) {
            int kind = random.nextInt(20);
            int some = kind == 0 ? Integer.MAX_VALUE : kind < 4 ? 1 + random.nextInt(3) : 0;
            failures[i] = plan.throwing() ? some : 0;
            isLong[i] = random.nextInt(24) == 0;
        }
        name = "s" + Long.toHexString(plan.seed());
        forced = first();
        visible = random.nextInt(plan.events() + 1);
        Cursor cursor = log.cursors.open(name);
        cursor.commit(first(), true);
        cursor.close();
        owner = open();
    }

    /** Runs it to the end. */
    void run() {
        try {
            while (!model.isOver(visible) || nextFault < plan.faults().size() || owner.place.checkpoint() < end()) {
                step();
                model.checkStep(owner.place.checkpoint());
                if (steps - faultAt > MOST_STEPS) {
                    throw new Violation("no progress: " + model.unfinished(visible));
                }
            }
            model.checkParked(parkedList());
            tally.simulated(steps);
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

    private SimulatedOwner open() {
        isPaused = false;
        resumeAt = 0;
        Cursor cursor = log.cursors.open(name);
        ConsumerConfig config = ConsumerConfig.named(name).build();
        Place place = Place.of(config, cursor, log.journal);
        var parking = new Parking(log.cursors.parked(name), log.journal);
        try {
            model.begin(place.checkpoint(), place.completions());
        } catch (Violation broken) {
            place.close();
            throw broken;
        }
        return subject.open(this, place, parking);
    }

    // ---- time

    private void step() {
        steps++;
        while (nextFault < plan.faults().size() && (plan.faults().get(nextFault).step() <= steps || isQuiet())) {
            Fault fault = plan.faults().get(nextFault++).fault();
            faultAt = steps;
            if (happens(fault)) {
                tally.fired(fault);
            }
        }
        if (resumeAt != 0 && resumeAt - now <= 0) {
            resumeAt = 0;
            isPaused = false;
            owner.resume();
        }
        if (visible < plan.events() && random.nextInt(8) == 0) {
            visible += 1 + random.nextInt(Math.min(8, plan.events() - visible));
        }
        turn();
        if (owner.isOver()) {
            // by a failure or because it was told to: the next one takes over
            owner.checkEnd();
            owner.close();
            model.end();
            owner = open();
        }
    }

    /** Lets the thread go on whose time comes first. */
    private void turn() {
        SimulatedOwner chosen = owner;
        SimulatedThread first = owner.first();
        for (SimulatedOwner each : abandoned) {
            SimulatedThread its = each.first();
            if (its != null && (first == null || its.wakeAt - first.wakeAt < 0)) {
                chosen = each;
                first = its;
            }
        }
        if (first == null) {
            throw new Violation("all threads have ended, and nobody says so");
        }
        if (first.wakeAt - now > 0) {
            now = first.wakeAt;
        }
        chosen.turn(first);
    }

    private boolean isQuiet() {
        return visible == plan.events() && model.isOver(visible);
    }

    // ---- faults

    /** Lets a fault happen; false if there is nothing that it could happen to, or if it comes later. */
    private boolean happens(Fault fault) {
        switch (fault) {
            case CRASH -> crash();
            case POWER_CUT -> powerCut();
            case FORCE -> {
                forced = owner.place.checkpoint();
                forcedCompletions = owner.lastCompletions;
            }
            case FENCE -> {
                owner.abandon();
                abandoned.add(owner);
                model.end();
                owner = open();
            }
            case DUPLICATE_LEASE -> openTwice();
            case PAUSE -> {
                isPaused = true;
                resumeAt = now + PAUSE_NANOS;
                return owner.happens(fault);
            }
            case CLOCK_JUMP -> now += 120_000_000_000L;
            case LOST_WAKE_UP -> wakeUpsLostUntil = now + 4 * SimulatedOwner.LONGEST_WAIT_NANOS;
            case OPERATOR -> {
                return operate();
            }
            case STOP -> {
                // a pause that went before is not ended
                resumeAt = 0;
                return owner.happens(fault);
            }
            default -> {
                return owner.happens(fault);
            }
        }
        return true;
    }

    private void crash() {
        owner.dies();
        abandoned.clear();
        model.end();
        owner = open();
    }

    private void powerCut() {
        owner.dies();
        abandoned.clear();
        model.end();
        Cursor cursor = log.cursors.open(name);
        // the list of parked events is forced at each change
        cursor.commit(forced, forcedCompletions, forcedCompletions.length);
        cursor.close();
        owner = open();
    }

    private void openTwice() {
        if (sabotage == Sabotage.TWO_OWNERS) {
            owner.place.close();
        }
        Cursor second;
        try {
            second = log.cursors.open(name);
        } catch (LockedException expected) {
            return;
        }
        second.close();
        throw new Violation("two owners");
    }

    /** Takes the first events off the list, as many as it likes. */
    private boolean operate() {
        ParkedList list = parkedList();
        var taken = new ArrayList<Long>();
        int count = 1 + random.nextInt(4);
        for (long at = list.next(0); at >= 0 && taken.size() < count; at = list.next(at + 1)) {
            taken.add(at);
        }
        list.release(taken);
        taken.forEach(position -> model.released(index(position)));
        return !taken.isEmpty();
    }

    // ---- what an owner is told

    long now() {
        return now;
    }

    SplittableRandom random() {
        return random;
    }

    SimulationPlan plan() {
        return plan;
    }

    Sabotage sabotage() {
        return sabotage;
    }

    SimulationTally tally() {
        return tally;
    }

    /** Whether no handler may be called. */
    boolean isPaused() {
        return isPaused;
    }

    /** Whether nobody who waits is woken. */
    boolean areWakeUpsLost() {
        return wakeUpsLostUntil - now > 0;
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

    @Nullable
    String key(long position) {
        return SimulatedLog.key(plan.region(), index(position));
    }
}
