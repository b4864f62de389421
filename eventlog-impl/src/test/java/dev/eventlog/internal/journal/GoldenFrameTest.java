package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.NewEvent;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.frame.FrameView;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Holds the bytes of version 1 for ever: what the code writes, what it reads, and what {@code docs/format.md} shows. */
class GoldenFrameTest {

    private static final UUID LOG_ID = new UUID(0x0123456789abcdefL, 0xfedcba9876543210L);
    private static final UUID BOOT_ID = new UUID(1, 2);
    private static final int SEED = FrameBuilder.seed(LOG_ID);
    private static final long APPENDED = 1_700_000_000_123_456_789L;
    private static final ReadJournal.Progress PROGRESS =
            new ReadJournal.Progress(new UUID(0x0123456789abcdefL, 0xfedcba9876543210L), "billing", 41, 3, 1);
    private static final Codec.Schema SCHEMA = new Codec.Schema("Placed", 1, "application/octet-stream");

    @Test
    void controlAndDataFrameAreWrittenAsTheyEverWere() throws IOException {
        FrameBuilder control = control();
        byte[] first = bytes(control);
        int crc = control.buffer().getInt(FrameDescriptor.HEADER_CRC_OFFSET);
        byte[] second = bytes(data(crc));

        assertThat(hex(first) + hex(second)).isEqualTo(golden());
    }

    @Test
    void goldenFramesAreRead() throws IOException {
        byte[] all = HexFormat.of().parseHex(golden());
        var view = new FrameView(SEED);
        ByteBuffer bytes = ByteBuffer.wrap(all).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        int controlLength = bytes.getInt(FrameDescriptor.FRAME_LENGTH_OFFSET);

        view.wrap(all, 0);
        assertThat(view.check(controlLength)).isNull();
        assertThat(ControlRecords.openedSegment(view)).isEqualTo(7);
        var dictionary = new Dictionary();
        assertThat(ControlRecords.addTo(dictionary, view, false)).isNull();
        assertThat(dictionary.schema(1)).isEqualTo(SCHEMA);
        assertThat(dictionary.source(1)).isEqualTo("checkout");
        int crc = view.headerCrc();

        int dataLength = all.length - controlLength;
        view.wrap(all, controlLength);
        assertThat(view.check(dataLength)).isNull();
        assertThat(view.previousCrc()).isEqualTo(crc);
        assertThat(view.epoch()).isEqualTo(3);
        assertThat(view.durablePosition()).isEqualTo(40);
        assertThat(view.appendTimeNanos()).isEqualTo(APPENDED);
        assertThat(view.nextEvent()).isEqualTo(FrameView.EVENT);
        assertThat(view.position()).isEqualTo(42);
        assertThat(new String(view.keyBytes(), StandardCharsets.UTF_8)).isEqualTo("o-17");
        assertThat(view.payload().getInt(0)).isEqualTo(0x01020304);
        assertThat(view.id()).isNull();
        assertThat(view.timeNanos()).isEqualTo(APPENDED);
        assertThat(view.nextEvent()).isEqualTo(FrameView.EVENT);
        assertThat(view.position()).isEqualTo(43);
        assertThat(view.id()).isEqualTo("id-1");
        assertThat(view.timeNanos()).isEqualTo(1_000_000_002L);
        assertThat(view.metadata()).isEqualTo(Map.of("trace", "t1"));
        assertThat(view.payloadLength()).isEqualTo(2);
        assertThat(view.nextEvent()).isEqualTo(FrameView.END);
    }

    @Test
    void progressIsWrittenAsItEverWas() throws IOException {
        FrameBuilder outputs = outputs();
        FrameBuilder control = new FrameBuilder(4096, 1024, SEED);
        control.begin(FrameDescriptor.KIND_CONTROL);
        ProgressFormat.putRecord(control, PROGRESS);
        control.finish();
        control.stamp(44, APPENDED, 44, 3, outputs.buffer().getInt(FrameDescriptor.HEADER_CRC_OFFSET));

        assertThat(hex(bytes(outputs)) + hex(bytes(control))).isEqualTo(golden("/golden/progress-v1.hex"));
    }

