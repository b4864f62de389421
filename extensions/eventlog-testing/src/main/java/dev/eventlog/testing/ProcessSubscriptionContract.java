package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Processor;
import dev.eventlog.Producer;
import dev.eventlog.Subscription;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.StorageFullException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.Test;

/** Events that are made out of events by a subscription: attempts, parking, standing by. */
abstract class ProcessSubscriptionContract extends ProcessContract {

    private static ConsumerConfig.Builder impatientInputs(String name) {
        return impatient(name).query(INPUTS);
    }

    private Subscription process(ConsumerConfig.Builder config, Processor<String, String> processor) {
        return processing().process(config.build(), TEXT, processor, out());
    }

    @Test
    void subscriptionProcessesEachEventOnceOverRestarts() {
        for (int i = 0; i < 4; i++) {
            for (int n = 0; n < 250; n++) {
                append(Integer.toString(i * 250 + n));
            }
            try (Subscription subscription = process(inputs("s"), ONE)) {
                assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            }
            restart();
        }
        assertThat(outputs()).isEqualTo(outputsOf(0, 1_000));
    }

    @Test
    void subscriptionMayBeClosedAmidItsEvents() {
        appendNumbers(500);
        var seen = new CopyOnWriteArrayList<String>();
        for (int i = 0; i < 5; i++) {
            int enough = 50 * i;
            try (Subscription subscription = process(inputs("s"), event -> {
                seen.add(event.data());
                return List.of(output(event));
            })) {
                until("some are processed", () -> seen.size() >= enough);
                assertThat(subscription.status().state()).isEqualTo(State.OPEN);
            }
            restart();
            assertThat(outputs()).isEqualTo(outputsOf(0, outputs().size()));
        }
        try (Subscription subscription = process(inputs("s"), ONE)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(outputs()).isEqualTo(outputsOf(0, 500));
    }

    @Test
    void subscriptionToAnotherLog() {
        try (EventLog other = EventLog.inMemory()) {
            Producer<String> out = other.producer("out", TEXT);
            for (int i = 0; i < 3; i++) {
                append(numbers(i * 100, i * 100 + 100).toArray(String[]::new));
                try (Subscription subscription =
                        processing().process(ConsumerConfig.named("s").build(), TEXT, ONE, out)) {
                    assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
                }
                restart();
            }
            assertThat(texts(other.read(EventQuery.all(), TEXT).toList())).isEqualTo(outputsOf(0, 300));
        }
    }

    @Test
    void eventIsTriedAgainAndItsOutputsComeOnce() {
        appendNumbers(20);
        var attempts = new CopyOnWriteArrayList<Integer>();
        Processor<String, String> flaky = event -> {
            if (event.data().equals("7")) {
                attempts.add(event.attempt());
            }
            return event.data().equals("7") && event.attempt() < 3
                    ? List.of(output(event), NewEvent.of(KEY, "\ud800"))
                    : List.of(output(event));
        };
        try (Subscription subscription = process(impatientInputs("s"), flaky)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(attempts).containsExactly(1, 2, 3);
        assertThat(outputs()).isEqualTo(outputsOf(0, 20));
    }

    @Test
    void eventWhoseAttemptsRanOutIsParkedWithItsKeyAndHasNoOutputs() {
        appendKeyed("a:0", "b:0", "a:1", "b:1", "a:2");
        Processor<String, String> failing = event -> {
            if (event.data().equals("a:1")) {
                throw new IllegalStateException("processor failed on purpose");
            }
            return List.of(output(event));
        };
        try (Subscription subscription = process(impatientInputs("s"), failing)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(subscription.status().parked()).isEqualTo(2);
        }
        assertThat(outputs()).containsExactly("<a:0>", "<b:0>", "<b:1>");
        restart();
        try (var parked = processing().consumer(ConsumerConfig.parkedBy("s").build(), TEXT)) {
            assertThat(texts(drain(parked))).containsExactly("a:1", "a:2");
        }
        appendKeyed("a:3");
        try (Subscription subscription = process(impatientInputs("s"), failing)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(outputs()).containsExactly("<a:0>", "<b:0>", "<b:1>", "<a:3>");
    }

    /** It may be of some other log: nothing is known that would make room. */
    @Test
    void processorThatFindsNoRoomOfItsOwnFailsAsAnyOther() {
        appendKeyed("a:0", "b:0", "a:1");
        Processor<String, String> failing = event -> {
            if (event.data().equals("b:0")) {
                throw new StorageFullException("processor failed on purpose", null);
            }
            return List.of(output(event));
        };
        try (Subscription subscription = process(impatientInputs("s"), failing)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(subscription.status().parked()).isEqualTo(1);
        }
        assertThat(outputs()).containsExactly("<a:0>", "<a:1>");
    }

    @Test
    void failureMayStopIt() {
        appendNumbers(5);
        try (Subscription subscription = process(impatientInputs("s").stopOnFailure(), throwingAt("3"))) {
            until("failed", () -> subscription.status().state() == State.FAILED);
        }
        assertThat(outputs()).isEqualTo(outputsOf(0, 3));
        try (Subscription subscription = process(impatientInputs("s").stopOnFailure(), ONE)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(outputs()).isEqualTo(outputsOf(0, 5));
    }

    @Test
    void logOfTheOutputsThatIsClosedStopsIt() {
        appendNumbers(1);
        EventLog other = EventLog.inMemory();
        Producer<String> out = other.producer("out", TEXT);
        try (Subscription subscription = processing().process(impatient("s").build(), TEXT, ONE, out)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            other.close();
            append("1");
            until("failed", () -> subscription.status().state() == State.FAILED);
            assertThat(subscription.status().failure()).isInstanceOf(LogClosedException.class);
            assertThat(subscription.status().parked()).isZero();
        }
    }

    @Test
    void ownerThatIsLeftBehindAppendsNothing() throws Exception {
        appendNumbers(1);
        var inProcessor = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var threads = new CopyOnWriteArrayList<Thread>();
        Subscription owner =
                process(inputs("s").closeTimeout(Duration.ZERO).threadFactory(remembering(threads)), event -> {
                    inProcessor.countDown();
                    awaitUninterruptibly(goOn);
                    return List.of(output(event));
                });
        inProcessor.await();
        try (Subscription standby = process(inputs("s").standby(), ONE)) {
            owner.close();
            assertThat(standby.awaitCaughtUp(LONG)).isTrue();
            goOn.countDown();
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(outputs()).isEqualTo(outputsOf(0, 1));
            append("1");
            assertThat(standby.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(outputs()).isEqualTo(outputsOf(0, 2));
    }

    private static ThreadFactory remembering(List<Thread> threads) {
        return body -> {
            var made = new Thread(body, "owner");
            threads.add(made);
            return made;
        };
    }

    @Test
    void outputsThatWereAppendedAmidABatchDoNotComeAgain() throws Exception {
        appendNumbers(12);
        String large = "x".repeat(60_000);
        Processor<String, String> processor = event -> List.of(NewEvent.of(KEY, event.data() + large));
        var inProcessor = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        // the outputs before it are too many to wait for the end of the batch
        Subscription owner = process(inputs("s").closeTimeout(Duration.ZERO), event -> {
            if (event.data().equals("11")) {
                inProcessor.countDown();
                awaitUninterruptibly(goOn);
            }
            return processor.process(event);
        });
        inProcessor.await();
        assertThat(outputs()).isNotEmpty();
        owner.close();
        try (Subscription next = process(inputs("s"), processor)) {
            assertThat(next.awaitCaughtUp(LONG)).isTrue();
        }
        goOn.countDown();
        assertThat(outputs().stream().map(text -> text.replace("x", ""))).isEqualTo(numbers(0, 12));
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        while (true) {
            try {
                latch.await();
                return;
            } catch (InterruptedException keepsOn) {
                // a processor that does not listen
            }
        }
    }

    @Test
    void standbyGoesOnWhereTheOwnerEnded() {
        Subscription owner = process(inputs("s"), ONE);
        try (Subscription standby = process(inputs("s").standby(), ONE)) {
            append(numbers(0, 50).toArray(String[]::new));
            until("some are processed", () -> !outputs().isEmpty());
            owner.close();
            append(numbers(50, 100).toArray(String[]::new));
            assertThat(standby.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(outputs()).isEqualTo(outputsOf(0, 100));
    }

    @Test
    void queryThatEndsEndsIt() {
        appendNumbers(3);
        try (Subscription subscription = process(inputs("s").stopAtEnd(), ONE)) {
            until("done", () -> subscription.status().state() == State.DONE);
        }
        assertThat(outputs()).isEqualTo(outputsOf(0, 3));
    }

    @Test
    void outputsOfManyEventsAreBatched() {
        appendNumbers(1_000);
        try (Subscription subscription = process(inputs("s"), ONE)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(outputs()).isEqualTo(outputsOf(0, 1_000));
        List<Event<String>> all = read(EventQuery.all());
        assertThat(all).hasSize(2_000);
    }

    @Test
    void subscriptionsThatMakeNoSenseAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> process(inputs("s").parallel(2), ONE))
                .withMessageContaining("parallel");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> process(inputs("s").shared(LONG), ONE))
                .withMessageContaining("shared");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> process(ConsumerConfig.unnamed(), ONE))
                .withMessageContaining("name");
        assertThatIllegalArgumentException().isThrownBy(() -> process(ConsumerConfig.parkedBy("s"), ONE));
        assertThat(log.consumers()).isEmpty();
    }
}
