package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Subscriptions that wait for their name, and take over from who had it. */
abstract class StandbyContract extends ParallelContract {

    private static ConsumerConfig.Builder standby() {
        return impatient("s").standby();
    }

    private static State state(Subscription subscription) {
        return subscription.status().state();
    }

    @Test
    void aStandbyTakesANameThatIsFree() {
        append("a");
        var handler = new Recording();
        try (Subscription subscription = subscribe(standby(), handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(state(subscription)).isEqualTo(State.OPEN);
        }
        assertThat(handler.handled).containsExactly("a");
    }

    @Test
    void aStandbyTakesOverWhenTheOwnerCloses() {
        append("a");
        var first = new Recording();
        var second = new Recording();
        Subscription owner = subscribe(impatient("s"), first);
        assertThat(owner.awaitCaughtUp(LONG)).isTrue();
        try (Subscription standby = subscribe(standby(), second)) {
            ConsumerStatus status = standby.status();
            assertThat(status.state()).isEqualTo(State.STANDBY);
            assertThat(status.owner()).isEqualTo(owner.status().owner());
            assertThat(status.lag()).isZero();
            assertThat(log.consumers()).hasSize(1);
            assertThat(log.consumers().get(0).state()).isEqualTo(State.OPEN);
            assertThat(standby.awaitCaughtUp(SHORT)).as("is not the one").isFalse();
            owner.close();
            append("b");
            assertThat(standby.awaitCaughtUp(LONG)).isTrue();
            assertThat(state(standby)).isEqualTo(State.OPEN);
        }
        assertThat(first.handled).containsExactly("a");
        assertThat(second.handled).containsExactly("b");
        assertThat(log.consumers().get(0).state()).isEqualTo(State.CLOSED);
    }

    @Test
    void aStandbyTakesOverWhenTheOwnerFails() {
        append("a", "b");
        var first = new Recording();
        first.throwAt = "b";
        var second = new Recording();
        try (Subscription owner = subscribe(impatient("s").stopOnFailure(), first);
                Subscription standby = subscribe(standby(), second)) {
            assertThat(standby.awaitCaughtUp(LONG)).isTrue();
            assertThat(state(owner)).isEqualTo(State.FAILED);
        }
        assertThat(second.handled).contains("b");
    }

    @Test
    void aStandbyTakesOverFromAPullConsumer() {
        append("a");
        var handler = new Recording();
        Consumer<String> consumer = consumer("s");
        try (Subscription standby = subscribe(standby(), handler)) {
            assertThat(state(standby)).isEqualTo(State.STANDBY);
            assertThat(texts(consumer.poll(NOW))).containsExactly("a");
            consumer.close();
            assertThat(standby.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).as("was not committed").containsExactly("a");
    }

    @Test
    void anOwnerWhoseHandlerIsLeftBehindCommitsAndParksNothing() throws Exception {
        appendKeyed("a:0", "b:0");
        var inHandler = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var left = new CountDownLatch(1);
        Subscription owner =
                subscribe(ConsumerConfig.named("s").attempts(1, Duration.ZERO).closeTimeout(Duration.ZERO), event -> {
                    inHandler.countDown();
                    boolean isWaiting = true;
                    while (isWaiting) {
                        try {
                            goOn.await();
                            isWaiting = false;
                        } catch (InterruptedException keepsOn) {
                            // a handler that does not listen
                        }
                    }
                    left.countDown();
                    throw new IllegalStateException("handler failed on purpose");
                });
        inHandler.await();
        var handler = new Recording();
        try (Subscription standby = subscribe(standby(), handler)) {
            owner.close();
            assertThat(standby.awaitCaughtUp(LONG)).isTrue();
            goOn.countDown();
            left.await();
            appendKeyed("a:1");
            assertThat(standby.awaitCaughtUp(LONG)).isTrue();
            assertThat(standby.status().parked()).isZero();
        }
        assertThat(handler.handled).containsExactly("a:0", "b:0", "a:1");
    }

    @Test
    void ofManyStandbysOneTakesOver() {
        var handlers = new Recording[] {new Recording(), new Recording(), new Recording()};
        Subscription owner = subscribe(impatient("s"), new Recording());
        try (Subscription first = subscribe(standby(), handlers[0]);
                Subscription second = subscribe(standby(), handlers[1]);
                Subscription third = subscribe(standby().parallel(2), handlers[2])) {
            owner.close();
            append("a");
            until(
                    "one has it",
                    () -> handlers[0].handled.size() + handlers[1].handled.size() + handlers[2].handled.size() == 1);
            long waiting = Stream.of(first, second, third)
                    .filter(each -> state(each) == State.STANDBY)
                    .count();
            assertThat(waiting).isEqualTo(2);
        }
    }

    @Test
    void aStandbyThatIsPausedTakesOverPaused() {
        append("a");
        Subscription owner = subscribe(impatient("s"), event -> {});
        assertThat(owner.awaitCaughtUp(LONG)).isTrue();
        var handler = new Recording();
        try (Subscription standby = subscribe(standby(), handler)) {
            standby.pause();
            append("b");
            assertThat(owner.awaitCaughtUp(LONG)).isTrue();
            owner.close();
            until("has the name", () -> state(standby) == State.PAUSED);
            append("c");
            assertThat(standby.awaitCaughtUp(SHORT)).isFalse();
            standby.resume();
            assertThat(standby.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).containsExactly("c");
    }

    @Test
    void aStandbyThatIsClosedNeverTakesOver() {
        Subscription owner = subscribe(impatient("s"), event -> {});
        var handler = new Recording();
        Subscription standby = subscribe(standby(), handler);
        standby.close();
        standby.close();
        assertThat(state(standby)).isEqualTo(State.CLOSED);
        owner.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> standby.awaitCaughtUp(LONG))
                .withMessageContaining("CLOSED");
        append("a");
        try (Subscription next = subscribe(impatient("s"), handler)) {
            assertThat(next.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.seen).containsExactly("a#1");
    }

    @Test
    void theLogClosesAStandby() {
        subscribe(impatient("s"), event -> {});
        Subscription standby = subscribe(standby(), event -> {});
        log.close();
        until("closed", () -> standby.status().state() == State.CLOSED);
    }

    @Test
    void standbysThatMakeNoSenseAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConsumerConfig.unnamed().standby().build())
                .withMessageContaining("standby");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConsumerConfig.parkedBy("s").standby().build())
                .withMessageContaining("standby");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> log.consumer(standby().build(), TEXT))
                .withMessageContaining("standby");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> subscribe(standby().startAt(StartAt.position(1_000)), event -> {}));
        assertThat(log.consumers()).isEmpty();
    }
}
