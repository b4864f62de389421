package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.EventQuery;
import dev.eventlog.Subscription;
import dev.eventlog.error.LockedException;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The members of a shared consumer: how they come, go, pause and end, and what they must agree in. */
abstract class SharedMembersContract extends SharedContract {

    @Test
    void theConsumerClosesWithItsLastMember() throws Exception {
        ifShared(() -> {
            append("a");
            Subscription one = subscribe(shared(), event -> {});
            Subscription two = subscribe(shared(), event -> {});
            catchUp(one);
            one.close();
            assertThatExceptionOfType(LockedException.class).isThrownBy(() -> consumer("s"));
            append("b");
            catchUp(two);
            two.close();
            assertThat(log.consumers().get(0).state()).isEqualTo(State.CLOSED);
            assertThat(log.consumers().get(0).checkpoint()).isEqualTo(2);
            try (Consumer<String> consumer = consumer("s")) {
                assertThat(consumer.poll(NOW)).isEmpty();
                assertThatExceptionOfType(LockedException.class).isThrownBy(() -> subscribe(shared(), event -> {}));
            }
        });
    }

    @Test
    void aConsumerMayBecomeSharedAndBack() throws Exception {
        ifShared(() -> {
            var handler = new Recording();
            append("a");
            try (Subscription alone = subscribe(impatient("s"), handler)) {
                catchUp(alone);
            }
            append("b", "c");
            try (Subscription one = subscribe(shared(), handler);
                    Subscription two = subscribe(shared(), handler)) {
                catchUp(one);
                catchUp(two);
            }
            restart();
            append("d");
            try (Subscription alone = subscribe(impatient("s"), handler)) {
                catchUp(alone);
            }
            assertThat(handler.handled).containsExactlyInAnyOrder("a", "b", "c", "d");
        });
    }

    @Test
    void membersComeAndGoWhileEventsAreHandled() throws Exception {
        ifShared(() -> {
            int count = 400;
            var times = new ConcurrentHashMap<String, AtomicInteger>();
            EventHandler<String> handler = event -> times.computeIfAbsent(event.data(), unused -> new AtomicInteger())
                    .incrementAndGet();
            Running<Boolean> appending = start(() -> appendOthers(count));
            Subscription staying = subscribe(shared(), handler);
            for (int i = 0; i < 40; i++) {
                subscribe(shared(), handler).close();
            }
            appending.join();
            catchUp(staying);
            staying.close();
            assertThat(times.keySet()).containsExactlyInAnyOrderElementsOf(numbers(0, count));
            assertThat(times.values()).allSatisfy(each -> assertThat(each.get()).isEqualTo(1));
        });
    }

    @Test
    void aPausedMemberGetsNothingAndOthersDo() throws Exception {
        ifShared(() -> {
            var paused = new Recording();
            var going = new Recording();
            try (Subscription one = subscribe(shared(), paused);
                    Subscription two = subscribe(shared(), going)) {
                one.pause();
                assertThat(state(one)).isEqualTo(State.PAUSED);
                appendOthers(5);
                catchUp(two);
                assertThat(paused.seen).isEmpty();
                two.pause();
                append("x");
                assertThat(two.awaitCaughtUp(SHORT)).isFalse();
                one.resume();
                catchUp(two);
            }
            assertThat(paused.handled).containsExactly("x");
            assertThat(going.handled).hasSize(5);
        });
    }

    @Test
    void onBatchEndIsCalledBehindEachEventBeforeItIsDone() throws Exception {
        ifShared(() -> {
            append("a", "b");
            var handler = new Recording();
            handler.throwAtEnd = true;
            try (Subscription one = subscribe(shared(), handler)) {
                catchUp(one);
                assertThat(one.status().parked()).isEqualTo(2);
            }
            assertThat(handler.batches).hasSize(6).containsOnly(1);
        });
    }

