package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventQuery;
import dev.eventlog.EventType;
import dev.eventlog.NewEvent;
import dev.eventlog.Subscription;
import dev.eventlog.error.LogClosedException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@link EventQuery} and {@link dev.eventlog.EventLog#read}: what is found, by each way of reading. */
abstract class QueryContract extends PaceContract {

    private static final Instant HAPPENED = Instant.parse("2026-01-01T00:00:00Z");

    @EventType(
            value = "Shipped",
            was = {"Sent"})
    record Shipment(String id) {}

    @EventType("Sent")
    record OldShipment(String id) {}

    private int names;

    /** What reads, pulls, borrows and subscriptions find with a query must be the same. */
    private void assertFinds(EventQuery query, String... expected) {
        assertThat(texts(read(query))).as("read %s", query).containsExactly(expected);
        var pull = ConsumerConfig.named("pull-" + names++).query(query).build();
        try (Consumer<String> consumer = log.consumer(pull, TEXT)) {
            assertThat(texts(drain(consumer))).as("poll %s", query).containsExactly(expected);
        }
        var borrow = ConsumerConfig.named("borrow-" + names++).query(query).build();
        var views = new ArrayList<String>();
        try (Consumer<String> consumer = log.consumer(borrow, TEXT)) {
            int count;
            do {
                count = consumer.poll(
                        view -> {
                            assertThat(query.matches(view)).isTrue();
                            views.add(view.data());
                        },
                        1_000_000);
            } while (count > 0);
        }
        assertThat(views).as("borrowed poll %s", query).containsExactly(expected);
        var push = ConsumerConfig.named("push-" + names++).query(query).stopAtEnd();
        var handler = new Recording();
        try (Subscription subscription = subscribe(push, handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).as("subscribe %s", query).containsExactly(expected);
    }

    private void appendMixed() {
        for (int i = 0; i < 6; i++) {
            log.producer(i < 3 ? "early" : "late", Codec.utf8(i % 2 == 0 ? "Even" : "Odd"))
                    .append(NewEvent.of("k" + i % 3, Integer.toString(i)).withTime(HAPPENED.plusSeconds(i)));
            clock.advance(Duration.ofSeconds(1));
        }
    }

    @Test
    void allFindsAll() {
        appendMixed();
        assertFinds(EventQuery.all(), "0", "1", "2", "3", "4", "5");
    }

    @Test
    void typesKeysAndSourcesNarrow() {
        appendMixed();
        assertFinds(EventQuery.all().types("Even"), "0", "2", "4");
        assertFinds(EventQuery.all().types("Even", "Odd"), "0", "1", "2", "3", "4", "5");
        assertFinds(EventQuery.all().types("Neither"));
        assertFinds(EventQuery.all().keys("k0"), "0", "3");
        assertFinds(EventQuery.all().keys("k1", "k2"), "1", "2", "4", "5");
        assertFinds(EventQuery.all().sources("late"), "3", "4", "5");
        assertFinds(EventQuery.all().types("Even").keys("k0", "k1"), "0", "4");
        assertFinds(EventQuery.all().types("Even").sources("early").keys("k2"), "2");
        assertFinds(EventQuery.all().types("Even").types("Odd"));
        assertFinds(EventQuery.all().keys("k0", "k1").keys("k1", "k2"), "1", "4");
    }

    @Test
    void eventsWithoutAKeyHaveNone() {
        producer().append("none");
        append("some");
        assertFinds(EventQuery.all().keys(KEY), "some");
    }

    @Test
    void timesAreFromInclusiveToExclusive() {
        appendMixed();
        assertFinds(EventQuery.all().time(HAPPENED.plusSeconds(1), HAPPENED.plusSeconds(3)), "1", "2");
        assertFinds(
                EventQuery.all()
                        .time(HAPPENED.plusNanos(1), HAPPENED.plusSeconds(2).plusNanos(1)),
                "1",
                "2");
        assertFinds(EventQuery.all().time(HAPPENED, HAPPENED));
        assertFinds(EventQuery.all().time(Instant.MIN, Instant.MAX), "0", "1", "2", "3", "4", "5");
    }

    @Test
    void appendTimesAreFromInclusiveToExclusive() {
        Instant begin = clock.instant();
        appendMixed();
        assertFinds(EventQuery.all().appendTime(begin.plusSeconds(1), begin.plusSeconds(3)), "1", "2");
        assertFinds(
                EventQuery.all()
                        .appendTime(begin.plusNanos(1), begin.plusSeconds(2).plusNanos(1)),
                "1",
                "2");
        assertFinds(EventQuery.all().appendTime(Instant.MIN, Instant.MAX), "0", "1", "2", "3", "4", "5");
        assertFinds(EventQuery.all().appendTime(begin.plusSeconds(6), Instant.MAX));
        assertFinds(
                EventQuery.all()
                        .appendTime(begin, begin.plusSeconds(1))
                        .or(EventQuery.all().appendTime(begin.plusSeconds(5), Instant.MAX)),
                "0",
                "5");
    }

    @Test
    void appendTimesHoldWhereTheClockSteppedBack() {
        Instant begin = clock.instant();
        append("0");
        clock.advance(Duration.ofHours(-1));
        append("1");
        clock.advance(Duration.ofHours(2));
        append("2");
        assertFinds(EventQuery.all().appendTime(begin.minusSeconds(7200), begin), "1");
        assertFinds(EventQuery.all().appendTime(begin, begin.plusSeconds(1)), "0");
        assertFinds(EventQuery.all().appendTime(begin.plusSeconds(1), Instant.MAX), "2");
    }

    @Test
    void positionsAreExclusiveOnBothSides() {
        List<Long> p = appendNumbers(5);
        assertFinds(EventQuery.all().after(p.get(1)), "2", "3", "4");
        assertFinds(EventQuery.all().before(p.get(3)), "0", "1", "2");
        assertFinds(EventQuery.all().after(p.get(1)).before(p.get(4)), "2", "3");
        assertFinds(EventQuery.all().after(p.get(1)).after(p.get(0)), "2", "3", "4");
        assertFinds(EventQuery.all().before(p.get(1)).before(p.get(3)), "0");
        assertFinds(EventQuery.all().after(-1), "0", "1", "2", "3", "4");
        assertFinds(EventQuery.all().before(p.get(0)));
        assertFinds(EventQuery.all().after(p.get(4)));
        assertFinds(EventQuery.all().after(p.get(2)).before(p.get(2)));
        assertFinds(EventQuery.all().before(Long.MAX_VALUE), "0", "1", "2", "3", "4");
    }

    @Test
    void orWidensAndWhatFollowsNarrowsBoth() {
        appendMixed();
        EventQuery either = EventQuery.all().keys("k0").or(EventQuery.all().types("Odd"));
        assertFinds(either, "0", "1", "3", "5");
        assertFinds(either.sources("late"), "3", "5");
        assertFinds(either.or(EventQuery.all()), "0", "1", "2", "3", "4", "5");
        List<Event<String>> all = read(EventQuery.all());
        assertFinds(
                EventQuery.all()
                        .before(all.get(1).position())
                        .or(EventQuery.all().after(all.get(4).position())),
                "0",
                "5");
    }

    @Test
    void aQueryIsNotChangedByNarrowingIt() {
        appendMixed();
        EventQuery even = EventQuery.all().types("Even");
        EventQuery unused = even.keys("k0").or(EventQuery.all());
        assertFinds(even, "0", "2", "4");
    }

    @Test
    void typesOfClassesStandForTheirStoredNames() {
        Codec<Order> orders = Codec.records(Order.class);
        log.producer("p", orders).append(KEY, new Paid("o-1"));
        log.producer("p", orders).append(KEY, new Placed("o-2", 1, java.util.Optional.empty()));
        log.producer("p", Codec.records(OldShipment.class)).append(KEY, new OldShipment("o-3"));
        log.producer("p", Codec.records(Shipment.class)).append(KEY, new Shipment("o-4"));
        assertThat(log.read(EventQuery.all().types(Order.class), orders).map(Event::data))
                .containsExactly(new Paid("o-1"), new Placed("o-2", 1, java.util.Optional.empty()));
        assertThat(log.read(EventQuery.all().types(Shipment.class), Codec.records(Shipment.class))
                        .map(Event::data))
                .containsExactly(new Shipment("o-3"), new Shipment("o-4"));
    }

    @Test
    void manyEventsLeftOutInARowArePassed() {
        producer().append("wanted", "first");
        for (int i = 0; i < 12; i++) {
            producer().appendAll(newEvents(numbers(0, 1_000).toArray(String[]::new)));
        }
        producer().append("wanted", "last");
        assertFinds(EventQuery.all().keys("wanted"), "first", "last");
        try (Consumer<String> consumer = log.consumer(
                ConsumerConfig.named("waits")
                        .query(EventQuery.all().keys("wanted"))
                        .build(),
                TEXT)) {
            assertThat(consumer.await(NOW)).isTrue();
            assertThat(texts(consumer.poll(NOW))).contains("first");
            consumer.commit(consumer.poll(NOW).get(0));
            assertThat(texts(consumer.poll(NOW))).containsExactly("last");
        }
    }

    @Test
    void readEndsAtTheEndAsOfTheCall() {
        appendNumbers(3);
        Stream<Event<String>> stream = log.read(EventQuery.all(), TEXT);
        append("3");
        assertThat(texts(stream.toList())).containsExactly("0", "1", "2");
    }

    @Test
    void readIsLazyAndNeedsNoClose() {
        appendNumbers(100);
        Iterator<Event<String>> events = log.read(EventQuery.all(), TEXT).iterator();
        assertThat(events.next().data()).isEqualTo("0");
        append("100");
        for (int i = 1; i < 100; i++) {
            assertThat(events.next().data()).isEqualTo(Integer.toString(i));
        }
        assertThat(events.hasNext()).isFalse();
        assertThat(log.read(EventQuery.all(), TEXT).limit(2)).hasSize(2);
    }

    @Test
    void aReadOfAClosedLogEndsWithLogClosedOrGoesOnRight() {
        producer().appendAll(newEvents(numbers(0, 500).toArray(String[]::new)));
        for (int i = 500; i < 1_000; i++) {
            append(Integer.toString(i));
        }
        Iterator<Event<String>> events = log.read(EventQuery.all(), TEXT).iterator();
        assertThat(events.next().data()).isEqualTo("0");
        log.close();
        try {
            for (int i = 1; i < 1_000; i++) {
                assertThat(events.next().data()).isEqualTo(Integer.toString(i));
            }
        } catch (LogClosedException expected) {
            assertThat(expected).hasMessageContaining("closed");
        }
    }

    @Test
    void readsDoNotMoveConsumers() {
        appendNumbers(2);
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(allTexts()).hasSize(2);
            assertThat(consumer.poll(NOW)).hasSize(2);
            assertThat(log.consumers()).hasSize(1);
        }
    }

    @Test
    void anUndecodableEventEndsAReadWithAnException() {
        append("a");
        log.producer("p", Codec.bytes("Foreign")).append(KEY, java.nio.ByteBuffer.allocate(1));
        Iterator<Event<String>> events = log.read(EventQuery.all(), TEXT).iterator();
        assertThat(events.next().data()).isEqualTo("a");
        assertThatThrownBy(events::next).isInstanceOf(dev.eventlog.error.DecodeException.class);
    }
}
