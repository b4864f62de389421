package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.Event;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.error.EventTooLargeException;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** {@link Producer} and what of an event comes back: envelope, times, ids, sizes. */
abstract class ProducerContract extends LogContract {

    /** Text that fails in the middle of its encoding. */
    private static final String BAD = "bad";

    /** Writes half of {@link #BAD}, then throws. */
    private static final Codec<String> FAILING = new TextCodec() {
        @Override
        public void encode(String data, ByteBuffer target) {
            if (data.equals(BAD)) {
                target.put((byte) 'b');
                throw new IllegalStateException("codec failed on purpose");
            }
            super.encode(data, target);
        }
    };

    /** A codec of a user: text. <b>Threading:</b> Immutable. */
    static class TextCodec implements Codec<String> {

        @Override
        public Schema schema(String data) {
            return TEXT.schema(data);
        }

        @Override
        public void encode(String data, ByteBuffer target) {
            TEXT.encode(data, target);
        }

        @Override
        public boolean decodes(Schema schema) {
            return TEXT.decodes(schema);
        }

        @Override
        public String decode(Schema schema, ByteBuffer payload) {
            return TEXT.decode(schema, payload);
        }
    }

    @Test
    void appendReturnsThePositionOfItsEvent() {
        long plain = producer().append("plain");
        long keyed = producer().append(KEY, "keyed");
        long full = producer().append(NewEvent.of(KEY, "full"));
        assertThat(read(EventQuery.all()))
                .extracting(Event::position, Event::data)
                .contains(
                        org.assertj.core.groups.Tuple.tuple(plain, "plain"),
                        org.assertj.core.groups.Tuple.tuple(keyed, "keyed"),
                        org.assertj.core.groups.Tuple.tuple(full, "full"));
    }

    @Test
    void eventIsReadableWhenAppendReturns() {
        try (Consumer<String> consumer = consumer("reader")) {
            for (int i = 0; i < 100; i++) {
                long position = append(Integer.toString(i)).get(0);
                assertThat(positions(consumer.poll(LONG))).containsExactly(position);
                consumer.commit();
            }
        }
    }

    @Test
    void envelopeComesBackAsGiven() {
        Instant happened = Instant.parse("2020-02-29T23:59:59.999999999Z");
        Map<String, String> metadata = Map.of("trace", "4711", "empty", "", "ünï", "wörld \ud83c\udf0d");
        long position = log.producer("checkout", Codec.utf8("Order"))
                .append(NewEvent.of("o-17", "data")
                        .withId("id-1")
                        .withTime(happened)
                        .withMetadata(metadata));
        Event<String> event = onlyEvent();
        assertThat(event.position()).isEqualTo(position);
        assertThat(event.id()).isEqualTo("id-1");
        assertThat(event.type()).isEqualTo("Order");
        assertThat(event.version()).isEqualTo(1);
        assertThat(event.time()).isEqualTo(happened);
        assertThat(event.appendTime()).isEqualTo(clock.instant());
        assertThat(event.source()).isEqualTo("checkout");
        assertThat(event.key()).isEqualTo("o-17");
        assertThat(event.data()).isEqualTo("data");
        assertThat(event.metadata()).isEqualTo(metadata);
        assertThat(event.attempt()).isEqualTo(1);
    }

    @Test
    void whatWasNotGivenHasItsDefault() {
        clock.advance(Duration.ofNanos(987_654_321));
        producer().append("data");
        Event<String> event = onlyEvent();
        assertThat(event.key()).isNull();
        assertThat(event.id()).isNotBlank();
        assertThat(event.time()).isEqualTo(event.appendTime()).isEqualTo(clock.instant());
        assertThat(event.metadata()).isEmpty();
    }

    @Test
    void appendTimeIsTheLogsNotTheProducers() {
        producer().append(NewEvent.of(KEY, "a").withTime(Instant.EPOCH));
        clock.advance(Duration.ofSeconds(5));
        producer().append(NewEvent.of(KEY, "b").withTime(Instant.EPOCH));
        List<Event<String>> events = read(EventQuery.all());
        assertThat(Duration.between(events.get(0).appendTime(), events.get(1).appendTime()))
                .isEqualTo(Duration.ofSeconds(5));
        assertThat(events).extracting(Event::time).containsOnly(Instant.EPOCH);
    }

