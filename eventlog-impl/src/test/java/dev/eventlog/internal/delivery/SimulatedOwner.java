package dev.eventlog.internal.delivery;

import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.delivery.DeliveryMachine.Rules;
import dev.eventlog.internal.delivery.DeliveryMachine.Step;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** One life of a simulated subscription, from its opening to its end: carries out what the machine says, as threads would. */
final class SimulatedOwner {

    private static final long FOR_EVER = Long.MAX_VALUE;

    final Place place;
    final DeliveryMachine machine;
    long[] lastCompletions = {};

    private final Simulation simulation;
    private final SimulationModel model;
    private final SplittableRandom random;
    private final Parking parking;
    private final boolean isOrdered;
    // one does it all where the order of the log is kept; else the reader, then the lanes
    private final SimulatedThread[] threads;
    private long readPosition;
    private boolean isAbandoned;
    private boolean isFailed;

    SimulatedOwner(Simulation simulation, Place place, Parking parking) {
        this.simulation = simulation;
        this.place = place;
        this.parking = parking;
        model = simulation.model();
        random = simulation.random();
        SimulationPlan plan = simulation.plan();
        isOrdered = plan.lanes() == 1;
        var rules = new Rules(
                plan.lanes(),
                isOrdered ? 2 : 1 << 3 + random.nextInt(4),
                64,
                plan.batchEvents(),
                1 << 20,
                isOrdered ? FOR_EVER : 5_000_000,
                plan.attempts(),
                true);
        readPosition = place.checkpoint();
        machine = new DeliveryMachine(
                rules, place.checkpoint(), place.completions(), Simulation.BACK_OFF_NANOS, random.split());
        lastCompletions = place.completions();
        threads = new SimulatedThread[isOrdered ? 1 : 1 + plan.lanes()];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new SimulatedThread(i - 1, simulation.now() + random.nextInt(1_000));
        }
    }

    /** The thread that has something to do next; null: none ever. */
    @Nullable
    SimulatedThread first() {
        SimulatedThread first = null;
        for (SimulatedThread each : threads) {
            if (!each.isEnded && (first == null || each.wakeAt - first.wakeAt < 0)) {
                first = each;
            }
        }
        return first;
    }

    boolean isOver() {
        return threads[0].isEnded;
    }

    boolean isCommittedTo(long end) {
        return place.checkpoint() >= end;
    }

    /** Whoever ends in an orderly way has committed all that is done, in a row from the checkpoint on. */
    void checkEnd() {
        if (!isFailed) {
            model.checkCommitted(place.checkpoint(), lastCompletions);
        }
    }

    void close() {
        parking.close();
        place.close();
    }

    /** The process dies. */
    void dies() {
        for (SimulatedThread each : threads) {
            each.isEnded = true;
        }
        close();
    }

    /** Its handlers run on when it is closed. */
    void abandon(Sabotage sabotage) {
        isAbandoned = true;
        if (sabotage != Sabotage.PARKING_NOT_FENCED) {
            parking.close();
        }
        place.close();
    }

    void slow(long until) {
        for (int i = 2; i < threads.length; i++) {
            threads[i].wakeAt = until;
        }
    }

    void breakLane() {
        SimulatedThread broken = threads[threads.length - 1];
        if (!isOrdered && !broken.isEnded) {
            broken.isEnded = true;
            machine.broken(broken.lane);
            model.laneIsBroken(broken.lane);
            isFailed = true;
        }
    }

    /** Lets a thread do what is next for it. */
    void turn(SimulatedThread thread) {
        Step doing = thread.doing;
        int lane = isOrdered ? 0 : thread.lane;
        thread.wakeAt = simulation.now() + random.nextInt(50);
        thread.doing = null;
        if (doing == Step.HANDLE) {
            handled(thread, lane);
        } else if (doing == Step.FLUSH) {
            flushed(lane);
        } else if (doing == Step.PARK) {
            park(thread, lane);
        } else if (isOrdered || thread.lane != SimulatedThread.READER) {
            Step step = machine.lane(lane, machine.needsTime() ? simulation.now() : 0);
            begin(thread, lane, step);
            if (isOrdered && (step == Step.WAIT || step == Step.END)) {
                thread.isEnded = false;
                read(thread);
            }
        } else {
            read(thread);
        }
    }

    // ---- a lane

    private void begin(SimulatedThread thread, int lane, Step step) {
        switch (step) {
            case HANDLE -> handle(thread, lane);
            case FLUSH, PARK -> busy(thread, step);
            case WAIT -> sleep(thread);
            case END -> thread.isEnded = true;
            default -> throw new SimulationModel.Violation("not a step of a lane: " + step);
        }
    }

    private void busy(SimulatedThread thread, Step step) {
        thread.doing = step;
        // mostly next to nothing, now and then very long
        thread.wakeAt += random.nextInt(16) == 0 ? random.nextInt(20_000_000) : random.nextInt(2_000);
    }

    private void sleep(SimulatedThread thread) {
        boolean isForEver = simulation.sabotage() == Sabotage.LANE_SLEEPS_FOR_EVER;
        // as the runner's longest wait, and as if signals came at any time or never
        thread.wakeAt += isForEver ? FOR_EVER >>> 1 : random.nextInt(random.nextBoolean() ? 1_000 : 20_000_000);
    }

    private void handle(SimulatedThread thread, int lane) {
        long position = machine.position(lane);
        thread.position = position;
        thread.attempt = simulation.sabotage() == Sabotage.ATTEMPT_LOST ? 1 : machine.attempt(lane);
        if (isAbandoned) {
            throw new SimulationModel.Violation("handler called although closed: " + simulation.index(position));
        }
        if (simulation.sabotage() != Sabotage.PARKED_KEY_OVERTAKEN
                && parking.holdsBack(position, simulation.key(position))) {
            model.parkedBehind(simulation.index(position));
            machine.parked(lane);
            return;
        }
        if (simulation.isPaused()) {
            throw new SimulationModel.Violation("handler called although paused: " + simulation.index(position));
        }
        model.begins(lane, simulation.index(position), thread.attempt, simulation.now());
        busy(thread, Step.HANDLE);
    }

    private void handled(SimulatedThread thread, int lane) {
        int index = simulation.index(thread.position);
        if (!simulation.fails(index, thread.attempt)) {
            if (!isAbandoned) {
                model.returned(lane, index);
            }
            machine.handled(lane, simulation.now());
            if (simulation.sabotage() == Sabotage.DONE_BEFORE_FLUSH) {
                machine.flushed(lane);
            }
            return;
        }
        long at = simulation.now();
        boolean isEnding = machine.isEnding();
        boolean isFatal = machine.failed(lane, simulation.sabotage() == Sabotage.NO_BACK_OFF ? at - 10_000_000 : at);
        if (isFatal) {
            throw new SimulationModel.Violation("stopped instead of parking");
        }
        if (!isAbandoned) {
            model.failed(lane, index, at, isEnding);
        }
    }

    private void flushed(int lane) {
        if (simulation.takeFlushFailure()) {
            machine.flushFailed(lane);
            isFailed = true;
            if (!isAbandoned) {
                model.flushFailed(lane);
            }
            return;
        }
        if (!isAbandoned) {
            model.flushed(lane);
        }
        machine.flushed(lane);
    }

    private void park(SimulatedThread thread, int lane) {
        int index = simulation.index(machine.position(lane));
        try {
            parking.park(machine.position(lane), simulation.key(machine.position(lane)), machine.attempt(lane));
        } catch (LogClosedException fenced) {
            machine.refused(lane);
            return;
        }
        model.parked(lane, index, machine.attempt(lane), isAbandoned);
        machine.parked(lane);
    }

    // ---- the reader

    private void read(SimulatedThread thread) {
        Step step = machine.reader();
        switch (step) {
            case READ -> readEvents();
            case COMMIT -> commit(thread);
            case IDLE -> {
                thread.wakeAt += random.nextInt(1_000_000);
                machine.idled();
            }
            case WAIT -> {
                if (!isOrdered || !machine.isEnding()) {
                    thread.wakeAt += random.nextInt(1_000_000);
                }
            }
            case END -> thread.isEnded = true;
            default -> throw new SimulationModel.Violation("not a step of the reader: " + step);
        }
    }

    private void readEvents() {
        int reads = isOrdered ? 1 : 1 + random.nextInt(8);
        for (int i = 0; i < reads && machine.wantsEvent(); i++) {
            if (readPosition >= simulation.end()) {
                machine.readNothing(readPosition, false);
                return;
            }
            String key = simulation.sabotage() == Sabotage.TWO_LANES_FOR_A_KEY ? null : simulation.key(readPosition);
            machine.offered(readPosition, key, 1 + random.nextInt(8));
            readPosition++;
        }
    }

    private void commit(SimulatedThread thread) {
        machine.beginCommit();
        long position = machine.commitPosition();
        long[] completions = Arrays.copyOf(machine.completions(), machine.completionsCount());
        switch (simulation.sabotage()) {
            case CHECKPOINT_BEFORE_HANDLER -> position = readPosition;
            case WATERMARK_OFF_BY_ONE -> position = Math.min(position + 1, simulation.end());
            case COMPLETIONS_SHIFTED -> Arrays.setAll(completions, i -> completions[i] + 1);
            default -> {}
        }
        long[] told = simulation.sabotage() == Sabotage.COMPLETIONS_WITHOUT_THE_FIRST && completions.length > 2
                ? Arrays.copyOfRange(completions, 2, completions.length)
                : completions;
        boolean isWrong = isAbandoned && simulation.sabotage() == Sabotage.CHECKPOINT_NOT_FENCED;
        try {
            (isWrong ? simulation.currentPlace() : place).commit(position, told, told.length);
        } catch (LogClosedException fenced) {
            if (!isAbandoned) {
                throw new SimulationModel.Violation("the owner is fenced");
            }
            thread.isEnded = true;
            return;
        }
        if (isAbandoned) {
            throw new SimulationModel.Violation("a checkpoint of who was closed");
        }
        model.checkCommit(position, told);
        lastCompletions = told;
        machine.committed();
    }
}
