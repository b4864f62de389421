package dev.eventlog.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.EventHandler;
import dev.eventlog.EventLog;
import dev.eventlog.IdleStrategy;
import dev.eventlog.Subscription;
import dev.eventlog.internal.support.Seed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Members of a shared consumer: what the api cannot show, and many of them at a time. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SharedMembersTest {

    private static final Duration LONG = Duration.ofMinutes(2);
    private static final Duration NEVER = Duration.ofDays(1);
    private static final Codec<String> TEXT = Codec.utf8();

    private final Seed seed = Seed.of(SharedMembersTest.class);
    private final EventLog log = EventLog.inMemory();

    @AfterEach
    void closeLog() {
        log.close();
    }

    private static ConsumerConfig.Builder shared(Duration visibility) {
        return ConsumerConfig.named("s").attempts(3, Duration.ofNanos(1)).shared(visibility);
    }

    private Subscription subscribe(ConsumerConfig.Builder config, EventHandler<String> handler) {
        return log.subscribe(config.build(), TEXT, handler);
    }

    private void append(int count) {
        var producer = log.producer("test", TEXT);
        for (int i = 0; i < count; i++) {
            producer.append(Integer.toString(i));
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // yielding is waiting without a sleep
    private static void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).isNegative();
            Thread.yield();
        }
    }

    /** A null where the types forbid it. */
    @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // wrong on purpose: a test of what happens then
    private static <T> T missing() {
        return null;
    }

    private static Thread deadThread() throws InterruptedException {
        var dead = new Thread(() -> {});
        dead.start();
        dead.join();
        return dead;
    }

    @Test
    void whoParksAnEventThatOthersDiedOfTellsNoFailureOfItsOwn() {
        var producer = log.producer("test", TEXT);
        var isHeld = new Semaphore(0);
        var goOn = new Semaphore(0);
        try (Subscription parking = subscribe(shared(NEVER), event -> {
            if (event.data().equals("hold")) {
                isHeld.release();
                goOn.acquireUninterruptibly();
            } else if (event.attempt() == 1) {
                throw new IllegalStateException("handler failed on purpose");
            }
        })) {
            // done before another member may take its second attempt
            assertThat(parking.awaitPosition(producer.append("twice"), LONG)).isTrue();
            producer.append("hold");
            isHeld.acquireUninterruptibly();
            producer.append("victim");
            var dying = new ArrayList<Subscription>();
            for (int i = 0; i < 3; i++) {
                Subscription next = subscribe(
                        shared(NEVER).onFailure((event, failure) -> {
                            throw new AssertionError("thread dies on purpose");
                        }),
                        event -> {
                            throw new IllegalStateException("failed of what it died of");
                        });
                until(() -> next.status().state() == State.FAILED);
                dying.add(next);
            }
            goOn.release();
            assertThat(parking.awaitCaughtUp(LONG)).isTrue();
            dying.forEach(Subscription::close);
        }
        try (var parked = log.consumer(ConsumerConfig.parkedBy("s").build(), TEXT)) {
            assertThat(parked.poll(Duration.ZERO)).singleElement().satisfies(event -> {
                assertThat(event.data()).isEqualTo("victim");
                assertThat(event.attempt()).isEqualTo(3);
                assertThat(event.failure()).isNull();
            });
        }
    }

    @Test
    void theEventOfAThreadThatEndedWithoutAWordGoesToAnother() throws Exception {
        append(1);
        var began = new Semaphore(0);
        var goOn = new Semaphore(0);
        var late = new Semaphore(0);
        Subscription first = subscribe(shared(NEVER), event -> {
            began.release();
            goOn.acquireUninterruptibly();
            late.release();
        });
        began.acquire();
        var attempts = new CopyOnWriteArrayList<Integer>();
        try (Subscription second = subscribe(shared(NEVER), event -> attempts.add(event.attempt()))) {
            ((MemberSubscription<?>) first).runsOn(deadThread());
            assertThat(second.awaitCaughtUp(LONG)).isTrue();
            assertThat(first.status().state()).isEqualTo(State.FAILED);
            assertThat(first.status().failure()).hasMessageContaining("thread of a member ended");
            assertThat(attempts).containsExactly(2);
            goOn.release();
            late.acquire();
            assertThat(second.status().checkpoint()).isEqualTo(1);
        }
        first.close();
    }

    @Test
    void anEventThatNobodyAnsweredStopsAConsumerThatDoesNotPark() throws Exception {
        append(1);
        var began = new Semaphore(0);
        var goOn = new Semaphore(0);
        Duration soon = Duration.ofMillis(2);
        Subscription first =
                subscribe(shared(soon).attempts(1, NEVER).stopOnFailure().closeTimeout(Duration.ZERO), event -> {
                    began.release();
                    goOn.acquireUninterruptibly();
                });
        began.acquire();
        Subscription second = subscribe(shared(soon).attempts(1, NEVER).stopOnFailure(), event -> {});
        first.close();
        until(() -> second.status().state() == State.FAILED);
        assertThat(second.status().failure()).hasMessageContaining("without an answer");
        assertThat(second.status().checkpoint()).isZero();
        goOn.release();
        second.close();
    }

    @Test
    void whatTheLastMemberLeftComesAgainAtTheNextOpening() throws Exception {
        append(2);
        var began = new Semaphore(0);
        var goOn = new Semaphore(0);
        Subscription stuck = subscribe(shared(NEVER).closeTimeout(Duration.ZERO), event -> {
            if (event.position() == 0) {
                began.release();
                goOn.acquireUninterruptibly();
            }
        });
        began.acquire();
        var done = new Semaphore(0);
        Subscription other = subscribe(shared(NEVER), event -> done.release());
        done.acquire();
        other.close();
        stuck.close();
        assertThat(stuck.status().state()).isEqualTo(State.CLOSED);
        log.consumer("s", TEXT).close();
        var again = new CopyOnWriteArrayList<Long>();
        try (Subscription next = subscribe(shared(NEVER), event -> again.add(event.position()))) {
            assertThat(next.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(again).as("the other one's event was committed").containsExactly(0L);
        goOn.release();
    }

    @Test
    void aReaderThatSleepsIsWokenByEventsAndByTheLastClose() {
        var config = shared(NEVER).idle(IdleStrategy.blocking());
        Subscription first = subscribe(config, event -> {});
        Subscription second = subscribe(config, event -> {});
        for (int i = 1; i <= 20; i++) {
            append(1);
            assertThat(first.awaitPosition(i - 1, LONG)).isTrue();
        }
        first.close();
        append(1);
        assertThat(second.awaitCaughtUp(LONG)).isTrue();
        second.close();
        assertThat(second.status().state()).isEqualTo(State.CLOSED);
    }

    @Test
    void aThreadThatCannotBeHadLeavesNothingBehind() {
        append(1);
        assertThatExceptionOfType(NullPointerException.class)
                .isThrownBy(() -> subscribe(shared(NEVER).threadFactory(work -> missing()), event -> {}));
        assertThatExceptionOfType(IllegalThreadStateException.class)
                .isThrownBy(() -> subscribe(
                        shared(NEVER).threadFactory(work -> {
                            var started = new Thread(() -> {});
                            started.start();
                            return started;
                        }),
                        event -> {}));
        var handled = new AtomicInteger();
        try (Subscription next = subscribe(shared(NEVER), event -> handled.incrementAndGet())) {
            assertThat(next.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handled).hasValue(1);
    }

    @Test
    void openingAndClosingAtTheSameTimeRepeatsAndLosesNothing() throws Exception {
        int count = 3_000;
        var random = seed.random();
        Map<String, AtomicInteger> times = new ConcurrentHashMap<>();
        EventHandler<String> handler = event -> times.computeIfAbsent(event.data(), unused -> new AtomicInteger())
                .incrementAndGet();
        var churning = new ArrayList<FutureTask<Void>>();
        for (int i = 0; i < 4; i++) {
            var choices = random.split();
            var task = new FutureTask<Void>(() -> {
                for (int round = 0; round < 60; round++) {
                    try (Subscription member = subscribe(shared(NEVER), handler)) {
                        if (choices.nextInt(3) == 0) {
                            member.pause();
                        }
                        if (choices.nextInt(3) == 0) {
                            boolean unused = member.awaitCaughtUp(Duration.ofMillis(choices.nextInt(3)));
                        }
                    }
                }
                return null;
            });
            churning.add(task);
            new Thread(task, "churning").start();
        }
        append(count);
        for (FutureTask<Void> task : churning) {
            task.get(LONG.toSeconds(), TimeUnit.SECONDS);
        }
        try (Subscription last = subscribe(shared(NEVER), handler)) {
            assertThat(last.awaitCaughtUp(LONG)).as("%s", seed).isTrue();
        }
        List<String> repeated = times.entrySet().stream()
                .filter(each -> each.getValue().get() != 1)
                .map(Map.Entry::getKey)
                .toList();
        assertThat(repeated).as("%s", seed).isEmpty();
        assertThat(times).as("%s", seed).hasSize(count);
        assertThat(log.consumers().get(0).state()).isEqualTo(State.CLOSED);
    }
}
