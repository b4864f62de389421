package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventQuery;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.error.PositionExpiredException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Retention: what is pruned, what is not, and what that is to those who have not read it. */
abstract class RetentionContract extends QueryContract {

    static final long SEGMENT = 1 << 20;
    private static final Duration HOUR = Duration.ofHours(1);
    static final String FILLING = "x".repeat(20_000);

    /** Events that were filled in. */
    int appended;

    /** Opens a log that prunes in place of the one that is open; false if the backend has none, which is then asserted. */
    private boolean open(@Nullable Duration retainFor, long retainBytes) {
        if (!prunes()) {
            assertThatThrownBy(() -> openPruning(clock, retainFor, retainBytes))
                    .isInstanceOf(UnsupportedOperationException.class);
            return false;
        }
        log.close();
        log = openPruning(clock, retainFor, retainBytes);
        appended = 0;
        return true;
    }

    /** Appends so many bytes, and a little more. Each event begins with its number. */
    final void fill(long bytes) {
        for (long length = 0; length < bytes; length += FILLING.length()) {
            producer().append(KEY, appended++ + ":" + FILLING);
        }
    }

    final void untilPruned(long position) {
        until("log begins behind " + position, () -> log.firstPosition() > position);
    }

    /** Waits until nothing more is pruned unless something is appended. */
    private void untilPrunedTo(long bytes) {
        until(
                "log takes no more than " + bytes,
                () -> (log.endPosition() - log.firstPosition()) * FILLING.length() <= bytes);
    }

    static int number(Event<String> event) {
        return Integer.parseInt(event.data().substring(0, event.data().indexOf(':')));
    }

    /** Checks what depends on where the log begins; once more if that moved meanwhile. */
    private void checkFrom(LongConsumer check) {
        while (true) {
            long first = log.firstPosition();
            try {
                check.accept(first);
                return;
            } catch (AssertionError | PositionExpiredException e) {
                if (log.firstPosition() == first) {
                    throw e;
                }
            }
        }
    }

    /** All events; again from where the log begins by then, if it is pruned meanwhile. */
    private List<Event<String>> readWhatIsKept() {
        while (true) {
            try {
                return read(EventQuery.all());
            } catch (PositionExpiredException pruned) {
                assertThat(log.firstPosition()).isGreaterThan(pruned.position());
            }
        }
    }

    /** The log is whole from its first position on, with the last of what was appended at its end. */
    final void assertWhole() {
        List<Event<String>> all = readWhatIsKept();
        if (all.isEmpty()) {
            assertThat(log.firstPosition()).isEqualTo(log.endPosition());
            return;
        }
        assertThat(all.get(0).position()).isLessThanOrEqualTo(log.firstPosition());
        for (int i = 0; i < all.size(); i++) {
            assertThat(number(all.get(i))).isEqualTo(appended - all.size() + i);
        }
    }

    private void assertExpired(ThrowingCallable call, long position, long first) {
        assertThatThrownBy(call).isInstanceOfSatisfying(PositionExpiredException.class, expired -> {
            assertThat(expired.position()).isEqualTo(position);
            assertThat(expired.firstPosition()).isEqualTo(first);
            assertThat(expired).hasMessageContaining("firstPosition=" + first).hasMessageContaining("earliest()");
        });
    }

    @Test
    void bytesBeyondTheLimitArePruned() {
        if (open(null, 3 * SEGMENT)) {
            fill(2 * SEGMENT);
            assertThat(log.firstPosition()).isZero();
            fill(6 * SEGMENT);
            untilPruned(0);
            untilPrunedTo(3 * SEGMENT);
            assertThat(readWhatIsKept().size() * 20_000L).isGreaterThan(SEGMENT);
            assertWhole();
            assertThat(log.endPosition()).isEqualTo(appended);
        }
    }

