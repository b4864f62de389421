package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

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
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** {@link Subscription}: delivery, waiting, pausing, failing, closing. */
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
    void throwingOnBatchEndStopsTheSubscriptionAndKeepsTheCheckpoint() {
        appendNumbers(2);
        var handler = new Recording();
        handler.throwAtEnd = true;
        try (Subscription subscription = log.subscribe("s", TEXT, handler)) {
            assertFailed(subscription, "flush failed on purpose");
            assertThat(subscription.status().lag()).isEqualTo(2);
        }
        try (Consumer<String> consumer = consumer("s")) {
            assertThat(texts(consumer.poll(NOW))).containsExactly("0", "1");
        }
    }

    private static void assertFailed(Subscription subscription, String message) {
        assertThatIllegalStateException()
                .isThrownBy(() -> subscription.awaitCaughtUp(LONG))
                .havingCause()
                .withMessageContaining(message);
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.FAILED);
        assertThat(subscription.status().failure()).hasMessageContaining(message);
    }

    @Test
    void failedEventsAreTriedAgainInPlace() {
        appendNumbers(3);
        var handler = new Recording();
        handler.throwAt = "1";
        handler.throwUntilAttempt = 3;
        var failures = new CopyOnWriteArrayList<String>();
        try (Subscription subscription = subscribe(
                impatient("s")
                        .onFailure((event, failure) ->
                                failures.add(event.data() + "#" + event.attempt() + " " + failure.getMessage())),
                handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(subscription.status().parked()).isZero();
        }
        assertThat(handler.seen).containsExactly("0#1", "1#1", "1#2", "1#3", "2#1");
        assertThat(failures).containsExactly("1#1 handler failed on purpose", "1#2 handler failed on purpose");
    }

    @Test
    void threeAttemptsAreTheDefault() {
        append("a");
        var handler = new Recording();
        handler.throwAt = "a";
        try (Subscription subscription = log.subscribe("s", TEXT, handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.seen).containsExactly("a#1", "a#2", "a#3");
    }

    @Test
    void errorsOfAHandlerAreFailuresToo() {
        append("a", "b");
        var handled = new CopyOnWriteArrayList<String>();
        try (Subscription subscription = subscribe(impatient("s"), event -> {
            if (event.data().equals("a") && event.attempt() == 1) {
                throw new StackOverflowError("on purpose");
            }
            handled.add(event.data());
        })) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handled).containsExactly("a", "b");
    }

    @Test
    void onFailureThatThrowsChangesNothing() {
        append("a", "b");
        var handler = new Recording();
        handler.throwAt = "a";
        handler.throwUntilAttempt = 2;
        try (Subscription subscription = subscribe(
                impatient("s").onFailure((event, failure) -> {
                    throw new IllegalStateException("onFailure failed on purpose");
                }),
                handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).containsExactly("a", "b");
    }

    @Test
    void stopOnFailureStopsBeforeTheEvent() {
        appendNumbers(3);
        var handler = new Recording();
        handler.throwAt = "1";
        try (Subscription subscription = subscribe(impatient("s").stopOnFailure(), handler)) {
            assertFailed(subscription, "handler failed on purpose");
            assertThat(subscription.status().lag()).isEqualTo(2);
            assertThat(subscription.status().parked()).isZero();
            assertThat(handler.seen).containsExactly("0#1", "1#1", "1#2", "1#3");
            handler.throwAt = "nowhere";
            try (Subscription next = subscribe(impatient("s").stopOnFailure(), handler)) {
                assertThat(next.awaitCaughtUp(LONG)).isTrue();
                assertThat(log.consumers()).hasSize(1);
                assertThat(log.consumers().get(0).state()).isEqualTo(ConsumerStatus.State.OPEN);
            }
        }
        assertThat(handler.handled).containsExactly("0", "1", "2");
    }

    @Test
    void anUndecodableEventStopsTheSubscriptionAndIsNotParked() {
        append("a");
        long bad = log.producer("p", Codec.bytes("Foreign")).append(KEY, ByteBuffer.wrap(new byte[] {1}));
        append("b");
        var handler = new Recording();
        try (Subscription subscription = subscribe(impatient("s"), handler)) {
            assertFailed(subscription, "Foreign");
            assertThat(subscription.status().failure())
                    .isInstanceOfSatisfying(
                            DecodeException.class, e -> assertThat(e.position()).isEqualTo(bad));
            assertThat(subscription.status().parked()).isZero();
            assertThat(subscription.status().checkpoint()).isEqualTo(bad);
        }
        assertThat(handler.handled).containsExactly("a");
    }

    @Test
    void whatWasHandledBeforeAFailureIsCommitted() {
        appendNumbers(3);
        var handler = new Recording();
        handler.throwAt = "2";
        try (Subscription subscription = subscribe(impatient("s").stopOnFailure(), handler)) {
            assertFailed(subscription, "handler failed on purpose");
        }
        restart();
        var next = new Recording();
        try (Subscription subscription = log.subscribe("s", TEXT, next)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(next.handled).containsExactly("2");
    }

    @Test
    void pauseStopsAfterTheCurrentEventUntilResume() throws Exception {
        var inHandler = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var handled = new CopyOnWriteArrayList<String>();
        try (Subscription subscription = log.subscribe("s", TEXT, event -> {
            inHandler.countDown();
            goOn.await();
            handled.add(event.data());
        })) {
            List<Long> positions = append("a", "b");
            inHandler.await();
            subscription.pause();
            assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.PAUSED);
            goOn.countDown();
            assertThat(subscription.awaitPosition(positions.get(0), LONG)).isTrue();
            assertThat(subscription.awaitPosition(positions.get(1), SHORT)).isFalse();
            assertThat(subscription.awaitCaughtUp(SHORT)).isFalse();
            assertThat(handled).containsExactly("a");
            subscription.pause();
            subscription.resume();
            subscription.resume();
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.OPEN);
        }
        assertThat(handled).containsExactly("a", "b");
    }

    @Test
    void aPausedSubscriptionCloses() {
        Subscription subscription = log.subscribe("s", TEXT, event -> {});
        subscription.pause();
        subscription.close();
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
        subscription.resume();
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
        consumer("s").close();
    }

    @Test
    void stopAtEndIsDoneAtTheEndOfTheOpening() throws Exception {
        appendNumbers(3);
        var inHandler = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var handled = new CopyOnWriteArrayList<String>();
        try (Subscription subscription = subscribe(ConsumerConfig.named("s").stopAtEnd(), event -> {
            inHandler.countDown();
            goOn.await();
            handled.add(event.data());
        })) {
            inHandler.await();
            long later = append("3").get(0);
            goOn.countDown();
            assertThat(subscription.awaitCaughtUp(LONG)).as("to its end").isTrue();
            assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.DONE);
            assertThatIllegalStateException().isThrownBy(() -> subscription.awaitPosition(later, LONG));
            consumer("s").close();
        }
        assertThat(handled).containsExactly("0", "1", "2");
    }

    @Test
    void aBoundedQueryIsDoneAtItsBoundAndWaitsForIt() throws Exception {
        List<Long> positions = appendNumbers(2);
        var handler = new Recording();
        try (Subscription subscription =
                subscribe(ConsumerConfig.named("s").query(EventQuery.all().before(positions.get(1) + 2)), handler)) {
            Running<Boolean> waiting = start(() -> subscription.awaitCaughtUp(LONG));
            waiting.awaitBlockedIn("awaitCaughtUp");
            append("2", "3", "4");
            assertThat(waiting.join()).isTrue();
            assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.DONE);
        }
        assertThat(handler.handled).containsExactly("0", "1", "2");
    }

    @Test
    void stopAtEndOfAnEmptyLogIsDoneAtOnce() {
        try (Subscription subscription = subscribe(ConsumerConfig.named("s").stopAtEnd(), new Recording())) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
    }

    @Test
    void closeDuringTheRetriesOfTheLastEventIsNotDone() throws Exception {
        append("a");
        var failed = new CountDownLatch(1);
        Subscription subscription = subscribe(
                ConsumerConfig.named("s")
                        .stopAtEnd()
                        .attempts(2, Duration.ofMinutes(1))
                        .onFailure((event, failure) -> failed.countDown()),
                event -> {
                    throw new IllegalStateException("handler failed on purpose");
                });
        failed.await();
        subscription.close();
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
        assertThatIllegalStateException().isThrownBy(() -> subscription.awaitCaughtUp(LONG));
        try (Consumer<String> consumer = consumer("s")) {
            assertThat(texts(consumer.poll(NOW))).as("not handled, not lost").containsExactly("a");
        }
    }

    @Test
    void awaitOnAClosedSubscriptionIsRefusedUnlessReached() {
        long done = append("a").get(0);
        Subscription subscription = log.subscribe("s", TEXT, event -> {});
        assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        subscription.close();
        subscription.close();
        long later = append("b").get(0);
        assertThat(subscription.awaitPosition(done, NOW)).isTrue();
        assertThatIllegalStateException().isThrownBy(() -> subscription.awaitPosition(later, LONG));
        assertThatIllegalStateException().isThrownBy(() -> subscription.awaitCaughtUp(LONG));
    }

    @Test
    void closeEndsAThreadThatAwaits() throws Exception {
        Subscription subscription = log.subscribe("s", TEXT, event -> {});
        long next = append("a").get(0) + 1;
        Running<Boolean> waiting = start(() -> {
            assertThatIllegalStateException().isThrownBy(() -> subscription.awaitPosition(next, Duration.ofDays(1)));
        });
        waiting.awaitBlockedIn("awaitPosition");
        subscription.close();
        waiting.join();
    }

    @Test
    void closeLetsTheHandlerFinishAndCommitsIt() throws Exception {
        append("a", "b");
        var inHandler = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        Subscription subscription = log.subscribe("s", TEXT, event -> {
            inHandler.countDown();
            goOn.await();
        });
        inHandler.await();
        Running<Boolean> closing = start(subscription::close);
        closing.awaitBlockedIn("close");
        goOn.countDown();
        closing.join();
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
        try (Consumer<String> consumer = consumer("s")) {
            assertThat(texts(consumer.poll(NOW))).containsExactly("b");
        }
    }

    @Test
    void closeInterruptsAHandlerThatDoesNotFinishInTime() throws Exception {
        append("a");
        var inHandler = new CountDownLatch(1);
        var interrupted = new CountDownLatch(1);
        Subscription subscription = subscribe(ConsumerConfig.named("s").closeTimeout(Duration.ofMillis(20)), event -> {
            inHandler.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
        });
        inHandler.await();
        subscription.close();
        interrupted.await();
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
        try (Consumer<String> consumer = consumer("s")) {
            assertThat(texts(consumer.poll(NOW)))
                    .as("unfinished, so not committed")
                    .containsExactly("a");
        }
    }

    @Test
    void aHandlerThatIsLeftBehindCannotMoveTheCheckpoint() throws Exception {
        append("a", "b");
        var inHandler = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var ended = new CountDownLatch(1);
        Subscription subscription = subscribe(
                ConsumerConfig.named("s")
                        .closeTimeout(NOW)
                        .threadFactory(work -> new Thread(() -> {
                            work.run();
                            ended.countDown();
                        })),
                event -> {
                    inHandler.countDown();
                    awaitDespiteInterrupts(goOn);
                });
        inHandler.await();
        subscription.close();
        try (Consumer<String> consumer = consumer("s")) {
            assertThat(consumer.poll(NOW)).hasSize(2);
            goOn.countDown();
            ended.await();
            assertThat(consumer.status().lag()).as("belongs to the new owner").isEqualTo(2);
            assertThat(texts(consumer.poll(NOW))).containsExactly("a", "b");
        }
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
    }

    private static void awaitDespiteInterrupts(CountDownLatch latch) {
        while (true) {
            try {
                latch.await();
                return;
            } catch (InterruptedException e) {
                // the handler of a careless user
            }
        }
    }

    @Test
    void aHandlerMayCloseItsOwnSubscription() throws Exception {
        append("a", "b");
        var own = new AtomicReference<Subscription>();
        var known = new CountDownLatch(1);
        var handled = new CopyOnWriteArrayList<String>();
        Subscription subscription = log.subscribe("s", TEXT, event -> {
            known.await();
            handled.add(event.data());
            own.get().close();
        });
        own.set(subscription);
        known.countDown();
        until("subscription is closed", () -> subscription.status().state() == ConsumerStatus.State.CLOSED);
        assertThat(handled).containsExactly("a");
        try (Consumer<String> consumer = consumer("s")) {
            assertThat(texts(consumer.poll(NOW))).containsExactly("b");
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
    void aHandlerThatClosesTheLogDoesNotDeadlockAndLosesNothing() throws Exception {
        append("a", "b");
        var closed = new CountDownLatch(1);
        var handled = new CopyOnWriteArrayList<String>();
        var other = log.subscribe("other", TEXT, event -> {});
        Subscription subscription = log.subscribe("s", TEXT, event -> {
            handled.add(event.data());
            try {
                log.close();
            } finally {
                closed.countDown();
            }
        });
        closed.await();
        until("subscription ended", () -> subscription.status().state() != ConsumerStatus.State.OPEN);
        assertThat(handled).containsExactly("a");
        assertThat(other.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
        if (reopens()) {
            log.close();
            log = reopen(clock);
            try (Consumer<String> consumer = consumer("s")) {
                assertThat(texts(consumer.poll(NOW))).endsWith("b").hasSizeBetween(1, 2);
            }
        }
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