    @Test
    void appendTimeDoesNotDecreaseWhenTheClockStepsBackALittle() {
        append("a");
        clock.advance(Duration.ofMillis(-20));
        append("b");
        assertThat(read(EventQuery.all())).extracting(Event::appendTime).isSorted();
    }

    @Test
    void orderHoldsWhenTheClockStepsFar() {
        append("a");
        clock.advance(Duration.ofDays(-1));
        append("b");
        clock.advance(Duration.ofDays(3650));
        append("c");
        clock.advance(Duration.ofDays(-3650));
        append("d");
        assertThat(allTexts()).containsExactly("a", "b", "c", "d");
        restart();
        assertThat(allTexts()).containsExactly("a", "b", "c", "d");
    }

    @Test
    void timesFrom1677To2262AreKeptToTheNanosecond() {
        List<Instant> times = List.of(
                Instant.parse("1677-09-22T00:00:00Z"),
                Instant.parse("1677-09-22T00:00:00.000000001Z"),
                Instant.parse("1969-12-31T23:59:59.999999999Z"),
                Instant.EPOCH,
                Instant.parse("2012-06-21T09:30:00.123456789Z"),
                Instant.parse("2262-04-10T23:59:59.999999999Z"),
                Instant.parse("2262-04-11T00:00:00Z"));
        for (Instant time : times) {
            producer().append(NewEvent.of(KEY, "t").withTime(time));
        }
        restart();
        assertThat(read(EventQuery.all())).extracting(Event::time).containsExactlyElementsOf(times);
        try (Consumer<String> consumer = consumer("views")) {
            var nanos = new ArrayList<Long>();
            int unused = consumer.poll(event -> nanos.add(event.timeNanos()), 100);
            assertThat(nanos.get(2)).isEqualTo(-1);
            assertThat(nanos.get(3)).isZero();
        }
    }

    @Test
    void idsThatWereNotGivenAreUniqueAndStable() {
        for (int i = 0; i < 20; i++) {
            producer().append(KEY, "one");
            long unused = producer().appendAll(newEvents("two", "three"));
        }
        List<String> ids = read(EventQuery.all()).stream().map(Event::id).toList();
        assertThat(new HashSet<>(ids)).hasSize(60);
        try (Consumer<String> consumer = consumer("again")) {
            assertThat(drain(consumer)).extracting(Event::id).isEqualTo(ids);
        }
        restart();
        assertThat(read(EventQuery.all())).extracting(Event::id).isEqualTo(ids);
        append("later");
        assertThat(read(EventQuery.all()).get(60).id()).isNotIn(ids);
    }

    @Test
    void emptyKeyIsAKey() {
        long none = producer().append(null, "none");
        long empty = producer().append("", "empty");
        assertThat(read(EventQuery.all()))
                .extracting(Event::position, Event::key)
                .contains(
                        org.assertj.core.groups.Tuple.tuple(none, null),
                        org.assertj.core.groups.Tuple.tuple(empty, ""));
        assertThat(texts(read(EventQuery.all().keys("")))).containsExactly("empty");
    }

    @Test
    void keysIdsAndMetadataTakeTextOfAllLanguages() {
        String text = "äßΩ漢字\ud83d\ude00\u0000\n\u202E";
        producer().append(NewEvent.of(text, text).withId(text).withMetadata(Map.of(text, text)));
        restart();
        Event<String> event = onlyEvent();
        assertThat(List.of(String.valueOf(event.key()), event.id(), event.data()))
                .containsOnly(text);
        assertThat(event.metadata()).isEqualTo(Map.of(text, text));
        assertThat(read(EventQuery.all().keys(text))).hasSize(1);
    }

