package dev.eventlog.internal.delivery;

import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.delivery.DeliveryMachine.Step;
import dev.eventlog.internal.delivery.SimulationModel.Violation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One life of a simulated consumer, from its opening to its end: carries out what the machine says, as threads would. Here is
 * what the reader does, and what is the same for all who handle.
 */
abstract class SimulatedOwner {

    /** As the runners' longest wait. */
    static final long LONGEST_WAIT_NANOS = 20_000_000;

    static final long VISIBILITY_NANOS = 30_000_000;

    private static final long FOR_EVER = Long.MAX_VALUE >>> 1;

    final Place place;
    long[] lastCompletions;

    final Simulation simulation;
    final Sabotage sabotage;
    final SplittableRandom random;
    final Parking parking;
    // the reader's is the first
    final List<SimulatedThread> threads = new ArrayList<>();
    boolean isAbandoned;
    // the next event that is to be parked finds no room
    boolean isFull;
    private final SimulationModel model;
    private long readPosition;
    private int offered;

    SimulatedOwner(Simulation simulation, Place place, Parking parking, SimulationModel model) {
        this.simulation = simulation;
        this.place = place;
        this.parking = parking;
        this.model = model;
        sabotage = simulation.sabotage();
        random = simulation.random();
        readPosition = place.checkpoint();
        lastCompletions = place.completions();
    }

    // ---- the machine

    abstract Step readerStep();

    abstract boolean wantsEvent();

    abstract void offer(long position, int length);

    abstract void readNothing(long position);

    abstract void idled();

    /** Fixes what is to be committed, and returns the position. */
    abstract long beginCommit();

    /** A copy of what is done above it. */
    abstract long[] completions();

    abstract void committed();

    /** The attempts that the machine is told of. */
    final int attemptsTold() {
        int attempts = simulation.plan().attempts();
        return switch (sabotage) {
            case ONE_ATTEMPT_TOO_MANY -> attempts + 1;
            case PARKED_TOO_EARLY -> Math.max(1, attempts - 1);
            default -> attempts;
        };
    }

    /** What the machine is told to have been done above the checkpoint. */
    final long[] completionsTold() {
        return sabotage == Sabotage.COMPLETIONS_FORGOTTEN ? new long[0] : place.completions();
    }

    // ---- its life

    /** Lets a thread do what is next for it. */
    abstract void turn(SimulatedThread thread);

    /** Lets something happen to it; false if there is nothing that it could happen to, or if it comes later. */
    abstract boolean happens(Fault fault);

    abstract void resume();

    /** Whoever ends in an orderly way has committed all that is done. */
    abstract void checkEnd();

    /** Its handlers run on when it is closed. */
    abstract void leave();

    final SimulatedThread reader() {
        return threads.get(SimulatedThread.READER);
    }

    /** The thread that has something to do next; null: none ever. */
    final @Nullable SimulatedThread first() {
        SimulatedThread first = null;
        for (int i = 0; i < threads.size(); i++) {
            SimulatedThread each = threads.get(i);
            if (!each.isEnded && (first == null || each.wakeAt - first.wakeAt < 0)) {
                first = each;
            }
        }
        return first;
    }

    final boolean isOver() {
        return reader().isEnded;
    }

    final void close() {
        parking.close();
        place.close();
    }

    /** The process dies. */
    final void dies() {
        threads.forEach(each -> each.isEnded = true);
        close();
    }

    /** It is closed, and whoever handles runs on. */
    final void abandon() {
        isAbandoned = true;
        leave();
        if (sabotage != Sabotage.PARKING_NOT_FENCED) {
            parking.close();
        }
        place.close();
    }

    /** All but the reader and one stand. */
    final boolean slow() {
        for (int i = 2; i < threads.size(); i++) {
            threads.get(i).wakeAt = simulation.now() + 1_000_000_000L;
        }
        return threads.size() > 2;
    }

    // ---- a thread

    /** Takes what a thread was doing, which is over now. */
    final @Nullable Step ended(SimulatedThread thread) {
        Step doing = thread.doing;
        thread.wakeAt = simulation.now() + random.nextInt(50);
        thread.doing = null;
        return doing;
    }

