package dev.eventlog.internal.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.error.LogClosedException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class IoThreadTest {

    @Test
    void workRunsOnOneThreadInItsOrder() throws IOException {
        var order = new ArrayList<Integer>();
        try (var io = new IoThread("eventlog-io", null)) {
            Thread thread = io.call(Thread::currentThread);
            assertThat(thread.getName()).isEqualTo("eventlog-io");
            assertThat(thread.isDaemon()).isTrue();
            for (int i = 0; i < 1_000; i++) {
                int number = i;
                io.later(() -> order.add(number));
            }
            assertThat(io.call(() -> order.size())).isEqualTo(1_000);
            assertThat(order).isSorted();
            assertThat(io.call(() -> io.call(Thread::currentThread))).isSameAs(thread);
        }
    }

    @Test
    void interruptedCallerWaitsAndKeepsItsFlag() throws IOException {
        try (var io = new IoThread("eventlog-io", null)) {
            var done = new AtomicInteger();
            Thread.currentThread().interrupt();
            io.run(() -> {
                assertThat(Thread.currentThread().isInterrupted()).isFalse();
                done.incrementAndGet();
            });
            assertThat(done).hasValue(1);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void whatWorkThrowsReachesItsCaller() throws IOException {
        try (var io = new IoThread("eventlog-io", null)) {
            for (Throwable thrown :
                    new Throwable[] {new IOException("a"), new IllegalStateException("b"), new InternalError("c")}) {
                assertThatThrownBy(() -> io.run(() -> IoThreadTest.<IOException>sneak(thrown)))
                        .isSameAs(thrown);
            }
            assertThat(io.call(() -> 1)).isEqualTo(1);
        }
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void sneak(Throwable thrown) throws E {
        throw (E) thrown;
    }

    @Test
    void workThatIsDoneAgainAndAgainSurvivesItsErrors() throws InterruptedException {
        var runs = new CountDownLatch(5);
        try (var io = new IoThread("eventlog-io", null)) {
            io.every(100_000, () -> {
                runs.countDown();
                throw new InternalError("each time");
            });
            runs.await();
        }
    }

    @Test
    void closeLetsQueuedWorkEndAndRefusesMore() {
        var done = new AtomicInteger();
        var io = new IoThread("eventlog-io", null);
        for (int i = 0; i < 100; i++) {
            io.later(done::incrementAndGet);
        }
        io.close();
        io.close();
        assertThat(done).hasValue(100);
        assertThatThrownBy(() -> io.call(() -> 1)).isInstanceOf(LogClosedException.class);
        io.later(done::incrementAndGet);
        assertThat(done).hasValue(100);
    }

    @Test
    void closeFromItsOwnThreadDoesNotHang() throws IOException {
        var io = new IoThread("eventlog-io", null);
        io.run(io::close);
        assertThatThrownBy(() -> io.call(() -> 1)).isInstanceOf(LogClosedException.class);
    }

    @Test
    void factoryThatMakesNoThreadIsToldAtOnce() {
        var io = new IoThread("eventlog-io", work -> null);
        assertThatThrownBy(() -> io.call(() -> 1)).isInstanceOf(RuntimeException.class);
    }
}
