package dev.eventlog.internal.frame;

import static dev.eventlog.internal.frame.FrameDescriptor.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.NewEvent;
import dev.eventlog.fuzz.Checksums;
import dev.eventlog.fuzz.FuzzTarget;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** {@link FrameView}: a frame and its events, beside a slow reading of the layout in {@link FrameDescriptor}. */
public final class FrameFuzz implements FuzzTarget {

    private static final int INDEX = 16;
    private static final int SEED = FrameBuilder.seed(new UUID(3, 4));

    private final FrameView view = new FrameView(SEED);
    private final FrameView quick = new FrameView(SEED);

    @Override
    public String name() {
        return "frame";
    }

    @Override
    public List<byte[]> seeds() {
        var builder = new FrameBuilder(64 << 10, 16 << 10, SEED);
        var seeds = new ArrayList<byte[]>();
        Codec<ByteBuffer> codec = Codec.bytes("T");
        for (int events = 1; events <= 3; events++) {
            builder.begin(KIND_DATA);
            if (events == 2) {
                builder.extend(EXTENSION_PROGRESS, 50, FEATURE_PROGRESS);
            }
            for (int i = 0; i < events; i++) {
                ByteBuffer payload = ByteBuffer.wrap(new byte[] {1, 2, 3, (byte) i});
                builder.add(
                        codec,
                        NewEvent.of("key-" + i, payload)
                                .withId("id-" + i)
                                .withTime(Instant.ofEpochSecond(i))
                                .withMetadata(Map.of("name", "value" + i)),
                        5,
                        6);
                builder.add(codec, payload, null, 7, 8);
            }
            builder.finish();
            builder.stamp(100, 1_000, 90, 3, 77);
            seeds.add(bytes(builder));
        }
        builder.begin(KIND_CONTROL);
        builder.addRecord(RECORD_OPEN, OPEN_LENGTH);
        builder.addRecord(RECORD_CLOSE, CLOSE_LENGTH);
        builder.finish();
        builder.stamp(100, 1_000, 90, 3, 0);
        seeds.add(bytes(builder));
        return seeds;
    }

    private static byte[] bytes(FrameBuilder builder) {
        byte[] bytes = new byte[builder.length()];
        builder.buffer().get(0, bytes);
        return bytes;
    }

    @Override
    public void fuzz(byte[] input) {
        look(input.clone(), 0, input.length);
        byte[] right = repaired(input);
        // where else than at index 0 a frame may stand
        byte[] moved = new byte[INDEX + right.length + Long.BYTES];
        System.arraycopy(right, 0, moved, INDEX, right.length);
        assertThat(look(moved, INDEX, right.length))
                .as("what is put right is right")
                .isTrue();
        // each bit is covered by a checksum; one of them is tried
        int bit = Math.floorMod(Arrays.hashCode(input), right.length * 8);
        right[bit >>> 3] ^= (byte) (1 << (bit & 7));
        assertThat(look(right, 0, right.length)).as("bit %d is flipped", bit).isFalse();
    }