    /** Lets a thread do a step, for a time. */
    final void busy(SimulatedThread thread, Step step) {
        thread.doing = step;
        // mostly next to nothing, now and then long; of some events each handler takes longer than visibility
        boolean isLong = step == Step.HANDLE && simulation.isLong(simulation.index(thread.position));
        thread.wakeAt += isLong
                ? random.nextLong(4 * VISIBILITY_NANOS)
                : random.nextInt(16) == 0 ? random.nextInt(20_000_000) : random.nextInt(2_000);
    }

    /** Lets a thread wait until somebody wakes it: at any time, or never, so that it looks again by itself. */
    final void sleep(SimulatedThread thread) {
        if (sabotage == Sabotage.WORKER_SLEEPS_FOR_EVER) {
            thread.wakeAt += FOR_EVER;
        } else if (simulation.areWakeUpsLost()) {
            thread.wakeAt += LONGEST_WAIT_NANOS;
        } else {
            thread.wakeAt += random.nextInt(random.nextBoolean() ? 1_000 : (int) LONGEST_WAIT_NANOS);
        }
    }

    /** Whether the list of parked events has no room for the next one. */
    final boolean takeNoRoom() {
        if (!isFull) {
            return false;
        }
        isFull = false;
        simulation.tally().fired(Fault.NO_ROOM);
        return true;
    }

    /** Puts an event on the list; false if it is refused because somebody else has the consumer. */
    final boolean isListed(long position, @Nullable String key, int attempt) {
        if (sabotage == Sabotage.PARKED_WITHOUT_LIST) {
            return true;
        }
        try {
            parking.park(position, key, attempt, null);
        } catch (LogClosedException fenced) {
            simulation.tally().fired(Fault.REFUSED);
            return false;
        }
        if (isAbandoned) {
            throw new Violation("parked by who was closed: " + simulation.index(position));
        }
        return true;
    }

    /** Whether an event is on the list of parked ones, or must wait behind one. */
    final boolean isHeldBack(long position, @Nullable String key) {
        return sabotage != Sabotage.PARKED_KEY_OVERTAKEN && parking.holdsBack(position, key);
    }

    // ---- the reader

    final void read(SimulatedThread reader) {
        switch (readerStep()) {
            case READ -> readEvents();
            case COMMIT -> commit(reader);
            case IDLE -> {
                reader.wakeAt += random.nextInt(1_000_000);
                idled();
            }
            case WAIT -> reader.wakeAt += random.nextInt(1_000_000);
            case END -> reader.isEnded = true;
            default -> throw new Violation("not a step of the reader");
        }
    }

    private void readEvents() {
        int most = 1 + random.nextInt(8);
        for (int i = 0; i < most && wantsEvent(); i++) {
            if (readPosition >= simulation.end()) {
                readNothing(readPosition);
                return;
            }
            if (sabotage != Sabotage.EVENT_SKIPPED || ++offered % 16 != 0) {
                offer(readPosition, 1 + random.nextInt(8));
            }
            readPosition++;
        }
    }

    private void commit(SimulatedThread reader) {
        long position = beginCommit();
        long[] completions = completions();
        switch (sabotage) {
            case CHECKPOINT_BEFORE_HANDLER -> position = readPosition;
            case WATERMARK_OFF_BY_ONE -> position = Math.min(position + 1, simulation.end());
            case COMPLETIONS_SHIFTED -> Arrays.setAll(completions, i -> completions[i] + 1);
            default -> {}
        }
        long[] told = sabotage == Sabotage.COMPLETIONS_WITHOUT_THE_FIRST && completions.length > 2
                ? Arrays.copyOfRange(completions, 2, completions.length)
                : completions;
        boolean isWrong = isAbandoned && sabotage == Sabotage.CHECKPOINT_NOT_FENCED;
        try {
            (isWrong ? simulation.currentPlace() : place).commit(position, told, told.length);
        } catch (LogClosedException fenced) {
            if (!isAbandoned) {
                throw new Violation("the owner is fenced");
            }
            simulation.tally().fired(Fault.REFUSED);
            reader.isEnded = true;
            return;
        }
        if (isAbandoned) {
            throw new Violation("a checkpoint of who was closed");
        }
        model.checkCommit(position, told);
        lastCompletions = told;
        committed();
    }
}
