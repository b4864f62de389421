package dev.eventlog.internal.codec;

import static dev.eventlog.internal.codec.Payloads.codec;
import static dev.eventlog.internal.codec.Payloads.encode;
import static dev.eventlog.internal.codec.Payloads.roundTrip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.internal.codec.Samples.*;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

@SuppressWarnings("UnicodeInCode") // as in code that the codec meets
final class RecordRoundTripTest {

    private final Codec<Event> events = codec(Event.class);

    @Test
    void smallestAndGreatestPrimitivesComeBack() {
        comesBack(new Primitives(
                false,
                Byte.MIN_VALUE,
                Short.MIN_VALUE,
                Character.MIN_VALUE,
                Integer.MIN_VALUE,
                Long.MIN_VALUE,
                Float.MIN_VALUE,
                Double.MIN_VALUE));
        comesBack(new Primitives(
                true,
                Byte.MAX_VALUE,
                Short.MAX_VALUE,
                Character.MAX_VALUE,
                Integer.MAX_VALUE,
                Long.MAX_VALUE,
                Float.MAX_VALUE,
                Double.MAX_VALUE));
    }

    @Test
    void smallestAndGreatestBoxesComeBack() {
        comesBack(new Boxes(
                false,
                Byte.MIN_VALUE,
                Short.MIN_VALUE,
                Character.MIN_VALUE,
                Integer.MIN_VALUE,
                Long.MIN_VALUE,
                Float.NEGATIVE_INFINITY,
                Double.NEGATIVE_INFINITY));
        comesBack(new Boxes(
                true,
                Byte.MAX_VALUE,
                Short.MAX_VALUE,
                Character.MAX_VALUE,
                Integer.MAX_VALUE,
                Long.MAX_VALUE,
                Float.POSITIVE_INFINITY,
                Double.POSITIVE_INFINITY));
    }

    record Long1(long value) {}

    @Test
    void longsAroundEveryPowerOfTwoComeBack() {
        var longs = codec(Long1.class);
        for (int bit = 0; bit < 64; bit++) {
            for (long near = -3; near <= 3; near++) {
                assertThat(roundTrip(longs, new Long1((1L << bit) + near))).isEqualTo(new Long1((1L << bit) + near));
                assertThat(roundTrip(longs, new Long1(-(1L << bit) + near))).isEqualTo(new Long1(-(1L << bit) + near));
            }
        }
    }

    @Test
    void zerosSignAndNotANumberComeBack() {
        comesBack(new Primitives(true, (byte) 0, (short) 0, 'x', 0, 0, -0.0f, -0.0));
        comesBack(new Primitives(true, (byte) 0, (short) 0, 'x', 0, 0, Float.NaN, Double.NaN));
    }

    record Text(String text) {}

    @Test
    void textsOfAllLengthsAndScriptsComeBack() {
        var texts = codec(Text.class);
        for (int length : new int[] {0, 1, 2, 30, 31, 32, 33, 127, 128, 129, 16_383, 16_384, 20_000}) {
            for (String unit : new String[] {"a", "\0", "\u007f", "\u0080", "ß", "\u07ff", "\u0800", "漢", "\uffff"}) {
                var text = new Text(unit.repeat(length));
                assertThat(roundTrip(texts, text)).isEqualTo(text);
            }
        }
        assertThat(roundTrip(texts, new Text("a😀b"))).isEqualTo(new Text("a😀b"));
    }

    @Test
    void loneSurrogatesComeBack() {
        var text = new Text("\udc00 \ud800");

        assertThat(roundTrip(codec(Text.class), text)).isEqualTo(text);
    }

    @Test
    void extremeTimesComeBackToTheNanosecond() {
        comesBack(values(Instant.MAX, LocalDate.MAX, Duration.ofSeconds(Long.MAX_VALUE, 999_999_999)));
        comesBack(values(Instant.MIN, LocalDate.MIN, Duration.ofSeconds(Long.MIN_VALUE)));
        comesBack(values(Instant.EPOCH.minusNanos(1), LocalDate.EPOCH, Duration.ZERO.minusNanos(1)));
    }

    private static Values values(Instant at, LocalDate day, Duration lasted) {
        return new Values(
                "", Side.BUY, at, day, lasted, BigDecimal.ZERO, BigInteger.ZERO, new UUID(0, 0), Optional.empty());
    }

    record Number(BigDecimal decimal, BigInteger integer) {}

    @Test
    void bigNumbersComeBackWithTheirScale() {
        var numbers = codec(Number.class);
        for (String decimal : new String[] {"0", "0.00", "-1", "1E+5", "1.10", "-123456789012345678901234567890.5"}) {
            for (int bits : new int[] {0, 1, 7, 8, 63, 64, 2_000, 200_000}) {
                var positive = new Number(new BigDecimal(decimal), BigInteger.TWO.pow(bits));
                assertThat(roundTrip(numbers, positive)).isEqualTo(positive);
                var negative = new Number(
                        new BigDecimal(decimal), BigInteger.TWO.pow(bits).negate());
                assertThat(roundTrip(numbers, negative)).isEqualTo(negative);
            }
        }
        var scales = new Number(new BigDecimal(BigInteger.ONE, Integer.MIN_VALUE), BigInteger.ONE);
        assertThat(roundTrip(numbers, scales)).isEqualTo(scales);
    }