    @Test
    void eventsOlderThanTheAgeArePrunedAndYoungerOnesStay() {
        if (open(HOUR, Long.MAX_VALUE)) {
            fill(3 * SEGMENT);
            clock.advance(HOUR.dividedBy(2));
            long younger = log.endPosition();
            fill(3 * SEGMENT);
            assertThat(log.firstPosition()).isZero();
            clock.advance(HOUR.dividedBy(2).plusNanos(1));
            untilPruned(0);
            assertThat(log.firstPosition()).isLessThanOrEqualTo(younger);
            assertWhole();
            clock.advance(HOUR);
            untilPruned(younger);
            assertWhole();
            // what is being written stays, however old
            assertThat(log.endPosition()).isEqualTo(appended);
        }
    }

    @Test
    void clockThatIsPutBackPrunesNothing() {
        if (open(HOUR, Long.MAX_VALUE)) {
            fill(2 * SEGMENT);
            clock.advance(Duration.ofDays(-4_000));
            fill(2 * SEGMENT);
            clock.advance(Duration.ofDays(4_000));
            fill(2 * SEGMENT);
            assertThat(log.firstPosition()).isZero();
            restart();
            assertThat(log.firstPosition()).isZero();
            assertWhole();
        }
    }

    @Test
    void firstPositionNeverGoesBack() {
        if (open(null, 2 * SEGMENT)) {
            fill(5 * SEGMENT);
            untilPruned(0);
            long first = log.firstPosition();
            restart();
            assertThat(log.firstPosition()).isGreaterThanOrEqualTo(first);
            assertWhole();
            first = log.firstPosition();
            fill(SEGMENT);
            restart();
            assertThat(log.firstPosition()).isGreaterThanOrEqualTo(first);
            assertWhole();
        }
    }

    @Test
    void consumerWhoseEventsWerePrunedIsToldAndGoesOnWhereItIsTo() {
        if (!open(null, 2 * SEGMENT)) {
            return;
        }
        fill(SEGMENT / 4);
        try (Consumer<String> consumer = consumer("slow")) {
            consumer.commit(consumer.poll(NOW).get(2));
        }
        fill(6 * SEGMENT);
        untilPruned(10);
        untilPrunedTo(2 * SEGMENT);
        restart();
        try (Consumer<String> consumer = consumer("slow")) {
            assertThat(consumer.position()).isEqualTo(3);
            checkFrom(first -> {
                assertExpired(() -> consumer.poll(NOW), 3, first);
                assertExpired(() -> consumer.poll(LONG), 3, first);
                assertExpired(() -> consumer.await(NOW), 3, first);
                assertExpired(() -> consumer.poll(view -> {}, 10), 3, first);
                consumer.commit();
                assertThat(consumer.position()).isEqualTo(3);
                ConsumerStatus status = consumer.status();
                assertThat(status.checkpoint()).isEqualTo(3);
                assertThat(status.lag()).isEqualTo(log.endPosition() - first);
                assertThat(status.lagBytes()).isBetween(status.lag() * 20_000, status.lag() * 21_000);
            });
            checkFrom(first -> {
                consumer.seek(StartAt.earliest());
                assertThat(consumer.position()).isEqualTo(first);
                assertThat(consumer.poll(NOW).get(0).position()).isEqualTo(first);
                consumer.commit();
                assertThat(consumer.position()).isGreaterThan(first);
            });
        }
        restart();
        try (Consumer<String> consumer = consumer("slow")) {
            assertThat(consumer.position()).isGreaterThan(3);
            assertThat(consumer.poll(NOW).get(0).position()).isEqualTo(consumer.position());
        }
    }

    @Test
    void consumerCanBeLedOnWithoutReading() {
        if (!open(null, 2 * SEGMENT)) {
            return;
        }
        consumer("slow").close();
        fill(6 * SEGMENT);
        untilPruned(10);
        untilPrunedTo(2 * SEGMENT);
        try (Consumer<String> consumer = consumer("slow")) {
            consumer.seek(StartAt.earliest());
            consumer.commit();
            assertThat(consumer.status().checkpoint()).isPositive();
        }
        try (Consumer<String> consumer = consumer("slow")) {
            assertThat(drain(consumer)).isNotEmpty();
        }
    }

