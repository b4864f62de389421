package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.EventHandler;
import dev.eventlog.EventQuery;
import dev.eventlog.IdleStrategy;
import dev.eventlog.NewEvent;
import dev.eventlog.Subscription;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** {@link IdleStrategy#blocking()}: a subscription that sleeps is woken by whatever concerns it. */
abstract class BlockingIdleContract extends SubscriptionEndContract {

    private final AtomicReference<Thread> sleeper = new AtomicReference<>();

    private ConsumerConfig.Builder blocking(String name) {
        return ConsumerConfig.named(name).idle(IdleStrategy.blocking()).threadFactory(work -> {
            var made = new Thread(work, name);
            sleeper.set(made);
            return made;
        });
    }

    private void awaitAsleep() {
        until("thread sleeps", () -> {
            Thread.State state = sleeper.get().getState();
            return state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
        });
    }

    /** Each other round while it sleeps, the others while it is about to. */
    @Test
    void anAppendOfAnyKindWakesASleepingSubscription() {
        var handler = new Recording();
        try (Subscription subscription = subscribe(blocking("s"), handler)) {
            for (int i = 0; i < 60; i++) {
                if (i % 2 == 0) {
                    awaitAsleep();
                }
                String text = Integer.toString(i);
                long position = switch (i % 3) {
                    case 0 -> producer().append(KEY, text);
                    case 1 -> producer().appendAll(newEvents(text));
                    default -> producer().appendAsync(NewEvent.of(KEY, text)).join();
                };
                assertThat(subscription.awaitPosition(position, LONG))
                        .as("round %d", i)
                        .isTrue();
            }
        }
        assertThat(handler.handled).isEqualTo(numbers(0, 60));
    }

    @Test
    void manySleepersAreAllWoken() {
        List<Recording> handlers = List.of(new Recording(), new Recording(), new Recording(), new Recording());
        List<Subscription> subscriptions = handlers.stream()
                .map(handler -> subscribe(ConsumerConfig.unnamed().idle(IdleStrategy.blocking()), handler))
                .toList();
        for (int round = 0; round < 20; round++) {
            long last = append("a", "b").get(1);
            for (Subscription subscription : subscriptions) {
                assertThat(subscription.awaitPosition(last, LONG))
                        .as("round %d", round)
                        .isTrue();
            }
        }
        subscriptions.forEach(Subscription::close);
    }

    @Test
    void aSleepingSubscriptionCloses() {
        Subscription subscription = subscribe(blocking("s"), event -> {});
        awaitAsleep();
        subscription.close();
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
        assertThat(sleeper.get().isInterrupted()).as("left alone").isFalse();
        consumer("s").close();
    }

    @Test
    void aLogWithASleepingSubscriptionCloses() {
        Subscription subscription = subscribe(blocking("s"), event -> {});
        awaitAsleep();
        log.close();
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
    }

    @Test
    void aSleepingSubscriptionIsPausedAndResumed() {
        var handler = new Recording();
        try (Subscription subscription = subscribe(blocking("s"), handler)) {
            awaitAsleep();
            subscription.pause();
            long position = append("a").get(0);
            assertThat(subscription.awaitPosition(position, SHORT)).isFalse();
            assertThat(handler.handled).isEmpty();
            subscription.resume();
            assertThat(subscription.awaitPosition(position, LONG)).isTrue();
        }
    }

    /** Nothing is handed over, but the checkpoint moves. */
    @Test
    void whatIsFilteredOutPassesASleepingSubscription() {
        var handler = new Recording();
        var query = EventQuery.all().keys("wanted");
        try (Subscription subscription = subscribe(blocking("s").query(query), handler)) {
            awaitAsleep();
            long passed = append("a", "b").get(1);
            assertThat(subscription.awaitPosition(passed, LONG)).isTrue();
            awaitAsleep();
            long wanted = producer().append("wanted", "c");
            assertThat(subscription.awaitPosition(wanted, LONG)).isTrue();
        }
        assertThat(handler.handled).containsExactly("c");
    }

    @Test
    void anInterruptThatAHandlerLeftDoesNotKeepItAwake() {
        EventHandler<String> interrupting = event -> Thread.currentThread().interrupt();
        try (Subscription subscription = subscribe(blocking("s"), interrupting)) {
            for (int i = 0; i < 3; i++) {
                long position = append("a").get(0);
                assertThat(subscription.awaitPosition(position, LONG)).isTrue();
                awaitAsleep();
                assertThat(sleeper.get().isInterrupted()).isFalse();
            }
        }
    }
}
