package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
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

    @Test
    void noSignalIsLost() throws InterruptedException {
        var value = new AtomicLong();
        var seen = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        for (int t = 0; t < 3; t++) {
            threads.add(new Thread(() -> {
                for (long next = 1; next <= 20_000; next++) {
                    long wanted = next;
                    if (!waiters.await(() -> value.get() >= wanted, LONG)) {
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
