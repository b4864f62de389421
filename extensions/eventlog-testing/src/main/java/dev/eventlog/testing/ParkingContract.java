package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.EventQuery;
import dev.eventlog.Subscription;
import dev.eventlog.error.LogClosedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Parked events: who is parked, who waits behind them, and how they come off the list. */
abstract class ParkingContract extends BlockingIdleContract {

    final Consumer<String> parkedBy(String name) {
        return log.consumer(ConsumerConfig.parkedBy(name).build(), TEXT);
    }

    /** Appends events "key:n". */
    final void appendKeyed(String... events) {
        for (String event : events) {
            producer().append(event.substring(0, event.indexOf(':')), event);
        }
    }

    /** Lets a subscription handle all there is and returns what its handler saw. */
    private Recording handleAll(String name, String throwAt) {
        var handler = new Recording();
        handler.throwAt = throwAt;
        try (Subscription subscription = subscribe(impatient(name), handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        return handler;
    }

    @Test
    void anEventWhoseAttemptsRanOutIsParkedAndOthersGoOn() {
        appendKeyed("a:0", "b:0", "c:0");
        Recording handler = handleAll("s", "b:0");
        assertThat(handler.seen).containsExactly("a:0#1", "b:0#1", "b:0#2", "b:0#3", "c:0#1");
        assertThat(log.consumers().get(0).parked()).isEqualTo(1);
        assertThat(log.consumers().get(0).lag()).isZero();
        try (Consumer<String> parked = parkedBy("s")) {
            assertThat(texts(parked.poll(NOW))).containsExactly("b:0");
        }
    }

    @Test
    void laterEventsOfAParkedKeyAreParkedWithoutAnAttempt() {
        appendKeyed("a:0", "b:0", "a:1", "b:1", "a:2");
        Recording handler = handleAll("s", "a:0");
        assertThat(handler.handled).containsExactly("b:0", "b:1");
        appendKeyed("a:3", "b:2");
        restart();
        assertThat(handleAll("s", "nothing").handled).containsExactly("b:2");
        try (Consumer<String> parked = parkedBy("s")) {
            assertThat(texts(parked.poll(NOW))).containsExactly("a:0", "a:1", "a:2", "a:3");
        }
    }

    @Test
    void aParkedEventWithoutAKeyHoldsBackNoOther() {
        producer().append("no key 0");
        producer().append("no key 1");
        appendKeyed("a:0");
        Recording handler = handleAll("s", "no key 0");
        assertThat(handler.handled).containsExactlyInAnyOrder("no key 1", "a:0");
        assertThat(log.consumers().get(0).parked()).isEqualTo(1);
    }

    @Test
    void aCommitTakesEventsOffTheListAndFreesTheirKey() {
        appendKeyed("a:0", "a:1");
        handleAll("s", "a:0");
        try (Consumer<String> parked = parkedBy("s")) {
            List<Event<String>> batch = parked.poll(NOW);
            assertThat(texts(batch)).containsExactly("a:0", "a:1");
            assertThat(texts(parked.poll(NOW))).as("not committed").containsExactly("a:0", "a:1");
            parked.commit(parked.poll(NOW).get(0));
            appendKeyed("a:2");
            assertThat(handleAll("s", "nothing").handled)
                    .as("a:1 is still parked")
                    .isEmpty();
            assertThat(texts(parked.poll(NOW))).containsExactly("a:1", "a:2");
            parked.commit();
            assertThat(parked.poll(NOW)).isEmpty();
        }
        appendKeyed("a:3");
        assertThat(handleAll("s", "nothing").handled).containsExactly("a:3");
        restart();
        try (Consumer<String> parked = parkedBy("s")) {
            assertThat(parked.poll(NOW)).isEmpty();
        }
        assertThat(log.consumers().get(0).parked()).isZero();
    }

    @Test
    void aRunningSubscriptionFollowsTheListAsItGrowsShorter() {
        var handler = new Recording();
        handler.throwAt = "a:0";
        try (Subscription subscription = subscribe(impatient("s"), handler);
                Consumer<String> parked = parkedBy("s")) {
            appendKeyed("a:0", "a:1", "b:0");
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(subscription.status().parked()).isEqualTo(2);
            assertThat(drain(parked)).hasSize(2);
            assertThat(subscription.status().parked()).isZero();
            appendKeyed("a:2");
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).containsExactly("b:0", "a:2");
    }

    @Test
    void theParkedListOutlivesTheSubscriptionAndTheLog() {
        appendKeyed("a:0", "b:0");
        handleAll("s", "a:0");
        restart();
        assertThat(log.consumers().get(0).parked()).isEqualTo(1);
        try (Consumer<String> parked = parkedBy("s")) {
            assertThat(texts(parked.poll(NOW))).containsExactly("a:0");
        }
    }

    @Test
    void aParkedEventTellsItsAttemptsAlsoAfterARestart() {
        appendKeyed("a:0", "a:1", "b:0");
        handleAll("s", "a:0");
        restart();
        try (Consumer<String> parked = parkedBy("s")) {
            assertThat(parked.poll(NOW)).extracting(Event::attempt).containsExactly(3, 0);
            var told = new ArrayList<Integer>();
            assertThat(parked.poll(view -> told.add(view.toEvent().attempt()), 10))
                    .isEqualTo(2);
            assertThat(told).containsExactly(3, 0);
        }
    }

    @Test
    void aParkedEventTellsWhatItFailedOfAlsoAfterARestart() {
        appendKeyed("a:0", "a:1", "b:0");
        handleAll("s", "a:0");
        restart();
        try (Consumer<String> parked = parkedBy("s")) {
            List<Event<String>> events = parked.poll(NOW);
            assertThat(events.get(0).failure()).isEqualTo("java.lang.IllegalStateException: handler failed on purpose");
            assertThat(events.get(1).failure()).isNull();
            var told = new ArrayList<String>();
            assertThat(parked.poll(view -> told.add(view.toEvent().failure()), 10))
                    .isEqualTo(2);
            assertThat(told).containsExactly(events.get(0).failure(), null);
        }
        try (Consumer<String> all = consumer("reading")) {
            assertThat(all.poll(NOW)).extracting(Event::failure).containsOnlyNulls();
        }
    }

    @Test
    void awaitPositionIsDoneWithAParkedEvent() {
        var handler = new Recording();
        handler.throwAt = "a:0";
        try (Subscription subscription = subscribe(impatient("s"), handler)) {
            long position = producer().append("a", "a:0");
            assertThat(subscription.awaitPosition(position, LONG)).isTrue();
            assertThat(subscription.status().parked()).isEqualTo(1);
        }
    }

    @Test
    void borrowedPollOfParkedEventsTakesOffWhatWasHandled() {
        appendKeyed("a:0", "a:1", "a:2");
        handleAll("s", "a:0");
        var seen = new ArrayList<String>();
        try (Consumer<String> parked = parkedBy("s")) {
            assertThat(parked.poll(view -> seen.add(view.data()), 2)).isEqualTo(2);
            assertThat(log.consumers().get(0).parked()).isEqualTo(1);
            assertThatThrownBy(() -> parked.poll(
                            view -> {
                                throw new IllegalStateException("handler failed on purpose");
                            },
                            2))
                    .hasMessage("handler failed on purpose");
            assertThat(log.consumers().get(0).parked()).isEqualTo(1);
            assertThat(parked.poll(view -> seen.add(view.data()), 2)).isEqualTo(1);
        }
        assertThat(seen).containsExactly("a:0", "a:1", "a:2");
        assertThat(log.consumers().get(0).parked()).isZero();
    }

    @Test
    void anOwnedPollOfParkedEventsBringsWhatWasNotFlushedAgain() {
        appendKeyed("a:0", "a:1", "a:2");
        handleAll("s", "a:0");
        var handler = new Collecting();
        handler.throwAt = "a:1";
        try (Consumer<String> parked = parkedBy("s")) {
            assertThatThrownBy(() -> parked.poll(handler, 10)).hasMessage("handler failed on purpose");
            parked.commit();
            assertThat(log.consumers().get(0).parked()).isEqualTo(3);
            assertThat(texts(parked.poll(NOW))).containsExactly("a:0", "a:1", "a:2");
            parked.commit();
            assertThat(log.consumers().get(0).parked()).isZero();
        }
    }

    @Test
    void parkedEventsCanBeWaitedFor() throws Exception {
        var handler = new Recording();
        handler.throwAt = "a:0";
        try (Subscription subscription = subscribe(impatient("s"), handler);
                Consumer<String> parked = parkedBy("s")) {
            Running<List<Event<String>>> polling = start(() -> parked.poll(Duration.ofDays(1)));
            polling.awaitBlockedIn("poll");
            appendKeyed("a:0");
            assertThat(texts(polling.join())).containsExactly("a:0");
            assertThat(parked.await(NOW)).isTrue();
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
    }

    @Test
    void waitingForParkedEventsPassesOverWhatTheQueryLeavesOut() throws Exception {
        var handler = new Recording();
        appendKeyed("a:0");
        handleAll("s", "a:0");
        handler.throwAt = "b:0";
        var config =
                ConsumerConfig.parkedBy("s").query(EventQuery.all().keys("b")).build();
        try (Subscription subscription = subscribe(impatient("s"), handler);
                Consumer<String> parked = log.consumer(config, TEXT)) {
            Running<List<Event<String>>> polling = start(() -> parked.poll(Duration.ofDays(1)));
            polling.awaitBlockedIn("poll");
            appendKeyed("b:0");
            assertThat(texts(polling.join())).containsExactly("b:0");
            parked.commit();
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(subscription.status().parked()).as("a:0 stays").isEqualTo(1);
        }
    }

    @Test
    void parkedConsumersKeepTheRulesOfConsumers() throws Exception {
        appendKeyed("a:0", "a:1");
        handleAll("s", "a:0");
        Consumer<String> parked = parkedBy("s");
        List<Event<String>> batch = parked.poll(NOW);
        parked.commit(batch.get(0));
        assertThatIllegalArgumentException().isThrownBy(() -> parked.commit(batch.get(0)));
        parked.commit(batch.get(1));
        Running<List<Event<String>>> polling = start(() -> parked.poll(Duration.ofDays(1)));
        polling.awaitBlockedIn("poll");
        parked.close();
        assertThat(polling.join()).isEmpty();
        assertThatThrownBy(() -> parked.poll(NOW)).isInstanceOf(LogClosedException.class);
        assertThatThrownBy(parked::commit).isInstanceOf(LogClosedException.class);
    }

    @Test
    void aConsumerOfParkedEventsStandsBesideTheSubscription() {
        try (Subscription subscription = subscribe(impatient("s"), new Recording());
                Consumer<String> parked = parkedBy("s")) {
            assertThat(parked.poll(NOW)).isEmpty();
            assertThat(parked.status().name()).isEqualTo("s");
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
    }

    @Test
    void forgetDeletesTheParkedListToo() {
        appendKeyed("a:0", "a:1");
        handleAll("s", "a:0");
        log.forget("s");
        assertThat(handleAll("s", "nothing").handled).containsExactly("a:0", "a:1");
        try (Consumer<String> parked = parkedBy("s")) {
            assertThat(parked.poll(NOW)).isEmpty();
        }
    }

    @Test
    void forgetIsRefusedWhileTheParkedEventsAreRead() {
        appendKeyed("a:0");
        handleAll("s", "a:0");
        try (Consumer<String> parked = parkedBy("s")) {
            assertThat(parked.poll(NOW)).hasSize(1);
            assertThatIllegalStateException().isThrownBy(() -> log.forget("s")).withMessageContaining("s");
        }
        log.forget("s");
    }

    @Test
    void aFailedFlushBeforeARetryKeepsTheCheckpoint() {
        appendKeyed("a:0", "b:1", "c:2");
        var handler = new EventHandler<String>() {
            @Override
            public void onEvent(Event<String> event) {
                if (event.position() == 2) {
                    throw new IllegalStateException("failed on purpose");
                }
            }

            @Override
            public void onBatchEnd(int count) {
                throw new IllegalStateException("flush failed on purpose");
            }
        };
        try (Subscription subscription = subscribe(impatient("s"), handler)) {
            until("failed", () -> subscription.status().failure() != null);
            assertThat(subscription.status().checkpoint()).isZero();
        }
    }

    @Test
    void parkedEventsOfANameThatNoConsumerHasAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> parkedBy("typo")).withMessageContaining("typo");
    }

    @Test
    void subscriptionsToParkedEventsAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> subscribe(ConsumerConfig.parkedBy("s"), event -> {}));
    }

    @Test
    void stopOnFailureParksNothing() {
        appendKeyed("a:0", "a:1");
        var handler = new Recording();
        handler.throwAt = "a:0";
        try (Subscription subscription = subscribe(impatient("s").stopOnFailure(), handler)) {
            until("failed", () -> subscription.status().failure() != null);
        }
        assertThat(log.consumers().get(0).parked()).isZero();
        assertThat(handleAll("s", "nothing").handled).containsExactly("a:0", "a:1");
    }
}