    @Test
    void goldenProgressIsRead() throws IOException {
        byte[] all = HexFormat.of().parseHex(golden("/golden/progress-v1.hex"));
        var view = new FrameView(SEED);
        int outputsLength = ByteBuffer.wrap(all)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .getInt(FrameDescriptor.FRAME_LENGTH_OFFSET);

        view.wrap(all, 0);
        assertThat(view.check(outputsLength)).isNull();
        assertThat(view.incompatibleFeatures()).isEqualTo(4);
        var table = new ProgressTable();
        ProgressFormat.addTo(table, view);
        assertThat(table.all()).containsExactly(PROGRESS);
        assertThat(view.nextEvent()).isEqualTo(FrameView.EVENT);
        assertThat(view.position()).isEqualTo(43);
        assertThat(view.payload().getInt(0)).isEqualTo(0x01020304);
        assertThat(view.nextEvent()).isEqualTo(FrameView.END);
        view.rewind();
        assertThat(view.nextEvent()).isEqualTo(FrameView.EVENT);

        view.wrap(all, outputsLength);
        assertThat(view.check(all.length - outputsLength)).isNull();
        var again = new ProgressTable();
        ProgressFormat.addTo(again, view);
        assertThat(again.all()).containsExactly(PROGRESS);
    }

    @Test
    void whoDoesNotKnowAFeatureRefusesTheFrame() {
        FrameBuilder frame = outputs();
        frame.require(1 << 3);
        frame.stamp(43, APPENDED, 40, 3, 0);
        var view = new FrameView(SEED);
        view.wrap(bytes(frame), 0);
        assertThat(view.check(frame.length())).isEqualTo(FrameView.UNKNOWN_FORMAT);
    }

    private static FrameBuilder outputs() {
        FrameBuilder outputs = new FrameBuilder(4096, 1024, SEED);
        outputs.begin(FrameDescriptor.KIND_DATA);
        int at = ProgressFormat.extend(outputs, PROGRESS.consumer().length());
        outputs.add(Codec.bytes("Placed"), ByteBuffer.wrap(new byte[] {1, 2, 3, 4}), null, 1, 1);
        ProgressFormat.put(outputs.buffer(), at, PROGRESS);
        outputs.finish();
        outputs.stamp(43, APPENDED, 40, 3, 0);
        return outputs;
    }

    @Test
    void documentationShowsTheGoldenFrames() throws IOException {
        String docs = Files.readString(Path.of("..", "docs", "format.md"));
        assertThat(docs).contains(resource("/golden/frame-v1.hex"));
        assertThat(docs).contains(resource("/golden/progress-v1.hex"));
    }

    private static FrameBuilder control() {
        FrameBuilder control = new FrameBuilder(4096, 1024, SEED);
        control.begin(FrameDescriptor.KIND_CONTROL);
        var previous = new Segment(6, 2, 10);
        previous.seal(new Segment.SegmentEnd(42, 4096, 0, 0, 0x11223344));
        ControlRecords.putOpen(control, 7, LOG_ID, BOOT_ID, previous);
        ControlRecords.putSchema(control, 1, SCHEMA);
        ControlRecords.putSource(control, 1, "checkout");
        control.finish();
        control.stamp(42, APPENDED, 40, 3, 0);
        return control;
    }

    private static FrameBuilder data(int previousCrc) {
        FrameBuilder data = new FrameBuilder(4096, 1024, SEED);
        Codec<ByteBuffer> codec = Codec.bytes("Placed");
        data.begin(FrameDescriptor.KIND_DATA);
        data.add(codec, ByteBuffer.wrap(new byte[] {1, 2, 3, 4}), "o-17", 1, 1);
        NewEvent<ByteBuffer> event = NewEvent.of("o-18", ByteBuffer.wrap("hi".getBytes(StandardCharsets.UTF_8)))
                .withId("id-1")
                .withTime(Instant.ofEpochSecond(1, 2))
                .withMetadata(Map.of("trace", "t1"));
        data.add(codec, event, 1, 1);
        data.finish();
        data.stamp(42, APPENDED, 40, 3, previousCrc);
        return data;
    }

    private static byte[] bytes(FrameBuilder frame) {
        byte[] bytes = new byte[frame.length()];
        frame.buffer().get(0, bytes);
        return bytes;
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    /** The dump's bytes: what stands before the bar of each line that is no comment. */
    private static String golden() throws IOException {
        return golden("/golden/frame-v1.hex");
    }

    private static String golden(String name) throws IOException {
        return resource(name)
                .lines()
                .filter(line -> !line.startsWith("#") && !line.isBlank())
                .map(line -> line.substring(6, line.indexOf('|')).replace(" ", ""))
                .collect(Collectors.joining());
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = GoldenFrameTest.class.getResourceAsStream(name)) {
            assertThat(in).isNotNull();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
