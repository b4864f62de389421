package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Capability;
import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.EventHandler;
import dev.eventlog.Subscription;
import dev.eventlog.error.DecodeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Subscriptions that share the events of one name: who gets what, how often, and what a restart brings again. */
abstract class SharedContract extends StandbyContract {

    /** Longer than a test. */
    static final Duration NEVER = Duration.ofDays(1);

    static ConsumerConfig.Builder shared() {
        return shared(NEVER);
    }

    static ConsumerConfig.Builder shared(Duration visibility) {
        return impatient("s").shared(visibility);
    }

    /** Does nothing if the log cannot share; that it says so is a test of its own. */
    final void ifShared(Action test) throws Exception {
        if (has(Capability.SHARED)) {
            test.run();
        }
    }

    final void appendOthers(int count) {
        for (int i = 0; i < count; i++) {
            producer().append("k" + i, Integer.toString(i));
        }
    }

    static void catchUp(Subscription subscription) {
        assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
    }

    static State state(Subscription subscription) {
        return subscription.status().state();
    }

    /** Waits for a permit, whatever interrupts. */
    private static void acquire(Semaphore permits) {
        permits.acquireUninterruptibly();
    }

    @Test
    void aLogThatCannotShareRefusesIt() throws Exception {
        if (!has(Capability.SHARED)) {
            assertThatThrownBy(() -> subscribe(shared(), event -> {}))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("SHARED");
        }
    }

    @Test
    void membersRunAtTheSameTimeAndEachEventGoesToOne() throws Exception {
        ifShared(() -> {
            appendOthers(30);
            var handled = new CopyOnWriteArrayList<String>();
            var all = new CyclicBarrier(3);
            EventHandler<String> handler = event -> {
                all.await();
                handled.add(event.data());
            };
            try (Subscription one = subscribe(shared(), handler);
                    Subscription two = subscribe(shared(), handler);
                    Subscription three = subscribe(shared(), handler)) {
                catchUp(one);
                catchUp(two);
                assertThat(three.status().lag()).isZero();
                assertThat(log.consumers()).hasSize(1);
                assertThat(log.consumers().get(0).state()).isEqualTo(State.OPEN);
                assertThat(log.consumers().get(0).owner()).isNotNull();
            }
            assertThat(handled).containsExactlyInAnyOrderElementsOf(numbers(0, 30));
        });
    }

    @Test
    void eventsOfOneKeyGoToDifferentMembers() throws Exception {
        ifShared(() -> {
            append("a", "b");
            var both = new CyclicBarrier(2);
            try (Subscription one = subscribe(shared(), event -> both.await());
                    Subscription two = subscribe(shared(), event -> both.await())) {
                catchUp(one);
                assertThat(state(two)).isEqualTo(State.OPEN);
            }
        });
    }

    @Test
    void membersThatWaitAreServedInTurn() throws Exception {
        ifShared(() -> {
            var takers = new CopyOnWriteArrayList<Integer>();
            var members = new ArrayList<Subscription>();
            for (int i = 0; i < 3; i++) {
                int number = i;
                members.add(subscribe(shared(), event -> takers.add(number)));
            }
            until("each took one", () -> {
                long position = append("next").get(0);
                assertThat(members.get(0).awaitPosition(position, LONG)).isTrue();
                return Set.copyOf(takers).size() == 3;
            });
            members.forEach(Subscription::close);
        });
    }

    @Test
    void anEventThatFailedComesAgainToAnyMemberWithItsNumber() throws Exception {
        ifShared(() -> {
            appendOthers(6);
            var handler = new Recording();
            handler.throwAt = "2";
            handler.throwUntilAttempt = 3;
            try (Subscription one = subscribe(shared(), handler);
                    Subscription two = subscribe(shared(), handler)) {
                catchUp(one);
                assertThat(two.status().parked()).isZero();
            }
            assertThat(handler.seen).containsSubsequence("2#1", "2#2", "2#3");
            assertThat(handler.seen).hasSize(8);
            assertThat(handler.handled).containsExactlyInAnyOrderElementsOf(numbers(0, 6));
        });
    }

