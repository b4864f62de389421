package dev.eventlog.internal.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.NewEvent;
import dev.eventlog.error.EventTooLargeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class FrameTest {

    private static final int MAX_FRAME = 64 << 10;
    private static final int MAX_EVENT = 16 << 10;
    private static final int SEED = FrameBuilder.seed(new UUID(3, 4));
    private static final Codec<ByteBuffer> BYTES = Codec.bytes("T");

    private final FrameBuilder builder = new FrameBuilder(MAX_FRAME, MAX_EVENT, SEED);
    private final FrameView view = new FrameView(SEED);

    @Test
    void whatIsWrittenIsRead() {
        var random = new SplittableRandom(42);
        for (int round = 0; round < 2_000; round++) {
            List<NewEvent<ByteBuffer>> events = events(random);
            builder.begin(FrameDescriptor.KIND_DATA);
            for (NewEvent<ByteBuffer> event : events) {
                builder.add(BYTES, event, 5, 6);
            }
            load(stamped());
            assertThat(view.eventCount()).isEqualTo(events.size());
            for (NewEvent<ByteBuffer> event : events) {
                assertThat(view.nextEvent()).isEqualTo(FrameView.EVENT);
                assertSame(event);
            }
            assertThat(view.nextEvent()).isEqualTo(FrameView.END);
        }
    }

    private void assertSame(NewEvent<ByteBuffer> event) {
        assertThat(view.schema()).isEqualTo(5);
        assertThat(view.source()).isEqualTo(6);
        assertThat(view.hasKey()).isEqualTo(event.key() != null);
        if (event.key() != null) {
            assertThat(new String(view.keyBytes(), StandardCharsets.UTF_8)).isEqualTo(event.key());
            assertThat(view.isKey(view.keyBytes())).isTrue();
        }
        assertThat(view.id()).isEqualTo(event.id());
        assertThat(view.metadata()).isEqualTo(event.metadata());
        assertThat(view.payload()).isEqualTo(event.data());
        Instant time = event.time();
        assertThat(view.timeNanos())
                .isEqualTo(time == null ? 1_000 : time.getEpochSecond() * 1_000_000_000L + time.getNano());
    }

    private static List<NewEvent<ByteBuffer>> events(SplittableRandom random) {
        var events = new ArrayList<NewEvent<ByteBuffer>>();
        int count = random.nextInt(1, 6);
        for (int i = 0; i < count; i++) {
            byte[] payload = new byte[random.nextInt(3) == 0 ? 0 : random.nextInt(0, 700)];
            random.nextBytes(payload);
            NewEvent<ByteBuffer> event = NewEvent.of(key(random), ByteBuffer.wrap(payload));
            if (random.nextBoolean()) {
                event = event.withId("id-" + random.nextInt());
            }
            if (random.nextBoolean()) {
                event = event.withTime(Instant.ofEpochSecond(random.nextInt(), random.nextInt(1_000_000_000)));
            }
            if (random.nextBoolean()) {
                event = event.withMetadata(Map.of("a", "", "é" + random.nextInt(), "𝄞"));
            }
            events.add(event);
        }
        return events;
    }

    private static String key(SplittableRandom random) {
        return switch (random.nextInt(5)) {
            case 0 -> null;
            case 1 -> "";
            case 2 -> "ключ€𝄞" + random.nextInt(100);
            default -> "k" + random.nextInt(100_000);
        };
    }

    private byte[] stamped() {
        builder.finish();
        builder.stamp(100, 1_000, 90, 3, 77);
        byte[] bytes = new byte[builder.length()];
        builder.buffer().get(0, bytes);
        return bytes;
    }

    private void load(byte[] bytes) {
        view.wrap(bytes, 0);
        assertThat(view.check(bytes.length)).isNull();
    }

    private byte[] smallFrame() {
        builder.begin(FrameDescriptor.KIND_DATA);
        builder.add(BYTES, ByteBuffer.wrap(new byte[] {1, 2, 3}), "key", 1, 1);
        builder.add(BYTES, ByteBuffer.wrap(new byte[] {4}), null, 1, 1);
        return stamped();
    }

    @Test
    void headerTellsPlaceAndTime() {
        load(smallFrame());

        assertThat(view.basePosition()).isEqualTo(100);
        assertThat(view.endPosition()).isEqualTo(102);
        assertThat(view.appendTimeNanos()).isEqualTo(1_000);
        assertThat(view.durablePosition()).isEqualTo(90);
        assertThat(view.epoch()).isEqualTo(3);
        assertThat(view.previousCrc()).isEqualTo(77);
        assertThat(view.kind()).isEqualTo(FrameDescriptor.KIND_DATA);
    }

    @Test
    void eachFlippedBitIsFound() {
        byte[] right = smallFrame();
        for (int bit = 0; bit < right.length * 8; bit++) {
            byte[] wrong = right.clone();
            wrong[bit / 8] ^= (byte) (1 << bit % 8);
            view.wrap(wrong, 0);
            assertThat(view.check(wrong.length)).as("bit " + bit).isNotNull();
        }
    }

    @Test
    void eachCutLengthIsFound() {
        byte[] right = smallFrame();
        for (int length = 0; length < right.length; length++) {
            view.wrap(Arrays.copyOf(right, length), 0);
            assertThat(view.check(length)).as("length " + length).isNotNull();
        }
    }

    @Test
    void frameOfAnotherLogIsFound() {
        byte[] bytes = smallFrame();
        var other = new FrameView(FrameBuilder.seed(new UUID(3, 5)));
        other.wrap(bytes, 0);
        assertThat(other.check(bytes.length)).isEqualTo("frame's header checksum is wrong");
    }

    @Test
    void distantDurablePositionIsUnknown() {
        builder.begin(FrameDescriptor.KIND_DATA);
        builder.add(BYTES, ByteBuffer.allocate(0), null, 1, 1);
        builder.finish();
        builder.stamp(0xffff_ffffL + 5, 1, 5, 1, 0);
        byte[] bytes = new byte[builder.length()];
        builder.buffer().get(0, bytes);
        load(bytes);
        assertThat(view.durablePosition()).isEqualTo(-1);
    }

    @Test
    void greatestEventFitsAndOneByteMoreDoesNot() {
        builder.begin(FrameDescriptor.KIND_DATA);
        builder.add(BYTES, ByteBuffer.allocate(MAX_EVENT), null, 1, 1);
        load(stamped());
        assertThat(view.nextEvent()).isEqualTo(FrameView.EVENT);
        assertThat(view.payloadLength()).isEqualTo(MAX_EVENT);

        builder.begin(FrameDescriptor.KIND_DATA);
        assertThatThrownBy(() -> builder.add(BYTES, ByteBuffer.allocate(MAX_EVENT + 1), null, 1, 1))
                .isInstanceOfSatisfying(EventTooLargeException.class, e -> {
                    assertThat(e.limitBytes()).isEqualTo(MAX_EVENT);
                    assertThat(e.lengthBytes()).isGreaterThan(MAX_EVENT);
                });
    }

    @Test
    void keyCountsTowardsTheGreatestEvent() {
        builder.begin(FrameDescriptor.KIND_DATA);
        builder.add(BYTES, ByteBuffer.allocate(MAX_EVENT - 3), "abc", 1, 1);
        assertThatThrownBy(() -> builder.add(BYTES, ByteBuffer.allocate(MAX_EVENT - 2), "abc", 1, 1))
                .isInstanceOf(EventTooLargeException.class);
        assertThatThrownBy(() -> builder.add(BYTES, ByteBuffer.allocate(0), "x".repeat(MAX_EVENT + 1), 1, 1))
                .isInstanceOf(EventTooLargeException.class);
    }

    @Test
    void eventsThatDoNotFitOneFrameAreRefused() {
        builder.begin(FrameDescriptor.KIND_DATA);
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 10; i++) {
                        builder.add(BYTES, ByteBuffer.allocate(MAX_EVENT), null, 1, 1);
                    }
                })
                .isInstanceOf(EventTooLargeException.class)
                .hasMessageContaining("limitBytes=" + MAX_FRAME);
    }

    @Test
    void builderIsUsableAfterARefusal() {
        builder.begin(FrameDescriptor.KIND_DATA);
        assertThatThrownBy(() -> builder.add(BYTES, ByteBuffer.allocate(MAX_EVENT + 1), "k", 1, 1))
                .isInstanceOf(EventTooLargeException.class);
        load(smallFrame());
        assertThat(view.eventCount()).isEqualTo(2);
    }

    @Test
    void loneSurrogateInAKeyIsRefused() {
        builder.begin(FrameDescriptor.KIND_DATA);
        assertThatThrownBy(() -> builder.add(BYTES, ByteBuffer.allocate(1), "a\ud800b", 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lone surrogate at 1");
        assertThatThrownBy(() -> builder.add(BYTES, ByteBuffer.allocate(1), "\udc00", 1, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void tooLongTextsAreRefused() {
        var large = new FrameBuilder(4 << 20, 1 << 20, SEED);
        large.begin(FrameDescriptor.KIND_DATA);
        assertThatThrownBy(() -> large.add(BYTES, ByteBuffer.allocate(1), "k".repeat(65_536), 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("65535");
        assertThatThrownBy(() -> large.add(
                        BYTES, NewEvent.of(ByteBuffer.allocate(1)).withMetadata(Map.of("m", "v".repeat(65_535))), 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("metadata");
        large.begin(FrameDescriptor.KIND_DATA);
        large.add(BYTES, ByteBuffer.allocate(1), "k".repeat(65_535), 1, 1);
        assertThat(large.eventCount()).isEqualTo(1);
    }

    @Test
    void payloadBeginsAtIndexZeroAndIsReadOnly() {
        load(smallFrame());
        assertThat(view.nextEvent()).isEqualTo(FrameView.EVENT);
        ByteBuffer payload = view.payload();
        assertThat(payload.position()).isZero();
        assertThat(payload.limit()).isEqualTo(3);
        assertThat(payload.get(0)).isEqualTo((byte) 1);
        assertThat(payload.isReadOnly()).isTrue();
        assertThat(payload.order()).isEqualTo(java.nio.ByteOrder.BIG_ENDIAN);
        assertThatThrownBy(() -> payload.get(3)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void valueWrittenInLittleEndianDoesNotChangeTheNextPayloadsOrder() {
        load(smallFrame());
        assertThat(view.nextEvent()).isEqualTo(FrameView.EVENT);
        view.payload().order(java.nio.ByteOrder.LITTLE_ENDIAN).position(2);
        assertThat(view.payload().order()).isEqualTo(java.nio.ByteOrder.BIG_ENDIAN);
        assertThat(view.payload().position()).isZero();
    }
}
