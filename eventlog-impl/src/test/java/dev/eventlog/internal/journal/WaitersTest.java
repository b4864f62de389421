package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class WaitersTest {

    private static final long LONG = TimeUnit.MINUTES.toNanos(10);

    private final Waiters waiters = new Waiters();

    @Test
    void conditionThatHoldsNeedsNoWait() {
        assertThat(waiters.await(() -> true, 0)).isTrue();
        assertThat(waiters.await(() -> true, -1)).isTrue();
        assertThat(waiters.await(() -> false, 0)).isFalse();
        assertThat(waiters.await(() -> false, Long.MIN_VALUE)).isFalse();
    }

    @Test
    void waitEndsWhenItsTimeIsUp() {
        long before = System.nanoTime();
        assertThat(waiters.await(() -> false, TimeUnit.MILLISECONDS.toNanos(50)))
                .isFalse();
        assertThat(System.nanoTime() - before).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(50));
    }

    @Test
    void interruptEndsTheWaitAndKeepsTheFlag() {
        Thread.currentThread().interrupt();
        assertThat(waiters.await(() -> false, LONG)).isFalse();
        assertThat(Thread.interrupted()).isTrue();
    }

    /** A condition that nobody signals must not be looked at, nor a sleeper woken. */
    @Test
    void sleeperLooksOnlyWhenItIsSignalled() throws InterruptedException {
        var looks = new AtomicInteger();
        var isThere = new AtomicBoolean();
        var sleeper = new Thread(() -> assertThat(waiters.await(() -> {
                    looks.incrementAndGet();
                    return isThere.get();
                }))
                .isTrue());
        sleeper.start();
        awaitAsleep(sleeper);
        int before = looks.get();
        assertThat(waiters.await(() -> looks.get() > before, TimeUnit.MILLISECONDS.toNanos(200)))
                .isFalse();
        waiters.signal();
        assertThat(waiters.await(() -> looks.get() > before, LONG)).isTrue();
        isThere.set(true);
        waiters.signal();
        sleeper.join();
    }

    @SuppressWarnings("ThreadPriorityCheck") // yielding is waiting without a sleep
    private static void awaitAsleep(Thread sleeper) {
        while (sleeper.getState() != Thread.State.TIMED_WAITING) {
            assertThat(sleeper.isAlive()).isTrue();
            Thread.yield();
        }
    }

    @Test
    void interruptWakesASleeper() throws InterruptedException {
        var flag = new AtomicBoolean();
        var sleeper = new Thread(() -> {
            assertThat(waiters.await(() -> false)).isFalse();
            flag.set(Thread.interrupted());
        });
        sleeper.start();
        awaitAsleep(sleeper);
        sleeper.interrupt();
        sleeper.join();
        assertThat(flag).isTrue();
    }

    @Test
    void noSignalIsLost() throws InterruptedException {
        var value = new AtomicLong();
        var seen = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        for (int t = 0; t < 3; t++) {
            boolean sleeps = t > 0;
            threads.add(new Thread(() -> {
                for (long next = 1; next <= 20_000; next++) {
                    long wanted = next;
                    // two sleep, without a look in between; the third looks again and again
                    boolean isThere = sleeps
                            ? waiters.await(() -> value.get() >= wanted)
                            : waiters.await(() -> value.get() >= wanted, LONG);
                    if (!isThere) {
                        return;
                    }
                }
                seen.incrementAndGet();
            }));
        }
        threads.forEach(Thread::start);
        for (int i = 0; i < 20_000; i++) {
            value.incrementAndGet();
            waiters.signal();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(seen).hasValue(3);
    }
}
