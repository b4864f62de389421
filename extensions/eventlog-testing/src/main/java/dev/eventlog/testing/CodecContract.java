package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.Event;
import dev.eventlog.EventQuery;
import dev.eventlog.EventType;
import dev.eventlog.EventView;
import dev.eventlog.NewEvent;
import dev.eventlog.StartAt;
import dev.eventlog.error.DecodeException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ReadOnlyBufferException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** {@link Codec} as a log uses it: schemas, payloads, what is not taken. */
abstract class CodecContract extends AppendAsyncContract {

    sealed interface Order permits Placed, Paid {}

    record Placed(String id, long cents, Optional<String> note) implements Order {}

    record Paid(String id) implements Order {}

    @EventType("Renamed")
    record OldForm(String name, int count) {}

    @EventType("Renamed")
    record NewForm(int count, @EventType.Was("name") String label, Optional<String> added) {}

    @EventType("Renamed")
    record StrictForm(String name, int count, String required) {}

    @EventType(value = "Renamed", version = 2)
    record SecondVersion(String text) {}

    /** A codec whose version, and what it reads, are given. <b>Threading:</b> Thread-safe. */
    private static final class Versioned extends TextCodec {

        private final Schema schema;
        private final AtomicInteger decoded = new AtomicInteger();

        Versioned(String type, int version, String contentType) {
            schema = new Schema(type, version, contentType);
        }

        @Override
        public Schema schema(String data) {
            return schema;
        }

        @Override
        public boolean decodes(Schema found) {
            return found.equals(schema);
        }

        @Override
        public String decode(Schema found, ByteBuffer payload) {
            decoded.incrementAndGet();
            assertThat(found).isEqualTo(schema);
            return StandardCharsets.UTF_8.decode(payload).toString();
        }
    }

    @Test
    void schemaComesBackWithTheEvent() {
        var codec = new Versioned("Tick", 7, "text/x-tick");
        log.producer("p", codec).append(KEY, "data");
        restart();
        List<Event<String>> events = log.read(EventQuery.all(), codec).toList();
        assertThat(events).hasSize(1);
        assertThat(events.get(0).type()).isEqualTo("Tick");
        assertThat(events.get(0).version()).isEqualTo(7);
        try (Consumer<String> consumer = log.consumer("c", codec)) {
            var seen = new ArrayList<String>();
            int unused =
                    consumer.poll(view -> seen.add(view.type() + " " + view.version() + " " + view.contentType()), 1);
            assertThat(seen).containsExactly("Tick 7 text/x-tick");
        }
    }

    @Test
    void aSchemaTheCodecDoesNotTakeIsNeverDecoded() {
        var first = new Versioned("Tick", 1, "text/x-tick");
        log.producer("p", first).append(KEY, "data");
        for (var other : List.of(
                new Versioned("Tock", 1, "text/x-tick"),
                new Versioned("Tick", 2, "text/x-tick"),
                new Versioned("Tick", 1, "text/y-tick"))) {
            assertThatThrownBy(() -> log.read(EventQuery.all(), other).toList())
                    .isInstanceOfSatisfying(DecodeException.class, refusal -> {
                        assertThat(refusal.type()).isEqualTo("Tick");
                        assertThat(refusal.version()).isEqualTo(1);
                    });
            assertThat(other.decoded).hasValue(0);
        }
    }

    @Test
    void undecodableEventsThatTheQueryLeavesOutDoNotMatter() {
        long foreign = log.producer("p", Codec.bytes("Foreign")).append(KEY, ByteBuffer.wrap(new byte[] {1}));
        append("mine");
        assertThat(texts(read(EventQuery.all().types("text")))).containsExactly("mine");
        assertThatThrownBy(this::allTexts)
                .isInstanceOfSatisfying(
                        DecodeException.class, e -> assertThat(e.position()).isEqualTo(foreign));
    }

    @Test
    void aPayloadThatDoesNotFitIsADecodeExceptionWithItsCause() {
        long position = append("fine").get(0);
        Codec<String> failing = new TextCodec() {
            @Override
            public String decode(Schema schema, ByteBuffer payload) {
                throw new IllegalStateException("does not fit on purpose");
            }
        };
        assertThatThrownBy(() -> log.read(EventQuery.all(), failing).toList())
                .isInstanceOfSatisfying(DecodeException.class, refusal -> {
                    assertThat(refusal.position()).isEqualTo(position);
                    assertThat(refusal).hasRootCauseMessage("does not fit on purpose");
                });
    }