    @Test
    void bytesOfAllLengthsComeBack() {
        var random = new Random(3);
        for (int length : new int[] {0, 1, 253, 254, 255, 256, 65_000}) {
            var bytes = new byte[length];
            random.nextBytes(bytes);
            comesBack(new Blob(bytes));
        }
    }

    @Test
    void enumsWithBodiesAndOtherScriptsComeBack() {
        for (Side side : Side.values()) {
            comesBack(new Values(
                    "",
                    side,
                    Instant.EPOCH,
                    LocalDate.EPOCH,
                    Duration.ZERO,
                    BigDecimal.ONE,
                    BigInteger.ONE,
                    UUID.randomUUID(),
                    Optional.of("")));
        }
    }

    @Test
    void optionalsComeBackEmptyAndFull() {
        record Optionals(Optional<String> a, Optional<Integer> b, Optional<List<String>> c, List<Optional<Long>> d) {}
        var codec = codec(Optionals.class);

        var empty = new Optionals(Optional.empty(), Optional.empty(), Optional.empty(), List.of(Optional.empty()));
        assertThat(roundTrip(codec, empty)).isEqualTo(empty);
        var full = new Optionals(Optional.of(""), Optional.of(0), Optional.of(List.of()), List.of(Optional.of(5L)));
        assertThat(roundTrip(codec, full)).isEqualTo(full);
        var mixed = new Optionals(
                Optional.empty(),
                Optional.of(-1),
                Optional.of(List.of("x")),
                List.of(Optional.of(1L), Optional.empty(), Optional.of(2L)));
        assertThat(roundTrip(codec, mixed)).isEqualTo(mixed);
    }

    @Test
    void recordsInsideEachOtherComeBack() {
        var shape = new Square(3, Optional.of(new Square(2, Optional.of(new Circle(0.5)))));
        comesBack(new Nested(
                new Point(1, -1),
                shape,
                new LinkedList<>(List.of(new Point(0, 0), new Point(Integer.MAX_VALUE, 7))),
                Set.of(Side.SELL),
                Map.of("a", List.of(), "", List.of(Optional.of(shape), Optional.empty())),
                Map.of(Side.BUY, new Point(3, 4)),
                Map.of(-1, -1L),
                Map.of(Long.MIN_VALUE, "x"),
                Map.of(new UUID(1, 2), Set.of("y"))));
    }

    @Test
    void treesComeBack() {
        comesBack(new Tree(
                "root", List.of(new Tree("leaf", List.of()), new Tree("", List.of(new Tree("x", List.of()))))));
    }

    @Test
    void recordWithoutComponentsIsAnEmptyPayload() {
        assertThat(encode(events, new Nothing())).isEmpty();
        comesBack(new Nothing());
    }

    @Test
    void randomDataComesBack() {
        long seed = Long.getLong("seed", System.nanoTime());
        var random = new Random(seed);
        for (int i = 0; i < 5_000; i++) {
            Event event = Samples.event(random);
            assertThat(roundTrip(events, event))
                    .as("seed %d, event %d", seed, i)
                    .isEqualTo(event);
        }
    }

    record Ordered(Set<String> set, Map<String, Integer> map) {}

    @Test
    void setsAndMapsKeepTheOrderTheyWereWrittenIn() {
        var set = new LinkedHashSet<String>();
        var map = new LinkedHashMap<String, Integer>();
        for (int i = 0; i < 100; i++) {
            set.add("k" + (i * 37) % 100);
            map.put("k" + (i * 41) % 100, i);
        }

        var back = roundTrip(codec(Ordered.class), new Ordered(set, map));

        assertThat(back.set()).containsExactlyElementsOf(set);
        assertThat(back.map().keySet()).containsExactlyElementsOf(map.keySet());
    }

    @Test
    void decodedCollectionsAreUnmodifiable() {
        var back = roundTrip(codec(Ordered.class), new Ordered(Set.of("a"), Map.of("a", 1)));

        assertThatThrownBy(() -> back.set().add("b")).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> back.map().put("b", 2)).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void wildcardsAndListsOfListsComeBack() {
        record Wild(List<? extends Shape> shapes, List<List<List<Integer>>> deep) {}
        var wild = new Wild(List.of(new Circle(1)), List.of(List.of(List.of(1, 2), List.of()), List.of()));

        assertThat(roundTrip(codec(Wild.class), wild)).isEqualTo(wild);
    }

    sealed interface Typed<T> {}

    record OfText(String value) implements Typed<String> {}

    record OfNumber(int value) implements Typed<Integer> {}

