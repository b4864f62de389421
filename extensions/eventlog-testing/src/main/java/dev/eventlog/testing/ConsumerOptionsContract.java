package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.EventQuery;
import dev.eventlog.IdleStrategy;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** {@link ConsumerConfig}: each option is kept by each kind of consumer, or refused by it. */
abstract class ConsumerOptionsContract extends SharedMembersContract {

    /** Parks everything that is in the log. */
    private void parkAll(String name) {
        try (Subscription subscription = subscribe(ConsumerConfig.named(name).attempts(1, NOW), event -> {
            throw new IllegalStateException("handler failed on purpose");
        })) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
    }

    private Consumer<String> open(ConsumerConfig.Builder config) {
        return log.consumer(config.build(), TEXT);
    }

    /** What a subscription with this configuration hands over until it has caught up. */
    private Recording handled(ConsumerConfig.Builder config) {
        var handler = new Recording();
        try (Subscription subscription = subscribe(config, handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        return handler;
    }

    @Test
    void queryIsKeptByEachKind() {
        append("0");
        producer().append("wanted", "1");
        append("2");
        parkAll("s");
        EventQuery wanted = EventQuery.all().keys("wanted");
        for (ConsumerConfig.Builder kind :
                List.of(ConsumerConfig.named("c"), ConsumerConfig.unnamed(), ConsumerConfig.parkedBy("s"))) {
            try (Consumer<String> consumer = open(kind.query(wanted))) {
                assertThat(texts(consumer.poll(NOW))).containsExactly("1");
            }
        }
        assertThat(handled(ConsumerConfig.named("p").query(wanted)).handled).containsExactly("1");
        assertThat(handled(ConsumerConfig.unnamed().query(wanted)).handled).containsExactly("1");
    }

    @Test
    void startAtIsKeptByEachKindThatHasAPlaceInTheLog() {
        StartAt last = StartAt.position(appendNumbers(3).get(2));
        for (ConsumerConfig.Builder kind : List.of(ConsumerConfig.named("c"), ConsumerConfig.unnamed())) {
            try (Consumer<String> consumer = open(kind.startAt(last))) {
                assertThat(texts(consumer.poll(NOW))).containsExactly("2");
            }
        }
        assertThat(handled(ConsumerConfig.named("p").startAt(last)).handled).containsExactly("2");
        assertThat(handled(ConsumerConfig.unnamed().startAt(last)).handled).containsExactly("2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConsumerConfig.parkedBy("p").startAt(last).build())
                .withMessageContaining("startAt");
    }

    @Test
    void pollLimitInEventsIsKeptByEachKind() {
        appendNumbers(7);
        parkAll("s");
        for (ConsumerConfig.Builder kind :
                List.of(ConsumerConfig.named("c"), ConsumerConfig.unnamed(), ConsumerConfig.parkedBy("s"))) {
            try (Consumer<String> consumer = open(kind.pollLimit(3, 1 << 20))) {
                assertThat(texts(consumer.poll(NOW))).containsExactly("0", "1", "2");
            }
        }
        assertThat(handled(ConsumerConfig.named("p").pollLimit(3, 1 << 20)).batches)
                .as("a subscription flushes as often")
                .containsExactly(3, 3, 1);
        assertThat(handled(ConsumerConfig.unnamed().pollLimit(3, 1 << 20)).batches)
                .containsExactly(3, 3, 1);
    }

    @Test
    void pollLimitInBytesIsKeptByEachKind() {
        append("x".repeat(600), "y".repeat(600), "z".repeat(600), "0", "1");
        parkAll("s");
        for (ConsumerConfig.Builder kind :
                List.of(ConsumerConfig.named("c"), ConsumerConfig.unnamed(), ConsumerConfig.parkedBy("s"))) {
            try (Consumer<String> consumer = open(kind.pollLimit(100, 1_000))) {
                assertThat(consumer.poll(NOW)).hasSize(2);
                consumer.commit();
                assertThat(consumer.poll(NOW)).hasSize(3);
            }
        }
        assertThat(handled(ConsumerConfig.named("p").pollLimit(100, 1_000)).batches)
                .containsExactly(2, 3);
        assertThat(handled(ConsumerConfig.unnamed().pollLimit(100, 1_000)).batches)
                .containsExactly(2, 3);
    }

    @Test
    void stopAtEndIsKeptByUnnamedConsumers() {
        appendNumbers(2);
        try (Consumer<String> consumer = open(ConsumerConfig.unnamed().stopAtEnd())) {
            append("2");
            assertThat(texts(drain(consumer))).containsExactly("0", "1");
            assertThat(consumer.poll(Duration.ofDays(1))).isEmpty();
            assertThat(consumer.status().state()).isEqualTo(ConsumerStatus.State.DONE);
        }
        var handler = new Recording();
        try (Subscription subscription = subscribe(ConsumerConfig.unnamed().stopAtEnd(), handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.DONE);
        }
        assertThat(handler.handled).containsExactly("0", "1", "2");
    }

    @Test
    void stopAtEndOfParkedEventsEndsBehindThoseThatWereParkedAtTheOpening() {
        appendNumbers(2);
        parkAll("s");
        try (Consumer<String> parked = open(ConsumerConfig.parkedBy("s").stopAtEnd())) {
            append("2");
            parkAll("s");
            assertThat(parked.await(Duration.ofDays(1))).isTrue();
            assertThat(texts(parked.poll(Duration.ofDays(1)))).containsExactly("0", "1");
            parked.commit();
            assertThat(parked.poll(Duration.ofDays(1))).as("does not wait").isEmpty();
            assertThat(parked.await(Duration.ofDays(1))).isFalse();
            assertThat(parked.poll(new Collecting(), 10)).isZero();
        }
        try (Consumer<String> parked = open(ConsumerConfig.parkedBy("s").stopAtEnd())) {
            assertThat(parked.poll(new Collecting(), 10)).isEqualTo(1);
        }
        try (Consumer<String> parked = open(ConsumerConfig.parkedBy("s").stopAtEnd())) {
            assertThat(parked.poll(Duration.ofDays(1))).as("of an empty list").isEmpty();
        }
    }

    @Test
    void stopAtEndAndABoundedQueryEndAtTheFirstOfThem() {
        List<Long> positions = appendNumbers(3);
        for (long bound : new long[] {positions.get(1), positions.get(2) + 10}) {
            EventQuery query = EventQuery.all().before(bound);
            List<String> expected = bound == positions.get(1) ? numbers(0, 1) : numbers(0, 3);
            try (Consumer<String> consumer =
                    open(ConsumerConfig.unnamed().query(query).stopAtEnd())) {
                assertThat(texts(drain(consumer))).isEqualTo(expected);
                assertThat(consumer.status().state()).isEqualTo(ConsumerStatus.State.DONE);
            }
            assertThat(handled(ConsumerConfig.unnamed().query(query).stopAtEnd()).handled)
                    .isEqualTo(expected);
        }
    }

    @Test
    void eachOptionOfASubscriptionIsRefusedByConsumers() {
        append("a");
        parkAll("s");
        Map<String, UnaryOperator<ConsumerConfig.Builder>> options = Map.of(
                "attempts", config -> config.attempts(2, NOW),
                "stopOnFailure", ConsumerConfig.Builder::stopOnFailure,
                "onFailure", config -> config.onFailure((event, failure) -> {}),
                "threadFactory", config -> config.threadFactory(Thread::new),
                "idle", config -> config.idle(IdleStrategy.yielding()),
                "closeTimeout", config -> config.closeTimeout(LONG));
        options.forEach((name, option) -> {
            for (ConsumerConfig.Builder kind :
                    List.of(ConsumerConfig.named("c"), ConsumerConfig.unnamed(), ConsumerConfig.parkedBy("s"))) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> open(option.apply(kind)))
                        .withMessageContaining(name)
                        .withMessageContaining("leave");
            }
        });
    }

    @Test
    void attemptsAreKeptByUnnamedSubscriptionsWhichHaveNoPlaceToPark() {
        append("a", "b");
        var handler = new Recording();
        handler.throwAt = "a";
        var failures = new CopyOnWriteArrayList<Integer>();
        var config = ConsumerConfig.unnamed()
                .attempts(2, Duration.ofNanos(1))
                .onFailure((event, failure) -> failures.add(event.attempt()));
        try (Subscription subscription = subscribe(config, handler)) {
            assertThatIllegalStateException().isThrownBy(() -> subscription.awaitCaughtUp(LONG));
            assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.FAILED);
        }
        assertThat(handler.seen).containsExactly("a#1", "a#2");
        assertThat(failures).containsExactly(1, 2);
    }

    @Test
    void threadAndIdlingAndCloseTimeoutAreKeptByUnnamedSubscriptions() throws Exception {
        append("a");
        var threads = new CopyOnWriteArrayList<String>();
        var idled = new CountDownLatch(1);
        var inHandler = new CountDownLatch(1);
        Subscription subscription = subscribe(
                ConsumerConfig.unnamed()
                        .threadFactory(work -> new Thread(work, "my-thread"))
                        .idle(polls -> {
                            idled.countDown();
                            Thread.onSpinWait();
                        })
                        .closeTimeout(NOW),
                event -> {
                    threads.add(Thread.currentThread().getName());
                    if (event.data().equals("b")) {
                        inHandler.countDown();
                        new CountDownLatch(1).await();
                    }
                });
        idled.await();
        append("b");
        inHandler.await();
        subscription.close();
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
        assertThat(threads).containsOnly("my-thread");
    }
}
