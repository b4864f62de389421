package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.NewEvent;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.frame.FrameView;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AppendBatchTest {

    private static final int SEED = 7;
    private static final int MAX_LENGTH = 1 << 20;
    private static final Codec<ByteBuffer> CODEC = Codec.bytes("test");

    private static FrameBuilder frame() {
        return new FrameBuilder(MAX_LENGTH, MAX_LENGTH / 2, SEED);
    }

    private static FrameBuilder event(FrameBuilder frame, int thread, int number, int padding) {
        frame.begin(FrameDescriptor.KIND_DATA);
        var data = ByteBuffer.allocate(8 + padding).putInt(0, thread).putInt(4, number);
        frame.add(CODEC, data, null, 1, 1);
        return frame;
    }

    /** The events of a frame, each as thread and number. */
    private static List<int[]> events(FrameBuilder frame) {
        int unused = frame.stamp(100, 1, 0, 1, 0);
        var bytes = new byte[frame.length()];
        frame.buffer().get(0, bytes);
        var view = new FrameView(SEED);
        view.wrap(bytes, 0);
        assertThat(view.check(bytes.length)).isNull();
        var found = new ArrayList<int[]>();
        while (view.nextEvent() == FrameView.EVENT) {
            found.add(new int[] {view.payload().getInt(0), view.payload().getInt(4)});
        }
        assertThat(found).hasSize(view.eventCount());
        return found;
    }

    @Test
    void closedBatchRefusesUntilItIsOpened() {
        var batch = new AppendBatch(frame(), 4096);
        assertThat(batch.tryClaim(64)).isEqualTo(AppendBatch.REFUSED);
        batch.open();
        assertThat(batch.tryClaim(64)).isNotNegative();
        batch.close();
        assertThat(batch.tryClaim(64)).isEqualTo(AppendBatch.REFUSED);
        assertThat(batch.count()).isOne();
    }

    @Test
    void claimsEndWhereTheCapacityEnds() {
        var batch = new AppendBatch(frame(), FrameDescriptor.HEADER_LENGTH + 128);
        batch.open();
        assertThat(batch.tryClaim(136)).isEqualTo(AppendBatch.REFUSED);
        assertThat(batch.tryClaim(64)).isNotNegative();
        assertThat(batch.tryClaim(72)).isEqualTo(AppendBatch.REFUSED);
        assertThat(batch.tryClaim(64)).isNotNegative();
        assertThat(batch.tryClaim(8)).isEqualTo(AppendBatch.REFUSED);
        assertThat(batch.isFull()).isTrue();
    }

    @Test
    void claimsEndAtTheGreatestNumberOfEvents() {
        var batch = new AppendBatch(frame(), MAX_LENGTH);
        batch.open();
        for (int i = 0; i < AppendBatch.MAX_EVENTS; i++) {
            assertThat(batch.tryClaim(8)).isNotNegative();
        }
        assertThat(batch.tryClaim(8)).isEqualTo(AppendBatch.REFUSED);
    }

    @Test
    void onlyAnEmptyBatchIsClosedForBeingEmpty() {
        var batch = new AppendBatch(frame(), 4096);
        batch.open();
        assertThat(batch.tryClaim(64)).isNotNegative();
        assertThat(batch.closeIfEmpty()).isFalse();
        batch.close();
        assertThat(batch.closeIfEmpty()).isFalse();
        batch.open();
        assertThat(batch.closeIfEmpty()).isTrue();
        assertThat(batch.tryClaim(64)).isEqualTo(AppendBatch.REFUSED);
    }

    @Test
    void finishWaitsForACopyThatIsUnderWay() throws Exception {
        var batch = new AppendBatch(frame(), 4096);
        batch.open();
        FrameBuilder first = event(frame(), 1, 1, 0);
        FrameBuilder second = event(frame(), 1, 2, 0);
        long late = batch.tryClaim(first.eventsLength());
        batch.put(batch.tryClaim(second.eventsLength()), second, new CompletableFuture<>(), false);
        batch.close();
        var finished = new CompletableFuture<List<int[]>>();
        var taker = new Thread(() -> finished.completeAsync(() -> events(batch.finish()), Runnable::run));
        taker.start();
        while (taker.isAlive() && !isIn(taker, "awaitPublished")) {
            Thread.onSpinWait();
        }
        assertThat(finished).isNotDone();
        batch.put(late, first, new CompletableFuture<>(), false);
        assertThat(finished.get()).containsExactly(new int[] {1, 1}, new int[] {1, 2});
    }

    private static boolean isIn(Thread thread, String method) {
        return Arrays.stream(thread.getStackTrace())
                .anyMatch(frame -> frame.getMethodName().equals(method));
    }

    private static FrameBuilder event(int number, @Nullable String id) {
        FrameBuilder frame = frame();
        frame.begin(FrameDescriptor.KIND_DATA);
        var data = ByteBuffer.allocate(8 + number % 30).putInt(4, number);
        NewEvent<ByteBuffer> event = NewEvent.of("key" + number % 5, data);
        frame.add(CODEC, id == null ? event : event.withId(id), 1, 1);
        return frame;
    }

    @Test
    void eventsWithKnownIdsAreLeftOutAndCompleteWithTheirFirstPositions() {
        var hash = new IdHash(1, 2);
        var window = new IdWindow(10, 1_000);
        var batch = new AppendBatch(frame(), 4096);
        String[][] rounds = {{"a", null, "b", "a", null, "a", "c"}, {"c", null, "d"}, {"a", "b"}, {null, null}};
        long[][] expected = {{100, 101, 102, 100, 103, 100, 104}, {104, 105, 106}, {100, 102}, {107, 108}};
        long base = 100;
        for (int round = 0; round < rounds.length; round++) {
            batch.open();
            var futures = new ArrayList<CompletableFuture<Long>>();
            for (int i = 0; i < rounds[round].length; i++) {
                String id = rounds[round][i];
                FrameBuilder event = event(i, id);
                CompletableFuture<Long> future = id == null
                        ? new CompletableFuture<>()
                        : new IdentifiedFuture(EventIds.of(event, hash, (bytes, offset, length) -> IdWindow.UNKNOWN));
                batch.put(batch.tryClaim(event.eventsLength()), event, future, false);
                futures.add(future);
            }
            batch.close();
            batch.awaitCopies();
            assertThat(batch.hasIds()).isEqualTo(round != 3);
            int before = window.size();
            int fresh = batch.leaveOutKnown(window, base, 0);
            window.commit(before, 0);
            var numbers = new ArrayList<Integer>();
            for (int i = 0; i < expected[round].length; i++) {
                if (expected[round][i] == base + numbers.size()) {
                    numbers.add(i);
                }
            }
            assertThat(fresh).isEqualTo(numbers.size());
            assertThat(events(batch.finishCopied()))
                    .extracting(event -> event[1])
                    .isEqualTo(numbers);
            batch.settle(base, null);
            batch.complete();
            for (int i = 0; i < futures.size(); i++) {
                assertThat(futures.get(i)).isCompletedWithValue(expected[round][i]);
            }
            base += fresh;
        }
    }

    /** Threads put into two batches in turn, each used many times, while another thread takes what gathered. */
    @Test
    void whatManyThreadsPutIsThereOnceInTheOrderOfEachAndCompletesWithItsPosition() throws Exception {
        int threads = 4;
        int perThread = 50_000;
        var batches = new AppendBatch[] {new AppendBatch(frame(), 16 << 10), new AppendBatch(frame(), 16 << 10)};
        var gathering = new AtomicReference<>(batches[0]);
        batches[0].open();
        var wrong = new ConcurrentLinkedQueue<String>();
        var producers = new ArrayList<Thread>();
        for (int t = 0; t < threads; t++) {
            int thread = t;
            var producer = new Thread(() -> {
                FrameBuilder frame = frame();
                for (int number = 0; number < perThread; number++) {
                    event(frame, thread, number, number % 61);
                    var future = new CompletableFuture<Long>();
                    int expected = number;
                    var unused = future.thenAccept(position -> {
                        if (position % 100_000 != expected || position / 100_000 != thread) {
                            wrong.add(thread + "/" + expected + " completed with " + position);
                        }
                    });
                    while (true) {
                        AppendBatch batch = gathering.get();
                        long claim = batch.tryClaim(frame.eventsLength());
                        if (claim != AppendBatch.REFUSED) {
                            batch.put(claim, frame, future, false);
                            break;
                        }
                        Thread.onSpinWait();
                    }
                }
            });
            producer.start();
            producers.add(producer);
        }
        var next = new int[threads];
        long taken = 0;
        for (int turn = 0; taken < (long) threads * perThread; turn++) {
            AppendBatch batch = batches[turn & 1];
            batch.close();
            AppendBatch other = batches[(turn + 1) & 1];
            other.open();
            gathering.set(other);
            List<int[]> found = events(batch.finish());
            for (int i = 0; i < found.size(); i++) {
                int[] event = found.get(i);
                assertThat(event[1]).as("of thread %d", event[0]).isEqualTo(next[event[0]]++);
            }
            taken += found.size();
            // so that each future is told whose event stands at its index
            batch.completeWith(index -> found.get(index)[0] * 100_000L + found.get(index)[1]);
        }
        for (Thread producer : producers) {
            producer.join();
        }
        assertThat(wrong).isEmpty();
        assertThat(next).containsOnly(perThread);
    }
}
