package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.error.EventTooLargeException;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.PositionExpiredException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * One run of random operations on a log and on a plain list, which must tell the same.
 *
 * <p><b>Threading:</b> One thread at a time: the test's.
 */
final class ModelRun {

    static final List<String> TYPES = List.of("Alpha", "Beta", "Gamma");
    static final List<String> KEYS = List.of("a", "b", "c", "d", "e", "", "ü漢\ud83d\ude00");
    static final List<String> SOURCES = List.of("one", "two", "three");
    /** So little that none of it is pruned before it was looked at. */
    private static final int MOST_HANDED_OVER_BYTES = 200_000;

    private static final List<String> CONSUMERS = List.of("anna", "Anna", "bert", "carl");

    /** How a run gets at its log. */
    interface Backend {
        EventLog open(ManualClock clock);

        /** Closes the log and opens it with what it held; null if it cannot. */
        @Nullable
        EventLog reopen(EventLog log, ManualClock clock);

        /** Opens what the log's process would find had it died now; null if it cannot. */
        @Nullable
        EventLog crash(EventLog log, ManualClock clock);

        int maxEventLengthBytes();
    }

    final Random random;
    final List<ModelEvent> events = new ArrayList<>();
    private final Backend backend;
    private final ManualClock clock = new ManualClock();
    private final Map<String, ModelConsumer> consumers = new TreeMap<>();
    private final Set<String> ids = new HashSet<>();
    private final ModelIds known = new ModelIds();
    private final List<String> history = new ArrayList<>();
    private long first;
    EventLog log;

    ModelRun(Backend backend, long seed) {
        this.backend = backend;
        random = new Random(seed);
        log = backend.open(clock);
    }

    /** Does so many operations, then compares everything. */
    void run(int steps) {
        for (int i = 0; i < steps; i++) {
            step();
        }
        readAll();
        checkStatuses();
        closeConsumers();
        log.close();
    }

    /** Position that the log begins with by now: what is pruned is so at any time. */
    long first() {
        long found = log.firstPosition();
        assertThat(found).isBetween(first, (long) events.size());
        first = found;
        return found;
    }

    /** The last operations, for the message of a failure. */
    String lastOperations() {
        return String.join("\n  ", history.subList(Math.max(0, history.size() - 25), history.size()));
    }

    void did(String operation) {
        history.add(operation);
    }

    private void step() {
        int dice = random.nextInt(1000);
        if (dice < 200) {
            appendOne();
        } else if (dice < 230) {
            appendAsync();
        } else if (dice < 260) {
            appendAll();
        } else if (dice < 275) {
            appendTooLarge();
        } else if (dice < 290) {
            appendFailing();
        } else if (dice < 800) {
            consumer().step();
        } else if (dice < 870) {
            read();
        } else if (dice < 900) {
            moveClock();
        } else if (dice < 915) {
            log.force();
            assertThat(log.durablePosition()).isEqualTo(log.endPosition());
        } else if (dice < 945) {
            checkStatuses();
        } else if (dice < 965) {
            forget();
        } else if (dice < 970) {
            readAll();
        } else if (dice < 980) {
            reopen();
        } else if (dice < 985) {
            crash();
        } else {
            consumer().step();
        }
        assertThat(log.endPosition()).isEqualTo(events.size());
        assertThat(log.durablePosition()).isLessThanOrEqualTo(events.size());
        consumers
                .values()
                .forEach(consumer -> assertThat(consumer.firstParked()).isGreaterThanOrEqualTo(first()));
    }

    private ModelConsumer consumer() {
        String name = CONSUMERS.get(random.nextInt(CONSUMERS.size()));
        return consumers.computeIfAbsent(name, unused -> new ModelConsumer(this, name));
    }

    private void moveClock() {
        int dice = random.nextInt(20);
        long millis = dice == 0 ? -7_200_000 : dice == 1 ? 86_400_000 : dice < 5 ? -10 : random.nextInt(1000);
        did("clock moves " + millis + " ms");
        clock.advance(Duration.ofMillis(millis).plusNanos(random.nextInt(1000)));
        known.clockIsAt(ModelQuery.nanos(clock.instant()));
    }

    // appending

