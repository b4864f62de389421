package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.eventlog.Capability;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;

/** {@link Capability#DEDUPLICATION}: an event whose id is known is not appended again. */
abstract class DeduplicationContract extends ProducerContract {

    /** How long the log remembers an id. */
    private static final Duration AGE = Duration.ofMinutes(2);

    static NewEvent<String> identified(String id) {
        return NewEvent.of(KEY, "data of " + id).withId(id);
    }

    private static List<NewEvent<String>> allIdentified(String... ids) {
        var events = new ArrayList<NewEvent<String>>();
        for (String id : ids) {
            events.add(identified(id));
        }
        return events;
    }

    private List<String> ids() {
        return read(EventQuery.all()).stream().map(Event::id).toList();
    }

    private boolean deduplicates() {
        return has(Capability.DEDUPLICATION);
    }

    @Test
    void appendOfAKnownIdReturnsTheFirstPosition() {
        long first = producer().append(identified("a"));
        append("between");
        long again =
                log.producer("another", TEXT).append(NewEvent.of("other", "x").withId("a"));
        if (!deduplicates()) {
            assertThat(again).isNotEqualTo(first);
            return;
        }
        assertThat(again).isEqualTo(first);
        append("behind");
        assertThat(allTexts()).containsExactly("data of a", "between", "behind");
    }

    @Test
    void eventsWithOtherIdsAndWithoutAreAllAppended() {
        var random = new Random(5);
        var expected = new HashSet<String>();
        for (int length = 1; length <= 300; length++) {
            var id = new StringBuilder();
            for (int i = 0; i < length; i++) {
                id.append((char) ('a' + random.nextInt(26)));
            }
            expected.add(id.toString());
            producer().append(identified(id.toString()));
            id.setCharAt(random.nextInt(length), '\u00fc');
            expected.add(id.toString());
            producer().append(identified(id.toString()));
            producer().append(NewEvent.of(KEY, "without"));
        }
        assertThat(read(EventQuery.all())).hasSize(expected.size() + 300);
        assertThat(ids()).containsAll(expected);
    }

    @Test
    void listWhoseIdsAreAllKnownIsNotAppended() {
        if (!deduplicates()) {
            return;
        }
        producer().append(identified("a"));
        long last = producer().appendAll(allIdentified("b", "c"));
        assertThat(producer().appendAll(allIdentified("b", "c"))).isEqualTo(last);
        assertThat(producer().appendAll(allIdentified("a", "c"))).isEqualTo(last);
        List<Event<String>> all = read(EventQuery.all());
        assertThat(producer().appendAll(allIdentified("c", "a")))
                .isEqualTo(all.get(0).position());
        assertThat(ids()).containsExactly("a", "b", "c");
    }

    @Test
    void ofAListTheEventsWithKnownIdsAreLeftOut() {
        if (!deduplicates()) {
            return;
        }
        long a = producer().append(identified("a"));
        var mixed = new ArrayList<>(allIdentified("a", "b"));
        mixed.add(NewEvent.of(KEY, "without"));
        mixed.addAll(allIdentified("a", "c"));
        long c = producer().appendAll(mixed);
        assertThat(ids().stream().filter(id -> id.length() == 1)).containsExactly("a", "b", "c");
        assertThat(allTexts()).containsExactly("data of a", "data of b", "without", "data of c");
        assertThat(read(EventQuery.all()).get(3).position()).isEqualTo(c);
        assertThat(producer().appendAll(allIdentified("d", "a"))).isEqualTo(a);
        assertThat(producer().append(identified("c"))).isEqualTo(c);
        var unnamedLast = new ArrayList<>(allIdentified("a", "e"));
        unnamedLast.add(NewEvent.of(KEY, "last"));
        long last = producer().appendAll(unnamedLast);
        List<Event<String>> all = read(EventQuery.all());
        assertThat(all.get(all.size() - 1).position()).isEqualTo(last);
        assertThat(texts(all))
                .containsExactly("data of a", "data of b", "without", "data of c", "data of d", "data of e", "last");
    }