    @Test
    void newConsumersBeginAtTheFirstEventThatIsKept() {
        if (!open(null, 2 * SEGMENT)) {
            return;
        }
        fill(6 * SEGMENT);
        untilPruned(10);
        restart();
        checkFrom(this::assertBeginsAt);
    }

    private void assertBeginsAt(long first) {
        try (Consumer<String> consumer = log.consumer(ConsumerConfig.unnamed().build(), TEXT)) {
            assertThat(consumer.position()).isEqualTo(first);
            assertThat(consumer.poll(NOW).get(0).position()).isEqualTo(first);
        }
        for (StartAt where : List.of(StartAt.position(0), StartAt.position(first - 1), StartAt.after(first - 2))) {
            var config = ConsumerConfig.named("refused").startAt(where).build();
            assertThatThrownBy(() -> log.consumer(config, TEXT)).isInstanceOf(PositionExpiredException.class);
            assertThat(log.consumers()).isEmpty();
            try (Consumer<String> consumer =
                    log.consumer(ConsumerConfig.unnamed().build(), TEXT)) {
                assertThatThrownBy(() -> consumer.seek(where)).isInstanceOf(PositionExpiredException.class);
                assertThat(consumer.position()).isEqualTo(first);
            }
        }
        for (StartAt where : List.of(StartAt.position(first), StartAt.after(first - 1), StartAt.time(Instant.EPOCH))) {
            try (Consumer<String> consumer =
                    log.consumer(ConsumerConfig.unnamed().startAt(where).build(), TEXT)) {
                assertThat(consumer.poll(NOW).get(0).position()).isEqualTo(first);
            }
        }
    }

    @Test
    void queryThatLeavesOutWhatWasPrunedMissesNothing() {
        if (!open(null, 2 * SEGMENT)) {
            return;
        }
        consumer("slow").close();
        fill(6 * SEGMENT);
        untilPruned(10);
        restart();
        checkFrom(this::assertQueriesMissNothing);
    }

    private void assertQueriesMissNothing(long first) {
        // nothing is committed: the checkpoint stays where it expired
        var behind = ConsumerConfig.named("slow").query(EventQuery.all().after(first + 2));
        try (Consumer<String> consumer = log.consumer(behind.build(), TEXT)) {
            assertThat(consumer.poll(NOW).get(0).position()).isEqualTo(first + 3);
        }
        var before = ConsumerConfig.named("slow").query(EventQuery.all().after(first - 2));
        try (Consumer<String> consumer = log.consumer(before.build(), TEXT)) {
            assertExpired(() -> consumer.poll(NOW), first - 1, first);
        }
        var byTime = ConsumerConfig.named("slow")
                .query(EventQuery.all()
                        .appendTime(Instant.EPOCH, clock.instant().plusSeconds(1)));
        try (Consumer<String> consumer = log.consumer(byTime.build(), TEXT)) {
            assertThatThrownBy(() -> consumer.poll(NOW)).isInstanceOf(PositionExpiredException.class);
        }
        assertThat(read(EventQuery.all().before(first))).isEmpty();
        assertThat(positions(read(EventQuery.all().before(first + 2)))).containsExactly(first, first + 1);
    }

    @Test
    void subscriptionIsRefusedAtAnExpiredCheckpoint() {
        if (!open(null, 2 * SEGMENT)) {
            return;
        }
        consumer("slow").close();
        fill(6 * SEGMENT);
        untilPruned(10);
        assertThatThrownBy(() -> log.subscribe("slow", TEXT, event -> {}))
                .isInstanceOf(PositionExpiredException.class)
                .hasMessageContaining("consumer=slow");
        try (Consumer<String> consumer = consumer("slow")) {
            consumer.seek(StartAt.latest());
            consumer.commit();
        }
        try (Subscription subscription = log.subscribe("slow", TEXT, event -> {})) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
    }

