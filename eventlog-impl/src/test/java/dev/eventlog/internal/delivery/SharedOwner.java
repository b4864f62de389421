package dev.eventlog.internal.delivery;

import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.delivery.DeliveryMachine.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** One life of a simulated shared consumer, from its opening to its end: carries out what the machine says, as threads would. */
final class SharedOwner {

    static final long VISIBILITY_NANOS = 30_000_000;

    private static final long FOR_EVER = Long.MAX_VALUE;

    final Place place;
    final SharedMachine machine;
    final SharedActor reader;
    long[] lastCompletions;

    private final SharedSimulation simulation;
    private final SharedModel model;
    private final SharedSabotage sabotage;
    private final SplittableRandom random;
    private final Parking parking;
    private final List<SharedActor> members = new ArrayList<>();
    private long readPosition;
    private long lookedAt;
    private boolean isAbandoned;
    private boolean isBreaking;
    private boolean isFull;

    SharedOwner(SharedSimulation simulation, Place place, Parking parking) {
        this.simulation = simulation;
        this.place = place;
        this.parking = parking;
        model = simulation.model();
        sabotage = simulation.sabotage();
        random = simulation.random();
        var rules = new SharedMachine.Rules(
                1 << 3 + random.nextInt(4), 64, simulation.plan().attempts(), true, VISIBILITY_NANOS);
        readPosition = place.checkpoint();
        machine = new SharedMachine(
                rules, place.checkpoint(), place.completions(), Simulation.BACK_OFF_NANOS, random.split());
        lastCompletions = place.completions();
        lookedAt = simulation.now();
        reader = new SharedActor(0, null, simulation.now() + random.nextInt(1_000));
        for (int i = 0; i < simulation.plan().members(); i++) {
            join();
        }
    }

    /** The thread that has something to do next; null: none ever. */
    @Nullable
    SharedActor first() {
        SharedActor first = reader.isEnded ? null : reader;
        for (SharedActor each : members) {
            if (!each.isEnded && (first == null || each.wakeAt - first.wakeAt < 0)) {
                first = each;
            }
        }
        return first;
    }

    boolean isOver() {
        return reader.isEnded;
    }

    void checkEnd() {
        model.checkCommitted(place.checkpoint(), lastCompletions);
    }

    void close() {
        parking.close();
        place.close();
    }

    /** The process dies. */
    void dies() {
        reader.isEnded = true;
        members.forEach(each -> each.isEnded = true);
        close();
    }

    /** All its members are closed, and their handlers run on. */
    void abandon() {
        isAbandoned = true;
        machine.stop();
        for (SharedActor each : members) {
            machine.abandon(member(each), simulation.now());
        }
        if (sabotage != SharedSabotage.PARKING_NOT_FENCED) {
            parking.close();
        }
        place.close();
    }

    private static Member member(SharedActor actor) {
        return Objects.requireNonNull(actor.member);
    }

    // ---- what happens to it

    void join() {
        if (machine.isEnding()) {
            return;
        }
        var member = new Member();
        machine.join(member);
        members.add(new SharedActor(members.size() + 1, member, simulation.now() + random.nextInt(1_000)));
    }

    private @Nullable SharedActor anyMember() {
        List<SharedActor> alive = members.stream()
                .filter(each -> !each.isEnded && !member(each).isGone)
                .toList();
        return alive.isEmpty() ? null : alive.get(random.nextInt(alive.size()));
    }

    void stop() {
        for (SharedActor each : members) {
            machine.leave(member(each));
            model.waitsNoMore(each);
        }
    }

    void leave() {
        SharedActor leaving = anyMember();
        if (leaving != null) {
            machine.leave(member(leaving));
            model.waitsNoMore(leaving);
        }
    }

    void leaveBehind() {
        SharedActor left = anyMember();
        if (left != null) {
            machine.leave(member(left));
            model.waitsNoMore(left);
            left.isLeft = true;
            left.goneAt = simulation.now();
            machine.abandon(
                    member(left),
                    sabotage == SharedSabotage.VISIBILITY_IGNORED
                            ? simulation.now() - VISIBILITY_NANOS
                            : simulation.now());
            membersChanged();
        }
    }

    void die(boolean isSilent) {
        SharedActor dying = anyMember();
        if (dying != null) {
            dying.isEnded = true;
            dying.isDead = true;
            dying.goneAt = simulation.now();
            model.waitsNoMore(dying);
            if (!isSilent) {
                died(dying);
            }
        }
    }

    void pauseOne() {
        SharedActor paused = anyMember();
        if (paused != null) {
            paused.isPaused = true;
            model.waitsNoMore(paused);
            if (sabotage != SharedSabotage.PAUSE_FORGOTTEN) {
                machine.pause(member(paused));
            }
        }
    }

    void resumeAll() {
        for (SharedActor each : members) {
            each.isPaused = false;
            machine.resume(member(each));
        }
    }

