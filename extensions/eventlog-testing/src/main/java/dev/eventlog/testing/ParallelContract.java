package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.EventQuery;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.error.DecodeException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Subscriptions with lanes: many handlers at a time, the order of each key, and what a restart brings again. */
abstract class ParallelContract extends ParkingContract {

    /** Longer than a test: an event that failed once does not come again within it. */
    private static final Duration NEVER = Duration.ofDays(1);

    private static ConsumerConfig.Builder lanes(int lanes) {
        return impatient("s").parallel(lanes);
    }

    private static String key(Event<String> event) {
        String key = event.key();
        return key == null ? "" : key;
    }

    /** Fails if a key is in two lanes or its numbers do not rise. <b>Threading:</b> Thread-safe. */
    private static final class Ordered implements EventHandler<String> {

        private final Map<String, AtomicInteger> running = new ConcurrentHashMap<>();
        private final Map<String, Integer> last = new ConcurrentHashMap<>();
        final AtomicReference<@Nullable String> problem = new AtomicReference<>();
        final AtomicInteger count = new AtomicInteger();

        @Override
        @SuppressWarnings("ThreadPriorityCheck") // yielding lets other lanes run in the midst of an event
        public void onEvent(Event<String> event) {
            String key = key(event);
            if (running.computeIfAbsent(key, unused -> new AtomicInteger()).incrementAndGet() != 1) {
                problem.set("two lanes at " + event);
            }
            Thread.yield();
            int number = Integer.parseInt(event.data().substring(key.length() + 1));
            if (event.attempt() == 1 && number % 13 == 7) {
                running.get(key).decrementAndGet();
                throw new IllegalStateException("handler failed on purpose");
            }
            Integer before = last.put(key, number);
            if (number != (before == null ? 0 : before + 1)) {
                problem.set("after " + before + " came " + event);
            }
            count.incrementAndGet();
            running.get(key).decrementAndGet();
        }
    }

    @Test
    void lanesRunAtTheSameTime() {
        appendKeyed("a:0", "b:0", "c:0", "d:0");
        var all = new CyclicBarrier(4);
        try (Subscription subscription = subscribe(lanes(4), event -> all.await())) {
            assertThat(subscription.awaitCaughtUp(LONG))
                    .as("each handler waits for three others")
                    .isTrue();
        }
    }

    @Test
    void eventsWithoutAKeyRunAtTheSameTimeToo() {
        for (int i = 0; i < 3; i++) {
            producer().append(Integer.toString(i));
        }
        var all = new CyclicBarrier(3);
        try (Subscription subscription = subscribe(lanes(3), event -> all.await())) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
    }

