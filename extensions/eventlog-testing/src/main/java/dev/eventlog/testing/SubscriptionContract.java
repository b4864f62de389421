package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.EventQuery;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** {@link Subscription}: what it delivers, where it begins, waiting for it, and the thread it runs on. */
abstract class SubscriptionContract extends ConsumerUseContract {

    /** Keeps what it gets, with the attempt, throws where told. <b>Threading:</b> Thread-safe. */
    static final class Recording implements EventHandler<String> {

        final List<String> seen = new CopyOnWriteArrayList<>();
        final List<String> handled = new CopyOnWriteArrayList<>();
        final List<Integer> batches = new CopyOnWriteArrayList<>();
        final List<Boolean> replays = new CopyOnWriteArrayList<>();
        volatile String throwAt = "nowhere";
        volatile int throwUntilAttempt = Integer.MAX_VALUE;
        volatile boolean throwAtEnd;

        @Override
        public void onEvent(Event<String> event) {
            seen.add(event.data() + "#" + event.attempt());
            replays.add(event.isReplay());
            if (event.data().equals(throwAt) && event.attempt() < throwUntilAttempt) {
                throw new IllegalStateException("handler failed on purpose");
            }
            handled.add(event.data());
        }

        @Override
        public void onBatchEnd(int count) {
            batches.add(count);
            if (throwAtEnd) {
                throw new IllegalStateException("flush failed on purpose");
            }
        }
    }

    static ConsumerConfig.Builder impatient(String name) {
        return ConsumerConfig.named(name).attempts(3, Duration.ofNanos(1));
    }

    final Subscription subscribe(ConsumerConfig.Builder config, EventHandler<String> handler) {
        return log.subscribe(config.build(), TEXT, handler);
    }