    void slow(long until) {
        for (int i = 1; i < members.size(); i++) {
            members.get(i).wakeAt = until;
        }
    }

    void breakNext() {
        isBreaking = true;
    }

    void fill() {
        isFull = true;
    }

    private void membersChanged() {
        if (!machine.isAnyMemberLeft()) {
            machine.stop();
        }
    }

    private void died(SharedActor dead) {
        boolean had = member(dead).hasEvent();
        boolean counts = !member(dead).isExhausted;
        if (sabotage == SharedSabotage.DEATH_NOT_COUNTED) {
            machine.broken(member(dead));
        } else {
            machine.died(member(dead));
        }
        if (had) {
            model.lapsed(dead, simulation.index(dead.position), counts);
        }
        membersChanged();
    }

    /** Lets a thread do what is next for it. */
    void turn(SharedActor actor) {
        Step doing = actor.doing;
        actor.wakeAt = simulation.now() + random.nextInt(50);
        actor.doing = null;
        if (actor == reader) {
            look();
            read();
        } else if (doing == Step.HANDLE) {
            handled(actor);
        } else if (doing == Step.PARK) {
            park(actor);
        } else {
            ask(actor);
        }
    }

    // ---- a member

    private void ask(SharedActor actor) {
        if (sabotage == SharedSabotage.UNFAIR && actor.number == 1) {
            for (SharedActor other : members) {
                if (other != actor && !other.isPaused) {
                    machine.pause(member(other));
                    machine.resume(member(other));
                }
            }
        }
        Step step = machine.next(member(actor), simulation.now());
        switch (step) {
            case HANDLE, PARK -> take(actor, step);
            case WAIT -> {
                if (!actor.isPaused && !isAbandoned) {
                    model.waits(actor);
                }
                boolean isForEver = sabotage == SharedSabotage.MEMBER_SLEEPS_FOR_EVER;
                // as the runner's longest wait, and as if signals came at any time or never
                actor.wakeAt += isForEver ? FOR_EVER >>> 1 : random.nextInt(random.nextBoolean() ? 1_000 : 20_000_000);
            }
            case END -> {
                actor.isEnded = true;
                membersChanged();
            }
            default -> throw new SimulationModel.Violation("not a step of a member: " + step);
        }
    }

    private void take(SharedActor actor, Step step) {
        boolean isNew = step == Step.HANDLE || actor.position != machine.position(member(actor)) || actor.attempt == 0;
        actor.position = machine.position(member(actor));
        actor.attempt = sabotage == SharedSabotage.ATTEMPT_LOST ? 1 : machine.attempt(member(actor));
        int index = simulation.index(actor.position);
        if (isAbandoned) {
            busy(actor, step);
            return;
        }
        if (isNew) {
            model.takes(actor, index);
        }
        if (sabotage != SharedSabotage.PARKED_HANDED_OVER && parking.holdsBack(actor.position, null)) {
            model.wasParked(index);
            answer(actor, index);
            return;
        }
        if (step == Step.HANDLE) {
            if (isBreaking) {
                isBreaking = false;
                model.lapsed(actor, index, false);
                machine.broken(member(actor));
                actor.isEnded = true;
                membersChanged();
                return;
            }
            model.begins(actor, index, actor.attempt, simulation.now());
        }
        busy(actor, step);
    }

    private void busy(SharedActor actor, Step step) {
        actor.doing = step;
        actor.beganAt = simulation.now();
        // mostly next to nothing, now and then long; of some events each handler takes longer than visibility
        int kind = simulation.isLong(simulation.index(actor.position)) ? 0 : 1 + random.nextInt(63);
        actor.wakeAt += kind == 0
                ? random.nextLong(4 * VISIBILITY_NANOS)
                : kind < 4 ? random.nextInt(20_000_000) : random.nextInt(2_000);
    }

    private void answer(SharedActor actor, int index) {
        actor.attempt = 0;
        boolean isTaken = machine.done(member(actor));
        if (isAbandoned) {
            return;
        }
        if (!isTaken && sabotage == SharedSabotage.LATE_ANSWER_COUNTS) {
            members.stream()
                    .filter(each -> member(each).hasEvent() && each.position == actor.position)
                    .forEach(each -> machine.done(member(each)));
        }
        model.answered(actor, index, isTaken);
    }

    private void handled(SharedActor actor) {
        int index = simulation.index(actor.position);
        if (!simulation.fails(index, actor.attempt)) {
            answer(actor, index);
            return;
        }
        long now = simulation.now();
        boolean counts = !machine.isEnding() && !member(actor).isGone;
        if (!isAbandoned) {
            model.failed(actor, index, now, counts);
        }
        if (machine.failed(member(actor), sabotage == SharedSabotage.NO_BACK_OFF ? now - 10_000_000 : now)) {
            throw new SimulationModel.Violation("stopped instead of parking");
        }
        if (!member(actor).hasEvent()) {
            actor.attempt = 0;
        }
    }

