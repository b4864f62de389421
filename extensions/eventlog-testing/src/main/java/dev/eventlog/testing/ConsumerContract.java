package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Capability;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventQuery;
import dev.eventlog.StartAt;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** {@link Consumer}: polling, committing, seeking, what it delivers and what its status tells. */
abstract class ConsumerContract extends CodecContract {

    static ConsumerConfig config(String name, StartAt startAt) {
        return ConsumerConfig.named(name).startAt(startAt).build();
    }

    @Test
    void uncommittedEventsComeAgain() {
        appendNumbers(3);
        try (Consumer<String> consumer = consumer("c")) {
            for (int i = 0; i < 3; i++) {
                assertThat(texts(consumer.poll(NOW))).containsExactly("0", "1", "2");
            }
        }
        restart();
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(texts(consumer.poll(NOW))).containsExactly("0", "1", "2");
        }
    }

    @Test
    void committedEventsDoNotComeAgain() {
        appendNumbers(3);
        try (Consumer<String> consumer = consumer("c")) {
            consumer.poll(NOW);
            consumer.commit();
            assertThat(consumer.poll(NOW)).isEmpty();
            append("3");
            assertThat(texts(consumer.poll(NOW))).containsExactly("3");
            consumer.commit();
        }
        restart();
        append("4");
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(texts(consumer.poll(NOW))).containsExactly("4");
        }
    }

    @Test
    void commitTakesTheLastPollOnlyAndNotWhatCameLater() {
        append("a");
        try (Consumer<String> consumer = consumer("c")) {
            consumer.poll(NOW);
            append("b");
            consumer.commit();
            assertThat(texts(consumer.poll(NOW))).containsExactly("b");
        }
    }

    @Test
    void commitWithoutAPollDoesNothing() {
        append("a");
        try (Consumer<String> consumer = consumer("c")) {
            consumer.commit();
            assertThat(texts(consumer.poll(NOW))).containsExactly("a");
            consumer.commit();
            consumer.commit();
            append("b");
            consumer.commit();
            assertThat(texts(consumer.poll(NOW))).containsExactly("b");
        }
    }

    @Test
    void commitOfAnEventTakesAllUpToAndWithIt() {
        appendNumbers(5);
        try (Consumer<String> consumer = consumer("c")) {
            List<Event<String>> batch = consumer.poll(NOW);
            consumer.commit(batch.get(0));
            consumer.commit(batch.get(2));
            assertThat(texts(consumer.poll(NOW))).containsExactly("3", "4");
        }
        restart();
        try (Consumer<String> consumer = consumer("c")) {
            List<Event<String>> batch = consumer.poll(NOW);
            assertThat(texts(batch)).containsExactly("3", "4");
            consumer.commit(batch.get(0));
            consumer.commit();
            assertThat(consumer.poll(NOW)).isEmpty();
        }
    }

    @Test
    void onlyUncommittedEventsOfTheLastPollCanBeCommitted() {
        append("a", "b");
        log.producer("test", TEXT).append("other", "between");
        append("c", "d");
        ConsumerConfig three = ConsumerConfig.named("c")
                .query(EventQuery.all().keys(KEY))
                .pollLimit(3, 1 << 20)
                .build();
        List<Event<String>> all = read(EventQuery.all());
        try (Consumer<String> consumer = log.consumer(three, TEXT)) {
            assertRefused(consumer, all.get(0));
            List<Event<String>> batch = consumer.poll(NOW);
            assertThat(texts(batch)).containsExactly("a", "b", "c");
            assertRefused(consumer, all.get(4));
            assertRefused(consumer, all.get(2));
            consumer.commit(batch.get(1));
            assertRefused(consumer, batch.get(0));
            assertRefused(consumer, batch.get(1));
            consumer.commit(batch.get(2));
            assertThat(texts(consumer.poll(NOW))).containsExactly("d");
            assertRefused(consumer, batch.get(2));
        }
    }

    private static void assertRefused(Consumer<String> consumer, Event<String> event) {
        assertThatIllegalArgumentException().as(event.data()).isThrownBy(() -> consumer.commit(event));
    }

    @Test
    void aPollIsLimitedInEventsAndBytes() {
        append("x".repeat(600), "y".repeat(600), "z".repeat(600), "0", "1", "2", "3");
        ConsumerConfig limited = ConsumerConfig.named("c").pollLimit(3, 1_000).build();
        try (Consumer<String> consumer = log.consumer(limited, TEXT)) {
            assertThat(consumer.poll(NOW)).hasSize(2);
            consumer.commit();
            assertThat(consumer.poll(NOW)).hasSize(3);
            consumer.commit();
            assertThat(texts(consumer.poll(NOW))).containsExactly("2", "3");
        }
        ConsumerConfig tiny = ConsumerConfig.named("tiny").pollLimit(3, 1).build();
        try (Consumer<String> consumer = log.consumer(tiny, TEXT)) {
            assertThat(consumer.poll(NOW)).as("a single event may be longer").hasSize(1);
        }
    }

    @Test
    void aPollReturnsAtMost256EventsByDefault() {
        for (int i = 0; i < 3; i++) {
            producer().appendAll(newEvents(numbers(0, 100).toArray(String[]::new)));
        }
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(NOW)).hasSize(256);
        }
    }

    @Test
    void polledEventsCannotBeChangedByTheCaller() {
        append("a");
        try (Consumer<String> consumer = consumer("c")) {
            List<Event<String>> batch = consumer.poll(NOW);
            assertThatThrownBy(batch::clear).isInstanceOf(UnsupportedOperationException.class);
        }
    }

    @Test
    void startAtIsUsedWhileThereIsNoCheckpoint() {
        List<Long> positions = appendNumbers(3);
        clock.advance(Duration.ofSeconds(10));
        var later = clock.instant();
        append("3");
        assertStart(StartAt.earliest(), "0", "1", "2", "3", "new");
        assertStart(StartAt.latest(), "new");
        assertStart(StartAt.position(positions.get(1)), "1", "2", "3", "new");
        assertStart(StartAt.after(positions.get(1)), "2", "3", "new");
        assertStart(StartAt.time(later), "3", "new");
        assertStart(StartAt.time(later.minusNanos(1)), "3", "new");
        assertStart(StartAt.time(java.time.Instant.EPOCH), "0", "1", "2", "3", "new");
        assertStart(StartAt.time(later.plusNanos(1)), "new");
    }

    private int starts;

    /** What comes from a start on, with an event "new" that is appended after the opening. */
    private void assertStart(StartAt startAt, String... expected) {
        String name = "start-" + starts++;
        // the query leaves out what earlier calls appended
        var query = EventQuery.all().keys(KEY, name);
        var config = ConsumerConfig.named(name).startAt(startAt).query(query).build();
        try (Consumer<String> consumer = log.consumer(config, TEXT)) {
            producer().append(name, "new");
            assertThat(texts(drain(consumer))).as("%s", startAt).containsExactly(expected);
        }
        try (Consumer<String> consumer = log.consumer(config, TEXT)) {
            assertThat(consumer.poll(NOW)).as("the checkpoint, not %s", startAt).isEmpty();
        }
    }

    @Test
    void aConsumerThatStartedAtTheLatestGoesOnThereWithoutACommit() {
        append("before");
        log.consumer(config("c", StartAt.latest()), TEXT).close();
        append("after");
        restart();
        try (Consumer<String> consumer = log.consumer(config("c", StartAt.latest()), TEXT)) {
            assertThat(texts(consumer.poll(NOW))).containsExactly("after");
        }
    }

    @Test
    void startBeyondTheEndIsRefusedAndLeavesTheNameFree() {
        long last = append("a").get(0);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> log.consumer(config("c", StartAt.position(last + 100)), TEXT));
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(NOW)).hasSize(1);
        }
    }

    @Test
    void seekMovesTheCursorInAllItsForms() {
        List<Long> positions = appendNumbers(4);
        clock.advance(Duration.ofSeconds(10));
        append("4");
        try (Consumer<String> consumer = consumer("c")) {
            drain(consumer);
            consumer.seek(StartAt.earliest());
            assertThat(texts(consumer.poll(NOW))).containsExactly("0", "1", "2", "3", "4");
            consumer.seek(StartAt.position(positions.get(3)));
            assertThat(texts(consumer.poll(NOW))).containsExactly("3", "4");
            consumer.seek(StartAt.after(positions.get(0)));
            assertThat(texts(consumer.poll(NOW))).containsExactly("1", "2", "3", "4");
            consumer.seek(StartAt.time(clock.instant()));
            assertThat(texts(consumer.poll(NOW))).containsExactly("4");
            consumer.seek(StartAt.latest());
            assertThat(consumer.poll(NOW)).isEmpty();
            append("5");
            assertThat(texts(consumer.poll(NOW))).containsExactly("5");
        }
    }

    @Test
    void checkpointFollowsASeekWithTheNextCommitOnly() {
        List<Long> positions = appendNumbers(3);
        try (Consumer<String> consumer = consumer("c")) {
            drain(consumer);
            consumer.seek(StartAt.position(positions.get(1)));
            assertThat(consumer.status().lag()).as("checkpoint is where it was").isZero();
        }
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(NOW)).isEmpty();
            consumer.seek(StartAt.position(positions.get(1)));
            consumer.commit(consumer.poll(NOW).get(0));
        }
        restart();
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(texts(consumer.poll(NOW))).containsExactly("2");
        }
    }

    @Test
    void seekForgetsWhatWasPolledBefore() {
        appendNumbers(3);
        try (Consumer<String> consumer = consumer("c")) {
            List<Event<String>> batch = consumer.poll(NOW);
            consumer.seek(StartAt.earliest());
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.commit(batch.get(0)));
            consumer.commit();
            assertThat(texts(consumer.poll(NOW))).containsExactly("0", "1", "2");
        }
    }

    @Test
    void seekBeyondTheEndIsRefusedAndMovesNothing() {
        long last = appendNumbers(3).get(2);
        try (Consumer<String> consumer = consumer("c")) {
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.seek(StartAt.position(last + 2)));
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.seek(StartAt.after(last + 1)));
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.seek(StartAt.position(Long.MAX_VALUE)));
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.seek(StartAt.after(Long.MAX_VALUE)));
            assertThat(texts(consumer.poll(NOW))).containsExactly("0", "1", "2");
            consumer.seek(StartAt.after(last));
            assertThat(consumer.poll(NOW)).isEmpty();
        }
    }

    @Test
    void aLimitBelowOneIsRefused() {
        try (Consumer<String> consumer = consumer("c")) {
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.poll(view -> {}, 0));
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.poll(view -> {}, -1));
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.poll(Duration.ofNanos(-1)));
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.await(Duration.ofNanos(-1)));
        }
    }

    @Test
    void unnamedConsumersBeginAnewAndAnyNumberMayBeOpen() {
        appendNumbers(2);
        var unnamed = ConsumerConfig.unnamed().build();
        try (Consumer<String> one = log.consumer(unnamed, TEXT);
                Consumer<String> two = log.consumer(unnamed, TEXT)) {
            assertThat(drain(one)).hasSize(2);
            assertThat(one.poll(NOW)).isEmpty();
            assertThat(drain(two)).hasSize(2);
            assertThat(one.status().name()).isEqualTo("(unnamed)");
        }
        try (Consumer<String> again = log.consumer(unnamed, TEXT)) {
            assertThat(drain(again)).hasSize(2);
        }
        assertThat(log.consumers()).isEmpty();
    }

    @Test
    void stopAtEndEndsWhereTheLogEndedAtTheOpening() {
        appendNumbers(3);
        var config = ConsumerConfig.named("c").stopAtEnd().build();
        try (Consumer<String> consumer = log.consumer(config, TEXT)) {
            append("3");
            assertThat(consumer.status().state()).isEqualTo(ConsumerStatus.State.OPEN);
            assertThat(texts(drain(consumer))).containsExactly("0", "1", "2");
            assertThat(consumer.poll(Duration.ofDays(1))).as("does not wait").isEmpty();
            assertThat(consumer.await(Duration.ofDays(1))).isFalse();
            assertThat(consumer.status().state()).isEqualTo(ConsumerStatus.State.DONE);
        }
        try (Consumer<String> consumer = log.consumer(config, TEXT)) {
            assertThat(texts(drain(consumer))).containsExactly("3");
        }
    }

    @Test
    void aBoundedQueryIsDoneAtItsBound() {
        List<Long> positions = appendNumbers(4);
        var config = ConsumerConfig.named("c")
                .query(EventQuery.all().before(positions.get(2)))
                .build();
        try (Consumer<String> consumer = log.consumer(config, TEXT)) {
            assertThat(texts(drain(consumer))).containsExactly("0", "1");
            assertThat(consumer.poll(Duration.ofDays(1))).isEmpty();
            assertThat(consumer.status().state()).isEqualTo(ConsumerStatus.State.DONE);
        }
    }

    @Test
    void eventsTheQueryLeavesOutPassWithoutACommit() {
        appendNumbers(5);
        var config =
                ConsumerConfig.named("c").query(EventQuery.all().keys("wanted")).build();
        try (Consumer<String> consumer = log.consumer(config, TEXT)) {
            assertThat(consumer.poll(NOW)).isEmpty();
            assertThat(consumer.status().lag()).isZero();
        }
        restart();
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(NOW))
                    .as("another query applies from the checkpoint on")
                    .isEmpty();
        }
    }

    @Test
    void positionIsWhereTheNextEventIsOrWillBe() {
        if (!has(Capability.TOTAL_ORDER)) {
            return; // that it is refused then is asserted with the capability
        }
        List<Long> positions = appendNumbers(2);
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.position()).isEqualTo(positions.get(0));
            List<Event<String>> batch = consumer.poll(NOW);
            assertThat(consumer.position()).as("a poll does not move it").isEqualTo(positions.get(0));
            consumer.commit(batch.get(0));
            assertThat(consumer.position()).isEqualTo(positions.get(0) + 1);
            consumer.commit();
            assertThat(consumer.position()).isEqualTo(log.endPosition());
            consumer.seek(StartAt.position(positions.get(1)));
            assertThat(consumer.position()).isEqualTo(positions.get(1));
        }
    }

    @Test
    void statusTellsCheckpointLagAgeAndOwner() {
        try (Consumer<String> consumer = consumer("c")) {
            ConsumerStatus empty = consumer.status();
            assertThat(empty.lag()).isZero();
            assertThat(empty.lagBytes()).isZero();
            assertThat(empty.lagAge()).isZero();
            append("0");
            clock.advance(Duration.ofSeconds(7));
            append("1", "2");
            ConsumerStatus behind = consumer.status();
            assertThat(behind.name()).isEqualTo("c");
            assertThat(behind.state()).isEqualTo(ConsumerStatus.State.OPEN);
            assertThat(behind.lag()).isEqualTo(3);
            assertThat(behind.lagBytes()).isPositive();
            assertThat(behind.lagAge()).isEqualTo(Duration.ofSeconds(7));
            assertThat(behind.owner()).isNotBlank();
            assertThat(behind.failure()).isNull();
            assertThat(behind.parked()).isZero();
            consumer.commit(consumer.poll(NOW).get(0));
            assertThat(consumer.status().lag()).isEqualTo(2);
            assertThat(consumer.status().lagAge()).isZero();
            assertThat(consumer.status().checkpoint()).isGreaterThan(behind.checkpoint());
            assertThat(log.consumers()).hasSize(1);
            assertThat(log.consumers().get(0).checkpoint())
                    .isEqualTo(consumer.status().checkpoint());
        }
        ConsumerStatus closed = log.consumers().get(0);
        assertThat(closed.state()).isEqualTo(ConsumerStatus.State.CLOSED);
        assertThat(closed.owner()).isNull();
        assertThat(closed.lag()).isEqualTo(2);
    }

    @Test
    void replaysAreEventsBelowTheHighestCheckpoint() {
        appendNumbers(3);
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(NOW)).extracting(Event::isReplay).containsOnly(false);
            assertThat(consumer.poll(NOW))
                    .as("polled but not committed")
                    .extracting(Event::isReplay)
                    .containsOnly(false);
            consumer.commit();
            append("3");
            consumer.seek(StartAt.earliest());
            assertThat(consumer.poll(NOW)).extracting(Event::isReplay).containsExactly(true, true, true, false);
            consumer.commit(consumer.poll(NOW).get(0));
        }
        restart();
        try (Consumer<String> consumer = consumer("c")) {
            var views = new ArrayList<Boolean>();
            int unused = consumer.poll(view -> views.add(view.isReplay()), 10);
            assertThat(views).containsExactly(true, true, false);
        }
    }

    @Test
    void unnamedConsumersReplayWhatWasAppendedBeforeTheirOpening() {
        append("before");
        try (Consumer<String> consumer = log.consumer(ConsumerConfig.unnamed().build(), TEXT)) {
            append("after");
            assertThat(consumer.poll(NOW)).extracting(Event::isReplay).containsExactly(true, false);
        }
        assertThat(read(EventQuery.all())).extracting(Event::isReplay).containsOnly(true);
    }

    @Test
    void optionsOfASubscriptionAreRefused() {
        var config = ConsumerConfig.named("c").attempts(2, NOW).stopOnFailure().build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> log.consumer(config, TEXT))
                .withMessageContaining("attempts")
                .withMessageContaining("stopOnFailure");
        consumer("c").close();
    }

    @Test
    void consumersOfOneLogDoNotKnowOfEachOther() {
        appendNumbers(3);
        try (Consumer<String> one = consumer("one");
                Consumer<String> two = consumer("two")) {
            drain(one);
            assertThat(texts(two.poll(NOW))).containsExactly("0", "1", "2");
            two.seek(StartAt.latest());
            assertThat(one.poll(NOW)).isEmpty();
        }
    }

    @Test
    void manyKeysComeBackRight() {

        for (int i = 0; i < 3_000; i++) {
            log.producer("p", TEXT).append("key-" + i % 1_500, Integer.toString(i));
        }
        try (Consumer<String> consumer = consumer("c")) {
            var wrong = new CountDownLatch(1);
            int count = consumer.poll(
                    view -> {
                        int number = Integer.parseInt(view.data());
                        if (!("key-" + number % 1_500).equals(view.key())) {
                            wrong.countDown();
                        }
                    },
                    10_000);
            assertThat(count).isEqualTo(3_000);
            assertThat(wrong.getCount()).isEqualTo(1);
        }
    }
}