    private byte[] payload() {
        int dice = random.nextInt(100);
        int limit = backend.maxEventLengthBytes() - 2_000;
        int length = dice < 5
                ? 0
                : dice < 75 ? random.nextInt(100) : dice < 95 ? random.nextInt(4_000) : random.nextInt(limit);
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private @Nullable String key() {
        return random.nextInt(4) == 0 ? null : KEYS.get(random.nextInt(KEYS.size()));
    }

    private <E> E any(List<E> of) {
        return of.get(random.nextInt(of.size()));
    }

    private void appendOne() {
        String type = any(TYPES);
        String source = any(SOURCES);
        Producer<ByteBuffer> producer = log.producer(source, Codec.bytes(type));
        byte[] payload = payload();
        String key = key();
        long position;
        NewEvent<ByteBuffer> event = NewEvent.of(key, ByteBuffer.wrap(payload));
        switch (random.nextInt(3)) {
            case 0 -> {
                event = NewEvent.of(ByteBuffer.wrap(payload));
                position = producer.append(ByteBuffer.wrap(payload));
            }
            case 1 -> position = producer.append(key, ByteBuffer.wrap(payload));
            default -> {
                event = embellished(event);
                position = producer.append(event);
            }
        }
        did("append " + payload.length + " bytes with id " + event.id() + " at " + position);
        known.begin();
        taken(type, source, event, position);
    }

    /** Takes up what became of an event, which is the next of the log or stands in it already. */
    private void taken(String type, String source, NewEvent<ByteBuffer> event, long position) {
        if (position == events.size()) {
            assertThat(verdict(event)).as("%s is new", event).isNotEqualTo(ModelIds.Verdict.KNOWN);
            appended(type, source, List.of(event));
        } else {
            assertThat(verdict(event)).as("%s stood at %d", event, position).isNotEqualTo(ModelIds.Verdict.NEW);
            assertThat(position).isEqualTo(known.position(event.id()));
        }
    }

    private ModelIds.Verdict verdict(NewEvent<ByteBuffer> event) {
        String id = event.id();
        return id == null ? ModelIds.Verdict.NEW : known.verdict(id, ModelQuery.nanos(clock.instant()), first());
    }

    /** Events that are handed over, some of them amid plain appends, and what was promised of each. */
    private record HandedOver(
            String type, String source, NewEvent<ByteBuffer> event, CompletableFuture<Long> position) {}

    private void appendAsync() {
        List<HandedOver> all = new ArrayList<>();
        int room = MOST_HANDED_OVER_BYTES;
        for (int i = random.nextInt(random.nextInt(10) == 0 ? 400 : 30); i >= 0 && room > 0; i--) {
            String type = any(TYPES);
            String source = any(SOURCES);
            NewEvent<ByteBuffer> event = embellished(NewEvent.of(key(), ByteBuffer.wrap(payload())));
            room -= event.data().remaining();
            Producer<ByteBuffer> producer = log.producer(source, Codec.bytes(type));
            if (random.nextInt(10) == 0) {
                producer = producer.withDurability(Durability.POWER_LOSS);
            }
            CompletableFuture<Long> position = random.nextInt(8) == 0
                    ? CompletableFuture.completedFuture(producer.append(event))
                    : producer.appendAsync(event);
            all.add(new HandedOver(type, source, event, position));
        }
        switch (random.nextInt(3)) {
            case 0 -> log.force();
            case 1 -> log.producer("one", Codec.bytes()).flush();
            default -> all.get(all.size() - 1).position().join();
        }
        did("handed over " + all.size() + " from " + events.size() + " on");
        known.begin();
        for (HandedOver each : all) {
            taken(each.type(), each.source(), each.event(), each.position().join());
        }
        assertThat(log.endPosition()).isEqualTo(events.size());
    }

    private NewEvent<ByteBuffer> embellished(NewEvent<ByteBuffer> event) {
        NewEvent<ByteBuffer> more = event;
        if (random.nextBoolean()) {
            more = more.withId("id-" + random.nextInt(50));
        }
        if (random.nextBoolean()) {
            more = more.withTime(ModelQuery.instant(random.nextLong() / 3));
        }
        if (random.nextBoolean()) {
            more = more.withMetadata(Map.of("trace", Integer.toString(random.nextInt()), "ü", ""));
        }
        return more;
    }

    private List<NewEvent<ByteBuffer>> batch() {
        var batch = new ArrayList<NewEvent<ByteBuffer>>();
        int room = backend.maxEventLengthBytes() - 30_000;
        for (int i = random.nextInt(random.nextInt(10) == 0 ? 300 : 10); i >= 0; i--) {
            byte[] payload = payload();
            room -= payload.length + 400;
            if (room > 0) {
                batch.add(embellished(NewEvent.of(key(), ByteBuffer.wrap(payload))));
            }
        }
        if (batch.isEmpty()) {
            batch.add(NewEvent.of(ByteBuffer.allocate(0)));
        }
        return batch;
    }

    private void appendAll() {
        String type = any(TYPES);
        String source = any(SOURCES);
        List<NewEvent<ByteBuffer>> batch = batch();
        long last = log.producer(source, Codec.bytes(type)).appendAll(batch);
        did("appendAll of " + batch.size() + ", the last at " + last);
        long base = events.size();
        EventQuery fresh = EventQuery.all().after(base - 1);
        List<Event<ByteBuffer>> found = log.read(fresh, Codec.bytes()).toList();
        known.begin();
        for (NewEvent<ByteBuffer> event : batch) {
            int next = events.size() - (int) base;
            boolean isNew = next < found.size() && isSame(found.get(next), event);
            if (isNew && verdict(event) != ModelIds.Verdict.KNOWN) {
                appended(type, source, List.of(event));
            } else {
                assertThat(verdict(event)).as("%s is left out", event).isNotEqualTo(ModelIds.Verdict.NEW);
            }
        }
        assertThat(log.endPosition()).isEqualTo(events.size());
        String lastId = batch.get(batch.size() - 1).id();
        assertThat(last).isEqualTo(lastId == null ? events.size() - 1 : known.position(lastId));
    }

    private static boolean isSame(Event<ByteBuffer> found, NewEvent<ByteBuffer> given) {
        return found.data().equals(given.data())
                && java.util.Objects.equals(found.key(), given.key())
                && (given.id() == null || found.id().equals(given.id()));
    }

    private void appendTooLarge() {
        did("append too large");
        ByteBuffer large = ByteBuffer.allocate(backend.maxEventLengthBytes() + 1 + random.nextInt(100));
        var producer = log.producer(any(SOURCES), Codec.bytes(any(TYPES)));
        var batch = new ArrayList<>(batch());
        batch.add(random.nextInt(batch.size() + 1), NewEvent.of(large));
        assertThatThrownBy(() -> producer.append(large)).isInstanceOf(EventTooLargeException.class);
        assertThatThrownBy(() -> producer.appendAll(batch)).isInstanceOf(EventTooLargeException.class);
    }

    private void appendFailing() {
        did("append with a codec that throws");
        var producer = log.producer(any(SOURCES), Codec.utf8("Text"));
        List<NewEvent<String>> texts = new ArrayList<>();
        for (int i = 1 + random.nextInt(20); i > 0; i--) {
            texts.add(NewEvent.of("x".repeat(random.nextInt(500))));
        }
        texts.add(random.nextInt(texts.size() + 1), NewEvent.of("\ud800"));
        assertThatIllegalArgumentException().isThrownBy(() -> producer.appendAll(texts));
    }

    /** Takes up what the log decided, time and id, when it is seen for the first time; from then on it must stay so. */
    private void appended(String type, String source, List<NewEvent<ByteBuffer>> appended) {
        long base = events.size();
        EventQuery query = EventQuery.all().after(base - 1).before(base + appended.size());
        List<Event<ByteBuffer>> found = log.read(query, Codec.bytes()).toList();
        assertThat(found).hasSize(appended.size());
        for (int i = 0; i < found.size(); i++) {
            NewEvent<ByteBuffer> given = appended.get(i);
            String id = found.get(i).id();
            if (given.id() == null) {
                assertThat(ids.add(id)).as("id is new: %s", id).isTrue();
            }
            byte[] payload = new byte[given.data().remaining()];
            given.data().get(given.data().position(), payload);
            var time = given.time();
            events.add(new ModelEvent(
                    base + i,
                    type,
                    source,
                    given.key(),
                    given.id(),
                    time == null ? null : ModelQuery.nanos(time),
                    given.metadata(),
                    payload,
                    id,
                    ModelQuery.nanos(found.get(i).appendTime())));
            assertSame(found.get(i), events.get((int) base + i));
            if (given.id() != null) {
                known.add(given.id(), base + i, ModelQuery.nanos(found.get(i).appendTime()));
            }
        }
    }

    // comparing

    void assertSame(Event<ByteBuffer> found, ModelEvent expected) {
        boolean same = found.position() == expected.position()
                && found.type().equals(expected.type())
                && found.version() == 1
                && found.source().equals(expected.source())
                && java.util.Objects.equals(found.key(), expected.key())
                && found.id().equals(expected.givenId() != null ? expected.givenId() : expected.id())
                && ModelQuery.nanos(found.time()) == expected.timeNanos()
                && ModelQuery.nanos(found.appendTime()) == expected.appendTimeNanos()
                && found.metadata().equals(expected.metadata())
                && found.data().equals(ByteBuffer.wrap(expected.payload()));
        assertThat(same)
                .as("%s id=%s appendTime=%s is not %s", found, found.id(), found.appendTime(), expected)
                .isTrue();
    }

    void assertSame(List<Event<ByteBuffer>> found, List<ModelEvent> expected) {
        assertThat(found.stream().map(Event::position))
                .isEqualTo(expected.stream().map(ModelEvent::position).toList());
        for (int i = 0; i < found.size(); i++) {
            assertSame(found.get(i), expected.get(i));
        }
    }

    /** Events that match from a position on. */
    List<ModelEvent> matching(ModelQuery query, long from) {
        return events.subList((int) Math.min(from, events.size()), events.size()).stream()
                .filter(query::matches)
                .toList();
    }

    /** Position of the first event that matches from a position on; the end if there is none. */
    long firstMatching(ModelQuery query, long from) {
        for (long position = from; position < events.size(); position++) {
            if (query.matches(events.get((int) position))) {
                return position;
            }
        }
        return events.size();
    }

    private void read() {
        ModelQuery query = ModelQuery.random(random, events);
        did("read " + query.query());
        assertReads(query.query(), from -> matching(query, from));
    }

    private void readAll() {
        did("read all");
        assertReads(EventQuery.all(), from -> events.subList((int) from, events.size()));
    }

    /** A read finds what matches from where the log begins, which is somewhere between before and after it. */
    private void assertReads(EventQuery query, LongFunction<List<ModelEvent>> matching) {
        List<ModelEvent> most = matching.apply(first());
        List<Event<ByteBuffer>> found;
        try {
            found = log.read(query, Codec.bytes()).toList();
        } catch (PositionExpiredException prunedMeanwhile) {
            assertThat(prunedMeanwhile.position()).isLessThan(first());
            return;
        }
        int least = matching.apply(first()).size();
        assertThat(found.size()).isBetween(least, most.size());
        assertSame(found, most.subList(most.size() - found.size(), most.size()));
    }

    private void checkStatuses() {
        did("statuses");
        List<ModelConsumer> known =
                consumers.values().stream().filter(ModelConsumer::exists).toList();
        long firstBefore = first();
        List<ConsumerStatus> statuses = log.consumers();
        assertThat(statuses.stream().map(ConsumerStatus::name))
                .containsExactlyInAnyOrderElementsOf(
                        known.stream().map(consumer -> consumer.name).toList());
        for (ConsumerStatus status : statuses) {
            consumers.get(status.name()).check(status, firstBefore);
        }
    }

    private void forget() {
        ModelConsumer consumer = consumer();
        did("forget " + consumer.name);
        if (!consumer.exists()) {
            assertThatIllegalArgumentException().isThrownBy(() -> log.forget(consumer.name));
        } else if (consumer.isOpen()) {
            assertThatThrownBy(() -> log.forget(consumer.name)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> log.consumer(consumer.name, Codec.bytes())).isInstanceOf(LockedException.class);
        } else {
            log.forget(consumer.name);
            consumers.remove(consumer.name);
        }
    }

    // reopening

    private void closeConsumers() {
        consumers.values().forEach(ModelConsumer::close);
    }

    private void reopen() {
        if (random.nextBoolean()) {
            closeConsumers();
        }
        EventLog again = backend.reopen(log, clock);
        if (again != null) {
            did("reopened");
            consumers.values().forEach(ModelConsumer::closedByLog);
            log = again;
            checkSomeEvents();
        }
    }

    private void crash() {
        EventLog copy = backend.crash(log, clock);
        if (copy != null) {
            did("crashed and opened");
            consumers.values().forEach(ModelConsumer::closedByLog);
            log = copy;
            checkSomeEvents();
        }
    }

    private void checkSomeEvents() {
        assertThat(log.endPosition()).isEqualTo(events.size());
        long tail = random.nextInt(events.size() + 1);
        assertReads(
                EventQuery.all().after(tail - 1), from -> events.subList((int) Math.max(from, tail), events.size()));
    }

    Consumer<ByteBuffer> open(ConsumerConfig config) {
        return log.consumer(config, Codec.bytes());
    }
}
