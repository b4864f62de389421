package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Threads that share forces: nobody returns too early, nobody waits for ever, whoever must fail fails. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GroupCommitTest {

    private static final GroupCommit.Gathering NONE = new GroupCommit.Gathering(0, Long.MAX_VALUE);

    private final AtomicLong appended = new AtomicLong();
    private final AtomicLong durable = new AtomicLong();

    private GroupCommit commit(LongSupplier durablePosition, Runnable force) {
        return new GroupCommit(durablePosition, force, () -> 0, NONE, Clock.system());
    }

    private void raiseDurable(long to) {
        durable.accumulateAndGet(to, Math::max);
    }

    private static Thread start(Runnable work) {
        var thread = new Thread(work, "waiter");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static void join(Thread thread) throws InterruptedException {
        thread.join(30_000);
        if (thread.isAlive()) {
            var stuck = new AssertionError("thread waits for ever: durable position is not its concern any more");
            stuck.setStackTrace(thread.getStackTrace());
            throw stuck;
        }
    }

    private static void until(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }

    private static void untilParked(Thread thread) {
        until(() -> thread.getState() == Thread.State.WAITING);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        while (latch.getCount() > 0) {
            LockSupport.parkNanos(1000);
        }
    }

    @Test
    void whatIsDurableAlreadyIsNotWaitedFor() {
        durable.set(5);
        GroupCommit commit = commit(durable::get, () -> {
            throw new AssertionError("forced for nothing");
        });
        commit.await(5);
        commit.await(0);
    }

    @Test
    void thoseThatWaitAtTheSameTimeShareOneForce() throws InterruptedException {
        var forces = new AtomicInteger();
        var go = new CountDownLatch(1);
        GroupCommit commit = commit(durable::get, () -> {
            long end = appended.get();
            if (forces.incrementAndGet() == 1) {
                awaitQuietly(go);
            }
            raiseDurable(end);
        });
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 8; i++) {
            threads.add(start(() -> commit.await(appended.incrementAndGet())));
            untilParked(threads.get(i), i == 0);
        }
        go.countDown();
        for (Thread thread : threads) {
            join(thread);
        }
        assertThat(forces.get()).isEqualTo(2);
        assertThat(durable.get()).isEqualTo(8);
    }

    private static void untilParked(Thread thread, boolean timed) {
        until(() -> thread.getState() == (timed ? Thread.State.TIMED_WAITING : Thread.State.WAITING));
    }

    @Test
    void interruptDoesNotEndTheWaitAndIsKept() throws InterruptedException {
        var go = new CountDownLatch(1);
        GroupCommit commit = commit(durable::get, () -> {
            long end = appended.get();
            awaitQuietly(go);
            raiseDurable(end);
        });
        appended.set(1);
        Thread leader = start(() -> commit.await(1));
        untilParked(leader, true);
        appended.set(2);
        var kept = new AtomicBoolean();
        Thread waiter = start(() -> {
            commit.await(2);
            kept.set(Thread.currentThread().isInterrupted());
        });
        for (int i = 0; i < 100; i++) {
            untilParked(waiter);
            waiter.interrupt();
        }
        assertThat(waiter.isAlive()).isTrue();
        go.countDown();
        join(leader);
        join(waiter);
        assertThat(kept.get()).isTrue();
    }

    @Test
    void heirThatLeftBeforeItWasAppointedLeavesNobodyBehind() throws InterruptedException {
        var go = new CountDownLatch(1);
        var forced = new AtomicBoolean();
        var threads = new Thread[3];
        LongSupplier position = () -> {
            long now = durable.get();
            if (Thread.currentThread() == threads[0] && forced.compareAndSet(true, false)) {
                // the leader has taken the stack; somebody else makes all durable and the newest waiter sees it by
                // itself
                raiseDurable(3);
                until(() -> {
                    threads[2].interrupt();
                    return !threads[2].isAlive();
                });
            }
            return now;
        };
        GroupCommit commit = commit(position, () -> {
            awaitQuietly(go);
            raiseDurable(1);
            forced.set(true);
        });
        threads[0] = new Thread(() -> commit.await(1));
        threads[0].start();
        untilParked(threads[0], true);
        for (int i = 1; i < threads.length; i++) {
            long end = i + 1;
            threads[i] = start(() -> commit.await(end));
            untilParked(threads[i]);
        }
        go.countDown();
        for (Thread thread : threads) {
            join(thread);
        }
    }

    @Test
    void failureReachesEachThatWaits() throws InterruptedException {
        var go = new CountDownLatch(1);
        var failures = new AtomicInteger();
        GroupCommit commit = commit(durable::get, () -> {
            awaitQuietly(go);
            throw new IllegalStateException("force failed");
        });
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 8; i++) {
            long end = i + 1;
            threads.add(start(() -> {
                assertThatThrownBy(() -> commit.await(end)).hasMessage("force failed");
                failures.incrementAndGet();
            }));
            untilParked(threads.get(i), i == 0);
        }
        go.countDown();
        for (Thread thread : threads) {
            join(thread);
        }
        assertThat(failures.get()).isEqualTo(8);
    }

    @Test
    void leaderGathersUntilItsTimeIsOverOrEnoughWaits() {
        var clock = new SteppingClock();
        var bytes = new AtomicLong(10);
        var looks = new AtomicInteger();
        var forces = new AtomicInteger();
        LongSupplier waiting = () -> {
            looks.incrementAndGet();
            clock.nanos += 300_000;
            return bytes.get();
        };
        var commit = new GroupCommit(
                durable::get,
                () -> {
                    forces.incrementAndGet();
                    raiseDurable(durable.get() + 1);
                },
                waiting,
                new GroupCommit.Gathering(1_000_000, 100),
                clock);
        commit.await(1);
        assertThat(looks.get()).isBetween(3, 6);
        looks.set(0);
        bytes.set(100);
        commit.await(2);
        assertThat(looks.get()).isOne();
        assertThat(forces.get()).isEqualTo(2);
    }

    /** One round: some threads append and wait, a few times; forces take and fail as the seed says. */
    private static final class Round {

        final AtomicLong appended = new AtomicLong();
        final AtomicLong durable = new AtomicLong();
        final AtomicInteger forcing = new AtomicInteger();
        final AtomicBoolean failed = new AtomicBoolean();
        final long failFrom;
        final int pause;

        Round(SplittableRandom random) {
            failFrom = random.nextInt(3) == 0 ? 1 + random.nextInt(20) : Long.MAX_VALUE;
            pause = random.nextInt(3) == 0 ? 0 : random.nextInt(200);
        }

        void spin() {
            for (int i = 0; i < pause; i++) {
                Thread.onSpinWait();
            }
            if (pause > 150) {
                Thread.yield();
            }
        }

        long durable() {
            long position = durable.get();
            spin();
            return position;
        }

        void force() {
            assertThat(forcing.getAndIncrement()).as("one force at a time").isZero();
            try {
                long end = appended.get();
                spin();
                if (failed.get() || end >= failFrom) {
                    failed.set(true);
                    throw new IllegalStateException("force failed");
                }
                durable.accumulateAndGet(end, Math::max);
            } finally {
                forcing.decrementAndGet();
            }
        }

        /** What a force by another thread does: it takes no part in the group. */
        void forceBeside() {
            long end = appended.get();
            if (!failed.get() && end < failFrom) {
                durable.accumulateAndGet(end, Math::max);
            }
        }

        void appendAndAwait(GroupCommit commit) {
            long end = appended.incrementAndGet();
            try {
                commit.await(end);
                assertThat(durable.get()).isGreaterThanOrEqualTo(end);
            } catch (IllegalStateException e) {
                assertThat(failed.get()).isTrue();
                assertThat(end).isGreaterThan(0);
            }
        }
    }

    @Test
    void manyThreadsNeitherReturnTooEarlyNorWaitForEver() throws Exception {
        Seed seed = Seed.of(GroupCommitTest.class);
        SplittableRandom random = seed.random();
        int rounds = Integer.getInteger("eventlog.commit.rounds", 4_000);
        int appenders = 5;
        var failure = new AtomicReference<Throwable>();
        var round = new AtomicReference<Round>();
        var commit = new AtomicReference<GroupCommit>();
        var phaser = new Phaser(appenders + 2);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < appenders; t++) {
            SplittableRandom own = random.split();
            threads.add(start(() -> repeat(phaser, rounds, failure, () -> {
                for (int i = own.nextInt(6); i >= 0; i--) {
                    round.get().appendAndAwait(commit.get());
                }
            })));
        }
        SplittableRandom other = random.split();
        threads.add(start(() -> repeat(phaser, rounds, failure, () -> {
            for (int i = other.nextInt(20); i > 0; i--) {
                if (other.nextBoolean()) {
                    round.get().forceBeside();
                } else {
                    threads.get(other.nextInt(appenders)).interrupt();
                }
                round.get().spin();
            }
        })));
        for (int i = 0; i < rounds && failure.get() == null; i++) {
            var next = new Round(random.split());
            round.set(next);
            commit.set(commit(next::durable, next::force));
            phaser.arriveAndAwaitAdvance();
            // not for ever: a thread that nobody wakes must show
            phaser.awaitAdvanceInterruptibly(phaser.arrive(), 30, TimeUnit.SECONDS);
        }
        assertThat(failure.get()).as("%s", seed).isNull();
    }

    private static void repeat(Phaser phaser, int rounds, AtomicReference<Throwable> failure, Runnable work) {
        for (int i = 0; i < rounds; i++) {
            phaser.arriveAndAwaitAdvance();
            try {
                work.run();
            } catch (Throwable e) {
                failure.compareAndSet(null, e);
            }
            phaser.arriveAndAwaitAdvance();
        }
    }
}
