package dev.eventlog.internal.codec;

import static dev.eventlog.internal.codec.Payloads.codec;
import static dev.eventlog.internal.codec.Payloads.encode;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.internal.codec.Samples.Side;
import dev.eventlog.internal.support.JvmOpener;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.wire.BinaryWire;
import net.openhft.chronicle.wire.BinaryWireCode;
import net.openhft.chronicle.wire.ValueOut;
import net.openhft.chronicle.wire.Wire;
import net.openhft.chronicle.wire.WireOut;
import net.openhft.chronicle.wire.WireType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds the codec to chronicle-wire's BINARY_LIGHT: the same bytes as its typed writes, readable with its typed reads. */
final class ChronicleWireTest {

    record Scalars(
            boolean flag,
            byte b,
            short s,
            char c,
            int i,
            long l,
            float f,
            double d,
            String text,
            Side side,
            UUID id,
            byte[] bytes,
            LocalDate day,
            Optional<Long> maybe) {}

    record Inner(String name) {}

    sealed interface Choice {}

    record First(long x) implements Choice {}

    record Second() implements Choice {}

    record Blocks(
            Inner inner,
            Choice choice,
            Instant at,
            Duration lasted,
            BigInteger big,
            BigDecimal price,
            List<Optional<String>> list,
            Map<String, Integer> map,
            String aNameThatIsLongerThanThirtyOneCharacters) {}

    @BeforeAll
    static void openTheJvm() {
        JvmOpener.open();
    }

    @Test
    void codesAreThoseOfChronicleWire() {
        assertThat(new int[] {
                    PayloadDescriptor.BLOCK8, PayloadDescriptor.BLOCK16, PayloadDescriptor.BLOCK32,
                    PayloadDescriptor.BYTES, PayloadDescriptor.FLOAT32, PayloadDescriptor.FLOAT64,
                    PayloadDescriptor.UUID128, PayloadDescriptor.UINT8, PayloadDescriptor.UINT16,
                    PayloadDescriptor.UINT32, PayloadDescriptor.INT8, PayloadDescriptor.INT16,
                    PayloadDescriptor.INT32, PayloadDescriptor.INT64, PayloadDescriptor.FALSE,
                    PayloadDescriptor.TRUE, PayloadDescriptor.NAME_ANY, PayloadDescriptor.TEXT_ANY,
                    PayloadDescriptor.ABSENT, PayloadDescriptor.ENTRY, PayloadDescriptor.NAME0,
                    PayloadDescriptor.TEXT0
                })
                .containsExactly(
                        BinaryWireCode.BYTES_LENGTH8,
                        BinaryWireCode.BYTES_LENGTH16,
                        BinaryWireCode.BYTES_LENGTH32,
                        BinaryWireCode.U8_ARRAY,
                        BinaryWireCode.FLOAT32,
                        BinaryWireCode.FLOAT64,
                        BinaryWireCode.UUID,
                        BinaryWireCode.UINT8,
                        BinaryWireCode.UINT16,
                        BinaryWireCode.UINT32,
                        BinaryWireCode.INT8,
                        BinaryWireCode.INT16,
                        BinaryWireCode.INT32,
                        BinaryWireCode.INT64,
                        BinaryWireCode.FALSE,
                        BinaryWireCode.TRUE,
                        BinaryWireCode.FIELD_NAME_ANY,
                        BinaryWireCode.STRING_ANY,
                        BinaryWireCode.NULL,
                        BinaryWireCode.EVENT_OBJECT,
                        BinaryWireCode.FIELD_NAME0,
                        BinaryWireCode.STRING_0);
    }

    @Test
    void scalarsAreTheBytesOfTypedWrites() {
        long seed = Long.getLong("seed", System.nanoTime());
        var random = new Random(seed);
        var codec = codec(Scalars.class);
        for (int i = 0; i < 20_000; i++) {
            Scalars data = scalars(random);
            Wire wire = wire();
            wire.write("flag").bool(data.flag);
            wire.write("b").int8(data.b);
            wire.write("s").int16(data.s);
            wire.write("c").uint16(data.c);
            wire.write("i").int32(data.i);
            wire.write("l").int64(data.l);
            wire.write("f").fixedFloat32(data.f);
            wire.write("d").fixedFloat64(data.d);
            wire.write("text").text(data.text);
            wire.write("side").text(data.side.name());
            wire.write("id").uuid(data.id);
            wire.write("bytes").bytes(data.bytes);
            wire.write("day").int64(data.day.toEpochDay());
            data.maybe.ifPresent(value -> wire.write("maybe").int64(value));

            assertThat(encode(codec, data)).as("seed %d, data %d", seed, i).isEqualTo(bytesOf(wire));
        }
    }

