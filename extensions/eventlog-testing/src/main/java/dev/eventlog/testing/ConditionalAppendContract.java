package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.eventlog.Capability;
import dev.eventlog.Codec;
import dev.eventlog.Event;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.error.AppendConflictException;
import dev.eventlog.error.PositionExpiredException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** {@link Capability#CONDITIONAL_APPEND}: {@link Producer#appendIfNone}. */
abstract class ConditionalAppendContract extends DeduplicationContract {

    private boolean isConditional() {
        return has(Capability.CONDITIONAL_APPEND);
    }

    private static NewEvent<String> of(String key, String text) {
        return NewEvent.of(key, text);
    }

    /** Asserts that the query forbids an append because of this event, and that nothing is appended. */
    private void assertConflict(EventQuery query, long position) {
        List<String> before = allTexts();
        var thrown = catchThrowableOfType(
                AppendConflictException.class, () -> producer().appendIfNone(query, List.of(of("refused", "refused"))));
        assertThat(thrown).as("%s", query).isNotNull();
        assertThat(thrown.position()).isEqualTo(position);
        assertThat(thrown).hasMessageContaining("position=" + position);
        assertThat(allTexts()).isEqualTo(before);
    }

    private void assertNoConflict(EventQuery query) {
        long position = producer().appendIfNone(query, List.of(of("taken", "taken")));
        List<Event<String>> all = read(EventQuery.all());
        assertThat(all.get(all.size() - 1).position()).isEqualTo(position);
    }

    @Test
    void appendsIfNoEventMatchesAndReturnsTheLastPosition() {
        if (!isConditional()) {
            assertThatThrownBy(() -> producer().appendIfNone(EventQuery.all().keys("k"), newEvents("a")))
                    .isInstanceOf(UnsupportedOperationException.class);
            return;
        }
        append("before");
        long last = producer()
                .appendIfNone(EventQuery.all().keys("k"), List.of(of("k", "a"), of("k", "b"), of("other", "c")));
        assertThat(allTexts()).containsExactly("before", "a", "b", "c");
        assertThat(read(EventQuery.all()).get(3).position()).isEqualTo(last);
    }

    @Test
    void firstEventThatMatchesIsInConflict() {
        if (!isConditional()) {
            return;
        }
        append("before");
        long first = producer().append("k", "first");
        long second = producer().append("k", "second");
        long third = producer().append("k", "third");
        assertConflict(EventQuery.all().keys("k"), first);
        assertConflict(EventQuery.all().keys("k").after(first), second);
        assertConflict(EventQuery.all().keys("k").after(second), third);
        assertNoConflict(EventQuery.all().keys("k").after(third));
        assertNoConflict(EventQuery.all().keys("k").after(third + 1000));
        assertNoConflict(EventQuery.all().keys("k").before(first));
    }

    @Test
    void eachPartOfAQueryCounts() {
        if (!isConditional()) {
            return;
        }
        clock.advance(Duration.ofHours(1));
        var from = clock.instant();
        long only = log.producer("here", Codec.utf8("Placed")).append("k", "event");
        clock.advance(Duration.ofHours(1));
        EventQuery all = EventQuery.all();
        assertConflict(all.types("Other", "Placed"), only);
        assertNoConflict(all.types("Other"));
        assertConflict(all.sources("here"), only);
        assertNoConflict(all.sources("there"));
        assertConflict(all.keys("l").or(all.types("Placed").keys("k")), only);
        assertNoConflict(all.keys("l").or(all.types("Placed").keys("m")));
        assertConflict(all.keys("k").appendTime(from, clock.instant()), only);
        assertNoConflict(all.keys("k").appendTime(from.plusNanos(1), clock.instant()));
        assertConflict(all.keys("k").time(from, clock.instant()), only);
        assertNoConflict(all.keys("k").time(from.minusSeconds(1), from));
    }

    @Test
    void eventsOfTheAppendItselfAreNotInItsWay() {
        if (!isConditional()) {
            return;
        }
        EventQuery isNew = EventQuery.all().keys("k");
        producer().appendIfNone(isNew, List.of(of("k", "a"), of("k", "b")));
        assertThat(allTexts()).containsExactly("a", "b");
        assertConflict(isNew, read(isNew).get(0).position());
    }

    @Test
    void conditionalAppendOfNothingIsRefused() {
        if (!isConditional()) {
            return;
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> producer().appendIfNone(EventQuery.all().keys("k"), List.of()));
        assertThatNullPointerException().isThrownBy(() -> producer().appendIfNone(missing(), newEvents("a")));
        assertThatNullPointerException()
                .isThrownBy(() ->
                        producer().appendIfNone(EventQuery.all(), ContractFixture.<List<NewEvent<String>>>missing()));
        append("a");
        assertThatThrownBy(() -> producer().appendIfNone(EventQuery.all(), newEvents("\ud800")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(allTexts()).containsExactly("a");
    }

    @Test
    void whatTheThreadHandedOverBeforeIsInTheWay() {
        if (!isConditional()) {
            return;
        }
        for (int i = 0; i < 100; i++) {
            EventQuery isNew = EventQuery.all().keys("k" + i);
            var handedOver = producer().appendAsync(of("k" + i, "handed over"));
            var thrown = catchThrowableOfType(
                    AppendConflictException.class, () -> producer().appendIfNone(isNew, newEvents("late")));
            assertThat(thrown).isNotNull();
            assertThat(thrown.position()).isEqualTo(handedOver.join());
        }
    }

    @Test
    void eventThatIsInConflictCanBeRead() throws Exception {
        if (!isConditional()) {
            return;
        }
        var appending = new ArrayList<Running<Boolean>>();
        for (int t = 0; t < 3; t++) {
            appending.add(start(() -> {
                for (int i = 0; i < 100; i++) {
                    EventQuery query = EventQuery.all().keys("k" + i);
                    try {
                        producer().appendIfNone(query, List.of(of("k" + i, "first")));
                    } catch (AppendConflictException conflict) {
                        assertThat(positions(read(query))).containsExactly(conflict.position());
                    }
                }
            }));
        }
        for (Running<Boolean> each : appending) {
            each.join();
        }
        assertThat(read(EventQuery.all())).hasSize(100);
    }

    @Test
    void conditionalAppendThatIsRepeatedReturnsTheFirstPosition() {
        if (!isConditional() || !has(Capability.DEDUPLICATION)) {
            return;
        }
        EventQuery isNew = EventQuery.all().keys(KEY);
        List<NewEvent<String>> events = List.of(identified("a"), identified("b"));
        long last = producer().appendIfNone(isNew, events);
        assertThat(producer().appendIfNone(isNew, events)).isEqualTo(last);
        restart();
        assertThat(producer().appendIfNone(isNew, events)).isEqualTo(last);
        assertThatThrownBy(() -> producer().appendIfNone(isNew, List.of(identified("a"), identified("c"))))
                .isInstanceOf(AppendConflictException.class);
        // what was refused is not known
        producer().append(identified("c"));
        assertThat(allTexts()).containsExactly("data of a", "data of b", "data of c");
    }

    @Test
    void conditionHoldsOverARestart() {
        if (!isConditional()) {
            return;
        }
        EventQuery isNew = EventQuery.all().keys("k");
        long first = producer().appendIfNone(isNew, List.of(of("k", "first")));
        append("behind");
        restart();
        assertConflict(isNew, first);
    }

    @Test
    void ofThreadsThatWantTheSameOneWins() throws Exception {
        if (!isConditional()) {
            return;
        }
        int threads = 6;
        int rounds = 60;
        var barrier = new CyclicBarrier(threads);
        var wins = new ArrayList<AtomicInteger>();
        for (int i = 0; i < rounds; i++) {
            wins.add(new AtomicInteger());
        }
        var running = new ArrayList<Running<Boolean>>();
        for (int t = 0; t < threads; t++) {
            int thread = t;
            running.add(start(() -> {
                for (int round = 0; round < rounds; round++) {
                    barrier.await();
                    String lock = "lock-" + round;
                    // what others append meanwhile has to be looked at and is not in the way
                    producer().append("noise", "noise");
                    var unused = producer().appendAsync(of("noise", "noise"));
                    try {
                        producer().appendIfNone(EventQuery.all().keys(lock), List.of(of(lock, "by " + thread)));
                        wins.get(round).incrementAndGet();
                    } catch (AppendConflictException another) {
                        // had it
                    }
                }
            }));
        }
        for (Running<Boolean> each : running) {
            each.join();
        }
        assertThat(wins).extracting(AtomicInteger::get).containsOnly(1);
    }

    @Test
    void decisionsOfManyThreadsLoseNoUpdate() throws Exception {
        if (!isConditional() || !has(Capability.TOTAL_ORDER)) {
            return;
        }
        int threads = 4;
        int each = 50;
        EventQuery history = EventQuery.all().keys("counter");
        var running = new ArrayList<Running<Boolean>>();
        for (int t = 0; t < threads; t++) {
            running.add(start(() -> {
                for (int i = 0; i < each; ) {
                    List<Event<String>> seen = read(history);
                    long last = seen.isEmpty() ? -1 : seen.get(seen.size() - 1).position();
                    int next = seen.isEmpty()
                            ? 0
                            : Integer.parseInt(seen.get(seen.size() - 1).data()) + 1;
                    try {
                        producer().appendIfNone(history.after(last), List.of(of("counter", Integer.toString(next))));
                        i++;
                    } catch (AppendConflictException another) {
                        // read on, decide again
                    }
                }
            }));
        }
        for (Running<Boolean> thread : running) {
            thread.join();
        }
        assertThat(texts(read(history))).isEqualTo(numbers(0, threads * each));
    }

    @Test
    void whatIsPrunedIsInNobodysWayButMayHaveBeen() {
        if (!isConditional() || !prunes()) {
            return;
        }
        log.close();
        log = openPruning(clock, null, 1 << 20);
        producer().append("k", "pruned");
        String filler = "x".repeat(10_000);
        until("events behind the first one may have been pruned", () -> {
            try {
                producer().appendIfNone(EventQuery.all().keys("k").after(0), List.of(of("filler", filler)));
                return false;
            } catch (PositionExpiredException expired) {
                return true;
            }
        });
        producer().appendIfNone(EventQuery.all().keys("k"), List.of(of("k", "new")));
        assertThatThrownBy(() -> producer().appendIfNone(EventQuery.all().keys("k"), newEvents("a")))
                .isInstanceOf(AppendConflictException.class);
    }
}
