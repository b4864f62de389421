package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventQuery;
import dev.eventlog.StartAt;
import dev.eventlog.error.LogClosedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is promised of waiting, of closing, and of who may use a consumer. */
abstract class ConsumerUseContract extends ViewPollContract {

    @Test
    void aPollWaitsForTheFirstEvent() throws Exception {
        try (Consumer<String> consumer = consumer("c")) {
            Running<List<Event<String>>> polling = start(() -> consumer.poll(Duration.ofDays(1)));
            polling.awaitBlockedIn("poll");
            append("a");
            assertThat(texts(polling.join())).containsExactly("a");
            assertThat(texts(consumer.poll(Duration.ofSeconds(Long.MAX_VALUE)))).containsExactly("a");
        }
    }

    @Test
    void aPollThatWaitsIsNotEndedByEventsTheQueryLeavesOut() throws Exception {
        var config =
                ConsumerConfig.named("c").query(EventQuery.all().keys("wanted")).build();
        try (Consumer<String> consumer = log.consumer(config, TEXT)) {
            Running<List<Event<String>>> polling = start(() -> consumer.poll(Duration.ofDays(1)));
            polling.awaitBlockedIn("poll");
            appendNumbers(10);
            producer().append("wanted", "a");
            assertThat(texts(polling.join())).containsExactly("a");
        }
    }

