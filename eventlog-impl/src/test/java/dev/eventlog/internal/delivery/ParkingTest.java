package dev.eventlog.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.cursor.ParkedList;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.MemoryDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which events wait behind parked ones while others take events off the list. */
@Timeout(300)
class ParkingTest {

    private static final Codec<String> CODEC = Codec.utf8();

    private final IoThread io = new IoThread("eventlog-io", null);

    @TempDir(factory = MemoryDirectory.class)
    private Path parent;

    private Path directory;
    private Journal journal;
    private ParkedList list;
    private Parking parking;

    @BeforeEach
    void open() {
        directory = parent.resolve("log");
        var config = EventLogConfig.at(directory)
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(128 << 10)
                .forceInterval(Duration.ZERO)
                .build();
        var files = HookedFileOps.quick();
        journal = Journal.open(config, files, Clock.system(), io, Cursors::traces);
        list = Cursors.open(journal, files, io).parked("s");
        parking = new Parking(list, journal);
    }

    @AfterEach
    void close() {
        journal.close();
        io.close();
    }

    private long append(String key, String text) {
        FrameBuilder frame = journal.newFrame();
        frame.begin(FrameDescriptor.KIND_DATA);
        frame.add(CODEC, text, key, journal.schemaNumber(CODEC.schema(text)), journal.sourceNumber("test"));
        frame.finish();
        return journal.append(frame, false);
    }

    @Test
    void aReleaseWhileAParkedEventIsParkedAgainFreesItsKey() {
        long freed = append("freed", "0");
        long parked = append("parked", "1");
        list.park(freed, 3, null);
        list.park(parked, 3, null);
        assertThat(parking.isBlocked(parked, "parked")).isTrue();
        // another thread, between the look at the list and the change of it
        list.release(List.of(freed));
        parking.park(parked, "parked", 3, null);
        assertThat(parking.isBlocked(append("freed", "2"), "freed")).isFalse();
        assertThat(parking.isBlocked(append("parked", "3"), "parked")).isTrue();
    }

    @Test
    void anEventIsNotParkedBehindOneThatWasTakenOffMeanwhile() {
        long ahead = append("a", "0");
        long behind = append("a", "1");
        list.park(ahead, 3, null);
        assertThat(parking.isBlocked(behind, "a")).isTrue();
        list.release(List.of(ahead));
        assertThat(parking.parkBehind(behind, "a")).isFalse();
        assertThat(list.count())
                .as("empty, as whoever took the last event off it saw it")
                .isZero();
        assertThat(parking.isBlocked(behind, "a")).isFalse();
    }

    @Test
    void anEventIsParkedBehindOneThatIsStillThere() {
        long ahead = append("a", "0");
        long behind = append("a", "1");
        list.park(ahead, 3, null);
        assertThat(parking.isBlocked(behind, "a")).isTrue();
        assertThat(parking.parkBehind(behind, "a")).isTrue();
        list.release(List.of(ahead));
        assertThat(parking.isBlocked(append("a", "2"), "a")).isTrue();
        list.release(List.of(behind));
        assertThat(parking.isBlocked(append("a", "3"), "a")).isFalse();
    }

    @Test
    void aFullListKeepsWhatIsKnownOfIt() {
        append("a", "0");
        for (int i = 0; i < ParkedList.MAX_EVENTS; i++) {
            list.park(i + 10L, 1, null);
        }
        list.release(List.of(10L));
        list.park(0, 3, null);
        assertThat(parking.isBlocked(1, "a")).isTrue();
        assertThatThrownBy(() -> parking.park(2, "b", 3, null)).isInstanceOf(IllegalStateException.class);
        assertThat(parking.isBlocked(1, "a")).isTrue();
        assertThat(parking.isBlocked(3, "b")).as("was not parked").isFalse();
    }

    @Test
    void aListThatCouldNotBeReadToItsEndIsReadAgain() throws IOException {
        long parked = append("a", "payload to be damaged");
        list.park(parked, 3, null);
        flip("payload to be damaged");
        assertThatThrownBy(() -> parking.isBlocked(parked + 1, "a")).isInstanceOf(CorruptLogException.class);
        flip("qayload to be damaged");
        assertThat(parking.isBlocked(parked + 1, "a")).isTrue();
    }

    /** Changes the lowest bit of a payload's first byte, on disk. */
    private void flip(String payload) throws IOException {
        try (Stream<Path> paths = Files.walk(directory.resolve("active"))) {
            for (Path file : paths.filter(Files::isRegularFile).toList()) {
                byte[] bytes = Files.readAllBytes(file);
                int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(payload);
                if (at >= 0) {
                    try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                        channel.write(ByteBuffer.wrap(new byte[] {(byte) (bytes[at] ^ 1)}), at);
                    }
                    return;
                }
            }
        }
        throw new AssertionError("payload is in no file: " + payload);
    }
}