    @Test
    void eachKeyKeepsItsOrderAlsoWhereEventsAreTriedAgain() {
        int count = 2_000;
        for (int i = 0; i < count; i++) {
            producer().append("k" + i % 7, "k" + i % 7 + ":" + i / 7);
        }
        var handler = new Ordered();
        try (Subscription subscription = subscribe(lanes(4), handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(subscription.status().parked()).isZero();
        }
        assertThat(handler.problem.get()).isNull();
        assertThat(handler.count.get()).isEqualTo(count);
    }

    @Test
    void anEventThatWaitsForItsNextAttemptHoldsUpItsKeyOnly() {
        List<String> others = List.of("b:0", "b:1", "c:0", "b:2");
        appendKeyed("a:0", "a:1", "b:0", "b:1", "c:0", "b:2");
        var handler = new Recording();
        handler.throwAt = "a:0";
        Subscription subscription = subscribe(lanes(2).attempts(2, NEVER), handler);
        until("others handled", () -> handler.handled.containsAll(others));
        assertThat(subscription.status().checkpoint())
                .as("stands before what is not done")
                .isZero();
        subscription.close();
        assertThat(handler.seen).contains("a:0#1").doesNotContain("a:0#2", "a:1#1");
        restart();
        var next = new Recording();
        try (Subscription again = subscribe(lanes(2), next)) {
            assertThat(again.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(next.seen).as("only what was not done comes again").containsExactly("a:0#1", "a:1#1");
    }

    @Test
    void whatIsDoneAboveTheCheckpointIsKeptOverManyRestarts() {
        appendKeyed("a:0", "b:0", "c:0", "b:1");
        var first = stopAfter("a:0", "b:0", List.of("c:0"));
        assertThat(first.handled).containsExactly("c:0");
        restart();
        var second = stopAfter("a:0", "nothing", List.of("b:0", "b:1"));
        assertThat(second.handled).containsExactly("b:0", "b:1");
        restart();
        var third = new Recording();
        try (Subscription again = subscribe(lanes(3), third)) {
            assertThat(again.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(third.seen).containsExactly("a:0#1");
    }

    /** Lets lanes handle what they can while two events fail, and stops them when these are handled. */
    private Recording stopAfter(String failing, String failingToo, List<String> handled) {
        var handler = new Recording();
        handler.throwAt = failing;
        Subscription subscription = subscribe(lanes(3).attempts(2, NEVER), event -> {
            if (event.data().equals(failingToo)) {
                throw new IllegalStateException("handler failed on purpose");
            }
            handler.onEvent(event);
        });
        until("handled: " + handled, () -> handler.handled.containsAll(handled));
        subscription.close();
        return handler;
    }

    @Test
    void aConsumerInTheOrderOfTheLogDoesNotBringAgainWhatLanesDid() {
        appendKeyed("a:0", "b:0", "c:0");
        var handler = new Recording();
        handler.throwAt = "a:0";
        Subscription subscription = subscribe(lanes(2).attempts(2, NEVER), handler);
        until("others handled", () -> handler.handled.containsAll(List.of("b:0", "c:0")));
        subscription.close();
        var next = new Recording();
        try (Subscription again = subscribe(impatient("s"), next)) {
            assertThat(again.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(next.handled).containsExactly("a:0");
    }

    @Test
    void aSeekBringsAgainWhatWasDoneAboveTheCheckpoint() {
        appendKeyed("a:0", "b:0");
        var handler = new Recording();
        handler.throwAt = "a:0";
        Subscription subscription = subscribe(lanes(2).attempts(2, NEVER), handler);
        until("b handled", () -> handler.handled.contains("b:0"));
        subscription.close();
        try (Consumer<String> consumer = consumer("s")) {
            consumer.seek(StartAt.earliest());
            consumer.commit();
        }
        restart();
        var next = new Recording();
        try (Subscription again = subscribe(lanes(2), next)) {
            assertThat(again.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(next.handled).containsExactlyInAnyOrder("a:0", "b:0");
    }

    @Test
    void aParkedEventParksTheLaterOnesOfItsKeyAndNoOthers() {
        appendKeyed("a:0", "b:0", "a:1", "b:1", "a:2", "c:0");
        var handler = new Recording();
        handler.throwAt = "a:0";
        try (Subscription subscription = subscribe(lanes(3), handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(subscription.status().parked()).isEqualTo(3);
            try (Consumer<String> parked = parkedBy("s")) {
                assertThat(texts(parked.poll(NOW))).containsExactly("a:0", "a:1", "a:2");
                parked.commit();
            }
            appendKeyed("a:3");
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.seen).contains("a:0#1", "a:0#2", "a:0#3").doesNotContain("a:1#1", "a:2#1");
        assertThat(handler.handled).containsExactlyInAnyOrder("b:0", "b:1", "c:0", "a:3");
    }

    @Test
    void stopOnFailureStopsAllLanesBeforeTheEvent() {
        appendKeyed("a:0", "b:0", "c:0");
        var handler = new Recording();
        handler.throwAt = "b:0";
        Subscription subscription = subscribe(lanes(3).stopOnFailure(), handler);
        until("failed", () -> subscription.status().failure() != null);
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.FAILED);
        assertThat(subscription.status().checkpoint()).isLessThanOrEqualTo(1);
        subscription.close();
        var next = new Recording();
        try (Subscription again = subscribe(lanes(3), next)) {
            assertThat(again.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(next.handled).contains("b:0");
        handler.handled.addAll(next.handled);
        assertThat(handler.handled).containsExactlyInAnyOrder("a:0", "b:0", "c:0");
    }

    @Test
    void anUndecodableEventStopsLanesAndIsNotParked() {
        appendKeyed("a:0");
        long bad = log.producer("p", Codec.bytes("Foreign")).append(KEY, ByteBuffer.wrap(new byte[] {1}));
        try (Subscription subscription = subscribe(lanes(2), new Recording())) {
            until("failed", () -> subscription.status().failure() != null);
            assertThat(subscription.status().failure()).isInstanceOf(DecodeException.class);
            assertThat(subscription.status().checkpoint()).isLessThanOrEqualTo(bad);
            assertThat(subscription.status().parked()).isZero();
        }
    }

    @Test
    void lanesFlushWhatTheyHandledBeforeTheCheckpointMoves() {
        appendKeyed("a:0", "b:0", "c:0", "a:1");
        var flushed = new AtomicInteger();
        var early = new AtomicInteger();
        var subscription = new AtomicReference<@Nullable Subscription>();
        var started = new CountDownLatch(1);
        EventHandler<String> handler = new EventHandler<>() {
            @Override
            public void onEvent(Event<String> event) throws InterruptedException {
                started.await();
            }

            @Override
            public void onBatchEnd(int count) {
                Subscription own = subscription.get();
                if (own == null || own.status().checkpoint() > flushed.get()) {
                    early.incrementAndGet();
                }
                flushed.addAndGet(count);
            }
        };
        try (Subscription own = subscribe(lanes(2), handler)) {
            subscription.set(own);
            started.countDown();
            assertThat(own.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(flushed.get()).isEqualTo(4);
        assertThat(early.get()).isZero();
    }

    @Test
    void aFlushThatThrowsOnALaneStopsTheSubscriptionAndKeepsTheCheckpoint() {
        appendKeyed("a:0", "b:0");
        var handler = new Recording();
        handler.throwAtEnd = true;
        Subscription subscription = subscribe(lanes(2), handler);
        until("failed", () -> subscription.status().failure() != null);
        assertThat(subscription.status().checkpoint()).isZero();
        subscription.close();
        var next = new Recording();
        try (Subscription again = subscribe(lanes(2), next)) {
            assertThat(again.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(next.handled).containsExactlyInAnyOrder("a:0", "b:0");
    }

    @Test
    void lanesPauseAndGoOn() throws Exception {
        var inHandler = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var handler = new Recording();
        try (Subscription subscription = subscribe(lanes(2), event -> {
            inHandler.countDown();
            goOn.await();
            handler.onEvent(event);
        })) {
            appendKeyed("a:0", "a:1");
            inHandler.await();
            subscription.pause();
            goOn.countDown();
            assertThat(subscription.awaitCaughtUp(SHORT)).isFalse();
            assertThat(handler.handled).containsExactly("a:0");
            subscription.resume();
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).containsExactly("a:0", "a:1");
    }

    @Test
    void pausedLanesClose() {
        appendKeyed("a:0", "b:0");
        Subscription subscription = subscribe(lanes(2), event -> {});
        assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        subscription.pause();
        appendKeyed("a:1");
        subscription.close();
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
        assertThat(subscription.status().checkpoint()).isEqualTo(2);
    }

    @Test
    void lanesEndAtABoundOfTheQuery() {
        appendKeyed("a:0", "b:0", "c:0", "a:1");
        var handler = new Recording();
        try (Subscription subscription =
                subscribe(lanes(2).query(EventQuery.all().keys("a", "c")).stopAtEnd(), handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.DONE);
            assertThat(subscription.status().lag()).isZero();
        }
        assertThat(handler.handled).containsExactlyInAnyOrder("a:0", "c:0", "a:1");
    }

    @Test
    void aLanesHandlerMayCloseItsSubscriptionAndItsLog() throws Exception {
        var subscription = new AtomicReference<@Nullable Subscription>();
        var started = new CountDownLatch(1);
        var closed = new CountDownLatch(1);
        Subscription own = subscribe(lanes(2), event -> {
            started.await();
            Subscription self = subscription.get();
            if (self != null) {
                self.close();
            }
            closed.countDown();
        });
        subscription.set(own);
        appendKeyed("a:0");
        started.countDown();
        closed.await();
        until("closed", () -> own.status().state() == ConsumerStatus.State.CLOSED);
        assertThat(own.status().checkpoint())
                .as("what was handled is committed")
                .isEqualTo(1);
        var logClosed = new CountDownLatch(1);
        subscribe(lanes(2), event -> {
            log.close();
            logClosed.countDown();
        });
        appendKeyed("b:0");
        logClosed.await();
    }

    @Test
    void lanesHaveThreadsOfTheirOwn() {
        appendKeyed("a:0", "b:0");
        var names = ConcurrentHashMap.<String>newKeySet();
        var all = new CyclicBarrier(2);
        try (Subscription subscription = subscribe(lanes(2), event -> {
            names.add(Thread.currentThread().getName());
            all.await();
        })) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(names).containsExactlyInAnyOrder("eventlog-s-1", "eventlog-s-2");
    }

    @Test
    void unnamedSubscriptionsHaveLanesToo() {
        appendKeyed("a:0", "b:0", "a:1");
        var handled = new CopyOnWriteArrayList<String>();
        try (Subscription subscription =
                subscribe(ConsumerConfig.unnamed().parallel(2), event -> handled.add(event.data()))) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handled).containsExactlyInAnyOrder("a:0", "b:0", "a:1").containsSubsequence("a:0", "a:1");
    }

    @Test
    void pullConsumersHaveNoLanes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> log.consumer(lanes(2).build(), TEXT))
                .withMessageContaining("parallel");
    }
}
