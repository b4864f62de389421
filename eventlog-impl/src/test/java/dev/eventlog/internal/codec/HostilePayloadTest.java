package dev.eventlog.internal.codec;

import static dev.eventlog.internal.codec.Payloads.codec;
import static dev.eventlog.internal.codec.Payloads.decode;
import static dev.eventlog.internal.codec.Payloads.encode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.Codec.Schema;
import dev.eventlog.internal.codec.Samples.Event;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Bytes that no codec wrote: each gives data or an IllegalArgumentException, soon, and nothing else.
 * {@code -Deventlog.payload.changes=} sets how many are changed at random.
 */
@Timeout(120)
final class HostilePayloadTest {

    private static final int LONG_TEXT = 1 << 20;

    private final Codec<Event> events = codec(Event.class);

    @Test
    void changedPayloadsGiveDataOrAnException() {
        mutate(Long.getLong("seed", System.nanoTime()), Integer.getInteger("eventlog.payload.changes", 60_000));
    }

    @Test
    @Tag("nightly")
    @Timeout(1_200)
    void changedPayloadsGiveDataOrAnExceptionManyTimes() {
        mutate(Long.getLong("seed", System.nanoTime()), 20_000_000);
    }

    private void mutate(long seed, int count) {
        var random = new Random(seed);
        byte[] payload = {};
        Schema schema = events.schema(new Samples.Nothing());
        byte[] other = payload;
        for (int i = 0; i < count; i++) {
            if (i % 20 == 0) {
                other = payload;
                Event event = Samples.event(random);
                payload = encode(events, event);
                schema = events.schema(event);
            }
            dataOrException(schema, change(payload, other, random), "seed " + seed + ", payload " + i);
        }
    }

    private void dataOrException(Schema schema, byte[] payload, String what) {
        Throwable failure;
        try {
            decode(events, schema, payload);
            return;
        } catch (Throwable e) {
            failure = e;
        }
        assertThat(failure)
                .as(() -> what + ", type " + schema.type() + ": " + Arrays.toString(payload))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("payload cannot be decoded: type=" + schema.type() + " version=1");
    }

    private static byte[] change(byte[] payload, byte[] other, Random random) {
        byte[] changed = payload.clone();
        for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
            if (changed.length == 0) {
                return randomBytes(random);
            }
            int at = random.nextInt(changed.length);
            switch (random.nextInt(7)) {
                case 0 -> changed[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> changed[at] = (byte) random.nextInt();
                case 2 -> changed[at] = (byte) (0x80 + random.nextInt(0x50)); // most codes stand here
                case 3 -> changed = Arrays.copyOf(changed, at);
                case 4 -> changed = concat(Arrays.copyOf(changed, at), randomBytes(random));
                case 5 -> changed = concat(Arrays.copyOf(changed, at), other);
                default -> {
                    for (int i = at; i < Math.min(changed.length, at + 4); i++) {
                        changed[i] = (byte) (random.nextBoolean() ? 0xFF : random.nextInt());
                    }
                }
            }
        }
        return changed;
    }

    private static byte[] randomBytes(Random random) {
        var bytes = new byte[random.nextInt(64)];
        random.nextBytes(bytes);
        return bytes;
    }

    @Test
    void everyPrefixOfAPayloadGivesDataOrAnException() {
        var random = new Random(7);
        for (int i = 0; i < 300; i++) {
            Event event = Samples.event(random);
            byte[] payload = encode(events, event);
            for (int length = 0; length < payload.length; length++) {
                dataOrException(
                        events.schema(event), Arrays.copyOf(payload, length), "event " + i + ", " + length + " bytes");
            }
        }
    }

    record All(
            String text, byte[] bytes, List<Long> list, Set<String> set, Map<String, Long> map, Optional<All> next) {}

    private static final Schema ALL = new Schema("All", 1, PayloadDescriptor.CONTENT_TYPE);