    @Test
    void subscriptionsDeliverWhatIsThereAndWhatComes() {
        appendNumbers(3);
        var handler = new Recording();
        try (Subscription subscription = log.subscribe("s", TEXT, handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            long last = append("3", "4").get(1);
            assertThat(subscription.awaitPosition(last, LONG)).isTrue();
            assertThat(handler.seen).containsExactly("0#1", "1#1", "2#1", "3#1", "4#1");
            assertThat(handler.batches.stream().mapToInt(Integer::intValue).sum())
                    .isEqualTo(5);
        }
    }

    @Test
    void aSubscriptionGoesOnAtItsCheckpoint() {
        appendNumbers(3);
        try (Subscription subscription = log.subscribe("s", TEXT, event -> {})) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        restart();
        append("3");
        var handler = new Recording();
        try (Subscription subscription = log.subscribe("s", TEXT, handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).containsExactly("3");
    }

    @Test
    void subscriptionsBeginWhereTheyAreTold() {
        List<Long> positions = appendNumbers(4);
        var handler = new Recording();
        try (Subscription subscription =
                subscribe(ConsumerConfig.named("s").startAt(StartAt.after(positions.get(1))), handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).containsExactly("2", "3");
    }

    @Test
    void awaitPositionMeansHandledAndCommitted() {
        var handler = new Recording();
        try (Subscription subscription = log.subscribe("s", TEXT, handler)) {
            for (int i = 0; i < 50; i++) {
                long position = append(Integer.toString(i)).get(0);
                assertThat(subscription.awaitPosition(position, LONG)).isTrue();
                assertThat(handler.handled).hasSize(i + 1);
                assertThat(subscription.status().checkpoint()).isGreaterThan(position);
            }
            assertThat(subscription.awaitPosition(append("last").get(0) + 1, SHORT))
                    .as("nothing is there yet")
                    .isFalse();
        }
    }

    @Test
    void awaitPositionCountsEventsTheQueryLeavesOut() {
        var handler = new Recording();
        try (Subscription subscription =
                subscribe(ConsumerConfig.named("s").query(EventQuery.all().keys("wanted")), handler)) {
            producer().append("wanted", "a");
            long last = append("left out").get(0);
            assertThat(subscription.awaitPosition(last, LONG)).isTrue();
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).containsExactly("a");
    }

    @Test
    void interruptedAwaitEndsFalseWithTheFlagKept() throws Exception {
        try (Subscription subscription = log.subscribe("s", TEXT, event -> {})) {
            long next = append("a").get(0) + 1;
            Running<Boolean> waiting = start(() -> !subscription.awaitPosition(next, Duration.ofDays(1))
                    && Thread.currentThread().isInterrupted());
            waiting.awaitBlockedIn("awaitPosition");
            waiting.interrupt();
            assertThat(waiting.join()).isTrue();
        }
    }

    @Test
    void badArgumentsOfAwaitAreRefused() {
        try (Subscription subscription = log.subscribe("s", TEXT, event -> {})) {
            assertThatNullPointerException().isThrownBy(() -> subscription.awaitPosition(0, missing()));
            assertThatNullPointerException().isThrownBy(() -> subscription.awaitCaughtUp(missing()));
            assertThatIllegalArgumentException().isThrownBy(() -> subscription.awaitPosition(0, Duration.ofNanos(-1)));
        }
    }

    @Test
    void onBatchEndComesBeforeTheCheckpointMoves() {
        append("a");
        var lag = new AtomicReference<@Nullable Long>();
        try (Subscription subscription = log.subscribe("s", TEXT, new EventHandler<String>() {
            @Override
            public void onEvent(Event<String> event) {}

            @Override
            public void onBatchEnd(int count) {
                lag.compareAndSet(null, log.consumers().get(0).lag());
            }
        })) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(lag.get()).isEqualTo(1);
            assertThat(subscription.status().lag()).isZero();
        }
    }

    @Test
    void aHandlerMayAppendToItsLog() {
        var handler = new Recording();
        try (Subscription subscription = log.subscribe("s", TEXT, event -> {
            handler.onEvent(event);
            int number = Integer.parseInt(event.data());
            if (number < 20) {
                append(Integer.toString(number + 1));
            }
        })) {
            append("0");
            until("the chain ended", () -> handler.handled.size() == 21);
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).isEqualTo(numbers(0, 21));
    }

    @Test
    void unnamedSubscriptionsKeepNothing() {
        append("a");
        for (int i = 0; i < 2; i++) {
            var handler = new Recording();
            try (Subscription subscription = subscribe(ConsumerConfig.unnamed(), handler)) {
                assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
                assertThat(subscription.status().name()).isEqualTo("(unnamed)");
            }
            assertThat(handler.handled).containsExactly("a");
            assertThat(handler.replays).containsExactly(true);
        }
        assertThat(log.consumers()).isEmpty();
    }

    @Test
    void replaysAreToldToHandlers() {
        appendNumbers(2);
        try (Consumer<String> consumer = consumer("s")) {
            drain(consumer);
            consumer.seek(StartAt.earliest());
            consumer.commit();
        }
        append("2");
        var handler = new Recording();
        try (Subscription subscription = log.subscribe("s", TEXT, handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).containsExactly("0", "1", "2");
        assertThat(handler.replays).containsExactly(true, true, false);
    }

    @Test
    void theThreadIsNamedAndNotADaemonOrOnesOwn() {
        append("a");
        var thread = new AtomicReference<Thread>();
        try (Subscription subscription = log.subscribe("billing", TEXT, event -> thread.set(Thread.currentThread()))) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(thread.get().getName()).isEqualTo("eventlog-billing");
        assertThat(thread.get().isDaemon()).isFalse();
        try (Subscription subscription = subscribe(
                ConsumerConfig.named("own").threadFactory(work -> new Thread(work, "my-thread")),
                event -> thread.set(Thread.currentThread()))) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(thread.get().getName()).isEqualTo("my-thread");
    }

    @Test
    void theIdleStrategyIsAskedWithARisingCount() {
        var counts = new CopyOnWriteArrayList<Long>();
        append("a");
        try (Subscription subscription = subscribe(
                ConsumerConfig.named("s").idle(polls -> {
                    if (counts.size() < 10) {
                        counts.add(polls);
                    }
                    Thread.onSpinWait();
                }),
                event -> {})) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            until("idled", () -> counts.size() >= 10);
        }
        assertThat(counts.subList(0, 1)).containsExactly(1L);
        assertThat(counts).contains(2L, 3L);
    }

    @Test
    void dispatchHandsOnByClassAndFailsForOthers() {
        Codec<Order> codec = Codec.records(Order.class);
        log.producer("p", codec).append("o-1", new Placed("o-1", 1, java.util.Optional.empty()));
        log.producer("p", codec).append("o-1", new Paid("o-1"));
        var placed = new CopyOnWriteArrayList<Placed>();
        var lenient = EventHandler.dispatch(Order.class)
                .on(Placed.class, event -> placed.add(event.data()))
                .ignoreOthers();
        try (Subscription subscription = log.subscribe("lenient", codec, lenient)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(placed).hasSize(1);
        var strict = EventHandler.dispatch(Order.class).on(Placed.class, event -> placed.add(event.data()));
        try (Subscription subscription =
                log.subscribe(impatient("strict").stopOnFailure().build(), codec, strict)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> subscription.awaitCaughtUp(LONG))
                    .havingCause()
                    .withMessageContaining(Paid.class.getName());
        }
        assertThat(placed).hasSize(2);
    }

    @Test
    void manySubscriptionsEachGetAll() {
        List<Recording> handlers = new CopyOnWriteArrayList<>();
        List<Subscription> subscriptions = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 8; i++) {
            var handler = new Recording();
            handlers.add(handler);
            subscriptions.add(log.subscribe("s" + i, TEXT, handler));
        }
        long last = appendNumbers(200).get(199);
        for (int i = 0; i < 8; i++) {
            assertThat(subscriptions.get(i).awaitPosition(last, LONG)).isTrue();
            assertThat(handlers.get(i).handled).isEqualTo(numbers(0, 200));
        }
    }
}
