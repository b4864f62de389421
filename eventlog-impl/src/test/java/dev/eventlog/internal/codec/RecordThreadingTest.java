package dev.eventlog.internal.codec;

import static dev.eventlog.internal.codec.Payloads.codec;
import static dev.eventlog.internal.codec.Payloads.roundTrip;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.internal.codec.Samples.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class RecordThreadingTest {

    private final Codec<Event> codec = codec(Event.class);

    @Test
    void oneCodecServesManyThreads() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            allComeBack(threads, 8, 3_000);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void oneCodecServesManyVirtualThreads() throws Exception {
        if (Runtime.version().feature() < 21) {
            return; // there are none
        }
        var threads = (ExecutorService)
                Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
        try {
            allComeBack(threads, 500, 50);
        } finally {
            threads.shutdownNow();
        }
    }

    private void allComeBack(ExecutorService threads, int tasks, int eventsEach) throws Exception {
        var work = new ArrayList<Callable<Void>>();
        for (int task = 0; task < tasks; task++) {
            long seed = task;
            work.add(() -> {
                var random = new Random(seed);
                for (int i = 0; i < eventsEach; i++) {
                    Event event = Samples.event(random);
                    assertThat(roundTrip(codec, event)).isEqualTo(event);
                }
                return null;
            });
        }
        for (Future<Void> done : threads.invokeAll(work)) {
            done.get();
        }
    }

    record Outer(String text) {
        static Codec<Outer> codec;

        /** Uses the codec while the codec uses it. */
        @Override
        public String text() {
            return text.isEmpty() ? text : roundTrip(codec, new Outer(text.substring(1))).text + ".";
        }
    }

    @Test
    void accessorMayUseTheCodec() {
        Outer.codec = codec(Outer.class);

        assertThat(roundTrip(Outer.codec, new Outer("12345")).text).isEqualTo(".....");
    }

    @Test
    void poolHandsEachIdleOneToOneTakerOnly() throws Exception {
        var pool = new Pool<int[]>();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            Callable<Void> taker = () -> {
                for (int i = 0; i < 50_000; i++) {
                    int[] mine = pool.take();
                    if (mine == null) {
                        mine = new int[1];
                    }
                    assertThat(++mine[0]).isEqualTo(1);
                    mine[0]--;
                    pool.give(mine);
                }
                return null;
            };
            for (Future<Void> done : threads.invokeAll(List.of(taker, taker, taker, taker))) {
                done.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
