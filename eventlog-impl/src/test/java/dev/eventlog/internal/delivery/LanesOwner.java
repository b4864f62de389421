package dev.eventlog.internal.delivery;

import dev.eventlog.internal.delivery.DeliveryMachine.Rules;
import dev.eventlog.internal.delivery.DeliveryMachine.Step;
import dev.eventlog.internal.delivery.SimulationModel.Violation;
import java.util.Arrays;

/** One life of a simulated subscription: one thread does it all where the order of the log is kept, else a reader and lanes. */
final class LanesOwner extends SimulatedOwner {

    private final DeliveryMachine machine;
    private final LanesModel model;
    private final boolean isOrdered;
    private boolean isFlushFailing;
    private boolean isFailed;

    LanesOwner(Simulation simulation, Place place, Parking parking, LanesModel model) {
        super(simulation, place, parking, model);
        this.model = model;
        SimulationPlan plan = simulation.plan();
        isOrdered = plan.workers() == 1;
        var rules = new Rules(
                plan.workers(),
                isOrdered ? 2 : 1 << 3 + random.nextInt(4),
                64,
                plan.batchEvents(),
                1 << 20,
                isOrdered ? Long.MAX_VALUE : 5_000_000,
                attemptsTold(),
                true);
        machine = new DeliveryMachine(
                rules, place.checkpoint(), completionsTold(), Simulation.BACK_OFF_NANOS, random.split());
        for (int i = 0; i < (isOrdered ? 1 : 1 + plan.workers()); i++) {
            threads.add(new SimulatedThread(i, simulation.now() + random.nextInt(1_000)));
        }
    }

    // ---- the machine

    @Override
    Step readerStep() {
        return machine.reader();
    }

    @Override
    boolean wantsEvent() {
        return machine.wantsEvent();
    }

    @Override
    void offer(long position, int length) {
        String key = sabotage == Sabotage.TWO_LANES_FOR_A_KEY ? null : simulation.key(position);
        int unused = machine.offered(position, key, length);
    }

    @Override
    void readNothing(long position) {
        machine.readNothing(position, false);
    }

    @Override
    void idled() {
        machine.idled();
    }

    @Override
    long beginCommit() {
        machine.beginCommit();
        return machine.commitPosition();
    }

    @Override
    long[] completions() {
        return Arrays.copyOf(machine.completions(), machine.completionsCount());
    }

    @Override
    void committed() {
        machine.committed();
    }

    // ---- its life

    @Override
    boolean happens(Fault fault) {
        switch (fault) {
            case STOP -> machine.stop();
            case PAUSE -> {
                if (sabotage != Sabotage.PAUSE_FORGOTTEN) {
                    machine.pause();
                }
            }
            case SLOW -> {
                return slow();
            }
            case BROKEN_LANE -> {
                return breakLane();
            }
            case FLUSH_FAILURE -> {
                isFlushFailing = true;
                return false;
            }
            case NO_ROOM -> {
                isFull = true;
                return false;
            }
            default -> throw new IllegalStateException("not for lanes: " + fault);
        }
        return true;
    }

    @Override
    void resume() {
        machine.resume();
    }

    @Override
    void checkEnd() {
        if (!isFailed) {
            model.checkCommitted(place.checkpoint(), lastCompletions);
        }
    }

    @Override
    void leave() {
        machine.stop();
    }

    private boolean breakLane() {
        SimulatedThread broken = threads.get(threads.size() - 1);
        if (isOrdered || broken.isEnded) {
            return false;
        }
        broken.isEnded = true;
        machine.broken(lane(broken));
        model.lost(lane(broken));
        isFailed = true;
        return true;
    }

    private int lane(SimulatedThread thread) {
        return isOrdered ? 0 : thread.number - 1;
    }

    @Override
    void turn(SimulatedThread thread) {
        Step doing = ended(thread);
        int lane = lane(thread);
        if (doing == Step.HANDLE) {
            handled(thread, lane);
        } else if (doing == Step.FLUSH) {
            flushed(lane);
        } else if (doing == Step.PARK) {
            park(lane);
        } else if (isOrdered || thread.number != SimulatedThread.READER) {
            Step step = machine.lane(lane, machine.needsTime() ? simulation.now() : 0);
            if (isOrdered && (step == Step.WAIT || step == Step.END)) {
                read(thread);
            } else {
                begin(thread, lane, step);
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
            default -> throw new Violation("not a step of a lane");
        }
    }

    private void handle(SimulatedThread thread, int lane) {
        long position = machine.position(lane);
        int index = simulation.index(position);
        thread.position = position;
        thread.attempt = sabotage == Sabotage.ATTEMPT_LOST ? 1 : machine.attempt(lane);
        if (isAbandoned) {
            throw new Violation("handler called although closed: " + index);
        }
        if (isFull && parking.isBlocked(position, simulation.key(position)) && takeNoRoom()) {
            machine.noRoom(lane, simulation.now());
            return;
        }
        if (isHeldBack(position, simulation.key(position))) {
            model.parkedBehind(index);
            machine.parked(lane);
            return;
        }
        if (simulation.isPaused()) {
            throw new Violation("handler called although paused: " + index);
        }
        model.begins(lane, index, thread.attempt, simulation.now());
        busy(thread, Step.HANDLE);
    }

    private void handled(SimulatedThread thread, int lane) {
        int index = simulation.index(thread.position);
        if (!simulation.fails(index, thread.attempt)) {
            if (!isAbandoned) {
                model.returned(lane, index);
            }
            machine.handled(lane, simulation.now());
            if (sabotage == Sabotage.DONE_BEFORE_FLUSH) {
                machine.flushed(lane);
            }
            return;
        }
        simulation.tally().fired(Fault.HANDLER_EXCEPTION);
        long at = simulation.now();
        boolean isEnding = machine.isEnding();
        if (machine.failed(lane, sabotage == Sabotage.NO_BACK_OFF ? at - 10_000_000 : at)) {
            throw new Violation("stopped instead of parking");
        }
        if (!isAbandoned) {
            model.failed(lane, index, at, isEnding);
        }
    }

    private void flushed(int lane) {
        if (isFlushFailing) {
            isFlushFailing = false;
            simulation.tally().fired(Fault.FLUSH_FAILURE);
            machine.flushFailed(lane);
            isFailed = true;
            if (!isAbandoned) {
                model.lost(lane);
            }
            return;
        }
        if (!isAbandoned) {
            model.flushed(lane);
        }
        machine.flushed(lane);
    }

    private void park(int lane) {
        long position = machine.position(lane);
        if (takeNoRoom()) {
            machine.noRoom(lane, simulation.now());
        } else if (isListed(position, simulation.key(position), machine.attempt(lane))) {
            model.parked(lane, simulation.index(position), machine.attempt(lane));
            machine.parked(lane);
        } else {
            machine.refused(lane);
        }
    }
}