    @Test
    void hugeLengthsInAFewBytesAreRefused() {
        var codec = codec(All.class);
        for (String name : new String[] {"text", "bytes", "list", "set", "map", "next"}) {
            for (int length : new int[] {11, 255, 65_535, 1_000_000, Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
                refused(codec, bytes(name(name), 0x82, length, length >> 8, length >> 16, length >> 24, 0, 0, 0));
                refused(codec, bytes(name(name), 0x80, length, 0xE0));
                refused(codec, bytes(name(name), 0x81, length, length >> 8, 0x8A));
                refused(codec, bytes(name(name), 0xB8, varint(length), 'x'));
                refused(codec, bytes(0xB7, varint(length), name, 0xE0));
            }
        }
    }

    @Test
    void lengthsThatAreNotWellFormedAreRefused() {
        var codec = codec(All.class);
        refused(codec, bytes(name("text"), 0xB8, 0x80, 0x00));
        refused(codec, bytes(name("text"), 0xB8, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01));
        refused(codec, bytes(name("text"), 0xB8, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F));
        refused(codec, bytes(name("text"), 0xB8, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F));
        refused(codec, bytes(name("text"), 0xB8));
    }

    @Test
    void blocksThatDoNotEndWithTheirContentAreRefused() {
        var codec = codec(All.class);
        refused(codec, bytes(name("list"), 0x80, 3, 0xA1, 5, 0xA1)); // ends in the middle of a value
        refused(codec, bytes(name("list"), 0x80, 3, 0xA7, 1, 2, 3, 4, 5, 6, 7, 8)); // the value ends behind it
        refused(codec, bytes(name("map"), 0x80, 2, 0xBD, 0xE0)); // key without value
        refused(codec, bytes(name("map"), 0x80, 2, 0xE0, 0xE0)); // no entries
    }

    @Test
    void mapWithOneKeyTwiceIsRefused() {
        refused(codec(All.class), bytes(name("map"), 0x80, 8, 0xBD, 0xE0, 0xA1, 1, 0xBD, 0xE0, 0xA1, 2));
    }

    @Test
    void deepNestingIsRefusedBeforeTheStackEnds() {
        var codec = codec(All.class);
        byte[] inner = {};
        for (int depth = 0; depth < 5_000; depth++) {
            byte[] next = inner;
            inner = bytes(
                    name("next"), 0x82, next.length, next.length >> 8, next.length >> 16, next.length >> 24, next);
        }
        byte[] payload = inner;
        assertThatThrownBy(() -> decode(codec, ALL, payload))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("more than 64");
    }

    @Test
    void textThatIsNotWellFormedIsRefused() {
        var codec = codec(All.class);
        for (int[] text : new int[][] {
            {0x80},
            {0xC3},
            {0xC3, 'x'},
            {0xC0, 0x80},
            {0xC1, 0xBF},
            {0xE0, 0x80, 0x80},
            {0xE2, 0x82},
            {0xE2, 'x', 'x'},
            {0xF0, 0x9F, 0x98, 0x80},
            {0xFF},
            {0xE2, 0x82, 0xC3}
        }) {
            refused(codec, bytes(name("text"), 0xE0 + text.length, text));
        }
    }

    @Test
    void timesAndNumbersOutOfTheirRangeAreRefused() {
        for (String time : new String[] {"at", "lasted"}) {
            refusedValue(time, bytes(0x80, 18, 0xA7, longBytes(0), 0xA7, longBytes(1_000_000_000)));
            refusedValue(time, bytes(0x80, 18, 0xA7, longBytes(0), 0xA7, longBytes(-1)));
            refusedValue(time, bytes(0x80, 2, 0xA1, 0));
        }
        refusedValue("at", bytes(0x80, 18, 0xA7, longBytes(Long.MAX_VALUE), 0xA7, longBytes(999_999_999)));
        refusedValue("day", bytes(0xA7, longBytes(Long.MAX_VALUE)));
        refusedValue("big", bytes(0x80, 1, 0x8A));
        refusedValue("big", bytes(0x80, 0));
        refusedValue("price", bytes(0x80, 4, 0xA1, 0, 0x80, 0));
        refusedValue("price", bytes(0x80, 12, 0xA7, longBytes(1L << 40), 0x80, 1, 0x8A));
    }

    /** The rest of the record is not there: but what is there is refused first. */
    private void refusedValue(String name, byte[] value) {
        var schema = new Schema("Values", 1, PayloadDescriptor.CONTENT_TYPE);
        assertThatThrownBy(() -> decode(events, schema, bytes(name(name), value)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("component=" + name)
                .hasMessageNotContaining("no such component");
    }

    @Test
    void memoryFollowsThePayloadNotWhatItClaims() {
        record Sets(List<Set<List<Set<String>>>> sets) {}
        var codec = codec(Sets.class);
        var content = new byte[LONG_TEXT];
        for (int i = 0; i + 1 < content.length; i += 2) {
            content[i] = (byte) 0x80; // an empty block: an empty set
        }
        int length = content.length;
        byte[] payload = bytes(name("sets"), 0x82, length, length >> 8, length >> 16, length >> 24, content);
        long before = Allocations.ofThisThread();

        Sets sets = decode(codec, new Schema("Sets", 1, PayloadDescriptor.CONTENT_TYPE), payload);

        assertThat(sets.sets()).hasSize(LONG_TEXT / 2);
        assertThat(Allocations.ofThisThread() - before).isLessThan(20L * LONG_TEXT);
    }

    @Test
    void manyUnknownFieldsAreSkippedInTheTimeOfTheirLength() {
        record Small(Optional<String> x) {}
        var content = new ByteArrayOutputStream();
        while (content.size() < LONG_TEXT) {
            content.writeBytes(bytes(name("y"), 0xE0));
        }
        assertThat(decode(
                        codec(Small.class),
                        new Schema("Small", 1, PayloadDescriptor.CONTENT_TYPE),
                        content.toByteArray()))
                .isEqualTo(new Small(Optional.empty()));
    }

    @Test
    void messagesDoNotShowThePayload() {
        record Secret(int number) {}
        assertThatThrownBy(() -> decode(
                        codec(Secret.class),
                        new Schema("Secret", 1, PayloadDescriptor.CONTENT_TYPE),
                        bytes(name("number"), 0xE0 + 6, "s3cret")))
                .hasMessageContaining("component=number")
                .hasMessageContaining("expected an integer")
                .hasMessageNotContaining("s3cret");
    }

    @Test
    void dataOfAFailedPayloadDoesNotLeakIntoTheNext() {
        record Pair(Optional<String> a, String b) {}
        var codec = codec(Pair.class);
        var schema = new Schema("Pair", 1, PayloadDescriptor.CONTENT_TYPE);
        for (int i = 0; i < 100; i++) {
            assertThatThrownBy(() -> decode(codec, schema, bytes(name("a"), 0xE0 + 4, "left")))
                    .hasMessageContaining("component=b");
            assertThat(decode(codec, schema, bytes(name("b"), 0xE0 + 1, "x")))
                    .isEqualTo(new Pair(Optional.empty(), "x"));
        }
    }

    private static void refused(Codec<All> codec, byte[] payload) {
        assertThatThrownBy(() -> codec.decode(ALL, ByteBuffer.wrap(payload).asReadOnlyBuffer()))
                .as(Arrays.toString(payload))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static byte[] name(String name) {
        return bytes(0xC0 + name.length(), name);
    }

    private static int[] varint(int value) {
        var bytes = new int[5];
        for (int i = 0; i < 5; i++) {
            bytes[i] = value >>> 7 * i & 0x7F | (i < 4 ? 0x80 : 0);
        }
        return bytes;
    }

    private static byte[] longBytes(long value) {
        return ByteBuffer.allocate(8).putLong(Long.reverseBytes(value)).array();
    }

    private static byte[] concat(byte[] first, byte[] second) {
        return bytes(first, second);
    }

    private static byte[] bytes(Object... parts) {
        var out = new ByteArrayOutputStream();
        for (Object part : parts) {
            if (part instanceof byte[] bytes) {
                out.writeBytes(bytes);
            } else if (part instanceof int[] ints) {
                Arrays.stream(ints).forEach(out::write);
            } else if (part instanceof String text) {
                out.writeBytes(Cesu8.encode(text));
            } else if (part instanceof Character c) {
                out.write(c);
            } else {
                out.write((Integer) part);
            }
        }
        return out.toByteArray();
    }
}
