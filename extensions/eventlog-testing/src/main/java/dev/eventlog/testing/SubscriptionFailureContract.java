package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Subscription;
import dev.eventlog.error.DecodeException;
import java.nio.ByteBuffer;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** What a {@link Subscription} does when its handler, its flush or its codec fails. */
abstract class SubscriptionFailureContract extends SubscriptionContract {

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
}