    @Test
    void aPollIsEmptyWhenNoneCameInTime() {
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(Duration.ofMillis(5))).isEmpty();
            assertThat(consumer.await(Duration.ofMillis(5))).isFalse();
        }
    }

    @Test
    void awaitTellsOfAnEventAndTakesNone() throws Exception {
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.await(NOW)).isFalse();
            Running<Boolean> waiting = start(() -> consumer.await(Duration.ofDays(1)));
            waiting.awaitBlockedIn("await");
            append("a");
            assertThat(waiting.join()).isTrue();
            assertThat(consumer.await(NOW)).isTrue();
            assertThat(consumer.status().lag()).isEqualTo(1);
            assertThat(texts(consumer.poll(NOW))).containsExactly("a");
            assertThat(consumer.await(NOW)).as("not committed").isTrue();
            consumer.commit();
            assertThat(consumer.await(NOW)).isFalse();
        }
    }

    @Test
    void awaitBetweenPollAndCommitChangesNothing() {
        appendNumbers(3);
        try (Consumer<String> consumer = consumer("c")) {
            List<Event<String>> batch = consumer.poll(NOW);
            assertThat(consumer.await(NOW)).isTrue();
            consumer.commit(batch.get(1));
            assertThat(consumer.await(NOW)).isTrue();
            consumer.commit();
            assertThat(consumer.await(NOW)).isFalse();
        }
    }

    @Test
    void interruptedWaitEndsEmptyWithTheFlagKept() throws Exception {
        try (Consumer<String> consumer = consumer("c")) {
            Running<Boolean> polling = start(() -> {
                List<Event<String>> none = consumer.poll(Duration.ofDays(1));
                return none.isEmpty() && Thread.currentThread().isInterrupted();
            });
            polling.awaitBlockedIn("poll");
            polling.interrupt();
            assertThat(polling.join()).isTrue();
            Running<Boolean> waiting = start(() -> !consumer.await(Duration.ofDays(1))
                    && Thread.currentThread().isInterrupted());
            waiting.awaitBlockedIn("await");
            waiting.interrupt();
            assertThat(waiting.join()).isTrue();
            append("a");
            assertThat(texts(consumer.poll(LONG))).as("still usable").containsExactly("a");
        }
    }

    @Test
    void aPollOfAnInterruptedThreadDoesNotWait() throws Exception {
        try (Consumer<String> consumer = consumer("c")) {
            Running<Boolean> polling = start(() -> {
                Thread.currentThread().interrupt();
                boolean empty = consumer.poll(Duration.ofDays(1)).isEmpty();
                return empty && Thread.currentThread().isInterrupted();
            });
            assertThat(polling.join()).isTrue();
        }
    }

    @Test
    void closeFromAnotherThreadEndsAWaitingPollEmpty() throws Exception {
        Consumer<String> polled = consumer("polled");
        Running<List<Event<String>>> polling = start(() -> polled.poll(Duration.ofDays(1)));
        polling.awaitBlockedIn("poll");
        polled.close();
        assertThat(polling.join()).isEmpty();
        assertThatThrownBy(() -> polled.poll(NOW)).isInstanceOf(LogClosedException.class);
        consumer("polled").close();
        Consumer<String> awaited = consumer("awaited");
        Running<Boolean> waiting = start(() -> awaited.await(Duration.ofDays(1)));
        waiting.awaitBlockedIn("await");
        awaited.close();
        assertThat(waiting.join()).isFalse();
        consumer("awaited").close();
    }

    @Test
    void closeOfTheLogEndsAWaitingPollEmpty() throws Exception {
        Consumer<String> consumer = consumer("c");
        Running<List<Event<String>>> polling = start(() -> consumer.poll(Duration.ofDays(1)));
        polling.awaitBlockedIn("poll");
        log.close();
        assertThat(polling.join()).isEmpty();
    }

    @Test
    void aClosedConsumerThrowsLogClosed() {
        append("a");
        Consumer<String> consumer = consumer("c");
        Event<String> event = consumer.poll(NOW).get(0);
        consumer.close();
        consumer.close();
        for (Action call : List.<Action>of(
                () -> consumer.poll(NOW),
                () -> consumer.poll(new Collecting(), 1),
                () -> consumer.await(NOW),
                consumer::commit,
                () -> consumer.commit(event),
                () -> consumer.seek(StartAt.earliest()),
                consumer::position)) {
            assertThatThrownBy(call::run).isInstanceOf(LogClosedException.class);
        }
        assertThat(consumer.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
    }

    @Test
    void aSecondThreadIsRefused() throws Exception {
        try (Consumer<String> consumer = consumer("c")) {
            Running<List<Event<String>>> polling = start(() -> consumer.poll(Duration.ofDays(1)));
            polling.awaitBlockedIn("poll");
            for (Action call : List.<Action>of(
                    () -> consumer.poll(NOW),
                    () -> consumer.poll(new Collecting(), 1),
                    () -> consumer.await(NOW),
                    consumer::commit,
                    () -> consumer.seek(StartAt.earliest()))) {
                assertThatIllegalStateException()
                        .isThrownBy(call::run)
                        .withMessageContaining("thread")
                        .isNotInstanceOf(LogClosedException.class);
            }
            assertThat(consumer.status().state()).as("from any thread").isEqualTo(ConsumerStatus.State.OPEN);
            append("a");
            assertThat(polling.join()).hasSize(1);
            assertThat(consumer.poll(NOW)).as("threads may take turns").hasSize(1);
        }
    }

    @Test
    void aHandlerThatUsesItsOwnConsumerIsRefusedAtOnce() {
        append("a");
        try (Consumer<String> consumer = consumer("c")) {
            assertThatIllegalStateException().isThrownBy(() -> consumer.poll(view -> consumer.commit(), 1));
            assertThatIllegalStateException().isThrownBy(() -> consumer.poll(view -> consumer.poll(NOW), 1));
            assertThat(consumer.status().lag()).isEqualTo(1);
        }
    }

    @Test
    void aHandlerMayAppend() {
        append("a");
        try (Consumer<String> consumer = consumer("c")) {
            int count = consumer.poll(
                    view -> {
                        if (view.data().equals("a")) {
                            append("b");
                        }
                    },
                    10);
            assertThat(count).isBetween(1, 2);
            assertThat(count + drain(consumer).size()).isEqualTo(2);
        }
        assertThat(allTexts()).containsExactly("a", "b");
    }

    @Test
    void aHandlerMayCloseItsOwnConsumer() {
        append("a", "b");
        Consumer<String> consumer = consumer("c");
        assertThat(consumer.poll(view -> consumer.close(), 10)).isEqualTo(1);
        assertThatThrownBy(() -> consumer.poll(NOW)).isInstanceOf(LogClosedException.class);
        try (Consumer<String> next = consumer("c")) {
            assertThat(texts(next.poll(NOW)))
                    .as("the handled event was committed")
                    .containsExactly("b");
        }
    }

    @Test
    void aHandlerThatClosesTheLogLosesNothing() {
        append("a", "b");
        Consumer<String> consumer = consumer("c");
        var handled = new ArrayList<String>();
        try {
            int unused = consumer.poll(
                    view -> {
                        handled.add(view.data());
                        log.close();
                    },
                    10);
        } catch (IllegalStateException | LogClosedException atOnce) {
            // allowed, as long as it does not deadlock
        }
        assertThat(handled).containsExactly("a");
        assertThatThrownBy(() -> consumer.poll(NOW)).isInstanceOf(LogClosedException.class);
        if (reopens()) {
            log = reopen(clock);
            try (Consumer<String> next = consumer("c")) {
                assertThat(texts(next.poll(NOW))).endsWith("b").hasSizeBetween(1, 2);
            }
        }
    }
}