    @Test
    void keysAndIdsAndMetadataHoldTo65535Bytes() {
        String longest = "k".repeat(65_535);
        producer().append(longest, "");
        producer().append(NewEvent.of(KEY, "").withId(longest));
        producer().append(NewEvent.of(KEY, "").withMetadata(Map.of("n", "v".repeat(65_000))));
        List<Event<String>> events = read(EventQuery.all());
        assertThat(events).anySatisfy(event -> assertThat(event.key()).isEqualTo(longest));
        assertThat(events).anySatisfy(event -> assertThat(event.id()).isEqualTo(longest));
        assertThat(events).anySatisfy(event -> assertThat(event.metadata()).hasSize(1));
        String longer = longest + "k";
        String umlauts = "ü".repeat(32_768);
        for (String text : List.of(longer, umlauts)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> producer().append(text, ""))
                    .withMessageContaining("65535");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> producer().append(NewEvent.of("").withId(text)))
                    .withMessageContaining("65535");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> producer().append(NewEvent.of("").withMetadata(Map.of("n", text))))
                    .withMessageContaining("65535");
        }
        assertThat(read(EventQuery.all())).hasSize(3);
    }

    @Test
    void emptyPayloadComesBackEmpty() {
        append("");
        ByteBuffer nothing = ByteBuffer.allocate(0);
        log.producer("bytes", Codec.bytes()).append(KEY, nothing);
        restart();
        try (Consumer<ByteBuffer> consumer = log.consumer("reader", Codec.bytes())) {
            assertThat(consumer.poll(NOW))
                    .hasSize(2)
                    .allSatisfy(event -> assertThat(event.data().remaining()).isZero());
        }
        assertThat(texts(read(EventQuery.all().types("text")))).containsExactly("");
    }

    @Test
    void appendLeavesTheBufferAsItWas() {
        ByteBuffer buffer = ByteBuffer.wrap("xxpayloadxx".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        buffer.position(2).limit(9);
        log.producer("bytes", Codec.bytes()).append(KEY, buffer);
        assertThat(buffer.position()).isEqualTo(2);
        assertThat(buffer.limit()).isEqualTo(9);
        List<Event<ByteBuffer>> events =
                log.read(EventQuery.all(), Codec.bytes()).toList();
        assertThat(events.get(0).data()).isEqualTo(buffer);
    }

    @Test
    void changingTheBufferAfterAppendChangesNothing() {
        ByteBuffer buffer = ByteBuffer.wrap(new byte[] {1, 2, 3});
        log.producer("bytes", Codec.bytes()).append(KEY, buffer);
        buffer.put(0, (byte) 9);
        List<Event<ByteBuffer>> events =
                log.read(EventQuery.all(), Codec.bytes()).toList();
        assertThat(events.get(0).data()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    }

    @Test
    void appendAllReturnsThePositionOfItsLast() {
        append("before");
        long last = producer().appendAll(newEvents("a", "b", "c"));
        List<Event<String>> events = read(EventQuery.all());
        assertThat(texts(events)).containsExactly("before", "a", "b", "c");
        assertThat(positions(events).subList(1, 4)).containsExactly(last - 2, last - 1, last);
    }

    @Test
    void appendAllKeepsEachEnvelope() {
        producer()
                .appendAll(List.of(
                        NewEvent.of(KEY, "a").withId("1").withTime(Instant.EPOCH),
                        NewEvent.of("b"),
                        NewEvent.of(KEY, "c").withMetadata(Map.of("m", "n"))));
        List<Event<String>> events = read(EventQuery.all());
        assertThat(events.get(0).id()).isEqualTo("1");
        assertThat(events.get(0).time()).isEqualTo(Instant.EPOCH);
        assertThat(events.get(1).key()).isNull();
        assertThat(events.get(1).time()).isEqualTo(clock.instant());
        assertThat(events.get(2).metadata()).isEqualTo(Map.of("m", "n"));
        assertThat(events.get(2).id()).isNotEqualTo(events.get(1).id()).isNotEmpty();
    }

    @Test
    void appendAllOfNothingIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> producer().appendAll(List.of()));
        assertThat(allTexts()).isEmpty();
    }

    @Test
    void appendAllWithANullAppendsNothing() {
        List<NewEvent<String>> events = new ArrayList<>(newEvents("a", "b", "c"));
        events.set(1, missing());
        assertThatNullPointerException().isThrownBy(() -> producer().appendAll(events));
        append("next");
        assertThat(allTexts()).containsExactly("next");
    }

    @Test
    void codecThatThrowsAppendsNothing() {
        Producer<String> failing = log.producer("failing", FAILING);
        assertThatThrownBy(() -> failing.append(KEY, BAD)).hasMessage("codec failed on purpose");
        assertThatThrownBy(() -> failing.append(NewEvent.of(KEY, BAD))).hasMessage("codec failed on purpose");
        assertThatThrownBy(() -> failing.appendAll(newEvents("a", BAD, "c"))).hasMessage("codec failed on purpose");
        assertThatThrownBy(() -> failing.appendAll(newEvents("a", "b", BAD))).hasMessage("codec failed on purpose");
        assertThat(allTexts()).isEmpty();
        failing.append(KEY, "good");
        restart();
        assertThat(allTexts()).containsExactly("good");
    }

    @Test
    void codecIsCalledAgainWithALargerTarget() {
        String text = "x".repeat(60_000);
        var overflows = new AtomicInteger();
        Codec<String> counting = new TextCodec() {
            @Override
            public void encode(String data, ByteBuffer target) {
                assertThat(target.position()).isZero();
                assertThat(target.order()).isEqualTo(java.nio.ByteOrder.BIG_ENDIAN);
                try {
                    super.encode(data, target);
                } catch (BufferOverflowException full) {
                    overflows.incrementAndGet();
                    throw full;
                }
            }
        };
        log.producer("fresh", counting).append(KEY, text);
        assertThat(onlyEvent().data()).isEqualTo(text);
        assertThat(overflows.get()).isLessThan(20);
    }

    @Test
    void eventsUpToTheLimitAreTakenAndNotOneByteMore() {
        int limit = maxEventLengthBytes();
        String most = "x".repeat(limit);
        producer().append(null, most);
        assertTooLarge(() -> producer().append(null, most + "x"));
        assertTooLarge(() -> producer().append(KEY, most));
        assertTooLarge(() -> producer().append(null, "x".repeat(2 * limit)));
        assertThat(texts(read(EventQuery.all()))).containsExactly(most);
        restart();
        assertThat(texts(read(EventQuery.all()))).containsExactly(most);
    }

    @Test
    void keyIdAndMetadataCountForTheLimit() {
        int limit = maxEventLengthBytes();
        String key = "k".repeat(1_000);
        String id = "i".repeat(2_000);
        String rest = "x".repeat(limit - 3_000);
        producer().append(NewEvent.of(key, rest).withId(id));
        assertTooLarge(() -> producer().append(NewEvent.of(key, rest + "x").withId(id)));
        assertTooLarge(() -> producer().append(NewEvent.of(key, rest).withId(id).withMetadata(Map.of("m", "v"))));
        assertThat(onlyEvent().data()).isEqualTo(rest);
    }

    @Test
    void aLimitThatOneEventBreaksKeepsAllOut() {
        String tooLong = "x".repeat(maxEventLengthBytes() + 1);
        assertTooLarge(() -> producer().appendAll(newEvents("a", tooLong, "c")));
        List<NewEvent<String>> together = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            together.add(NewEvent.of(KEY, "x".repeat(maxEventLengthBytes())));
        }
        assertTooLarge(() -> producer().appendAll(together));
        append("next");
        assertThat(allTexts()).containsExactly("next");
    }

    private void assertTooLarge(Action append) {
        assertThatThrownBy(append::run).isInstanceOfSatisfying(EventTooLargeException.class, refusal -> {
            assertThat(refusal.limitBytes()).isPositive();
            assertThat(refusal.lengthBytes()).isGreaterThan(refusal.limitBytes());
            assertThat(String.valueOf(refusal.getMessage()).length())
                    .as("no payload in the message")
                    .isLessThan(1_000);
        });
    }

    @Test
    void aProducerIsSharedByThreads() throws Exception {
        Producer<String> shared = producer();
        int threads = 4;
        int each = 300;
        var go = new CountDownLatch(1);
        List<Running<List<Long>>> running = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            String name = "t" + t;
            running.add(start(() -> {
                go.await();
                var positions = new ArrayList<Long>();
                for (int i = 0; i < each; i++) {
                    positions.add(shared.append(name, name + ":" + i + "x".repeat(i)));
                }
                return positions;
            }));
        }
        go.countDown();
        Set<Long> all = new HashSet<>();
        for (int t = 0; t < threads; t++) {
            List<Long> positions = running.get(t).join();
            assertThat(positions).isSorted();
            all.addAll(positions);
            List<Event<String>> own = read(EventQuery.all().keys("t" + t));
            assertThat(positions(own)).isEqualTo(positions);
            for (int i = 0; i < each; i++) {
                assertThat(own.get(i).data()).isEqualTo("t" + t + ":" + i + "x".repeat(i));
            }
        }
        assertThat(all).hasSize(threads * each);
        assertThat(read(EventQuery.all())).hasSize(threads * each);
    }

    @Test
    void codecsRunOutsideAllLocks() throws Exception {
        var encoding = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        Codec<String> slow = new TextCodec() {
            @Override
            public void encode(String data, ByteBuffer target) {
                encoding.countDown();
                awaitQuietly(goOn);
                super.encode(data, target);
            }
        };
        Running<Long> stuck = start(() -> log.producer("slow", slow).append(KEY, "slow"));
        encoding.await();
        append("fast");
        assertThat(allTexts()).containsExactly("fast");
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(drain(consumer)).hasSize(1);
        }
        goOn.countDown();
        stuck.join();
        assertThat(allTexts()).containsExactly("fast", "slow");
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void codecMayAppendItself() {
        var once = new AtomicBoolean();
        Codec<String> reentrant = new TextCodec() {
            @Override
            public void encode(String data, ByteBuffer target) {
                if (once.compareAndSet(false, true)) {
                    append("inner");
                }
                super.encode(data, target);
            }
        };
        log.producer("outer", reentrant).append(KEY, "outer");
        assertThat(allTexts()).containsExactly("inner", "outer");
    }

    @Test
    void interruptedThreadAppendsAndKeepsItsFlag() {
        Thread.currentThread().interrupt();
        boolean kept;
        try {
            append("a");
            producer().appendAll(newEvents("b", "c"));
            log.force();
        } finally {
            kept = Thread.interrupted();
        }
        assertThat(kept).isTrue();
        append("d");
        restart();
        assertThat(allTexts()).containsExactly("a", "b", "c", "d");
    }

    @Test
    void manyTypesAndSourcesComeBack() {
        for (int i = 0; i < 300; i++) {
            log.producer("source-" + i, Codec.utf8("Type" + i)).append(KEY, "data-" + i);
        }
        restart();
        List<Event<String>> events = read(EventQuery.all());
        assertThat(events).hasSize(300);
        for (int i = 0; i < 300; i++) {
            assertThat(events.get(i).type()).isEqualTo("Type" + i);
            assertThat(events.get(i).source()).isEqualTo("source-" + i);
        }
    }

    @Test
    void aCopyOfAnEventKeepsWhatItsProducerSaid() {
        producer()
                .append(NewEvent.of("k", "data")
                        .withId("id")
                        .withTime(Instant.EPOCH)
                        .withMetadata(Map.of("m", "n")));
        Event<String> original = onlyEvent();
        assertThat(NewEvent.copyOf(original))
                .isEqualTo(NewEvent.of("k", "data")
                        .withId("id")
                        .withTime(Instant.EPOCH)
                        .withMetadata(Map.of("m", "n")));
    }

    @Test
    void readMetadataCannotBeChanged() {
        producer().append(NewEvent.of(KEY, "a").withMetadata(Map.of("m", "n")));
        Map<String, String> found = onlyEvent().metadata();
        assertThatThrownBy(() -> found.put("x", "y")).isInstanceOf(UnsupportedOperationException.class);
    }
}
