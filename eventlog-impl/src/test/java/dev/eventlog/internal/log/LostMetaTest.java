package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.eventlog.Consumer;
import dev.eventlog.EventLog;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.MemoryDirectory;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A log whose {@code log.meta} is damaged or gone is the same log, as long as its other files say which one it is. */
@Timeout(300)
class LostMetaTest {

    private static final int CREATED_OFFSET = 32;
    private static final int FIRST_POSITION_OFFSET = 40;
    private static final int INCOMPATIBLE_OFFSET = 48;
    private static final int LENGTH = 56;
    private static final long EVENTS = 60;

    private final Seed seed = Seed.of(LostMetaTest.class);
    private final SplittableRandom random = seed.random();
    private final Numbered numbered = new Numbered(seed.value(), 300);
    private Path directory;
    private Path original;
    private byte[] meta;

    @TempDir(factory = MemoryDirectory.class)
    private Path temporary;

    @BeforeEach
    void writeLog() throws IOException {
        directory = temporary.resolve("log");
        original = temporary.resolve("original");
        for (int open = 1; open <= 3; open++) {
            try (EventLog log = open();
                    Consumer<ByteBuffer> consumer = log.consumer("billing", Numbered.CODEC)) {
                var producer = log.producer("numbered", Numbered.CODEC);
                while (log.endPosition() < EVENTS / 3 * open) {
                    producer.append(numbered.event(log.endPosition()));
                }
                consumer.poll(Duration.ZERO);
                consumer.commit();
            }
        }
        Directories.copyLog(directory, original);
        meta = Files.readAllBytes(directory.resolve("log.meta"));
        assertThat(meta).hasSize(LENGTH);
    }

    private EventLog open() {
        return Numbered.open(directory, HookedFileOps.quick());
    }

    private Path metaFile() {
        return directory.resolve("log.meta");
    }

    private void restore() {
        Directories.delete(directory);
        Directories.copyLog(original, directory);
    }

    private void verify(String what) throws IOException {
        try (EventLog log = open();
                Consumer<ByteBuffer> consumer = log.consumer("billing", Numbered.CODEC)) {
            assertThat(log.endPosition()).as("%s, %s", what, seed).isEqualTo(EVENTS);
            numbered.assertComplete(log);
            assertThat(consumer.position()).as("%s, %s", what, seed).isEqualTo(EVENTS);
            log.producer("numbered", Numbered.CODEC).append(numbered.event(EVENTS));
            numbered.assertComplete(log);
        }
        assertThat(idOf(Files.readAllBytes(metaFile()))).as(what).isEqualTo(idOf(meta));
    }

    private static UUID idOf(byte[] bytes) {
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return new UUID(header.getLong(16), header.getLong(24));
    }

    private void deleteFiles(String... names) throws IOException {
        for (String name : names) {
            Files.deleteIfExists(directory.resolve(name));
        }
    }

    private Path segment(int number) {
        return directory.resolve(String.format("segments/%010d.segment", number));
    }

    @Test
    void flippedBitOrCutAnywhereIsMended() throws IOException {
        for (int at = 0; at < LENGTH; at++) {
            byte[] flipped = meta.clone();
            flipped[at] ^= (byte) (1 << random.nextInt(8));
            for (byte[] damaged : List.of(flipped, Arrays.copyOf(meta, at))) {
                restore();
                Files.write(metaFile(), damaged);
                verify("byte " + at + " of a length of " + damaged.length);
                assertThat(Files.readAllBytes(metaFile())).as("byte " + at).isEqualTo(meta);
            }
        }
    }

    @Test
    void deletedFileIsMadeAnewWithWhatItSaid() throws IOException {
        deleteFiles("log.meta");
        verify("deleted");
        assertThat(Files.readAllBytes(metaFile())).isEqualTo(meta);
    }

    @Test
    void segmentsAloneAreProofEnough() throws IOException {
        for (String[] lost : new String[][] {{"log.meta", "manifest"}, {"log.meta", "manifest", "state"}}) {
            restore();
            deleteFiles(lost);
            verify(Arrays.toString(lost));
            ByteBuffer made = ByteBuffer.wrap(Files.readAllBytes(metaFile())).order(ByteOrder.LITTLE_ENDIAN);
            ByteBuffer before = ByteBuffer.wrap(meta).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(made.getLong(FIRST_POSITION_OFFSET)).isZero();
            // the first segment was begun when the log was created, a moment later
            assertThat(made.getLong(CREATED_OFFSET) - before.getLong(CREATED_OFFSET))
                    .isBetween(0L, Duration.ofMinutes(1).toNanos());
        }
    }

    @Test
    void segmentThatAWriterLeftIsProofEnough() throws IOException {
        Path crashed = temporary.resolve("crashed");
        directory = temporary.resolve("other");
        try (EventLog log = open()) {
            log.producer("numbered", Numbered.CODEC).append(numbered.event(0));
            Directories.copyLog(directory, crashed);
        }
        directory = crashed;
        deleteFiles("log.meta", "manifest", "state");
        try (EventLog log = open()) {
            assertThat(log.endPosition()).isOne();
            numbered.assertComplete(log);
        }
    }

