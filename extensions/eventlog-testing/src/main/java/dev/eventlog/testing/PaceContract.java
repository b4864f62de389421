package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Subscription;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** {@link ConsumerConfig.Builder#pace}: replay in the time of the log's clock, which here stands until it is moved. */
abstract class PaceContract extends ConsumerOptionsContract {

    private static final Instant NINE = Instant.parse("2026-01-05T09:00:00Z");
    private static final Duration MINUTE = Duration.ofMinutes(1);

    /** Appends an event that happened so long after nine. */
    private long appendAt(Duration afterNine, String key, String text) {
        return producer().append(NewEvent.of(key, text).withTime(NINE.plus(afterNine)));
    }

    private long appendAt(Duration afterNine, String text) {
        return appendAt(afterNine, KEY, text);
    }

    private static ConsumerConfig.Builder paced(double times) {
        return impatient("s").pace(times);
    }

    /** Waits until so many events are handled, and checks that it stays at that for all that the clock allows. */
    private static void untilHandled(Recording handler, int count) {
        until(count + " events are handled", () -> handler.handled.size() >= count);
        assertThat(handler.handled).hasSize(count);
    }

    @Test
    void eventsComeAsFarApartAsTheyHappened() {
        appendAt(Duration.ZERO, "0");
        appendAt(MINUTE, "1");
        appendAt(MINUTE.multipliedBy(3), "2");
        var handler = new Recording();
        try (Subscription subscription = subscribe(paced(1), handler)) {
            untilHandled(handler, 1);
            clock.advance(MINUTE.minusNanos(1));
            assertThat(subscription.awaitPosition(1, SHORT)).isFalse();
            assertThat(handler.handled).containsExactly("0");
            clock.advance(Duration.ofNanos(1));
            untilHandled(handler, 2);
            clock.advance(MINUTE.multipliedBy(2).minusNanos(1));
            assertThat(subscription.awaitCaughtUp(SHORT)).isFalse();
            assertThat(handler.handled).containsExactly("0", "1");
            clock.advance(Duration.ofNanos(1));
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(handler.handled).containsExactly("0", "1", "2");
        }
    }

    @Test
    void aPaceOfTenTakesATenthOfTheTime() {
        appendAt(Duration.ZERO, "0");
        appendAt(MINUTE, "1");
        var handler = new Recording();
        try (Subscription subscription = subscribe(paced(10), handler)) {
            untilHandled(handler, 1);
            clock.advance(Duration.ofSeconds(6).minusNanos(1));
            assertThat(subscription.awaitCaughtUp(SHORT)).isFalse();
            clock.advance(Duration.ofNanos(1));
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
    }

    @Test
    void whatIsLateComesAtOnce() {
        appendAt(MINUTE, "0");
        appendAt(Duration.ZERO, "happened before");
        appendAt(MINUTE.multipliedBy(2), "2");
        appendAt(MINUTE.plusSeconds(30), "3");
        appendAt(MINUTE.multipliedBy(3), "4");
        var handler = new Recording();
        try (Subscription subscription = subscribe(paced(1), handler)) {
            untilHandled(handler, 2);
            clock.advance(MINUTE);
            untilHandled(handler, 4);
            clock.advance(MINUTE);
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).containsExactly("0", "happened before", "2", "3", "4");
    }

    @Test
    void whatWasHandledIsFlushedAndCommittedBeforeAWait() {
        appendAt(Duration.ZERO, "0");
        long left = appendAt(Duration.ZERO, "left out", "1");
        appendAt(Duration.ofDays(36_500), "2");
        var handler = new Recording();
        try (Subscription subscription =
                subscribe(paced(1).query(EventQuery.all().keys(KEY)), handler)) {
            assertThat(subscription.awaitPosition(left, LONG)).isTrue();
            assertThat(handler.batches).containsExactly(1);
            assertThat(subscription.status().lag()).isEqualTo(1);
        }
        // closed in the midst of the wait: the event comes again
        try (Subscription subscription = subscribe(impatient("s"), handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).containsExactly("0", "2");
    }

    @Test
    void aSubscriptionThatHasReachedTheEndIsLive() {
        appendAt(Duration.ZERO, "0");
        var handler = new Recording();
        try (Subscription subscription = subscribe(paced(1), handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            // the end was looked at before this is read
            until("live", () -> {
                int count = handler.handled.size();
                long position = appendAt(Duration.ZERO, "at once");
                assertThat(subscription.awaitPosition(position, LONG)).isTrue();
                return count > 2;
            });
            long position = appendAt(Duration.ofDays(1), "live");
            assertThat(subscription.awaitPosition(position, LONG)).isTrue();
            assertThat(handler.handled).endsWith("live");
        }
    }

    @Test
    void whatIsAppendedDuringTheReplayFollowsWithoutAGap() {
        for (int i = 0; i < 20; i++) {
            appendAt(MINUTE.multipliedBy(i), Integer.toString(i));
        }
        var handler = new Recording();
        try (Subscription subscription = subscribe(paced(1), handler)) {
            for (int i = 20; i < 40; i++) {
                untilHandled(handler, i - 19);
                appendAt(MINUTE.multipliedBy(i), Integer.toString(i));
                clock.advance(MINUTE);
            }
            clock.advance(MINUTE.multipliedBy(40));
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).isEqualTo(numbers(0, 40));
    }

    @Test
    void theTimeStandsDuringAPause() {
        appendAt(Duration.ZERO, "0");
        appendAt(MINUTE, "1");
        var handler = new Recording();
        try (Subscription subscription = subscribe(paced(1), handler)) {
            untilHandled(handler, 1);
            clock.advance(MINUTE.dividedBy(2));
            subscription.pause();
            clock.advance(Duration.ofDays(1));
            subscription.resume();
            assertThat(subscription.awaitCaughtUp(SHORT)).isFalse();
            assertThat(handler.handled).containsExactly("0");
            clock.advance(MINUTE.dividedBy(2));
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
    }

    @Test
    void aSubscriptionThatIsPausedBeforeItsFirstEventBeginsWithIt() {
        var handler = new Recording();
        try (Subscription subscription =
                subscribe(paced(1).query(EventQuery.all().keys("wanted")), handler)) {
            subscription.pause();
            clock.advance(Duration.ofDays(1));
            append("left out");
            subscription.resume();
            appendAt(Duration.ZERO, "wanted", "0");
            untilHandled(handler, 1);
        }
    }

    @Test
    void aClockThatIsPutBackTakesNothingAway() {
        appendAt(Duration.ZERO, "0");
        appendAt(Duration.ZERO, "other", "as late as the first");
        appendAt(MINUTE, "2");
        appendAt(MINUTE.multipliedBy(2), "3");
        var handler = new Recording();
        try (Subscription subscription = subscribe(paced(1), handler)) {
            untilHandled(handler, 2);
            clock.advance(MINUTE);
            untilHandled(handler, 3);
            clock.advance(Duration.ofDays(-4_000));
            assertThat(subscription.awaitCaughtUp(SHORT))
                    .as("has seen the step")
                    .isFalse();
            // in small steps, for whatever was not seen of the step back counts too
            until("caught up", () -> {
                clock.advance(Duration.ofSeconds(1));
                return handler.handled.size() == 4;
            });
        }
    }

    @Test
    void closeEndsTheWait() {
        appendAt(Duration.ZERO, "0");
        appendAt(Duration.ofDays(1), "1");
        var handler = new Recording();
        Subscription subscription = subscribe(paced(1).closeTimeout(LONG.multipliedBy(2)), handler);
        untilHandled(handler, 1);
        subscription.close();
        assertThat(subscription.status().state()).isEqualTo(State.CLOSED);
        assertThat(handler.handled).containsExactly("0");
    }

    @Test
    void withLanesTheReaderKeepsThePace() {
        for (int i = 0; i < 4; i++) {
            appendAt(Duration.ZERO, "k" + i, Integer.toString(i));
        }
        appendAt(MINUTE, "k0", "later");
        var handler = new Recording();
        try (Subscription subscription = subscribe(paced(1).parallel(3), handler)) {
            assertThat(subscription.awaitPosition(3, LONG))
                    .as("committed before the wait")
                    .isTrue();
            assertThat(handler.handled).containsExactlyInAnyOrder("0", "1", "2", "3");
            clock.advance(MINUTE.minusNanos(1));
            assertThat(subscription.awaitCaughtUp(SHORT)).isFalse();
            assertThat(handler.handled).hasSize(4);
            clock.advance(Duration.ofNanos(1));
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(handler.handled).endsWith("later");
        }
    }

    @Test
    void aPacedReplayEndsWithABoundedQueryAndSaysThatItIsOne() {
        for (int i = -2; i < 6; i++) {
            appendAt(MINUTE.multipliedBy(i), Integer.toString(i));
        }
        var config = ConsumerConfig.unnamed()
                .query(EventQuery.all()
                        .time(NINE, NINE.plus(MINUTE.multipliedBy(2)).plusNanos(1)))
                .stopAtEnd()
                .pace(60);
        var handler = new Recording();
        try (Subscription subscription = subscribe(config, handler)) {
            untilHandled(handler, 1);
            clock.advance(Duration.ofSeconds(1));
            untilHandled(handler, 2);
            clock.advance(Duration.ofSeconds(1));
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            assertThat(subscription.status().state()).isEqualTo(State.DONE);
        }
        assertThat(handler.handled).containsExactly("0", "1", "2");
        assertThat(handler.replays).containsOnly(true);
    }

    @Test
    void timesAtTheEndsOfTimeAreKept() {
        // beyond the years that nanoseconds hold they are taken for the last of those
        producer().append(NewEvent.of(KEY, "0").withTime(Instant.parse("1678-01-01T00:00:00Z")));
        producer().append(NewEvent.of(KEY, "1").withTime(Instant.parse("2261-12-31T00:00:00Z")));
        var handler = new Recording();
        try (Subscription subscription = subscribe(paced(0.001), handler)) {
            untilHandled(handler, 1);
            clock.advance(Duration.ofDays(36_500));
            assertThat(subscription.awaitCaughtUp(SHORT)).isFalse();
        }
        assertThat(handler.handled).containsExactly("0");
    }

    @Test
    void aPaceThatIsNoneIsRefused() {
        for (double times : new double[] {0, -1, Double.NaN, Double.NEGATIVE_INFINITY}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ConsumerConfig.named("s").pace(times).build())
                    .withMessageContaining("pace=" + times);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> log.consumer(ConsumerConfig.named("s").pace(1).build(), TEXT))
                .withMessageContaining("pace");
        appendNumbers(3);
        var handler = new Recording();
        try (Subscription subscription = subscribe(paced(Double.POSITIVE_INFINITY), handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).isEqualTo(numbers(0, 3));
    }
}