    record Holder(Typed<String> typed, Typed<?> any) {}

    @Test
    void sealedInterfaceMayBeGenericIfItsRecordsAreNot() {
        var holder = new Holder(new OfText("a"), new OfNumber(7));

        assertThat(roundTrip(codec(Holder.class), holder)).isEqualTo(holder);
        assertThat(roundTrip(codec(Typed.class), new OfNumber(8))).isEqualTo(new OfNumber(8));
    }

    @Test
    void namesOfAllLengthsAndScriptsAreKeptApart() {
        record Names(int 价格, int 数量, int größe, int a1234567890123456789012345678901234567890, int $x, int _y) {}
        var names = new Names(1, 2, 3, 4, 5, 6);

        assertThat(roundTrip(codec(Names.class), names)).isEqualTo(names);
    }

    @Test
    void accessorsAndConstructorsAreUsed() {
        record Trimmed(String text) {
            static int constructed;

            Trimmed {
                constructed++;
            }

            @Override
            public String text() {
                return text.trim();
            }
        }
        Trimmed.constructed = 0;

        assertThat(roundTrip(codec(Trimmed.class), new Trimmed(" x ")).text).isEqualTo("x");
        assertThat(Trimmed.constructed).isEqualTo(2);
    }

    @Test
    void schemaIsTheSameInstanceEachTime() {
        var one = events.schema(new Nothing());

        assertThat(events.schema(new Nothing())).isSameAs(one);
        assertThat(one).isEqualTo(new Codec.Schema("Nothing", 1, "application/vnd.eventlog.record"));
        assertThat(events.decodes(new Codec.Schema("Nothing", 1, "application/vnd.eventlog.record")))
                .isTrue();
        assertThat(events.decodes(new Codec.Schema("Nothing", 2, "application/vnd.eventlog.record")))
                .isFalse();
        assertThat(events.decodes(new Codec.Schema("Nothing", 1, "application/json")))
                .isFalse();
        assertThat(events.decodes(new Codec.Schema("Something", 1, "application/vnd.eventlog.record")))
                .isFalse();
    }

    @Test
    void targetThatIsTooSmallIsLeftAlone() {
        var random = new Random(11);
        for (int i = 0; i < 200; i++) {
            Event event = Samples.event(random);
            byte[] whole = encode(events, event);
            for (int room = 0; room < whole.length; room += 1 + whole.length / 50) {
                var target = ByteBuffer.allocate(room + 3).position(3);
                assertThatThrownBy(() -> events.encode(event, target)).isInstanceOf(BufferOverflowException.class);
                assertThat(target.position()).isEqualTo(3);
                assertThat(target.array()).containsOnly(0);
            }
            var exact = ByteBuffer.allocate(whole.length + 3).position(3);
            events.encode(event, exact);
            assertThat(exact.hasRemaining()).isFalse();
            assertThat(Arrays.copyOfRange(exact.array(), 3, exact.limit())).isEqualTo(whole);
        }
    }

    @Test
    void payloadsLargerThanTheWorkspaceComeBack() {
        var codec = codec(Text.class);
        for (int length : new int[] {1_000, 3_000_000, 5_000, 1}) {
            var text = new Text("x".repeat(length));
            var target = ByteBuffer.allocate(length + 100);
            codec.encode(text, target);
            var back = codec.decode(codec.schema(text), target.flip().asReadOnlyBuffer());
            assertThat(back.text()).hasSize(length).containsOnlyOnce(text.text());
        }
    }

    @Test
    void decodeReadsTheBufferFromIndexZeroToItsLimitAndLeavesIt() {
        var codec = codec(Text.class);
        var target = ByteBuffer.allocate(100);
        codec.encode(new Text("hello"), target);
        var payload = ByteBuffer.allocate(100).put(target.array()).asReadOnlyBuffer();
        payload.limit(target.position()).position(2);

        assertThat(codec.decode(codec.schema(new Text("")), payload)).isEqualTo(new Text("hello"));
        assertThat(payload.position()).isEqualTo(2);
    }

    @Test
    void decodedDataDoesNotShareBytesWithThePayload() {
        var codec = codec(Blob.class);
        byte[] payload = encode(codec, new Blob(new byte[] {1, 2, 3}));
        var back = codec.decode(codec.schema(new Blob(new byte[0])), ByteBuffer.wrap(payload));
        Arrays.fill(payload, (byte) 9);

        assertThat(back.bytes()).containsExactly(1, 2, 3);
    }

    @Test
    void mutableCollectionsWithNullsOutsideOfThemAreFine() {
        record Lists(List<String> list, Map<String, String> map) {}
        var lists = new Lists(Arrays.asList("a", "b"), new HashMap<>(Collections.singletonMap("k", "v")));

        assertThat(roundTrip(codec(Lists.class), lists)).isEqualTo(lists);
    }

    private void comesBack(Event event) {
        assertThat(roundTrip(events, event)).isEqualTo(event);
    }
}