    @Test
    void manifestIsProofEnoughForALogWithoutEvents() throws IOException {
        directory = temporary.resolve("empty");
        open().close();
        byte[] before = Files.readAllBytes(metaFile());
        deleteFiles("log.meta", "state");
        open().close();
        assertThat(Files.readAllBytes(metaFile())).isEqualTo(before);
    }

    private CorruptLogException assertRefused() {
        Map<String, String> before = Directories.hashes(directory);
        CorruptLogException refusal = catchThrowableOfType(CorruptLogException.class, this::open);
        assertThat(refusal).isNotNull().hasMessageContaining("log.meta").hasMessageContaining(directory.toString());
        Map<String, String> after = Directories.hashes(directory);
        before.remove("lock");
        after.remove("lock");
        assertThat(after).isEqualTo(before);
        return refusal;
    }

    @Test
    void logThatNothingTellsTheIdOfIsNotTakenForANewOne() throws IOException {
        // each of these leaves something of a log, and nothing that is proof of its id and its beginning
        for (String kept : List.of("state", "cursors", "damaged segment", "second segment", "log.meta")) {
            restore();
            byte[] damaged = meta.clone();
            damaged[20] ^= 1;
            deleteFiles("log.meta", "manifest");
            switch (kept) {
                case "state" -> {
                    Directories.delete(directory.resolve("segments"));
                    Directories.delete(directory.resolve("cursors"));
                }
                case "cursors" -> {
                    Directories.delete(directory.resolve("segments"));
                    deleteFiles("state");
                }
                case "damaged segment" -> {
                    for (int number = 1; number <= 3; number++) {
                        byte[] bytes = Files.readAllBytes(segment(number));
                        Arrays.fill(bytes, 0, 1024, (byte) 1);
                        Files.write(segment(number), bytes);
                    }
                }
                case "second segment" -> Files.delete(segment(1));
                default -> {
                    for (String name : List.of("segments", "cursors", "index")) {
                        Directories.delete(directory.resolve(name));
                    }
                    deleteFiles("state");
                    Files.write(metaFile(), damaged);
                }
            }
            Files.createDirectories(directory.resolve("segments"));
            Files.createDirectories(directory.resolve("cursors"));
            Files.createDirectories(directory.resolve("index"));
            assertRefused();
        }
    }

    @Test
    void filesOfSeveralLogsAreRefusedAndNamed() throws IOException {
        Path log = directory;
        directory = temporary.resolve("other");
        try (EventLog other = open()) {
            numbered.appendTo(other, 10);
        }
        Path foreign = segment(1);
        directory = log;
        Files.copy(foreign, segment(9));
        deleteFiles("log.meta");
        assertThat(assertRefused()).hasMessageContaining("0000000009.segment");
        Files.delete(segment(9));
        verify("without the other log's segment");
    }

    /** Sets a field of the body, and both checksums right. */
    private byte[] withInt(int offset, int value, int version) {
        ByteBuffer bytes = ByteBuffer.wrap(meta.clone()).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(offset, value);
        bytes.putInt(8, version);
        var crc = new CRC32C();
        crc.update(bytes.array(), 0, 12);
        crc.update(bytes.array(), 16, 16);
        bytes.putInt(12, (int) crc.getValue());
        crc.reset();
        crc.update(bytes.array(), 32, 20);
        bytes.putInt(52, (int) crc.getValue());
        return bytes.array();
    }

    @Test
    void newerVersionOrUnknownFeatureIsStillRefused() throws IOException {
        for (byte[] newer : List.of(withInt(INCOMPATIBLE_OFFSET, 4, 1), withInt(INCOMPATIBLE_OFFSET, 0, 7))) {
            Files.write(metaFile(), newer);
            Map<String, String> before = Directories.hashes(directory);
            assertThatThrownBy(this::open)
                    .isInstanceOf(UnknownFormatException.class)
                    .hasMessageContaining(metaFile().toString());
            Map<String, String> after = Directories.hashes(directory);
            before.remove("lock");
            after.remove("lock");
            assertThat(after).isEqualTo(before);
        }
    }

    @Test
    void newerManifestIsRefusedAlsoIfTheFileIsGone() throws IOException {
        byte[] bytes = Files.readAllBytes(directory.resolve("manifest"));
        ByteBuffer manifest = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        manifest.putInt(8, 7);
        var crc = new CRC32C();
        crc.update(bytes, 0, 12);
        crc.update(bytes, 16, 16);
        manifest.putInt(12, (int) crc.getValue());
        Files.write(directory.resolve("manifest"), bytes);
        deleteFiles("log.meta");
        assertThatThrownBy(this::open)
                .isInstanceOf(UnknownFormatException.class)
                .hasMessageContaining("manifest");
        assertThat(metaFile()).doesNotExist();
    }
}