    @Test
    void membersEndAtABoundTogether() throws Exception {
        ifShared(() -> {
            appendOthers(5);
            var handler = new Recording();
            // both wait for the first event of the other, so that neither comes when all is over
            var both = new CyclicBarrier(2);
            EventHandler<String> meeting = new EventHandler<>() {
                private final AtomicInteger calls = new AtomicInteger();

                @Override
                public void onEvent(Event<String> event) throws Exception {
                    if (calls.getAndIncrement() < 2) {
                        both.await();
                    }
                    handler.onEvent(event);
                }
            };
            try (Subscription one = subscribe(shared().stopAtEnd(), meeting);
                    Subscription two = subscribe(shared().stopAtEnd(), meeting)) {
                catchUp(one);
                catchUp(two);
                assertThat(state(one)).isEqualTo(State.DONE);
                assertThat(state(two)).isEqualTo(State.DONE);
            }
            assertThat(handler.handled).hasSize(5);
        });
    }

    @Test
    void aHandlerMayCloseItsMemberAndItsLog() throws Exception {
        ifShared(() -> {
            append("a");
            var self = new AtomicReference<@Nullable Subscription>();
            var begin = new CountDownLatch(1);
            Subscription one = subscribe(shared(), event -> {
                begin.await();
                Subscription own = self.get();
                if (own != null) {
                    own.close();
                }
            });
            self.set(one);
            begin.countDown();
            until("closed", () -> state(one) == State.CLOSED);
            assertThat(one.status().checkpoint())
                    .as("what was handled is committed")
                    .isEqualTo(1);
            append("b");
            var logClosed = new CountDownLatch(1);
            subscribe(shared(), event -> {
                log.close();
                logClosed.countDown();
            });
            logClosed.await();
        });
    }

    @Test
    void aHandlerMayNotWaitForItsOwnConsumer() throws Exception {
        ifShared(() -> {
            var other = subscribe(shared(), event -> {});
            other.pause();
            var refused = new AtomicReference<@Nullable Throwable>();
            try (Subscription one = subscribe(shared(), event -> {
                try {
                    boolean unused = other.awaitCaughtUp(LONG);
                } catch (IllegalStateException e) {
                    refused.set(e);
                }
            })) {
                append("a");
                catchUp(one);
            }
            other.close();
            assertThat(refused.get()).hasMessageContaining("its own consumer");
        });
    }

    @Test
    void membersMustAgree() throws Exception {
        ifShared(() -> {
            try (Subscription one = subscribe(shared(), event -> {})) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> subscribe(shared(Duration.ofSeconds(1)), event -> {}))
                        .withMessageContaining("visibility")
                        .withMessageContaining("name=s");
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> subscribe(shared().attempts(9, NEVER), event -> {}))
                        .withMessageContaining("attempts is 3 there and 9 here")
                        .withMessageContaining("backOff");
                assertThatIllegalArgumentException()
                        .isThrownBy(
                                () -> subscribe(shared().query(EventQuery.all().keys("a")), event -> {}))
                        .withMessageContaining("query");
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> subscribe(shared().required(), event -> {}))
                        .withMessageContaining("required is false there and true here");
                assertThat(state(one)).isEqualTo(State.OPEN);
            }
            subscribe(shared(Duration.ofSeconds(1)), event -> {}).close();
        });
    }

    @Test
    void whatDoesNotGoTogetherIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> shared(NOW).build())
                .withMessageContaining("visibility=PT0S");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConsumerConfig.unnamed().shared(NEVER).build())
                .withMessageContaining("unnamed");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> shared().parallel(2).build())
                .withMessageContaining("parallel");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> shared().standby().build())
                .withMessageContaining("standby");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConsumerConfig.parkedBy("s").shared(NEVER).build())
                .withMessageContaining("parkedBy");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> log.consumer(shared().build(), TEXT))
                .withMessageContaining("shared");
        assertThat(shared().build().isShared()).isTrue();
        assertThat(shared().build().toBuilder().build().visibility()).isEqualTo(NEVER);
        assertThat(impatient("s").build().isShared()).isFalse();
    }

    @Test
    void membersHaveThreadsOfTheirOwn() throws Exception {
        ifShared(() -> {
            appendOthers(2);
            var names = ConcurrentHashMap.<String>newKeySet();
            var both = new CyclicBarrier(2);
            EventHandler<String> handler = event -> {
                names.add(Thread.currentThread().getName());
                both.await();
            };
            try (Subscription one = subscribe(shared(), handler);
                    Subscription two = subscribe(shared(), handler)) {
                catchUp(one);
                catchUp(two);
            }
            assertThat(names).containsExactlyInAnyOrder("eventlog-s-1", "eventlog-s-2");
        });
    }
}