    private void park(SharedActor actor) {
        int index = simulation.index(actor.position);
        if (isFull) {
            isFull = false;
            if (!isAbandoned) {
                model.givenBack(actor, index);
            }
            machine.noRoom(member(actor), simulation.now());
            actor.attempt = 0;
            return;
        }
        try {
            parking.park(actor.position, null, actor.attempt);
        } catch (LogClosedException fenced) {
            machine.broken(member(actor));
            actor.isEnded = true;
            return;
        }
        if (isAbandoned) {
            throw new SimulationModel.Violation("parked by who was closed: " + index);
        }
        model.parked(index, actor.attempt);
        answer(actor, index);
    }

    // ---- the reader

    private void look() {
        long now = simulation.now();
        if (isAbandoned || now - lookedAt < VISIBILITY_NANOS / 2) {
            return;
        }
        lookedAt = now;
        for (SharedActor each : members) {
            if (each.isDead && !member(each).isGone && sabotage != SharedSabotage.DEAD_MEMBER_NEVER_NOTICED) {
                died(each);
            }
            boolean isSlow = each.doing == Step.HANDLE && now - each.beganAt > VISIBILITY_NANOS && !each.isEnded;
            boolean isStolen = each.doing == Step.HANDLE
                    && !each.isEnded
                    && !each.isLeft
                    && sabotage == SharedSabotage.LEASE_GIVEN_TWICE;
            if ((isSlow && sabotage == SharedSabotage.SLOW_TAKEN_FOR_DEAD) || isStolen) {
                machine.died(member(each));
                membersChanged();
            }
        }
        List<SharedActor> leases = members.stream()
                .filter(each -> each.isLeft && member(each).hasEvent())
                .toList();
        boolean[] wasExhausted = new boolean[leases.size()];
        for (int i = 0; i < wasExhausted.length; i++) {
            wasExhausted[i] = member(leases.get(i)).isExhausted;
        }
        if (sabotage != SharedSabotage.LEASE_NOT_RELEASED) {
            machine.expire(now);
        }
        for (int i = 0; i < wasExhausted.length; i++) {
            SharedActor each = leases.get(i);
            if (!member(each).hasEvent()) {
                if (now - each.goneAt < VISIBILITY_NANOS) {
                    throw new SimulationModel.Violation("lease ended too early: " + simulation.index(each.position));
                }
                model.lapsed(each, simulation.index(each.position), !wasExhausted[i]);
            }
        }
        checkLeases(now);
    }

    /** Behind a look nobody has an event that is dead, or was left longer ago than visibility. */
    private void checkLeases(long now) {
        for (SharedActor each : members) {
            if (member(each).hasEvent() && (each.isDead || each.isLeft) && now - each.goneAt >= VISIBILITY_NANOS) {
                throw new SimulationModel.Violation("member keeps its event although it "
                        + (each.isDead ? "is dead" : "was left") + ": " + simulation.index(each.position));
            }
        }
    }

    private void read() {
        Step step = machine.reader();
        switch (step) {
            case READ -> readEvents();
            case COMMIT -> commit();
            case IDLE -> {
                reader.wakeAt += random.nextInt(1_000_000);
                machine.idled();
            }
            case WAIT -> reader.wakeAt += random.nextInt(1_000_000);
            case END -> reader.isEnded = true;
            default -> throw new SimulationModel.Violation("not a step of the reader: " + step);
        }
    }

    private void readEvents() {
        int reads = 1 + random.nextInt(8);
        for (int i = 0; i < reads && machine.wantsEvent(); i++) {
            if (readPosition >= simulation.end()) {
                machine.readNothing(readPosition, false);
                return;
            }
            machine.offered(readPosition, 1 + random.nextInt(8));
            readPosition++;
        }
    }

    private void commit() {
        Progress told = machine.progress();
        told.beginCommit();
        long position = told.commitPosition();
        long[] completions = Arrays.copyOf(told.completions(), told.completionsCount());
        switch (sabotage) {
            case CHECKPOINT_BEFORE_HANDLER -> position = readPosition;
            case WATERMARK_OFF_BY_ONE -> position = Math.min(position + 1, simulation.end());
            case COMPLETIONS_SHIFTED -> Arrays.setAll(completions, i -> completions[i] + 1);
            default -> {}
        }
        boolean isWrong = isAbandoned && sabotage == SharedSabotage.CHECKPOINT_NOT_FENCED;
        try {
            (isWrong ? simulation.currentPlace() : place).commit(position, completions, completions.length);
        } catch (LogClosedException fenced) {
            if (!isAbandoned) {
                throw new SimulationModel.Violation("the owner is fenced");
            }
            reader.isEnded = true;
            return;
        }
        if (isAbandoned) {
            throw new SimulationModel.Violation("a checkpoint of who was closed");
        }
        model.checkCommit(position, completions);
        lastCompletions = completions;
        told.committed();
    }
}
