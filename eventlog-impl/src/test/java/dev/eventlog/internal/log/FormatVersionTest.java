package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.support.Directories;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a newer version wrote is refused with both versions told, and left as it is. */
@Timeout(300)
class FormatVersionTest {

    private static final int NEWER = 7;

    private final Numbered numbered = new Numbered(1, 300);

    @TempDir
    private Path directory;

    @BeforeEach
    void writeLog() {
        try (EventLog log = open();
                var consumer = log.consumer("billing", Numbered.CODEC)) {
            numbered.appendTo(log, 50);
            consumer.poll(Duration.ZERO);
            consumer.commit();
        }
    }

    private EventLog open() {
        return Numbered.open(directory, HookedFileOps.quick());
    }

    /** Sets the version in a file header and its checksum right. */
    private static void makeNewer(Path file, int at) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(at + 8, NEWER);
        var crc = new CRC32C();
        crc.update(bytes.array(), at, 12);
        crc.update(bytes.array(), at + 16, FileHeader.LENGTH - 16);
        bytes.putInt(at + 12, (int) crc.getValue());
        Files.write(file, bytes.array());
    }

    /** All but the lock, which is not a format. */
    private Map<String, String> hashes() {
        Map<String, String> hashes = Directories.hashes(directory);
        hashes.remove("lock");
        return hashes;
    }

    private void assertRefused(Path file) {
        Map<String, String> before = hashes();
        for (int again = 0; again < 2; again++) {
            var refusal = catchThrowableOfType(UnknownFormatException.class, this::open);
            assertTells(refusal, file);
            assertThat(hashes()).isEqualTo(before);
        }
    }

    private static void assertTells(UnknownFormatException refusal, Path file) {
        assertThat(refusal).isNotNull();
        assertThat(refusal.found()).isEqualTo(NEWER);
        assertThat(refusal.supported()).isEqualTo(1);
        assertThat(refusal).hasMessageContaining(file.toString()).hasMessageContaining("format=" + NEWER);
    }

    @Test
    void newerLogMetaManifestOrStateIsRefusedUntouched() throws IOException {
        for (String name : new String[] {"log.meta", "manifest", "state"}) {
            Path file = directory.resolve(name);
            byte[] bytes = Files.readAllBytes(file);
            makeNewer(file, 0);
            assertRefused(file);
            Files.write(file, bytes);
        }
        try (EventLog log = open()) {
            numbered.assertComplete(log);
        }
    }

    @Test
    void newerCursorOrListOfParkedEventsIsRefusedUntouched() throws IOException {
        Path cursor;
        try (var files = Files.list(directory.resolve("cursors"))) {
            cursor = files.findFirst().orElseThrow();
        }
        byte[] original = Files.readAllBytes(cursor);
        makeNewer(cursor, 0);
        makeNewer(cursor, 4096);
        byte[] before = Files.readAllBytes(cursor);
        try (EventLog log = open()) {
            for (int again = 0; again < 2; again++) {
                assertTells(
                        catchThrowableOfType(
                                UnknownFormatException.class, () -> log.consumer("billing", Numbered.CODEC)),
                        cursor);
            }
            numbered.assertComplete(log);
        }
        assertThat(Files.readAllBytes(cursor)).isEqualTo(before);
        // one slot is enough: what a newer version wrote is not damage
        Files.write(cursor, original);
        makeNewer(cursor, 4096);
        try (EventLog log = open()) {
            assertTells(
                    catchThrowableOfType(UnknownFormatException.class, () -> log.consumer("billing", Numbered.CODEC)),
                    cursor);
        }
        Files.write(cursor, original);
        Path parked;
        try (var files = Files.list(directory.resolve("parked"))) {
            parked = files.findFirst().orElseThrow();
        }
        makeNewer(parked, 0);
        var config = ConsumerConfig.parkedBy("billing").build();
        try (EventLog log = open()) {
            assertTells(
                    catchThrowableOfType(UnknownFormatException.class, () -> log.consumer(config, Numbered.CODEC)),
                    parked);
            assertThat(log.consumers().get(0).failure()).isInstanceOf(UnknownFormatException.class);
        }
    }

    @Test
    void newerFrameIsRefusedWhereItIsReadAndWhereItIsScanned() throws IOException {
        Path segment = directory.resolve("segments/0000000001.segment");
        int at = makeLastDataFrameNewer(segment, 4);
        try (EventLog log = open()) {
            var refusal = catchThrowableOfType(
                    UnknownFormatException.class,
                    () -> log.read(EventQuery.all(), Numbered.CODEC)
                            .forEach(
                                    event -> assertThat(numbered.isRight(event)).isTrue()));
            assertTells(refusal, segment);
            assertThat(refusal).hasMessageContaining("offset=" + (at - 4));
        }
        Files.delete(directory.resolve("manifest"));
        assertRefused(segment);
    }

    @Test
    void frameThatNeedsAnUnknownFeatureIsRefused() throws IOException {
        Path segment = directory.resolve("segments/0000000001.segment");
        makeLastDataFrameNewer(segment, FrameDescriptor.INCOMPATIBLE_OFFSET);
        Files.delete(directory.resolve("manifest"));
        var refusal = catchThrowableOfType(UnknownFormatException.class, this::open);
        assertThat(refusal).hasMessageContaining("features=" + NEWER);
    }

    /** Changes one byte of the header of a data frame and sets its checksum right; returns the frame's offset. */
    private int makeLastDataFrameNewer(Path segment, int field) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(segment)).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer meta = ByteBuffer.wrap(Files.readAllBytes(directory.resolve("log.meta")))
                .order(ByteOrder.LITTLE_ENDIAN);
        int seed = FrameBuilder.seed(new UUID(meta.getLong(16), meta.getLong(24)));
        int found = -1;
        for (int at = 0; at < bytes.capacity() - 64; at += 4) {
            if (bytes.getInt(at) == FrameDescriptor.MAGIC
                    && bytes.get(at + FrameDescriptor.KIND_OFFSET) == FrameDescriptor.KIND_DATA) {
                found = at;
            }
        }
        bytes.put(found + field, (byte) NEWER);
        var crc = new CRC32C();
        crc.update(bytes.array(), found, FrameDescriptor.HEADER_CRC_OFFSET);
        bytes.putInt(found + FrameDescriptor.HEADER_CRC_OFFSET, (int) crc.getValue() ^ seed);
        Files.write(segment, bytes.array());
        return found;
    }
}
