package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.StartAt;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.file.HookedFileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Logs whose positions are where an int, or a shorter long, would overflow. */
@Timeout(300)
class PositionTest {

    private static final long LAST = (1L << 48) - 1;

    private final Numbered numbered = new Numbered(1, 20_000);

    @TempDir
    private Path directory;

    /** An empty log that begins at a position. */
    private EventLog beginAt(long first) throws IOException {
        Numbered.open(directory, HookedFileOps.quick()).close();
        Path file = directory.resolve("log.meta");
        ByteBuffer meta = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        meta.putLong(40, first);
        var crc = new CRC32C();
        crc.update(meta.array(), 32, 20);
        meta.putInt(52, (int) crc.getValue());
        Files.write(file, meta.array());
        for (String name : new String[] {"manifest", "state"}) {
            Files.delete(directory.resolve(name));
        }
        return Numbered.open(directory, HookedFileOps.quick());
    }

    @ParameterizedTest
    @ValueSource(longs = {(1L << 31) - 100, (1L << 32) - 100, (1L << 47) - 100, 1L << 40})
    void positionsGoOnAcrossWhereAShorterNumberEnds(long first) throws IOException {
        try (EventLog log = beginAt(first);
                var consumer = log.consumer("consumer", Numbered.CODEC)) {
            assertThat(log.firstPosition()).isEqualTo(first);
            assertThat(log.endPosition()).isEqualTo(first);
            assertThat(log.producer("numbered", Numbered.CODEC).append(numbered.event(first)))
                    .isEqualTo(first);
            numbered.appendTo(log, first + 400);
            log.force();
            assertThat(log.durablePosition()).isEqualTo(log.endPosition());
            for (int i = 0; i < 2; i++) {
                assertThat(consumer.poll(Duration.ZERO).get(0).position()).isEqualTo(consumer.position());
                consumer.commit();
            }
        }
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                var consumer = log.consumer("consumer", Numbered.CODEC)) {
            numbered.assertComplete(log);
            assertThat(consumer.position()).isGreaterThan(first);
            for (long position = first; position < log.endPosition(); position += 37) {
                consumer.seek(StartAt.position(position));
                var event = consumer.poll(Duration.ZERO).get(0);
                assertThat(event.position()).isEqualTo(position);
                assertThat(numbered.isRight(event)).isTrue();
            }
            assertThat(log.read(EventQuery.all().after(first + 99).before(first + 102), Numbered.CODEC))
                    .hasSize(2);
            assertThatThrownBy(() -> consumer.seek(StartAt.position(first - 1)))
                    .isInstanceOf(PositionExpiredException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {LAST - 3})
    void lastPositionsAreUsedAndThenAppendsAreRefused(long first) throws IOException {
        try (EventLog log = beginAt(first)) {
            var producer = log.producer("numbered", Numbered.CODEC);
            producer.append(numbered.event(first));
            assertThatThrownBy(() -> producer.appendAll(List.of(
                            NewEvent.of(ByteBuffer.allocate(1)),
                            NewEvent.of(ByteBuffer.allocate(1)),
                            NewEvent.of(ByteBuffer.allocate(1)))))
                    .isInstanceOf(LogFailedException.class)
                    .hasMessageContaining("begin a new log");
            producer.append(numbered.event(first + 1));
            producer.append(numbered.event(first + 2));
            assertThatThrownBy(() -> producer.append(numbered.event(first + 3))).isInstanceOf(LogFailedException.class);
            numbered.assertComplete(log);
        }
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            numbered.assertComplete(log);
            assertThat(log.endPosition()).isEqualTo(first + 3);
        }
    }
}
