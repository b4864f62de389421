package dev.eventlog.internal.delivery;

import dev.eventlog.internal.delivery.DeliveryMachine.Step;
import dev.eventlog.internal.delivery.SimulationModel.Violation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** One life of a simulated shared consumer: a reader, and members that come and go. */
final class SharedOwner extends SimulatedOwner {

    private final SharedMachine machine;
    private final SharedModel model;
    private final List<SimulatedMember> members = new ArrayList<>();
    private long lookedAt;
    private boolean isBreaking;

    SharedOwner(Simulation simulation, Place place, Parking parking, SharedModel model) {
        super(simulation, place, parking, model);
        this.model = model;
        var rules = new SharedMachine.Rules(1 << 3 + random.nextInt(4), 64, attemptsTold(), true, VISIBILITY_NANOS);
        machine = new SharedMachine(
                rules, place.checkpoint(), completionsTold(), Simulation.BACK_OFF_NANOS, random.split());
        lookedAt = simulation.now();
        threads.add(new SimulatedThread(SimulatedThread.READER, simulation.now() + random.nextInt(1_000)));
        for (int i = 0; i < simulation.plan().workers(); i++) {
            join();
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
        int unused = machine.offered(position, length);
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
        machine.progress().beginCommit();
        return machine.progress().commitPosition();
    }

    @Override
    long[] completions() {
        Progress told = machine.progress();
        return Arrays.copyOf(told.completions(), told.completionsCount());
    }

    @Override
    void committed() {
        machine.progress().committed();
    }

    // ---- what happens to it

    @Override
    boolean happens(Fault fault) {
        return switch (fault) {
            case STOP -> {
                members.forEach(this::leaves);
                yield true;
            }
            case PAUSE -> isAny(this::pause);
            case SLOW -> slow();
            case JOIN -> join();
            case LEAVE -> isAny(this::leaves);
            case LEAVE_BEHIND -> leaveBehind();
            case DEATH -> isAny(dying -> die(dying, false));
            case SILENT_DEATH -> isAny(dying -> die(dying, true));
            case BROKEN_CODEC -> {
                isBreaking = true;
                yield false;
            }
            case NO_ROOM -> {
                isFull = true;
                yield false;
            }
            default -> throw new IllegalStateException("not for members: " + fault);
        };
    }

    private boolean join() {
        if (machine.isEnding()) {
            return false;
        }
        var joining = new SimulatedMember(threads.size(), simulation.now() + random.nextInt(1_000));
        machine.join(joining.member);
        members.add(joining);
        threads.add(joining);
        return true;
    }

    /** Lets something happen to one of the members; false if there is none. */
    private boolean isAny(Consumer<SimulatedMember> happening) {
        List<SimulatedMember> alive = members.stream()
                .filter(each -> !each.isEnded && !each.member.isGone)
                .toList();
        if (alive.isEmpty()) {
            return false;
        }
        happening.accept(alive.get(random.nextInt(alive.size())));
        return true;
    }

    private void leaves(SimulatedMember leaving) {
        machine.leave(leaving.member);
        model.waitsNoMore(leaving);
    }

    /** Rather one whose handler has an event, which may take longer than the others wait for it. */
    private boolean leaveBehind() {
        List<SimulatedMember> handling = members.stream()
                .filter(each -> each.doing == Step.HANDLE && !each.isEnded && !each.member.isGone)
                .toList();
        if (handling.isEmpty()) {
            return isAny(this::leaveBehind);
        }
        SimulatedMember left = handling.get(random.nextInt(handling.size()));
        left.wakeAt += random.nextBoolean() ? random.nextLong(4 * VISIBILITY_NANOS) : 0;
        leaveBehind(left);
        return true;
    }

    private void leaveBehind(SimulatedMember left) {
        leaves(left);
        left.isLeft = true;
        left.goneAt = simulation.now();
        boolean isTooEarly = sabotage == Sabotage.VISIBILITY_IGNORED;
        machine.abandon(left.member, isTooEarly ? left.goneAt - VISIBILITY_NANOS : left.goneAt);
        membersChanged();
    }

    private void die(SimulatedMember dying, boolean isSilent) {
        dying.isEnded = true;
        dying.isDead = true;
        dying.goneAt = simulation.now();
        model.waitsNoMore(dying);
        if (!isSilent) {
            died(dying);
        }
    }

    private void pause(SimulatedMember paused) {
        paused.isPaused = true;
        model.waitsNoMore(paused);
        if (sabotage != Sabotage.PAUSE_FORGOTTEN) {
            machine.pause(paused.member);
        }
    }

    @Override
    void resume() {
        for (SimulatedMember each : members) {
            each.isPaused = false;
            machine.resume(each.member);
        }
    }

    @Override
    void checkEnd() {
        model.checkCommitted(place.checkpoint(), lastCompletions);
    }

    @Override
    void leave() {
        machine.stop();
        for (SimulatedMember each : members) {
            machine.abandon(each.member, simulation.now());
        }
    }

    private void membersChanged() {
        if (!machine.isAnyMemberLeft()) {
            machine.stop();
        }
    }

    private void died(SimulatedMember dead) {
        boolean had = dead.member.hasEvent();
        boolean counts = !dead.member.isExhausted;
        if (sabotage == Sabotage.DEATH_NOT_COUNTED) {
            machine.broken(dead.member);
        } else {
            machine.died(dead.member);
        }
        if (had) {
            model.lapsed(dead, simulation.index(dead.position), counts);
        }
        membersChanged();
    }

    @Override
    void turn(SimulatedThread thread) {
        Step doing = ended(thread);
        if (!(thread instanceof SimulatedMember member)) {
            look();
            read(thread);
        } else if (doing == Step.HANDLE) {
            handled(member);
        } else if (doing == Step.PARK) {
            park(member);
        } else {
            ask(member);
        }
    }

    // ---- a member

    private void ask(SimulatedMember asking) {
        if (sabotage == Sabotage.UNFAIR && asking.number == 1) {
            for (SimulatedMember other : members) {
                if (other != asking && !other.isPaused) {
                    machine.pause(other.member);
                    machine.resume(other.member);
                }
            }
        }
        Step step = machine.next(asking.member, simulation.now());
        switch (step) {
            case HANDLE, PARK -> take(asking, step);
            case WAIT -> {
                if (!asking.isPaused && !isAbandoned) {
                    model.waits(asking);
                }
                sleep(asking);
            }
            case END -> end(asking);
            default -> throw new Violation("not a step of a member");
        }
    }

    private void end(SimulatedMember ending) {
        ending.isEnded = true;
        membersChanged();
    }

    private void take(SimulatedMember taking, Step step) {
        long position = machine.position(taking.member);
        int index = simulation.index(position);
        boolean isNew = step == Step.HANDLE || taking.position != position || taking.attempt == 0;
        taking.position = position;
        taking.attempt = sabotage == Sabotage.ATTEMPT_LOST ? 1 : machine.attempt(taking.member);
        taking.beganAt = simulation.now();
        if (isAbandoned) {
            busy(taking, step);
            return;
        }
        if (isNew) {
            model.takes(taking, index);
        }
        if (isFull && parking.isBlocked(position, null) && takeNoRoom()) {
            giveBack(taking, index);
        } else if (isHeldBack(position, null)) {
            model.wasParked(index);
            answer(taking, index);
        } else if (step == Step.HANDLE && isBreaking) {
            isBreaking = false;
            simulation.tally().fired(Fault.BROKEN_CODEC);
            model.lapsed(taking, index, false);
            machine.broken(taking.member);
            end(taking);
        } else {
            if (step == Step.HANDLE) {
                model.begins(taking, index, taking.attempt, simulation.now());
            }
            busy(taking, step);
        }
    }

    /** There was no room to park its event. */
    private void giveBack(SimulatedMember giving, int index) {
        if (!isAbandoned) {
            model.givenBack(giving, index);
        }
        machine.noRoom(giving.member, simulation.now());
        giving.attempt = 0;
    }

    private void answer(SimulatedMember answering, int index) {
        answering.attempt = 0;
        boolean isTaken = machine.done(answering.member);
        if (isAbandoned) {
            return;
        }
        if (!isTaken) {
            simulation.tally().fired(Fault.LATE_ANSWER);
            if (sabotage == Sabotage.LATE_ANSWER_COUNTS) {
                members.stream()
                        .filter(each -> each.member.hasEvent() && each.position == answering.position)
                        .forEach(each -> machine.done(each.member));
            }
        }
        model.answered(answering, index, isTaken);
    }

    private void handled(SimulatedMember member) {
        int index = simulation.index(member.position);
        if (!simulation.fails(index, member.attempt)) {
            answer(member, index);
            return;
        }
        simulation.tally().fired(Fault.HANDLER_EXCEPTION);
        long now = simulation.now();
        boolean counts = !machine.isEnding() && !member.member.isGone;
        if (!isAbandoned) {
            model.failed(member, index, now, counts);
        }
        if (machine.failed(member.member, sabotage == Sabotage.NO_BACK_OFF ? now - 10_000_000 : now)) {
            throw new Violation("stopped instead of parking");
        }
        if (!member.member.hasEvent()) {
            member.attempt = 0;
        }
    }

    private void park(SimulatedMember member) {
        int index = simulation.index(member.position);
        if (takeNoRoom()) {
            giveBack(member, index);
        } else if (isListed(member.position, null, member.attempt)) {
            model.parked(index, member.attempt);
            answer(member, index);
        } else {
            machine.broken(member.member);
            member.isEnded = true;
        }
    }

    // ---- leases

    /** As the reader does: now and then it looks for members that are dead, and for leases that end. */
    private void look() {
        long now = simulation.now();
        if (isAbandoned || now - lookedAt < VISIBILITY_NANOS / 2) {
            return;
        }
        lookedAt = now;
        for (SimulatedMember each : members) {
            if (each.isDead && !each.member.isGone && sabotage != Sabotage.DEAD_MEMBER_NEVER_NOTICED) {
                died(each);
            }
            if (isRobbed(each, now)) {
                machine.died(each.member);
                membersChanged();
            }
        }
        expire(now);
        for (SimulatedMember each : members) {
            checkLease(each, now);
        }
    }

    private boolean isRobbed(SimulatedMember member, long now) {
        if (member.doing != Step.HANDLE || member.isEnded) {
            return false;
        }
        return switch (sabotage) {
            case SLOW_TAKEN_FOR_DEAD -> now - member.beganAt > VISIBILITY_NANOS;
            case LEASE_GIVEN_TWICE -> !member.isLeft;
            default -> false;
        };
    }

    private void expire(long now) {
        List<SimulatedMember> leases = members.stream()
                .filter(each -> each.isLeft && each.member.hasEvent())
                .toList();
        boolean[] wasExhausted = new boolean[leases.size()];
        for (int i = 0; i < wasExhausted.length; i++) {
            wasExhausted[i] = leases.get(i).member.isExhausted;
        }
        if (sabotage != Sabotage.LEASE_NOT_RELEASED) {
            machine.expire(now);
        }
        for (int i = 0; i < wasExhausted.length; i++) {
            SimulatedMember each = leases.get(i);
            if (!each.member.hasEvent()) {
                if (now - each.goneAt < VISIBILITY_NANOS) {
                    throw new Violation("lease ended too early: " + simulation.index(each.position));
                }
                model.lapsed(each, simulation.index(each.position), !wasExhausted[i]);
            }
        }
    }

    /** Behind a look nobody has an event that is dead, or was left longer ago than visibility. */
    private void checkLease(SimulatedMember each, long now) {
        if (each.member.hasEvent() && (each.isDead || each.isLeft) && now - each.goneAt >= VISIBILITY_NANOS) {
            throw new Violation("member keeps its event although it " + (each.isDead ? "is dead" : "was left") + ": "
                    + simulation.index(each.position));
        }
    }
}