    @Test
    void anEventThatWaitsForItsNextAttemptHoldsUpNoOther() throws Exception {
        ifShared(() -> {
            append("a", "b", "c");
            var handler = new Recording();
            handler.throwAt = "a";
            Subscription one = subscribe(shared().attempts(2, NEVER), handler);
            until("others handled", () -> handler.handled.containsAll(List.of("b", "c")));
            assertThat(one.status().checkpoint())
                    .as("stands before what is not done")
                    .isZero();
            one.close();
            restart();
            var next = new Recording();
            try (Subscription again = subscribe(shared(), next)) {
                catchUp(again);
            }
            assertThat(next.seen).as("only what was not done comes again").containsExactly("a#1");
        });
    }

    @Test
    void anEventWhoseAttemptsRanOutIsParkedByItself() throws Exception {
        ifShared(() -> {
            append("a", "b", "c");
            var handler = new Recording();
            handler.throwAt = "b";
            try (Subscription one = subscribe(shared(), handler);
                    Subscription two = subscribe(shared(), handler)) {
                catchUp(one);
                assertThat(two.status().parked()).isEqualTo(1);
            }
            assertThat(handler.handled).containsExactlyInAnyOrder("a", "c");
            assertThat(handler.seen).contains("b#1", "b#2", "b#3").hasSize(5);
            try (Consumer<String> parked = parkedBy("s")) {
                assertThat(texts(parked.poll(NOW))).containsExactly("b");
            }
        });
    }

    @Test
    void stopOnFailureStopsAllMembers() throws Exception {
        ifShared(() -> {
            append("a", "b");
            var handler = new Recording();
            handler.throwAt = "b";
            Subscription one = subscribe(shared().stopOnFailure(), handler);
            Subscription two = subscribe(shared().stopOnFailure(), handler);
            until("failed", () -> state(one) == State.FAILED && state(two) == State.FAILED);
            assertThat(one.status().failure()).hasMessageContaining("on purpose");
            assertThat(two.status().checkpoint()).isLessThanOrEqualTo(1);
            assertThatIllegalStateException().isThrownBy(() -> two.awaitCaughtUp(LONG));
            one.close();
            two.close();
            var next = new Recording();
            try (Subscription again = subscribe(shared(), next)) {
                catchUp(again);
            }
            assertThat(next.handled).contains("b");
        });
    }

    @Test
    void aMemberThatClosesLeavesTheRestToOthers() throws Exception {
        ifShared(() -> {
            appendOthers(4);
            var gate = new Semaphore(0);
            var began = new Semaphore(0);
            var first = new CopyOnWriteArrayList<String>();
            Subscription leaving = subscribe(shared(), event -> {
                began.release();
                acquire(gate);
                first.add(event.data());
            });
            acquire(began);
            Running<Boolean> closing = start(leaving::close);
            var second = new Recording();
            try (Subscription other = subscribe(shared(), second)) {
                until("others handled", () -> second.handled.size() == 3);
                assertThat(closing.endsWithin(SHORT))
                        .as("waits for its handler")
                        .isFalse();
                assertThat(other.status().lag()).isPositive();
                gate.release();
                closing.join();
                assertThat(state(leaving)).isEqualTo(State.CLOSED);
                catchUp(other);
            }
            assertThat(first).containsExactly("0");
            assertThat(second.handled).containsExactlyInAnyOrder("1", "2", "3");
        });
    }

    @Test
    void theEventOfAMemberThatWasClosedWithoutAnAnswerComesAgain() throws Exception {
        ifShared(() -> {
            append("a");
            var gate = new Semaphore(0);
            var began = new Semaphore(0);
            var left = new CountDownLatch(1);
            Duration soon = Duration.ofMillis(5);
            Subscription stuck = subscribe(shared(soon).closeTimeout(NOW), event -> {
                began.release();
                acquire(gate);
                left.countDown();
            });
            acquire(began);
            var handler = new Recording();
            try (Subscription other = subscribe(shared(soon), handler)) {
                assertThat(other.awaitCaughtUp(SHORT))
                        .as("a handler keeps its event beyond visibility, as long as its thread lives")
                        .isFalse();
                stuck.close();
                assertThat(state(stuck)).isEqualTo(State.CLOSED);
                catchUp(other);
                assertThat(handler.seen).containsExactly("a#2");
                gate.release();
                left.await();
                assertThat(other.status().checkpoint()).isEqualTo(1);
            }
        });
    }