    @Test
    void decodeExceptionAtTheCursorIsPassedWithASeek() {
        append("a");
        long bad = log.producer("p", Codec.bytes("Foreign")).append(KEY, ByteBuffer.wrap(new byte[] {1}));
        append("b");
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(texts(consumer.poll(NOW)))
                    .as("what is before it is delivered")
                    .containsExactly("a");
            consumer.commit();
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> consumer.poll(NOW)).isInstanceOfSatisfying(DecodeException.class, refusal -> {
                    assertThat(refusal.position()).isEqualTo(bad);
                    assertThat(refusal.type()).isEqualTo("Foreign");
                    assertThat(refusal).hasMessageContaining("Foreign");
                });
            }
            consumer.seek(StartAt.after(bad));
            assertThat(texts(consumer.poll(NOW))).containsExactly("b");
            consumer.commit();
        }
        restart();
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(NOW)).isEmpty();
        }
    }

    @Test
    void seekPastAnUndecodableEventHoldsWithTheCommitAlone() {
        long bad = log.producer("p", Codec.bytes("Foreign")).append(KEY, ByteBuffer.wrap(new byte[] {1}));
        try (Consumer<String> consumer = consumer("c")) {
            assertThatThrownBy(() -> consumer.poll(NOW)).isInstanceOf(DecodeException.class);
            consumer.seek(StartAt.after(bad));
            consumer.commit();
        }
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(NOW)).isEmpty();
            assertThat(consumer.status().lag()).isZero();
        }
    }

    @Test
    void viewsOfUndecodableEventsStillShowTheirEnvelopeAndPayload() {
        log.producer("p", Codec.bytes("Foreign")).append(KEY, ByteBuffer.wrap(new byte[] {42}));
        try (Consumer<String> consumer = consumer("c")) {
            var payload = new ArrayList<Byte>();
            assertThat(consumer.poll(view -> payload.add(view.payload().get(0)), 10))
                    .isEqualTo(1);
            assertThat(payload).containsExactly((byte) 42);
        }
    }

    @Test
    void bytesReadEverySchemaIntoAFreshReadOnlyBuffer() {
        append("text");
        log.producer("p", Codec.bytes("Raw")).append(KEY, ByteBuffer.wrap(new byte[] {1, 2}));
        List<Event<ByteBuffer>> events =
                log.read(EventQuery.all(), Codec.bytes("Other")).toList();
        assertThat(events).extracting(Event::type).containsExactly("text", "Raw");
        assertThat(events.get(0).data()).isEqualTo(StandardCharsets.UTF_8.encode("text"));
        ByteBuffer data = events.get(1).data();
        assertThat(data).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
        assertThat(data.isReadOnly()).isTrue();
        assertThat(data.isDirect()).isFalse();
        append("x".repeat(1000));
        assertThat(data).as("owned data does not change").isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
    }

    @Test
    void textsComeBackInAllLanguagesAndUnderAnyType() {
        List<String> texts = List.of("", "plain", "äöü", "漢字", "\ud83d\ude00", "\u0000\u007f\u0080\u07ff\u0800\uffff");
        for (String text : texts) {
            log.producer("p", Codec.utf8("Type" + text.length())).append(KEY, text);
        }
        assertThat(allTexts()).isEqualTo(texts);
    }

    @Test
    void textWithoutUtf8FormIsRefused() {
        for (String text : List.of("\ud800", "a\udc00", "\udc00\ud800", "ok\ud83d")) {
            assertThatIllegalArgumentException().isThrownBy(() -> append(text));
        }
        assertThat(allTexts()).isEmpty();
    }

    @Test
    void anyOfReadsAndWritesWithTheFirstThatCan() {
        Codec<Object> either = Codec.anyOf(Codec.utf8("Text"), Codec.bytes("Bytes"));
        log.producer("p", either).append(KEY, "text");
        log.producer("p", either).append(KEY, ByteBuffer.wrap(new byte[] {5}));
        List<Event<Object>> events = log.read(EventQuery.all(), either).toList();
        assertThat(events).extracting(Event::type).containsExactly("Text", "Bytes");
        assertThat(events).extracting(Event::data).containsExactly("text", ByteBuffer.wrap(new byte[] {5}));
    }

    @Test
    void recordsComeBackEqual() {
        Codec<Order> codec = Codec.records(Order.class);
        List<Order> orders = List.of(
                new Placed("o-1", 2_500, Optional.of("quick")),
                new Placed("o-2", Long.MIN_VALUE, Optional.empty()),
                new Paid("o-1"));
        for (Order order : orders) {
            log.producer("p", codec).append(KEY, order);
        }
        restart();
        assertThat(log.read(EventQuery.all(), codec)).extracting(Event::data).isEqualTo(orders);
        assertThat(log.read(EventQuery.all().types(Order.class), codec)).hasSize(3);
        assertThat(log.read(EventQuery.all().types(Paid.class), codec)).hasSize(1);
    }

    @Test
    void recordsMayChangeAsDescribed() {
        log.producer("p", Codec.records(OldForm.class)).append(KEY, new OldForm("n", 7));
        assertThat(log.read(EventQuery.all(), Codec.records(NewForm.class)))
                .extracting(Event::data)
                .containsExactly(new NewForm(7, "n", Optional.empty()));
        var upcast = Codec.Upcast.<OldForm, SecondVersion>upcast(
                OldForm.class, old -> new SecondVersion(old.name() + old.count()));
        assertThat(log.read(EventQuery.all(), Codec.records(SecondVersion.class, upcast)))
                .extracting(Event::data)
                .containsExactly(new SecondVersion("n7"));
    }

    @Test
    void aMissingComponentIsADecodeException() {
        log.producer("p", Codec.records(OldForm.class)).append(KEY, new OldForm("n", 7));
        assertThatThrownBy(() -> log.read(EventQuery.all(), Codec.records(StrictForm.class))
                        .toList())
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("required");
        assertThatThrownBy(() -> log.read(EventQuery.all(), Codec.records(SecondVersion.class))
                        .toList())
                .as("another version without an upcast")
                .isInstanceOf(DecodeException.class);
    }

    @Test
    void payloadOfAViewBeginsAtIndexZeroIsBigEndianAndReadOnly() {
        var codec = Codec.bytes();
        ByteBuffer data =
                ByteBuffer.allocate(16).putLong(0x0102030405060708L).putLong(-1).flip();
        log.producer("p", codec)
                .appendAll(List.of(NewEvent.of(KEY, data), NewEvent.of(KEY, data), NewEvent.of("a-longer-key", data)));
        try (Consumer<ByteBuffer> consumer = log.consumer("c", codec)) {
            int count = consumer.poll(
                    view -> {
                        ByteBuffer payload = view.payload();
                        assertThat(payload.order()).isEqualTo(ByteOrder.BIG_ENDIAN);
                        assertThat(payload.position()).isZero();
                        assertThat(payload.limit()).isEqualTo(16);
                        assertThat(payload.getLong(0)).isEqualTo(0x0102030405060708L);
                        assertThat(payload.getLong(8)).isEqualTo(-1);
                        assertThatThrownBy(() -> payload.put(0, (byte) 0)).isInstanceOf(ReadOnlyBufferException.class);
                        assertThatThrownBy(() -> payload.get(16)).isInstanceOf(IndexOutOfBoundsException.class);
                        payload.position(3).order(ByteOrder.LITTLE_ENDIAN);
                        assertThat(view.payload().position()).isZero();
                        assertThat(view.payload().order()).isEqualTo(ByteOrder.BIG_ENDIAN);
                        assertThat(view.data()).isEqualTo(data);
                    },
                    10);
            assertThat(count).isEqualTo(3);
        }
    }

    @Test
    void aViewEqualsItsOwnedEvent() {
        producer().append(NewEvent.of("k", "data").withId("i").withMetadata(java.util.Map.of("m", "n")));
        Event<String> expected = onlyEvent();
        var kept = new ArrayList<Event<String>>();
        try (Consumer<String> consumer = consumer("c")) {
            int unused = consumer.poll(
                    view -> {
                        assertSame(view, expected);
                        kept.add(view.toEvent());
                    },
                    1);
        }
        Event<String> event = kept.get(0);
        assertThat(event.id()).isEqualTo("i");
        assertThat(event.metadata()).isEqualTo(expected.metadata());
        assertThat(event.data()).isEqualTo("data");
        assertThat(event.time()).isEqualTo(expected.time());
    }

    private static void assertSame(EventView<String> view, Event<String> event) {
        assertThat(view.position()).isEqualTo(event.position());
        assertThat(view.partition()).isEqualTo(event.partition());
        assertThat(view.type()).isEqualTo(event.type()).isSameAs(view.type());
        assertThat(view.version()).isEqualTo(event.version());
        assertThat(view.source()).isEqualTo(event.source()).isSameAs(view.source());
        assertThat(view.key()).isEqualTo(event.key());
        assertThat(view.data()).isEqualTo(event.data());
        assertThat(java.time.Instant.ofEpochSecond(0, view.timeNanos())).isEqualTo(event.time());
        assertThat(java.time.Instant.ofEpochSecond(0, view.appendTimeNanos())).isEqualTo(event.appendTime());
    }

    @Test
    @SuppressWarnings("AssertionFailureIgnored") // the error is what is looked for
    void aViewUsedAfterItsHandlerThrowsWithAssertionsOn() {
        append("a", "b");
        var kept = new ArrayList<EventView<? extends String>>();
        try (Consumer<String> consumer = consumer("c")) {
            int unused = consumer.poll(kept::add, 1);
        }
        if (kept.get(0).getClass().desiredAssertionStatus()) {
            assertThatThrownBy(() -> kept.get(0).position()).isInstanceOf(AssertionError.class);
            assertThatThrownBy(() -> kept.get(0).data()).isInstanceOf(AssertionError.class);
        }
    }
}