    @Test
    void blocksAreTheBytesOfTypedWrites() {
        var random = new Random(5);
        var codec = codec(Blocks.class);
        for (int i = 0; i < 2_000; i++) {
            Blocks data = blocks(random);
            Wire wire = wire();
            wire.write("inner")
                    .sequence(
                            data.inner,
                            (inner, out) -> out.wireOut().write("name").text(inner.name));
            wire.write("choice").sequence(data.choice, ChronicleWireTest::writeChoice);
            wire.write("at").sequence(data.at, (at, out) -> {
                out.int64(at.getEpochSecond());
                out.int32(at.getNano());
            });
            wire.write("lasted").sequence(data.lasted, (lasted, out) -> {
                out.int64(lasted.getSeconds());
                out.int32(lasted.getNano());
            });
            wire.write("big").bytes(data.big.toByteArray());
            wire.write("price").sequence(data.price, (price, out) -> {
                out.int32(price.scale());
                out.bytes(price.unscaledValue().toByteArray());
            });
            wire.write("list").sequence(data.list, (list, out) -> list.forEach(item -> out.text(item.orElse(null))));
            wire.write("map").sequence(data.map, ChronicleWireTest::writeMap);
            wire.write("aNameThatIsLongerThanThirtyOneCharacters").text(data.aNameThatIsLongerThanThirtyOneCharacters);

            assertThat(encode(codec, data)).isEqualTo(bytesOf(wire));
        }
    }

    private static void writeChoice(Choice choice, ValueOut out) {
        WireOut wire = out.wireOut();
        wire.write("@type").text(choice.getClass().getSimpleName());
        if (choice instanceof First first) {
            wire.write("x").int64(first.x);
        }
    }

    private static void writeMap(Map<String, Integer> map, ValueOut out) {
        map.forEach((key, value) -> {
            out.wireOut().writeStartEvent();
            out.text(key);
            out.wireOut().writeEndEvent();
            out.int32(value);
        });
    }

    @Test
    void typedReadsOfChronicleWireReadThePayload() {
        var random = new Random(6);
        var codec = codec(Scalars.class);
        for (int i = 0; i < 2_000; i++) {
            Scalars data = scalars(random);
            Wire wire = wire();
            wire.bytes().write(encode(codec, data));

            assertThat(wire.read("flag").bool()).isEqualTo(data.flag);
            assertThat(wire.read("b").int8()).isEqualTo(data.b);
            assertThat(wire.read("s").int16()).isEqualTo(data.s);
            assertThat(wire.read("c").uint16()).isEqualTo(data.c);
            assertThat(wire.read("i").int32()).isEqualTo(data.i);
            assertThat(wire.read("l").int64()).isEqualTo(data.l);
            assertThat((float) wire.read("f").float64()).isEqualTo(data.f);
            assertThat(wire.read("d").float64()).isEqualTo(data.d);
            assertThat(wire.read("text").text()).isEqualTo(data.text);
            assertThat(wire.read("side").text()).isEqualTo(data.side.name());
            assertThat(wire.read("id").uuid()).isEqualTo(data.id);
            assertThat(wire.read("bytes").bytes()).isEqualTo(data.bytes);
            assertThat(wire.read("day").int64()).isEqualTo(data.day.toEpochDay());
        }
    }

    @Test
    void toolsOfChronicleWireShowThePayload() {
        Wire wire = wire();
        wire.bytes()
                .write(encode(
                        codec(Blocks.class),
                        new Blocks(
                                new Inner("x"),
                                new First(7),
                                Instant.EPOCH,
                                Duration.ZERO,
                                BigInteger.ONE,
                                BigDecimal.TEN,
                                List.of(Optional.of("a")),
                                Map.of("k", 5),
                                "long")));
        Wire text = WireType.TEXT.apply(Bytes.allocateElasticOnHeap());
        wire.copyTo(text);

        assertThat(text.toString())
                .contains(
                        "name: x",
                        "\"@type\": First",
                        "x: 7",
                        "k: 5",
                        "aNameThatIsLongerThanThirtyOneCharacters: long");
    }

    private static Wire wire() {
        return new BinaryWire(Bytes.allocateElasticOnHeap(), false, false, false, Integer.MAX_VALUE, "binary");
    }

    private static byte[] bytesOf(Wire wire) {
        return wire.bytes().toByteArray();
    }

    private static Scalars scalars(Random random) {
        var bytes = new byte[random.nextInt(20) == 0 ? random.nextInt(1_000) : random.nextInt(10)];
        random.nextBytes(bytes);
        return new Scalars(
                random.nextBoolean(),
                (byte) Samples.integer(random),
                (short) Samples.integer(random),
                (char) Samples.integer(random),
                (int) Samples.integer(random),
                Samples.integer(random),
                random.nextFloat(),
                random.nextDouble(),
                Samples.text(random),
                Side.values()[random.nextInt(3)],
                new UUID(random.nextLong(), random.nextLong()),
                bytes,
                LocalDate.ofEpochDay((int) Samples.integer(random)),
                random.nextBoolean() ? Optional.empty() : Optional.of(Samples.integer(random)));
    }

    private static Blocks blocks(Random random) {
        var list = new ArrayList<Optional<String>>();
        var map = new LinkedHashMap<String, Integer>();
        for (int i = random.nextInt(4); i > 0; i--) {
            list.add(random.nextBoolean() ? Optional.empty() : Optional.of(Samples.text(random)));
            map.put(Samples.text(random), (int) Samples.integer(random));
        }
        return new Blocks(
                new Inner(Samples.text(random)),
                random.nextBoolean() ? new First(Samples.integer(random)) : new Second(),
                Instant.ofEpochSecond(random.nextInt(), random.nextInt(1_000_000_000)),
                Duration.ofSeconds(random.nextInt(), random.nextInt(1_000_000_000)),
                new BigInteger(random.nextInt(3_000), random),
                new BigDecimal(new BigInteger(random.nextInt(100), random), random.nextInt(9) - 4),
                list,
                map,
                Samples.text(random));
    }
}