    @Test
    void aHandlerThatWasLeftMayStillReturnUntilVisibilityHasPassed() throws Exception {
        ifShared(() -> {
            append("a");
            var gate = new Semaphore(0);
            var began = new Semaphore(0);
            Subscription stuck = subscribe(shared().closeTimeout(NOW), event -> {
                began.release();
                acquire(gate);
            });
            acquire(began);
            var handler = new Recording();
            try (Subscription other = subscribe(shared(), handler)) {
                stuck.close();
                assertThat(other.awaitCaughtUp(SHORT)).isFalse();
                gate.release();
                catchUp(other);
            }
            assertThat(handler.seen).isEmpty();
        });
    }

    @Test
    void aHandlerThatThrowsAsItIsLeftGivesItsEventToAnother() throws Exception {
        ifShared(() -> {
            append("a");
            var began = new Semaphore(0);
            Subscription stuck = subscribe(shared().closeTimeout(NOW), event -> {
                began.release();
                new CountDownLatch(1).await();
            });
            acquire(began);
            var handler = new Recording();
            try (Subscription other = subscribe(shared(), handler)) {
                stuck.close();
                catchUp(other);
            }
            assertThat(handler.seen).as("the interrupt is no attempt").containsExactly("a#1");
        });
    }

    @Test
    void aMemberWhoseThreadDiesGivesItsEventToAnother() throws Exception {
        ifShared(() -> {
            append("a");
            Subscription dying = subscribe(
                    shared().onFailure((event, failure) -> {
                        throw new AssertionError("thread dies on purpose");
                    }),
                    event -> {
                        throw new IllegalStateException("handler failed on purpose");
                    });
            until("failed", () -> state(dying) == State.FAILED);
            assertThat(dying.status().failure()).hasMessageContaining("thread dies on purpose");
            var next = new Recording();
            try (Subscription other = subscribe(shared(), next)) {
                catchUp(other);
            }
            assertThat(next.handled).containsExactly("a");
        });
    }

    @Test
    void aDeadMembersEventCountsAsTried() throws Exception {
        ifShared(() -> {
            var handler = new Recording();
            var both = new CyclicBarrier(2);
            var isFirst = new AtomicInteger();
            EventHandler<String> patient = event -> {
                if (isFirst.getAndIncrement() == 0) {
                    both.await();
                }
                handler.onEvent(event);
            };
            // busy with an event of its own until the other one is about to die
            append("a");
            try (Subscription living = subscribe(shared(), patient)) {
                until("begun", () -> isFirst.get() == 1);
                Subscription dying = subscribe(
                        shared().onFailure((event, failure) -> {
                            throw new AssertionError("thread dies on purpose");
                        }),
                        event -> {
                            both.await();
                            throw new IllegalStateException("handler failed on purpose");
                        });
                append("b");
                catchUp(living);
                until("failed", () -> state(dying) == State.FAILED);
                assertThat(dying.status().failure()).isInstanceOf(AssertionError.class);
            }
            assertThat(handler.seen).containsExactly("a#1", "b#2");
        });
    }

    @Test
    void aMemberWhoseCodecDoesNotTakeAnEventFailsAlone() throws Exception {
        ifShared(() -> {
            append("a");
            // the first member has no other to leave the event to until it has failed
            Subscription wrong = log.subscribe(shared().build(), Codec.records(Foreign.class), event -> {});
            until("failed", () -> state(wrong) == State.FAILED);
            assertThat(wrong.status().failure()).isInstanceOf(DecodeException.class);
            var handler = new Recording();
            var isBusy = new Semaphore(0);
            try (Subscription right = subscribe(shared(), event -> {
                acquire(isBusy);
                handler.onEvent(event);
            })) {
                append("b");
                Subscription wrongToo = log.subscribe(shared().build(), Codec.records(Foreign.class), event -> {});
                // one of the two events is the right one's, which is busy; the other is this one's
                until("failed", () -> state(wrongToo) == State.FAILED);
                assertThat(state(right)).isEqualTo(State.OPEN);
                isBusy.release(2);
                catchUp(right);
            }
            assertThat(handler.seen).as("no attempt was made").containsExactlyInAnyOrder("a#1", "b#1");
        });
    }

    /** A type that no test appends. */
    record Foreign(int number) {}
}
