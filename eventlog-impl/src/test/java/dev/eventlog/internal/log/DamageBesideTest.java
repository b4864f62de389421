package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus.State;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.inspection.InspectOptions;
import dev.eventlog.internal.inspection.Inspected;
import dev.eventlog.internal.journal.ReadJournal;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damage where others are at work beside whoever meets it: lanes that still handle what is before it, a process that reads
 * what another one writes, and frames behind a hole that tell what was forced.
 */
@Timeout(120)
class DamageBesideTest {

    private static final int EVENTS_PER_SEGMENT = 60;
    private static final int EVENTS = 3 * EVENTS_PER_SEGMENT;

    private final Seed seed = Seed.of(DamageBesideTest.class);
    private final SplittableRandom random = seed.random();
    private final Numbered numbered = new Numbered(seed.value(), 300);

    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("log");
    }

    private void writeThreeSegments() {
        for (int segment = 1; segment <= 3; segment++) {
            try (EventLog log = Numbered.open(directory(), HookedFileOps.quick())) {
                appendOneByOne(log, (long) segment * EVENTS_PER_SEGMENT);
            }
        }
    }

    /** Each event is a frame. */
    private void appendOneByOne(EventLog log, long end) {
        var producer = log.producer("numbered", Numbered.CODEC);
        while (log.endPosition() < end) {
            producer.append(numbered.event(log.endPosition()));
        }
    }

    private Path segment(int number) {
        return directory().resolve("segments").resolve(String.format("%010d.segment", number));
    }

    private EventLog open(EventLogConfig.Recovery recovery) {
        return LocalEventLog.open(
                Numbered.config(directory()).recovery(recovery).build(), HookedFileOps.quick(), Clock.system());
    }

    private EventLog reading() {
        return EventLog.open(EventLogConfig.at(directory()).readOnly().build());
    }

    private static void damage(Path file, long at) throws IOException {
        try (var open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(at);
            int before = open.read();
            open.seek(at);
            open.write(before ^ 0x55);
        }
    }

    private static List<Integer> frames(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        var found = new ArrayList<Integer>();
        for (int at = 0; at + 8 < bytes.length; at += 4) {
            if (bytes[at + 4] == 'E' && bytes[at + 5] == 'V' && bytes[at + 6] == 'L' && bytes[at + 7] == 'F') {
                found.add(at);
            }
        }
        return found;
    }

    /** Polls to the end; returns what was delivered, and adds what was told as lost. */
    private Set<Long> pollAround(EventLog log, long end, Set<Long> lost) {
        var delivered = new TreeSet<Long>();
        long[] next = {log.firstPosition()};
        var config = ConsumerConfig.unnamed()
                .onDamage(gap -> {
                    assertThat(gap.fromPosition()).as("%s", seed).isEqualTo(next[0]);
                    for (; next[0] < gap.toPosition(); next[0]++) {
                        lost.add(next[0]);
                    }
                })
                .build();
        try (var consumer = log.consumer(config, Numbered.CODEC)) {
            while (next[0] < end) {
                List<Event<ByteBuffer>> events = consumer.poll(Duration.ofMinutes(1));
                for (Event<ByteBuffer> event : events) {
                    assertThat(event.position()).as("%s", seed).isEqualTo(next[0]++);
                    assertThat(numbered.isRight(event)).as("%s", seed).isTrue();
                    delivered.add(event.position());
                }
                consumer.commit();
            }
        }
        assertThat(next[0]).as("%s", seed).isEqualTo(end);
        return delivered;
    }

    @Test
    void lanesHaveHandledAllBeforeARangeWhenItIsTold() throws IOException {
        writeThreeSegments();
        List<Integer> frames = frames(segment(2));
        damage(segment(2), frames.get(frames.size() / 2) + 40);
        damage(segment(3), frames(segment(3)).get(5) + 40);
        var lost = new TreeSet<Long>();
        try (EventLog log = Numbered.open(directory(), HookedFileOps.quick())) {
            Set<Long> delivered = pollAround(log, EVENTS, lost);
            assertThat(lost).isNotEmpty();
            var handled = new ConcurrentSkipListSet<Long>();
            var told = new ConcurrentSkipListSet<Long>();
            var early = new ConcurrentSkipListSet<Long>();
            var isTold = new CountDownLatch(1);
            var config = ConsumerConfig.named("lanes")
                    .parallel(4)
                    .onDamage(gap -> {
                        for (long position : delivered) {
                            if (position < gap.fromPosition() && !handled.contains(position)) {
                                early.add(position);
                            }
                        }
                        for (long position = gap.fromPosition(); position < gap.toPosition(); position++) {
                            told.add(position);
                        }
                        isTold.countDown();
                    })
                    .build();
            try (var subscription = log.subscribe(config, Numbered.CODEC, event -> {
                if (lost.contains(event.position() + 1)) {
                    // gives a reader that does not wait for the lanes the time to go ahead
                    boolean unused = isTold.await(50, TimeUnit.MILLISECONDS);
                }
                handled.add(event.position());
            })) {
                assertThat(subscription.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
            }
            assertThat(early).as("told before they were handled, %s", seed).isEmpty();
            assertThat(handled).as("%s", seed).isEqualTo(delivered);
            assertThat(told).as("%s", seed).isEqualTo(lost);
        }
    }

    @Test
    void lanesStayBeforeDamageThatMayNotBePassed() throws IOException {
        writeThreeSegments();
        damage(segment(2), frames(segment(2)).get(20) + 40);
        try (EventLog log = Numbered.open(directory(), HookedFileOps.quick())) {
            var lost = new TreeSet<Long>();
            Set<Long> delivered = pollAround(log, EVENTS, lost);
            long first = lost.iterator().next();
            for (int lanes : new int[] {1, 3}) {
                var handled = new ConcurrentSkipListSet<Long>();
                var config =
                        ConsumerConfig.named("stays-" + lanes).parallel(lanes).build();
                try (var subscription = log.subscribe(config, Numbered.CODEC, event -> handled.add(event.position()))) {
                    assertThatThrownBy(() -> subscription.awaitPosition(EVENTS, Duration.ofMinutes(2)))
                            .hasRootCauseInstanceOf(CorruptLogException.class);
                    assertThat(subscription.status().state()).isEqualTo(State.FAILED);
                    assertThat(subscription.status().checkpoint())
                            .as("%s", seed)
                            .isEqualTo(first);
                }
                assertThat(handled).as("%s", seed).isEqualTo(new TreeSet<>(delivered).headSet(first));
            }
        }
    }

    @Test
    void readingProcessIsToldTheSameRanges() throws IOException {
        writeThreeSegments();
        damage(segment(2), frames(segment(2)).get(10) + 40);
        damage(segment(2), frames(segment(2)).get(30) + 40);
        try (EventLog log = Numbered.open(directory(), HookedFileOps.quick());
                EventLog beside = reading()) {
            var lost = new TreeSet<Long>();
            Set<Long> delivered = pollAround(log, EVENTS, lost);
            var lostBeside = new TreeSet<Long>();
            assertThat(pollAround(beside, EVENTS, lostBeside)).as("%s", seed).isEqualTo(delivered);
            assertThat(lostBeside).as("%s", seed).isEqualTo(lost).isNotEmpty();
        }
    }

    @Test
    void readingProcessGoesOnBehindDamageInWhatIsBeingWritten() throws IOException {
        try (EventLog log = Numbered.open(directory(), HookedFileOps.quick());
                EventLog beside = reading()) {
            appendOneByOne(log, EVENTS_PER_SEGMENT);
            Path active;
            try (var files = Files.walk(directory().resolve("active"))) {
                active = files.filter(path -> path.toString().endsWith(".cq4"))
                        .min(java.util.Comparator.naturalOrder())
                        .orElseThrow();
            }
            damage(active, frames(active).get(20) + 40);
            var lost = new TreeSet<Long>();
            Set<Long> delivered = pollAround(beside, EVENTS_PER_SEGMENT, lost);
            assertThat(lost).as("%s", seed).hasSize(1);
            assertThat(delivered).as("%s", seed).hasSize(EVENTS_PER_SEGMENT - 1);
        }
    }

    @Test
    void readingProcessIsToldWhatIsRecordedAsLost() throws IOException {
        writeThreeSegments();
        Files.delete(segment(2));
        open(EventLogConfig.Recovery.RECORD_DAMAGE).close();
        try (EventLog log = open(EventLogConfig.Recovery.RECOVER);
                EventLog beside = reading()) {
            numbered.appendTo(log, EVENTS + 20);
            long end = log.endPosition();
            var lost = new TreeSet<Long>();
            Set<Long> delivered = pollAround(beside, end, lost);
            assertThat(lost).as("%s", seed).hasSize(EVENTS_PER_SEGMENT).contains((long) EVENTS_PER_SEGMENT);
            assertThat(delivered).as("%s", seed).hasSize((int) end - EVENTS_PER_SEGMENT);
        }
    }

    @Test
    void writerDoesNotStopForAFileThatIsRecordedAsLost() throws Exception {
        writeThreeSegments();
        Path other = temporary.resolve("other");
        Directories.copyLog(directory(), other);
        Files.delete(segment(2));
        open(EventLogConfig.Recovery.RECORD_DAMAGE).close();
        var errors = new ConcurrentLinkedQueue<Throwable>();
        var told = new CompletableFuture<Throwable>();
        try (EventLog log = EventLog.open(
                Numbered.config(directory()).backgroundErrors(errors::add).build())) {
            // its writer looks as often, and began later
            EventLog lost = EventLog.open(
                    Numbered.config(other).backgroundErrors(told::complete).build());
            Files.delete(other.resolve("segments").resolve(segment(2).getFileName()));
            assertThat(told.get(60, TimeUnit.SECONDS)).hasMessageContaining("deleted");
            Throwable unused = catchThrowable(lost::close);
            numbered.appendTo(log, EVENTS + 10);
            log.force();
            assertThat(errors).isEmpty();
        }
    }

    @Test
    void holeThatOnlyFramesBehindItTellOfIsRefusedOrRecordedAndReportedAsDamage() throws IOException {
        Path killed = temporary.resolve("killed");
        try (EventLog log = Numbered.open(killed, HookedFileOps.quick())) {
            appendOneByOne(log, 40);
            log.force();
            appendOneByOne(log, 50);
            Directories.copyLog(killed, directory());
        }
        Path active;
        try (var files = Files.walk(directory().resolve("active"))) {
            active = files.filter(path -> path.toString().endsWith(".cq4"))
                    .min(java.util.Comparator.naturalOrder())
                    .orElseThrow();
        }
        Files.delete(directory().resolve("state"));
        List<Integer> frames = frames(active);
        damage(active, frames.get(8 + random.nextInt(4)) + 40);
        byte[] before = Files.readAllBytes(active);
        var otherBoot = HookedFileOps.quick().withBootId(new UUID(7, 7));
        Inspected looked = ReadJournal.inspect(directory(), InspectOptions.of(true), Cursors::traces, FileOps.system());
        assertThat(looked.severity()).as("%s", seed).isEqualTo(Inspected.Severity.DAMAGE);
        for (var mode : List.of(EventLogConfig.Recovery.RECOVER, EventLogConfig.Recovery.ABSOLUTE)) {
            var config = Numbered.config(directory()).recovery(mode).build();
            assertThatThrownBy(() -> LocalEventLog.open(config, otherBoot, Clock.system()))
                    .as("%s, %s", mode, seed)
                    .isInstanceOf(CorruptLogException.class);
            assertThat(Files.readAllBytes(active)).isEqualTo(before);
        }
        var lost = new TreeSet<Long>();
        Set<Long> salvaged;
        try (EventLog log = open(EventLogConfig.Recovery.SALVAGE)) {
            assertThat(log.endPosition()).as("%s", seed).isGreaterThanOrEqualTo(40);
            salvaged = pollAround(log, log.endPosition(), lost);
        }
        var recorded = new TreeSet<Long>();
        var config = Numbered.config(directory())
                .recovery(EventLogConfig.Recovery.RECORD_DAMAGE)
                .build();
        try (EventLog log = LocalEventLog.open(config, otherBoot, Clock.system())) {
            assertThat(pollAround(log, log.endPosition(), recorded))
                    .as("%s", seed)
                    .isEqualTo(salvaged);
        }
        assertThat(recorded).as("%s", seed).isEqualTo(lost).isNotEmpty();
        open(EventLogConfig.Recovery.RECOVER).close();
    }

    @Test
    void modesThatContradictEachOtherAreRefused() {
        assertThatThrownBy(() -> EventLogConfig.at(directory())
                        .readOnly()
                        .recovery(EventLogConfig.Recovery.RECORD_DAMAGE)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("recovery=RECORD_DAMAGE");
        assertThatThrownBy(() -> EventLogConfig.at(directory())
                        .recovery(EventLogConfig.Recovery.SALVAGE)
                        .retainBytes(1 << 20)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("SALVAGE");
    }
}
