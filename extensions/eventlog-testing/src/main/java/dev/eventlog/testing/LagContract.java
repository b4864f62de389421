package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.EventQuery;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** How far consumers lag, in events, bytes and time, and who is told of it. */
abstract class LagContract extends LimitContract {

    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final int LENGTH = 2_000;
    private static final String TEXT_OF_LENGTH = "x".repeat(LENGTH);

    private final BlockingQueue<ConsumerStatus> told = new LinkedBlockingQueue<>();

    /** Appends events that take about {@link #LENGTH} bytes, a minute between them. */
    private void appendEachMinute(int count, String key) {
        for (int i = 0; i < count; i++) {
            clock.advance(MINUTE);
            producer().append(key, TEXT_OF_LENGTH);
        }
    }

    private ConsumerStatus status(String name) {
        return log.consumers().stream()
                .filter(status -> status.name().equals(name))
                .findAny()
                .orElseThrow();
    }

    /** Checks what a status says of so many events that were appended a minute from each other. */
    private static void assertLag(ConsumerStatus status, long lag) {
        assertThat(status.lag()).isEqualTo(lag);
        // exact to 64 KiB, and each event has an envelope
        assertThat(status.lagBytes())
                .isBetween(Math.max(0, lag * LENGTH - (64 << 10)), lag * (LENGTH + 200) + (64 << 10));
        assertThat(status.lagAge()).isEqualTo(lag == 0 ? Duration.ZERO : MINUTE.multipliedBy(lag - 1));
    }

    @Test
    void theLagOfAPullConsumerIsWhatItHasNotCommitted() {
        try (Consumer<String> consumer = consumer("c")) {
            assertLag(consumer.status(), 0);
            appendEachMinute(100, KEY);
            assertLag(consumer.status(), 100);
            var events = consumer.poll(NOW);
            assertLag(consumer.status(), 100);
            consumer.commit(events.get(39));
            assertLag(consumer.status(), 60);
            assertLag(status("c"), 60);
        }
        assertLag(status("c"), 60);
        restart();
        assertLag(status("c"), 60);
        appendEachMinute(1, KEY);
        assertLag(status("c"), 61);
        try (Consumer<String> consumer = consumer("c")) {
            drain(consumer);
            assertLag(consumer.status(), 0);
            clock.advance(MINUTE);
            assertLag(consumer.status(), 0);
        }
        assertLag(status("c"), 0);
    }

    @Test
    void theLagOfASubscriptionIsWhatItHasNotHandled() throws Exception {
        appendEachMinute(50, KEY);
        var inHandler = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        try (Subscription subscription = subscribe(impatient("s"), event -> {
            if (event.position() == 20) {
                inHandler.countDown();
                goOn.await();
            }
        })) {
            inHandler.await();
            // what was handled before may be one batch that is not flushed
            assertThat(subscription.status().lag()).isBetween(30L, 50L);
            ConsumerStatus status = subscription.status();
            assertThat(status.lagAge()).isBetween(MINUTE.multipliedBy(29), MINUTE.multipliedBy(49));
            goOn.countDown();
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertLag(subscription.status(), 0);
        }
        assertLag(status("s"), 0);
    }

    @Test
    void whatAQueryLeavesOutLagsUntilItWasPassed() {
        appendEachMinute(30, "other");
        appendEachMinute(1, KEY);
        appendEachMinute(30, "other");
        var config = ConsumerConfig.named("c").query(EventQuery.all().keys(KEY)).build();
        try (Consumer<String> consumer = log.consumer(config, TEXT)) {
            assertLag(consumer.status(), 61);
            assertThat(consumer.poll(NOW)).hasSize(1);
            assertLag(consumer.status(), 61);
            consumer.commit();
            assertLag(consumer.status(), 30);
            assertThat(consumer.poll(NOW)).isEmpty();
            assertLag(consumer.status(), 0);
        }
        appendEachMinute(3, "other");
        assertLag(status("c"), 3);
        var handler = new Recording();
        try (Subscription subscription =
                subscribe(impatient("c").query(EventQuery.all().keys(KEY)), handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertLag(subscription.status(), 0);
        }
        assertThat(handler.handled).isEmpty();
    }

    // ---- who is told

    private @Nullable ConsumerStatus nextTold() throws InterruptedException {
        return told.poll(LONG.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    void aConsumerThatFallsBehindIsToldOfOnceUntilItHasCaughtUp() throws Exception {
        appendNumbers(5);
        var config = ConsumerConfig.named("c").onLag(10, told::add).build();
        try (Consumer<String> consumer = log.consumer(config, TEXT)) {
            appendNumbers(6);
            assertThat(nextTold()).satisfies(status -> {
                assertThat(status.name()).isEqualTo("c");
                assertThat(status.lag()).isEqualTo(11);
                assertThat(status.checkpoint()).isZero();
            });
            // half of the limit, and not less than the limit, is what ends it
            var events = consumer.poll(NOW);
            consumer.commit(events.get(4));
            assertThat(consumer.await(SHORT)).isTrue();
            appendNumbers(8);
            consumer.commit(consumer.poll(NOW).get(8));
            assertThat(nextTold()).satisfies(status -> assertThat(status.lag()).isEqualTo(5));
            appendNumbers(6);
            assertThat(nextTold()).satisfies(status -> assertThat(status.lag()).isEqualTo(11));
            drain(consumer);
            assertThat(nextTold()).satisfies(status -> assertThat(status.lag()).isZero());
        }
        appendNumbers(50);
        assertThat(told.poll(SHORT.toMillis(), TimeUnit.MILLISECONDS))
                .as("closed")
                .isNull();
    }

    @Test
    void aSubscriptionIsWatchedAlsoOnceItHasFailed() throws Exception {
        var config = ConsumerConfig.named("s").stopOnFailure().attempts(1, NOW).onLag(3, told::add);
        append("first");
        try (Subscription subscription = subscribe(config, event -> {
            throw new IllegalStateException("handler failed on purpose");
        })) {
            until("failed", () -> subscription.status().state() == ConsumerStatus.State.FAILED);
            appendNumbers(3);
            assertThat(nextTold()).satisfies(status -> {
                assertThat(status.lag()).isEqualTo(4);
                assertThat(status.state()).isEqualTo(ConsumerStatus.State.FAILED);
            });
        }
    }

    @Test
    void theListenerMayThrowAndMayCloseTheLog() throws Exception {
        var closed = new CountDownLatch(1);
        var isFirst = new CountDownLatch(1);
        var throwing = ConsumerConfig.named("a").startAt(StartAt.latest()).onLag(1, status -> {
            isFirst.countDown();
            throw new IllegalStateException("listener failed on purpose");
        });
        var closing = ConsumerConfig.named("b").startAt(StartAt.latest()).onLag(2, status -> {
            log.close();
            closed.countDown();
        });
        List<Consumer<String>> open =
                List.of(log.consumer(throwing.build(), TEXT), log.consumer(closing.build(), TEXT));
        appendNumbers(2);
        assertThat(isFirst.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        append("3");
        assertThat(closed.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        open.forEach(Consumer::close);
    }

    @Test
    void aLagOfNothingIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConsumerConfig.named("c").onLag(0, told::add).build())
                .withMessageContaining("onLag: events=0");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> ConsumerConfig.parkedBy("c").onLag(1, told::add).build())
                .withMessageContaining("onLag");
    }
}
