package dev.eventlog.internal.journal;

import static dev.eventlog.internal.journal.SteppingClock.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Finding events by position and by time in a log of several segments, against a plain list. */
@Timeout(300)
class SeekTest {

    private final Seed seed = Seed.of(SeekTest.class);
    private final SplittableRandom random = seed.random();
    private final SteppingClock clock = new SteppingClock();
    private final List<Long> times = new ArrayList<>();
    private IoThread io;
    private Journal journal;

    @TempDir
    private Path directory;

    @BeforeEach
    void open() {
        io = new IoThread("test", null);
        journal = Journals.at(directory, HookedFileOps.quick(), clock, io);
    }

    @AfterEach
    void close() {
        journal.close();
        io.close();
    }

    /** Frames of one to twenty events, far enough apart for some segments; each frame has a time of its own. */
    private void appendFrames(int frames) {
        for (int i = 0; i < frames; i++) {
            clock.nanos += random.nextLong(1, 10 * SECOND);
            int events = random.nextInt(1, 21);
            journal.append(Journals.frame(journal, events, random.nextInt(1500)), false);
            for (int e = 0; e < events; e++) {
                times.add(clock.nanos);
            }
        }
    }

    private void assertFindsEverything() {
        int count = times.size();
        assertThat(journal.endPosition()).isEqualTo(count);
        JournalReader reader = journal.newReader();
        for (int i = 0; i < 300; i++) {
            int position = random.nextInt(count);
            reader.seek(position);
            for (int step = 0; step < 3 && position + step < count; step++) {
                assertThat(reader.next()).isTrue();
                assertThat(reader.event().position()).as("%s", seed).isEqualTo(position + step);
                assertThat(reader.event().appendTimeNanos()).isEqualTo(times.get(position + step));
            }
        }
        reader.seek(count);
        assertThat(reader.next()).isFalse();
        for (int i = 0; i < 200; i++) {
            long time = times.get(random.nextInt(count)) + random.nextInt(-1, 2);
            int expected = 0;
            while (expected < count && times.get(expected) < time) {
                expected++;
            }
            assertThat(journal.positionAt(time)).as("time %d, %s", time, seed).isEqualTo(expected);
        }
        assertThat(journal.positionAt(Long.MIN_VALUE)).isZero();
        assertThat(journal.positionAt(Long.MAX_VALUE)).isEqualTo(count);
    }

    @Test
    void eachPositionAndTimeIsFoundWhileTheLogIsWrittenAndAfterwards() throws IOException {
        appendFrames(600);
        assertThat(journal.segments().all().length).as("%s", seed).isGreaterThan(3);
        assertFindsEverything();
        close();
        open();
        assertFindsEverything();
        appendFrames(30);
        assertFindsEverything();
    }

    @Test
    void eachPositionAndTimeIsFoundWithIndexesMadeAnew() throws IOException {
        appendFrames(600);
        close();
        try (var indexes = Files.list(directory.resolve("index"))) {
            for (Path index : indexes.toList()) {
                Files.delete(index);
            }
        }
        open();
        assertFindsEverything();
        try (var indexes = Files.list(directory.resolve("index"))) {
            assertThat(indexes).isNotEmpty();
        }
    }

    @Test
    void readerThatSeeksToTheEndGetsWhatComesNext() {
        JournalReader reader = journal.newReader();
        for (int round = 0; round < 200; round++) {
            reader.seek(journal.endPosition());
            assertThat(reader.next()).isFalse();
            appendFrames(1);
            assertThat(reader.next()).isTrue();
            assertThat(reader.event().position()).isLessThan(journal.endPosition());
        }
    }

    @Test
    void readersThatSeekToAndFroInOneFrameFindEachEvent() {
        journal.append(Journals.frame(journal, 50, 100), false);
        JournalReader reader = journal.newReader();
        for (int i = 0; i < 500; i++) {
            int position = random.nextInt(51);
            reader.seek(position);
            assertThat(reader.position()).isEqualTo(position);
            assertThat(reader.next()).as("%s", seed).isEqualTo(position < 50);
            if (position < 50) {
                assertThat(reader.event().position()).as("%s", seed).isEqualTo(position);
            }
        }
    }

    @Test
    void lengthFromShrinksToZeroAtTheEnd() {
        appendFrames(300);
        long before = Long.MAX_VALUE;
        for (long position = 0; position <= journal.endPosition(); position++) {
            long length = journal.lengthFrom(position);
            assertThat(length).isBetween(0L, before);
            before = length;
        }
        assertThat(before).isZero();
        assertThat(journal.lengthFrom(0)).isGreaterThan(times.size());
    }
}
