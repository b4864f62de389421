package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Asynchronous appends when something goes wrong between the handing over and the completion. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AppendQueueTest {

    /** A clock that throws when told. */
    private static final class BrokenClock implements Clock {
        volatile boolean broken;

        @Override
        public long epochNanos() {
            if (broken) {
                throw new IllegalStateException("clock is broken on purpose");
            }
            return Clock.system().epochNanos();
        }

        @Override
        public long monotonicNanos() {
            return System.nanoTime();
        }
    }

    private final FaultyStore store = new FaultyStore();
    private final BrokenClock clock = new BrokenClock();
    private final Journal journal = Journals.on(store, clock);
    private final FrameBuilder frame = journal.newFrame();
    private final int schema =
            journal.schemaNumber(dev.eventlog.Codec.bytes("test").schema(ByteBuffer.allocate(0)));
    private final int source = journal.sourceNumber("test");

    private FrameBuilder frame(int length) {
        frame.begin(FrameDescriptor.KIND_DATA);
        frame.add(dev.eventlog.Codec.bytes("test"), ByteBuffer.allocate(length), null, schema, source);
        return frame;
    }

    private CompletableFuture<Long> hand(int length) {
        return journal.appendAsync(frame(length), false);
    }

    private static Throwable failure(CompletableFuture<Long> future) throws Exception {
        try {
            throw new AssertionError("completed at " + future.get(30, TimeUnit.SECONDS));
        } catch (ExecutionException failed) {
            return failed.getCause();
        }
    }

    @Test
    void fullDiskFailsItsEventsAndLaterOnesAreAppended() throws Exception {
        assertThat(hand(10).get()).isZero();
        store.onReserve = new IOException("No space left on device");
        assertThat(failure(hand(10))).isInstanceOf(StorageFullException.class);
        assertThat(failure(hand(10))).isInstanceOf(StorageFullException.class);
        journal.flush();
        store.onReserve = null;
        assertThat(hand(10).get()).isOne();
        journal.close();
    }

    @Test
    void errorOfTheWriteFailsItsEventsWithAnUnknownOutcome() throws Exception {
        assertThat(hand(10).get()).isZero();
        store.onWrite = new InternalError("page fault");
        assertThat(failure(hand(10)))
                .isInstanceOfSatisfying(
                        LogFailedException.class,
                        failed -> assertThat(failed.isOutcomeUnknown()).isTrue());
        store.onWrite = null;
        assertThatThrownBy(() -> hand(10)).isInstanceOf(LogFailedException.class);
        assertThatThrownBy(journal::flush).isInstanceOf(LogFailedException.class);
    }

    @Test
    void clockThatThrowsFailsTheEventsAndNotTheThread() throws Exception {
        assertThat(hand(10).get()).isZero();
        clock.broken = true;
        assertThat(failure(hand(10))).hasMessage("clock is broken on purpose");
        clock.broken = false;
        assertThat(hand(10).get()).isOne();
        clock.broken = true;
        var late = hand(10);
        journal.close();
        assertThat(late.isCompletedExceptionally()).isTrue();
    }

    private static AppendQueue queue(List<Long> appended, @Nullable ThreadFactory threads) {
        var queue = new AtomicReference<AppendQueue>();
        var target = new AppendQueue.Target() {
            private long end;

            @Override
            public long appendLocked(FrameBuilder frame, long nowNanos) {
                long position = end;
                end += frame.eventCount();
                appended.add(nowNanos);
                return position;
            }

            @Override
            public synchronized void drain() {
                queue.get().drainLocked(17);
            }

            @Override
            public void refuseStalled(Throwable reason) {
                queue.get().refuseStalledLocked(reason);
            }

            @Override
            public void awaitDurable(long position) {
                throw new LinkageError("on purpose");
            }
        };
        queue.set(new AppendQueue(target, AppendQueueTest::newFrame, 1 << 20, threads, Clock.system()));
        return queue.get();
    }

    private static FrameBuilder newFrame() {
        return new FrameBuilder(1 << 20, 1 << 16, 0);
    }

    @Test
    void threadIsMadeByTheFactoryAtTheFirstUseAndEndsAtTheClose() throws Exception {
        List<Thread> made = new CopyOnWriteArrayList<>();
        AppendQueue queue = queue(new CopyOnWriteArrayList<>(), work -> {
            var thread = new Thread(work, "made by the factory");
            made.add(thread);
            return thread;
        });
        queue.flush();
        assertThat(made).isEmpty();
        List<String> completing = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 100; i++) {
            var future = queue.add(frame(10), false, new CompletableFuture<>());
            var unused =
                    future.thenRun(() -> completing.add(Thread.currentThread().getName()));
            assertThat(future.get(30, TimeUnit.SECONDS)).isEqualTo(i);
        }
        assertThat(made).hasSize(1);
        assertThat(made.get(0).isAlive()).isTrue();
        queue.close();
        assertThat(made.get(0).isAlive()).isFalse();
        queue.close();
    }

    @Test
    void factoryThatFailsFailsTheCallAndTheNextOneTriesAgain() throws Exception {
        var failing =
                new AtomicReference<@Nullable RuntimeException>(new IllegalStateException("no thread, on purpose"));
        var none = new AtomicReference<>(true);
        AppendQueue queue = queue(new CopyOnWriteArrayList<>(), work -> {
            RuntimeException failure = failing.get();
            if (failure != null) {
                throw failure;
            }
            return none.get() ? null : new Thread(work);
        });
        assertThatThrownBy(() -> queue.add(frame(10), false, new CompletableFuture<>()))
                .hasMessage("no thread, on purpose");
        failing.set(null);
        assertThatNullPointerException().isThrownBy(() -> queue.add(frame(10), false, new CompletableFuture<>()));
        none.set(false);
        assertThat(queue.add(frame(10), false, new CompletableFuture<>()).get(30, TimeUnit.SECONDS))
                .isZero();
        queue.close();
    }

    @Test
    void threadThatCannotBeStartedFailsTheCallAndTheNextOneTriesAgain() throws Exception {
        var none = new AtomicReference<>(true);
        AppendQueue queue = queue(new CopyOnWriteArrayList<>(), work -> new Thread(work) {
            @Override
            public synchronized void start() {
                if (none.get()) {
                    throw new OutOfMemoryError("unable to create native thread, on purpose");
                }
                super.start();
            }
        });
        assertThatThrownBy(() -> queue.add(frame(10), false, new CompletableFuture<>()))
                .isInstanceOf(OutOfMemoryError.class);
        none.set(false);
        assertThat(queue.add(frame(10), false, new CompletableFuture<>()).get(10, TimeUnit.SECONDS))
                .isZero();
        queue.close();
    }

    @Test
    void errorWhileWaitingForDurabilityFailsTheFutures() throws Exception {
        AppendQueue queue = queue(new CopyOnWriteArrayList<>(), null);
        assertThat(failure(queue.add(frame(10), true, new CompletableFuture<>())))
                .isInstanceOf(LinkageError.class);
        assertThat(queue.add(frame(10), false, new CompletableFuture<>()).get(30, TimeUnit.SECONDS))
                .isOne();
        queue.close();
    }

    @Test
    void eventsThatComeTogetherShareFrames() throws Exception {
        List<Long> appended = new CopyOnWriteArrayList<>();
        AppendQueue queue = queue(appended, null);
        List<CompletableFuture<Long>> futures = new ArrayList<>();
        for (int i = 0; i < 50_000; i++) {
            futures.add(queue.add(frame(10), false, new CompletableFuture<>()));
        }
        queue.flush();
        for (int i = 0; i < futures.size(); i++) {
            assertThat(futures.get(i).get()).isEqualTo(i);
        }
        assertThat(appended).containsOnly(17L).hasSizeLessThan(25_000);
        queue.close();
    }
}