    @Test
    void subscriptionThatIsOvertakenStopsAndSaysWhy() throws Exception {
        if (!open(null, 2 * SEGMENT)) {
            return;
        }
        var inHandler = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        fill(SEGMENT / 8);
        try (Subscription subscription = log.subscribe("slow", TEXT, event -> {
            inHandler.countDown();
            goOn.await();
        })) {
            inHandler.await();
            fill(8 * SEGMENT);
            untilPruned(SEGMENT / 20_000 * 4);
            goOn.countDown();
            until("subscription stopped", () -> subscription.status().state() == ConsumerStatus.State.FAILED);
            ConsumerStatus status = subscription.status();
            assertThat(status.failure()).isInstanceOf(PositionExpiredException.class);
            // what it stood in it has handled
            assertThat(status.checkpoint()).isPositive().isLessThan(log.firstPosition());
            checkFrom(first -> assertThat(subscription.status().lag()).isEqualTo(log.endPosition() - first));
        }
    }

    @Test
    void parkedEventsStayUntilTheyAreTakenOffTheList() {
        if (!open(null, 2 * SEGMENT)) {
            return;
        }
        fill(SEGMENT / 2);
        var handler = new Recording();
        handler.throwAt = "9:" + FILLING;
        try (Subscription subscription = subscribe(impatient("s"), handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        long parked = log.consumers().get(0).parked();
        assertThat(parked).isPositive();
        fill(6 * SEGMENT);
        restart();
        fill(2 * SEGMENT);
        assertThat(log.firstPosition()).isLessThanOrEqualTo(9);
        try (Consumer<String> consumer = log.consumer(
                ConsumerConfig.parkedBy("s").pollLimit(10_000, 1L << 30).build(), TEXT)) {
            List<Event<String>> events = consumer.poll(NOW);
            assertThat(events).hasSize((int) parked);
            assertThat(number(events.get(0))).isEqualTo(9);
            consumer.commit();
        }
        if (!reopens()) {
            untilPruned(9);
        }
        assertWhole();
    }

    @Test
    void readGoesOnInWhatItStandsInAndIsToldOfAHole() {
        if (!open(null, 2 * SEGMENT)) {
            return;
        }
        fill(SEGMENT / 8);
        try (Stream<Event<String>> stream = log.read(EventQuery.all(), TEXT);
                Stream<Event<String>> later = log.read(EventQuery.all(), TEXT)) {
            Iterator<Event<String>> events = stream.iterator();
            assertThat(number(events.next())).isZero();
            fill(8 * SEGMENT);
            untilPruned(SEGMENT / 20_000 * 4);
            var seen = new ArrayList<Integer>();
            // up to the end as of the read, which may lie before the hole
            try {
                events.forEachRemaining(event -> seen.add(number(event)));
                assertThat(seen).hasSize((int) (SEGMENT / 8 / 20_000));
            } catch (PositionExpiredException hole) {
                assertThat(hole.position()).isEqualTo(seen.size() + 1);
            }
            for (int i = 0; i < seen.size(); i++) {
                assertThat(seen.get(i)).isEqualTo(i + 1);
            }
            // one of which nobody has seen an event begins where the log does by now
            assertThat(later).isEmpty();
        }
    }

    @Test
    void timeIsSoughtAmongWhatIsKept() {
        if (!open(null, 2 * SEGMENT)) {
            return;
        }
        Instant begin = clock.instant();
        for (int i = 0; i < 6; i++) {
            fill(SEGMENT);
            clock.advance(HOUR);
        }
        untilPruned(10);
        restart();
        checkFrom(first -> {
            for (Event<String> event : read(EventQuery.all())) {
                var config = ConsumerConfig.unnamed().startAt(StartAt.time(event.appendTime()));
                try (Consumer<String> consumer = log.consumer(config.build(), TEXT)) {
                    Event<String> found = consumer.poll(NOW).get(0);
                    assertThat(found.appendTime()).isEqualTo(event.appendTime());
                    assertThat(found.position()).isBetween(first, event.position());
                }
            }
        });
        assertThat(read(EventQuery.all().appendTime(begin, begin.plusNanos(1)))).isEmpty();
    }
}