    @Test
    void anIdThatAListHasTwiceIsAppendedOnce() {
        if (!deduplicates()) {
            return;
        }
        long only = producer().appendAll(allIdentified("a", "a", "a"));
        assertThat(onlyEvent().position()).isEqualTo(only);
        producer().appendAll(allIdentified("b", "c", "b"));
        assertThat(ids()).containsExactly("a", "b", "c");
    }

    private static Event<String> at(long position, List<Event<String>> all) {
        return all.stream()
                .filter(event -> event.position() == position)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void asynchronousAppendOfAKnownIdCompletesWithTheFirstPosition() throws Exception {
        if (!deduplicates()) {
            return;
        }
        long known = producer().append(identified("known"));
        var futures = new ArrayList<CompletableFuture<Long>>();
        var expected = new ArrayList<String>();
        for (int i = 0; i < 500; i++) {
            futures.add(producer().appendAsync(i % 5 == 4 ? identified("known") : identified("id-" + i / 2)));
            futures.add(producer().appendAsync(NewEvent.of(KEY, "plain-" + i)));
            expected.add("plain-" + i);
        }
        producer().flush();
        List<Event<String>> found = read(EventQuery.all());
        for (int i = 0; i < 500; i++) {
            Event<String> identified = at(futures.get(2 * i).get(), found);
            assertThat(identified.id()).isEqualTo(i % 5 == 4 ? "known" : "id-" + i / 2);
            assertThat(at(futures.get(2 * i + 1).get(), found).data()).isEqualTo("plain-" + i);
        }
        assertThat(futures.get(8).get()).isEqualTo(known);
        List<String> ids = ids();
        assertThat(new HashSet<>(ids)).hasSameSizeAs(ids);
        assertThat(allTexts()).containsAll(expected).hasSize(found.size());
    }

    @Test
    void knownIdIsKnownToEachWayOfAppending() throws Exception {
        if (!deduplicates()) {
            return;
        }
        long first = producer().appendAsync(identified("a")).get();
        assertThat(producer().append(identified("a"))).isEqualTo(first);
        assertThat(producer().appendAll(allIdentified("a"))).isEqualTo(first);
        assertThat(producer().withDurability(Durability.POWER_LOSS).append(identified("a")))
                .isEqualTo(first);
        assertThat(producer()
                        .withDurability(Durability.POWER_LOSS)
                        .appendAsync(identified("a"))
                        .get())
                .isEqualTo(first);
        onlyEvent();
    }

    @Test
    void knownIdThatIsAskedToBeDurableIsDurable() throws Exception {
        if (!deduplicates() || !has(Capability.TOTAL_ORDER)) {
            return;
        }
        Producer<String> durable = producer().withDurability(Durability.POWER_LOSS);
        producer().append(identified("a"));
        long a = durable.append(identified("a"));
        assertThat(log.durablePosition()).isGreaterThan(a);
        producer().append(identified("b"));
        long b = durable.appendAsync(identified("b")).get();
        assertThat(log.durablePosition()).isGreaterThan(b);
        producer().append(identified("c"));
        append("plain");
        long c = durable.appendAll(allIdentified("c", "new", "c"));
        assertThat(log.durablePosition()).isGreaterThan(c + 2);
    }

    @Test
    void idsAreKnownAfterARestart() {
        if (!deduplicates()) {
            return;
        }
        long a = producer().append(identified("a"));
        long c = producer().appendAll(allIdentified("b", "c"));
        append("behind");
        restart();
        assertThat(producer().append(identified("c"))).isEqualTo(c);
        assertThat(producer().append(identified("a"))).isEqualTo(a);
        long d = producer().append(identified("d"));
        restart();
        restart();
        assertThat(producer().append(identified("d"))).isEqualTo(d);
        assertThat(producer().append(identified("a"))).isEqualTo(a);
        assertThat(ids().stream().filter(id -> id.length() == 1)).containsExactly("a", "b", "c", "d");
    }

    @Test
    void idThatIsTooOldIsForgotten() {
        if (!deduplicates()) {
            return;
        }
        long first = producer().append(identified("a"));
        clock.advance(AGE.minusNanos(1));
        assertThat(producer().append(identified("a"))).isEqualTo(first);
        clock.advance(Duration.ofNanos(1));
        long second = producer().append(identified("a"));
        assertThat(second).isNotEqualTo(first);
        clock.advance(AGE.minusNanos(1));
        assertThat(producer().append(identified("a"))).isEqualTo(second);
        assertThat(ids()).containsExactly("a", "a");
    }

    @Test
    void idsAgeOverARestart() {
        if (!deduplicates()) {
            return;
        }
        producer().append(identified("a"));
        clock.advance(Duration.ofSeconds(1));
        long b = producer().append(identified("b"));
        clock.advance(AGE.minusSeconds(1));
        restart();
        assertThat(producer().append(identified("b"))).isEqualTo(b);
        producer().append(identified("a"));
        assertThat(ids()).containsExactly("a", "b", "a");
    }

    @Test
    void refusedAppendLeavesItsIdsUnknown() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> producer().appendAll(List.of(identified("a"), NewEvent.of(KEY, "\ud800"))));
        assertThat(read(EventQuery.all())).isEmpty();
        producer().append(identified("a"));
        assertThat(ids()).containsExactly("a");
    }

    @Test
    void copyOfAnEventIsTheSameEventInItsLog() {
        if (!deduplicates()) {
            return;
        }
        producer().append(identified("given"));
        append("made");
        List<Event<String>> all = read(EventQuery.all());
        for (Event<String> event : all) {
            assertThat(producer().append(NewEvent.copyOf(event))).isEqualTo(event.position());
            assertThat(producer().appendAsync(NewEvent.copyOf(event)).join()).isEqualTo(event.position());
        }
        restart();
        assertThat(producer().appendAll(all.stream().map(NewEvent::copyOf).toList()))
                .isEqualTo(all.get(1).position());
        assertThat(texts(read(EventQuery.all()))).containsExactly("data of given", "made");
        clock.advance(AGE);
        producer().appendAll(all.stream().map(NewEvent::copyOf).toList());
        assertThat(ids())
                .containsExactly("given", all.get(1).id(), "given", all.get(1).id());
    }

    @Test
    void idThatTheLogWouldMakeForAnotherEventIsNotKnown() {
        append("made");
        String made = onlyEvent().id();
        List<String> others = List.of(
                made + "0", made.replaceFirst("0$", "1"), "x" + made, made + "x", made.replaceFirst(".-0$", "77-0"));
        for (String other : others) {
            producer().append(identified(other));
            assertThat(ids()).endsWith(other);
        }
    }

    @Test
    void ofThreadsThatAppendTheSameIdsEachIsAppendedOnce() throws Exception {
        if (!deduplicates()) {
            return;
        }
        int threads = 6;
        int count = 200;
        var barrier = new CyclicBarrier(threads);
        var running = new ArrayList<Running<List<Long>>>();
        for (int t = 0; t < threads; t++) {
            int thread = t;
            running.add(start(() -> {
                barrier.await();
                var positions = new ArrayList<Long>();
                for (int i = 0; i < count; i++) {
                    NewEvent<String> event = identified("id-" + i);
                    positions.add(
                            switch ((i + thread) % 3) {
                                case 0 -> producer().append(event);
                                case 1 -> producer().appendAsync(event).get();
                                default -> producer().appendAll(List.of(event, identified("id-" + i / 2), event));
                            });
                }
                return positions;
            }));
        }
        List<Long> first = running.get(0).join();
        for (Running<List<Long>> each : running) {
            assertThat(each.join()).isEqualTo(first);
        }
        assertThat(ids()).hasSize(count).doesNotHaveDuplicates();
        assertThat(read(EventQuery.all()).stream().map(Event::position).toList())
                .containsExactlyInAnyOrderElementsOf(first);
    }
}