    private static byte[] repaired(byte[] input) {
        byte[] array = Arrays.copyOf(input, Math.max(HEADER_LENGTH, input.length & -8));
        ByteBuffer frame = ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN);
        frame.putInt(MAGIC_OFFSET, MAGIC);
        frame.put(VERSION_OFFSET, (byte) VERSION);
        int headerLength = (frame.get(HEADER_WORDS_OFFSET) & 0xff) * 8;
        if (headerLength < HEADER_LENGTH || headerLength > array.length) {
            headerLength = HEADER_LENGTH;
            frame.put(HEADER_WORDS_OFFSET, (byte) (HEADER_LENGTH / 8));
        }
        frame.putShort(INCOMPATIBLE_OFFSET, (short) (frame.getShort(INCOMPATIBLE_OFFSET) & KNOWN_FEATURES));
        frame.putInt(FRAME_LENGTH_OFFSET, array.length);
        frame.putInt(BODY_CRC_OFFSET, Checksums.crc(frame, headerLength, array.length));
        frame.putInt(HEADER_CRC_OFFSET, headerCrc(frame, headerLength));
        return array;
    }

    private static int headerCrc(ByteBuffer frame, int headerLength) {
        return Checksums.crc(frame, 0, HEADER_CRC_OFFSET, HEADER_LENGTH, headerLength) ^ SEED;
    }

    /** Whether it is right, by both ways to check it. */
    private boolean look(byte[] array, int index, int length) {
        view.wrap(array, index);
        String problem = view.check(length);
        assertThat(problem == null || problem.startsWith("frame")).isTrue();
        ByteBuffer frame = ByteBuffer.wrap(array, index, length).slice().order(ByteOrder.LITTLE_ENDIAN);
        assertThat(problem == null).as("%s", problem).isEqualTo(isRight(frame));
        if (length >= HEADER_LENGTH) {
            boolean isPlain = problem == null
                    && frame.get(HEADER_WORDS_OFFSET) == HEADER_LENGTH / 8
                    && frame.getShort(INCOMPATIBLE_OFFSET) == 0
                    && frame.getInt(EVENT_COUNT_OFFSET) >= 0;
            int epoch = frame.getInt(EPOCH_OFFSET);
            long base = frame.getLong(BASE_POSITION_OFFSET);
            int previous = frame.getInt(PREVIOUS_CRC_OFFSET);
            assertThat(quick.isNext(array, index, length, epoch, base, previous))
                    .isEqualTo(isPlain);
            if (isPlain) {
                assertThat(FrameView.eventCount(array, index)).isEqualTo(view.eventCount());
                assertThat(FrameView.headerCrc(array, index)).isEqualTo(view.headerCrc());
                showQuickly(array, index, length);
            }
            assertThat(quick.isNext(array, index, length, epoch + 1, base, previous))
                    .isFalse();
            assertThat(quick.isNext(array, index, length, epoch, base + 1, previous))
                    .isFalse();
            assertThat(quick.isNext(array, index, length, epoch, base, previous + 1))
                    .isFalse();
        }
        if (problem == null) {
            readHeader(frame);
            readEvents(frame);
            readRecords(frame);
        }
        return problem == null;
    }

    /** A frame that was found right in a window shows the same. */
    private void showQuickly(byte[] array, int index, int length) {
        quick.show(array, index, length, view.basePosition());
        assertThat(quick.length()).isEqualTo(length);
        assertThat(quick.endPosition()).isEqualTo(view.endPosition());
        int found = view.nextEvent();
        while (found == FrameView.EVENT) {
            assertThat(quick.nextEvent()).isEqualTo(FrameView.EVENT);
            assertThat(quick.position()).isEqualTo(view.position());
            assertThat(quick.payload()).isEqualTo(view.payload());
            found = view.nextEvent();
        }
        assertThat(quick.nextEvent()).isEqualTo(found);
        view.rewind();
    }

    private static boolean isRight(ByteBuffer frame) {
        int length = frame.capacity();
        if (length < HEADER_LENGTH || length % 8 != 0 || frame.getInt(MAGIC_OFFSET) != MAGIC) {
            return false;
        }
        int headerLength = (frame.get(HEADER_WORDS_OFFSET) & 0xff) * 8;
        return headerLength >= HEADER_LENGTH
                && headerLength <= length
                && frame.get(VERSION_OFFSET) == VERSION
                && (frame.getShort(INCOMPATIBLE_OFFSET) & ~KNOWN_FEATURES) == 0
                && frame.getInt(FRAME_LENGTH_OFFSET) == length
                && frame.getInt(HEADER_CRC_OFFSET) == headerCrc(frame, headerLength)
                && frame.getInt(BODY_CRC_OFFSET) == Checksums.crc(frame, headerLength, length);
    }

    private void readHeader(ByteBuffer frame) {
        assertThat(view.kind()).isEqualTo(frame.get(KIND_OFFSET));
        assertThat(view.version()).isEqualTo(VERSION);
        assertThat(view.incompatibleFeatures()).isEqualTo(frame.getShort(INCOMPATIBLE_OFFSET) & 0xffff);
        assertThat(view.length()).isEqualTo(frame.capacity());
        assertThat(view.basePosition()).isEqualTo(frame.getLong(BASE_POSITION_OFFSET));
        assertThat(view.eventCount()).isEqualTo(frame.getInt(EVENT_COUNT_OFFSET));
        assertThat(view.endPosition()).isEqualTo(view.basePosition() + view.eventCount());
        assertThat(view.appendTimeNanos()).isEqualTo(frame.getLong(APPEND_TIME_OFFSET));
        assertThat(view.epoch()).isEqualTo(frame.getInt(EPOCH_OFFSET));
        assertThat(view.previousCrc()).isEqualTo(frame.getInt(PREVIOUS_CRC_OFFSET));
        assertThat(view.headerCrc()).isEqualTo(frame.getInt(HEADER_CRC_OFFSET));
        int lag = frame.getInt(DURABLE_LAG_OFFSET);
        assertThat(view.durablePosition())
                .isEqualTo(lag == DURABLE_LAG_UNKNOWN ? -1 : view.basePosition() - (lag & 0xffff_ffffL));
    }

    private void readEvents(ByteBuffer frame) {
        int at = (frame.get(HEADER_WORDS_OFFSET) & 0xff) * 8;
        for (int i = 0; i < view.eventCount(); i++) {
            int found = view.nextEvent();
            int recordLength = eventLength(frame, at, i);
            assertThat(found).isEqualTo(recordLength == 0 ? FrameView.MALFORMED : FrameView.EVENT);
            if (recordLength == 0) {
                assertThat(view.nextEvent()).as("it stays so").isEqualTo(FrameView.MALFORMED);
                view.rewind();
                return;
            }
            assertThat(view.position()).isEqualTo(view.basePosition() + i);
            readEvent(frame, at);
            at += recordLength;
        }
        assertThat(view.nextEvent()).isEqualTo(FrameView.END);
        view.rewind();
    }

    /** Length of an event's record; 0 if none stands there. */
    private static int eventLength(ByteBuffer frame, int at, int index) {
        long left = (long) frame.capacity() - at;
        if (left < EVENT_HEADER_LENGTH) {
            return 0;
        }
        int recordLength = frame.getInt(at + EVENT_RECORD_LENGTH_OFFSET);
        long payloadLength = frame.getInt(at + EVENT_PAYLOAD_LENGTH_OFFSET);
        boolean isRight = recordLength >= EVENT_HEADER_LENGTH
                && recordLength <= left
                && recordLength % 8 == 0
                && frame.getInt(at + EVENT_POSITION_DELTA_OFFSET) == index
                && payloadLength >= 0
                && payloadOffset(frame, at) + payloadLength <= recordLength;
        return isRight ? recordLength : 0;
    }

    private static int length(ByteBuffer frame, int offset) {
        return frame.getShort(offset) & 0xffff;
    }

    private static int textsOffset(ByteBuffer frame, int at) {
        boolean hasProducer = (frame.getShort(at + EVENT_FLAGS_OFFSET) & FLAG_PRODUCER) != 0;
        return EVENT_HEADER_LENGTH + (hasProducer ? PRODUCER_LENGTH : 0);
    }

    private static int payloadOffset(ByteBuffer frame, int at) {
        return aligned(textsOffset(frame, at)
                + length(frame, at + EVENT_KEY_LENGTH_OFFSET)
                + length(frame, at + EVENT_ID_LENGTH_OFFSET)
                + length(frame, at + EVENT_METADATA_LENGTH_OFFSET));
    }

    private void readEvent(ByteBuffer frame, int at) {
        int flags = frame.getShort(at + EVENT_FLAGS_OFFSET);
        int keyLength = length(frame, at + EVENT_KEY_LENGTH_OFFSET);
        int idLength = length(frame, at + EVENT_ID_LENGTH_OFFSET);
        int keyAt = at + textsOffset(frame, at);
        assertThat(view.schema()).isEqualTo(frame.getInt(at + EVENT_SCHEMA_OFFSET));
        assertThat(view.source()).isEqualTo(frame.getInt(at + EVENT_SOURCE_OFFSET));
        assertThat(view.timeNanos())
                .isEqualTo((flags & FLAG_TIME) != 0 ? frame.getLong(at + EVENT_TIME_OFFSET) : view.appendTimeNanos());
        assertThat(view.keyHash()).isEqualTo(frame.getInt(at + EVENT_KEY_HASH_OFFSET));
        assertThat(view.hasKey()).isEqualTo((flags & FLAG_KEY) != 0);
        byte[] key = slice(frame, keyAt, keyLength);
        assertThat(view.keyLength()).isEqualTo(keyLength);
        assertThat(view.keyBytes()).isEqualTo(key);
        assertThat(view.isKey(key)).isTrue();
        assertThat(view.isKey(Arrays.copyOf(key, keyLength + 1))).isFalse();
        boolean hasId = (flags & FLAG_ID) != 0;
        assertThat(view.id())
                .isEqualTo(
                        hasId ? new String(slice(frame, keyAt + keyLength, idLength), StandardCharsets.UTF_8) : null);
        assertThat(view.idLength()).isEqualTo(hasId ? idLength : 0);
        assertThat(view.idOffset()).isEqualTo(keyAt + keyLength);
        readMetadata(frame, keyAt + keyLength + idLength, length(frame, at + EVENT_METADATA_LENGTH_OFFSET));
        int payloadLength = frame.getInt(at + EVENT_PAYLOAD_LENGTH_OFFSET);
        assertThat(view.payloadLength()).isEqualTo(payloadLength);
        assertThat(view.payload())
                .isEqualTo(ByteBuffer.wrap(slice(frame, at + payloadOffset(frame, at), payloadLength)));
        assertThat(view.payload().isReadOnly()).isTrue();
    }

    private void readMetadata(ByteBuffer frame, int from, int length) {
        int texts = 0;
        int at = from;
        int end = from + length;
        while (at < end && end - at >= 2 && end - at - 2 >= length(frame, at)) {
            at += 2 + length(frame, at);
            texts++;
        }
        try {
            var metadata = view.metadata();
            assertThat(at).as("all of it was read").isEqualTo(end);
            assertThat(texts % 2).isZero();
            assertThat(metadata.size()).isLessThanOrEqualTo(texts / 2);
        } catch (IllegalStateException malformed) {
            assertThat(malformed).hasMessageStartingWith("metadata is malformed at offset ");
            assertThat(at < end || texts % 2 == 1).isTrue();
        }
    }

    private void readRecords(ByteBuffer frame) {
        int at = view.firstRecord();
        for (int length = view.recordLength(at); length > 0; length = view.recordLength(at)) {
            assertThat(length).isEqualTo(frame.getInt(at + RECORD_LENGTH_OFFSET));
            assertThat(length % 8).isZero();
            assertThat(view.recordKind(at)).isEqualTo(length(frame, at + RECORD_KIND_OFFSET));
            at += length;
            assertThat(at).isLessThanOrEqualTo(frame.capacity());
        }
        for (int kind = 0; kind < 4; kind++) {
            int extension = view.extension(kind);
            if (extension != 0) {
                assertThat(extension).isGreaterThanOrEqualTo(HEADER_LENGTH);
                assertThat(length(frame, extension)).isEqualTo(kind);
                assertThat(view.extensionLength(extension)).isEqualTo(length(frame, extension + 2));
                assertThat(extension + view.extensionLength(extension)).isLessThanOrEqualTo(view.firstRecord());
            }
        }
        assertThat(view.bytes()).isEqualTo(frame.slice(0, frame.capacity()));
    }

    private static byte[] slice(ByteBuffer frame, int from, int length) {
        byte[] bytes = new byte[length];
        frame.get(from, bytes);
        return bytes;
    }
}
