package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.support.Clock;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class FramePoolTest {

    private final Journal journal = Journal.open(
            EventLogConfig.inMemory().build(),
            FileOps.system(),
            Clock.system(),
            new IoThread("test", null),
            dev.eventlog.internal.cursor.Cursors::traces);
    private final FramePool pool = new FramePool(journal);

    @Test
    void builderThatWasGivenBackIsTakenAgain() {
        FrameBuilder first = pool.take();
        pool.give(first);
        assertThat(pool.take()).isSameAs(first);
        assertThat(pool.take()).isNotSameAs(first);
    }

    @Test
    void noTwoThreadsHaveOneBuilderAtATime() throws InterruptedException {
        var wrong = new AtomicReference<String>();
        var threads = new ArrayList<Thread>();
        for (int t = 0; t < 8; t++) {
            threads.add(new Thread(() -> {
                for (int i = 0; i < 5_000 && wrong.get() == null; i++) {
                    FrameBuilder taken = pool.take();
                    long mark = Thread.currentThread().getId() << 32 | i;
                    taken.buffer().putLong(0, mark);
                    Thread.onSpinWait();
                    if (taken.buffer().getLong(0) != mark) {
                        wrong.set("two threads have one builder");
                    }
                    pool.give(taken);
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(wrong.get()).isNull();
    }
}
