package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.EventHandler;
import dev.eventlog.EventQuery;
import dev.eventlog.Subscription;
import dev.eventlog.error.LogClosedException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Pausing a {@link Subscription}, its end at a bound, and its close, also from its own handler. */
abstract class SubscriptionEndContract extends SubscriptionFailureContract {

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
    void aSecondCloseOfTheLogWaitsForTheFirst() throws Exception {
        append("a");
        var inHandler = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        Subscription subscription = log.subscribe("s", TEXT, event -> {
            inHandler.countDown();
            goOn.await();
        });
        inHandler.await();
        Running<Boolean> first = start(log::close);
        first.awaitBlockedIn("close");
        Running<Boolean> second = start(() -> {
            Thread.currentThread().interrupt();
            log.close();
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
            assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
            if (reopens()) {
                Thread.interrupted();
                log = reopen(clock);
            }
        });
        second.awaitBlockedIn("close");
        goOn.countDown();
        first.join();
        second.join();
    }

    @Test
    void aHandlerMayCloseALogThatIsClosing() throws Exception {
        append("a");
        var inHandler = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var handled = new CopyOnWriteArrayList<String>();
        var patient = ConsumerConfig.named("s").closeTimeout(Duration.ofDays(1));
        Subscription subscription = subscribe(patient, event -> {
            inHandler.countDown();
            goOn.await();
            log.close();
            handled.add(event.data());
        });
        inHandler.await();
        Running<Boolean> closing = start(log::close);
        closing.awaitBlockedIn("close");
        goOn.countDown();
        closing.join();
        assertThat(handled).containsExactly("a");
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
    }

    @Test
    void handlersMayCloseTheirLogAtTheSameTime() throws Exception {
        append("a");
        var both = new CyclicBarrier(2);
        var closed = new CountDownLatch(2);
        EventHandler<String> handler = event -> {
            both.await();
            log.close();
            closed.countDown();
        };
        Subscription one = subscribe(ConsumerConfig.named("one").closeTimeout(Duration.ofDays(1)), handler);
        Subscription two = subscribe(ConsumerConfig.named("two").closeTimeout(Duration.ofDays(1)), handler);
        closed.await();
        log.close();
        for (Subscription each : List.of(one, two)) {
            until("subscription ended", () -> each.status().state() == ConsumerStatus.State.CLOSED);
        }
    }

    @Test
    void aSubscriptionThatIsMadeWhileTheLogClosesIsRefused() {
        append("a");
        var ran = new CopyOnWriteArrayList<String>();
        var config = ConsumerConfig.named("s").threadFactory(work -> {
            log.close();
            return new Thread(() -> {
                ran.add("thread");
                work.run();
            });
        });
        assertThatThrownBy(() -> subscribe(config, event -> ran.add(event.data())))
                .isInstanceOf(LogClosedException.class);
        assertThat(ran).isEmpty();
    }
}
