package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.StartAt;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.MemoryDirectory;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damage as an explicit gap: the exception tells which events are lost, reading goes on right behind them, however near,
 * and every event that is intact is delivered.
 */
@Timeout(120)
class DamageGapTest {

    private static final int EVENTS_PER_SEGMENT = 60;
    private static final int SEGMENTS = 3;
    private static final int EVENTS = SEGMENTS * EVENTS_PER_SEGMENT;

    private final Seed seed = Seed.of(DamageGapTest.class);
    private final SplittableRandom random = seed.random();
    private final Numbered numbered = new Numbered(seed.value(), 300);
    private Path directory;
    private Path original;

    @TempDir(factory = MemoryDirectory.class)
    private Path temporary;

    @BeforeEach
    void writeThreeSmallSegments() {
        directory = temporary.resolve("log");
        original = temporary.resolve("original");
        for (int segment = 1; segment <= SEGMENTS; segment++) {
            try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
                var producer = log.producer("numbered", Numbered.CODEC);
                while (log.endPosition() < (long) segment * EVENTS_PER_SEGMENT) {
                    producer.append(numbered.event(log.endPosition()));
                }
            }
        }
        Directories.copyLog(directory, original);
    }

    private void restore() {
        Directories.delete(directory);
        Directories.copyLog(original, directory);
    }

    private Path segment(int number) {
        return directory.resolve("segments").resolve(String.format("%010d.segment", number));
    }

    private EventLog open(EventLogConfig.Recovery recovery) {
        return LocalEventLog.open(
                Numbered.config(directory).recovery(recovery).build(), HookedFileOps.quick(), Clock.system());
    }

    private static void damage(Path file, long at, int length) throws IOException {
        try (var open = new RandomAccessFile(file.toFile(), "rw")) {
            for (long i = at; i < Math.min(at + length, open.length()); i++) {
                open.seek(i);
                int before = open.read();
                open.seek(i);
                open.write(before ^ 0x55);
            }
        }
    }

    /** It holds no event, so none is lost, and what is appended later is read. */
    @Test
    void damagedCloseOfTheNewestSegmentHidesNothingThatComesBehindIt() throws IOException {
        List<Integer> frames = frames(segment(SEGMENTS));
        int close = frames.get(frames.size() - 1);
        long length = Files.size(segment(SEGMENTS));
        for (int at = close; at < length; at += 12) {
            damage(segment(SEGMENTS), at, 2);
            try (EventLog log = open(EventLogConfig.Recovery.RECOVER)) {
                assertThat(log.endPosition()).as("byte %d", at).isEqualTo(EVENTS);
                numbered.appendTo(log, EVENTS + 5L);
                numbered.assertComplete(log);
            }
            try (EventLog log = open(EventLogConfig.Recovery.RECOVER)) {
                numbered.assertComplete(log);
            }
            restore();
        }
    }

    /** Where the frames of a segment begin, by their magic. */
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

    /** Reads on behind each gap; returns the positions that were delivered, and adds what was told as lost. */
    private Set<Long> readAround(EventLog log, Set<Long> lost) {
        var delivered = new TreeSet<Long>();
        long from = log.firstPosition();
        while (from < log.endPosition()) {
            Iterator<Event<ByteBuffer>> events =
                    log.read(EventQuery.all().after(from - 1), Numbered.CODEC).iterator();
            try {
                while (events.hasNext()) {
                    Event<ByteBuffer> event = events.next();
                    assertThat(event.position()).as("%s", seed).isEqualTo(from);
                    assertThat(numbered.isRight(event)).as("%s", seed).isTrue();
                    delivered.add(from++);
                }
            } catch (CorruptLogException gap) {
                assertThat(gap.file()).isNotNull();
                assertThat(gap.getMessage()).contains("file=" + gap.file()).contains("offset=" + gap.offset());
                assertThat(gap.fromPosition()).as("%s", seed).isLessThanOrEqualTo(from);
                assertThat(gap.toPosition()).as("%s", seed).isGreaterThan(from).isLessThanOrEqualTo(log.endPosition());
                for (; from < gap.toPosition(); from++) {
                    lost.add(from);
                }
            }
        }
        return delivered;
    }

    private void assertAllDeliveredOrTold(EventLog log) {
        var lost = new TreeSet<Long>();
        Set<Long> delivered = readAround(log, lost);
        assertThat(delivered.size() + lost.size()).as("%s", seed).isEqualTo((int) log.endPosition());
        assertThat(lost).as("%s", seed).doesNotContainAnyElementsOf(delivered);
    }

    @Test
    void onlyTheEventOfADamagedFrameIsLost() throws IOException {
        List<Integer> frames = frames(segment(2));
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            for (int frame = 0; frame < frames.size(); frame++) {
                int begin = frames.get(frame);
                int at = begin + 4 + random.nextInt(64);
                damage(segment(2), at, 1);
                var lost = new TreeSet<Long>();
                Set<Long> delivered = readAround(log, lost);
                assertThat(delivered.size()).isEqualTo(EVENTS - lost.size());
                assertThat(lost.size())
                        .as("frame %d byte %d, %s", frame, at - begin, seed)
                        .isLessThanOrEqualTo(1);
                damage(segment(2), at, 1);
            }
        }
    }

    @Test
    void damagedDocumentHeaderLosesNothing() throws IOException {
        List<Integer> frames = frames(segment(2));
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            for (int begin : frames) {
                for (int byteOfIt = 0; byteOfIt < 4; byteOfIt++) {
                    damage(segment(2), begin + byteOfIt, 1);
                    var lost = new TreeSet<Long>();
                    readAround(log, lost);
                    assertThat(lost)
                            .as("byte %d of %d, %s", byteOfIt, begin, seed)
                            .isEmpty();
                    damage(segment(2), begin + byteOfIt, 1);
                }
            }
        }
    }

    @Test
    void consumerSeeksBehindDamageHoweverNear() throws IOException {
        List<Integer> frames = frames(segment(2));
        int victim = frames.get(frames.size() / 2);
        damage(segment(2), victim + 20, 200);
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                var consumer = log.consumer("consumer", Numbered.CODEC)) {
            CorruptLogException gap = null;
            while (gap == null) {
                try {
                    assertThat(consumer.poll(Duration.ZERO)).isNotEmpty();
                    consumer.commit();
                } catch (CorruptLogException e) {
                    gap = e;
                }
            }
            assertThat(gap.fromPosition()).isEqualTo(consumer.position());
            assertThat(gap.toPosition() - gap.fromPosition()).isBetween(1L, 4L);
            for (long to = gap.toPosition(); to < EVENTS; to++) {
                consumer.seek(StartAt.position(to));
                assertThat(consumer.poll(Duration.ZERO).get(0).position()).isEqualTo(to);
            }
            consumer.seek(StartAt.position(gap.toPosition() - 1));
            assertThatThrownBy(() -> consumer.poll(Duration.ZERO)).isInstanceOf(CorruptLogException.class);
        }
    }

    @Test
    void randomDamageIsDeliveredAroundInEachMode() throws IOException {
        for (int round = 0; round < 60; round++) {
            restore();
            if (random.nextInt(3) == 0) {
                Files.delete(directory.resolve("manifest"));
            }
            if (random.nextInt(3) == 0) {
                Files.delete(directory.resolve("state"));
            }
            Path victim = segment(1 + random.nextInt(SEGMENTS));
            switch (random.nextInt(4)) {
                case 0 -> Files.delete(victim);
                case 1 -> {
                    try (var file = new RandomAccessFile(victim.toFile(), "rw")) {
                        file.setLength(random.nextLong(file.length()));
                    }
                }
                default -> damage(victim, random.nextLong(Files.size(victim)), 1 << random.nextInt(13));
            }
            EventLogConfig.Recovery mode = EventLogConfig.Recovery.RECORD_DAMAGE;
            long end;
            try (EventLog log = open(mode)) {
                end = log.endPosition();
                var lost = new TreeSet<Long>();
                Set<Long> delivered = readAround(log, lost);
                assertThat(delivered.size() + lost.size()).as("%s", seed).isEqualTo((int) end);
                numbered.appendTo(log, EVENTS);
                assertAllDeliveredOrTold(log);
            }
            // what was recorded is known to the next open, which needs no policy any more
            try (EventLog log = open(EventLogConfig.Recovery.RECOVER)) {
                assertThat(log.endPosition()).as("%s", seed).isGreaterThanOrEqualTo(EVENTS);
            }
        }
    }

    @Test
    void consumersGoOnBehindDamageByPolicyAndAreTold() throws IOException {
        List<Integer> frames = frames(segment(2));
        damage(segment(2), frames.get(frames.size() / 2) + 30, 1);
        damage(segment(2), frames.get(frames.size() / 3) + 30, 300);
        var lost = new TreeSet<Long>();
        Set<Long> delivered;
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick())) {
            delivered = readAround(log, lost);
            assertThat(lost).isNotEmpty();
            var told = new ConcurrentSkipListSet<Long>();
            var got = new ConcurrentSkipListSet<Long>();
            var order = new ArrayList<Long>();
            java.util.function.Consumer<CorruptLogException> tell = gap -> {
                for (long position = gap.fromPosition(); position < gap.toPosition(); position++) {
                    told.add(position);
                    order.add(position);
                }
            };
            var pulling = ConsumerConfig.named("pull").onDamage(tell).build();
            try (var consumer = log.consumer(pulling, Numbered.CODEC)) {
                for (var events = consumer.poll(Duration.ZERO);
                        !events.isEmpty();
                        events = consumer.poll(Duration.ZERO)) {
                    events.forEach(event -> order.add(event.position()));
                    consumer.commit();
                }
            }
            assertThat(told).isEqualTo(lost);
            // each range is told between what is before and what is behind it
            assertThat(order).isSorted().hasSize(EVENTS);
            told.clear();
            order.clear();
            var viewing = ConsumerConfig.named("view").onDamage(tell).build();
            try (var consumer = log.consumer(viewing, Numbered.CODEC)) {
                for (int count = 1; count > 0; ) {
                    count = consumer.poll(event -> order.add(event.position()), 1000);
                }
                assertThat(consumer.status().checkpoint()).isEqualTo(EVENTS);
            }
            assertThat(told).isEqualTo(lost);
            assertThat(order).isSorted().hasSize(EVENTS);
            told.clear();
            order.clear();
            var pushing = ConsumerConfig.named("push").onDamage(tell).build();
            try (var subscription = log.subscribe(pushing, Numbered.CODEC, event -> got.add(event.position()))) {
                assertThat(subscription.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
            }
            assertThat(told).isEqualTo(lost);
            assertThat(got).isEqualTo(delivered);
        }
    }

    @Test
    void consumerWhoseDamageHandlerThrowsStaysBeforeTheRange() throws IOException {
        List<Integer> frames = frames(segment(1));
        damage(segment(1), frames.get(frames.size() / 2) + 30, 1);
        var config = ConsumerConfig.named("consumer")
                .onDamage(gap -> {
                    throw new IllegalStateException("not now");
                })
                .build();
        try (EventLog log = Numbered.open(directory, HookedFileOps.quick());
                var consumer = log.consumer(config, Numbered.CODEC)) {
            assertThat(consumer.poll(Duration.ZERO)).isNotEmpty();
            consumer.commit();
            long before = consumer.position();
            for (int again = 0; again < 2; again++) {
                assertThatThrownBy(() -> consumer.poll(Duration.ZERO)).hasMessage("not now");
                assertThatThrownBy(() -> consumer.poll(event -> {}, 10)).hasMessage("not now");
            }
            assertThat(consumer.position()).isEqualTo(before);
            assertThat(consumer.status().checkpoint()).isEqualTo(before);
        }
    }

    @Test
    void recordedDamageKeepsThePositionsOfWhatIsBehindIt() throws IOException {
        Files.delete(segment(2));
        assertThatThrownBy(() -> open(EventLogConfig.Recovery.RECOVER)).isInstanceOf(CorruptLogException.class);
        open(EventLogConfig.Recovery.RECORD_DAMAGE).close();
        for (int opens = 0; opens < 2; opens++) {
            try (EventLog log = open(EventLogConfig.Recovery.RECOVER)) {
                var lost = new TreeSet<Long>();
                readAround(log, lost);
                assertThat(lost).hasSize(EVENTS_PER_SEGMENT);
                assertThat(lost.first()).isEqualTo(EVENTS_PER_SEGMENT);
                assertThat(log.endPosition()).isEqualTo(EVENTS);
            }
        }
    }

    /** What a kill leaves: the last segment is not sealed, and the page cache must have all of it. */
    private Path killedCopy(Path target, long events) {
        Path killed = temporary.resolve("killed");
        try (EventLog log = Numbered.open(killed, HookedFileOps.quick())) {
            numbered.appendTo(log, events);
            log.force();
            Directories.copyLog(killed, target);
        }
        return target;
    }

    private static Path activeFile(Path log) throws IOException {
        try (var files = Files.walk(log.resolve("active"))) {
            return files.filter(path -> path.toString().endsWith(".cq4"))
                    .min(java.util.Comparator.naturalOrder())
                    .orElseThrow();
        }
    }

    @Test
    void damageOfTheUnsealedSegmentBelowTheDurablePositionIsRecordedOnlyByPolicy() throws IOException {
        Path killed = killedCopy(temporary.resolve("killed-copy"), 40);
        Path work = temporary.resolve("work");
        for (int round = 0; round < 12; round++) {
            if (Files.exists(work)) {
                Directories.delete(work);
            }
            Directories.copyLog(killed, work);
            Path file = activeFile(work);
            List<Integer> frames = frames(file);
            int victim = round < frames.size() ? round : random.nextInt(frames.size());
            if (round == 11) {
                victim = frames.size() - 1;
            }
            damage(file, frames.get(victim) + 4 + random.nextInt(60), 1 + random.nextInt(40));
            byte[] before = Files.readAllBytes(file);
            directory = work;
            assertThatThrownBy(() -> open(EventLogConfig.Recovery.RECOVER))
                    .as("frame %d, %s", victim, seed)
                    .isInstanceOfSatisfying(
                            CorruptLogException.class, e -> assertThat(e.file()).isEqualTo(file));
            assertThat(Files.readAllBytes(file)).isEqualTo(before);
            long end;
            try (EventLog log = open(EventLogConfig.Recovery.RECORD_DAMAGE)) {
                end = log.endPosition();
                assertThat(end).isGreaterThanOrEqualTo(40);
                var lost = new TreeSet<Long>();
                Set<Long> delivered = readAroundTo(log, lost);
                assertThat(delivered.size() + lost.size()).isEqualTo((int) end);
                numbered.appendTo(log, end + 5);
            }
            try (EventLog log = open(EventLogConfig.Recovery.RECOVER)) {
                var lost = new TreeSet<Long>();
                Set<Long> delivered = readAroundTo(log, lost);
                assertThat(delivered.size() + lost.size()).isEqualTo((int) log.endPosition());
                assertThat(delivered).contains(end, end + 4);
            }
        }
    }

    private Set<Long> readAroundTo(EventLog log, Set<Long> lost) {
        var delivered = new TreeSet<Long>();
        long from = 0;
        while (from < log.endPosition()) {
            var consumerConfig =
                    ConsumerConfig.unnamed().startAt(StartAt.position(from)).build();
            try (var consumer = log.consumer(consumerConfig, Numbered.CODEC)) {
                for (Event<ByteBuffer> event : consumer.poll(Duration.ZERO)) {
                    assertThat(numbered.isRight(event)).as("%s", seed).isTrue();
                    assertThat(event.position()).as("%s", seed).isEqualTo(from);
                    delivered.add(from++);
                }
            } catch (CorruptLogException gap) {
                assertThat(gap.toPosition()).as("%s", seed).isGreaterThan(from);
                for (; from < gap.toPosition(); from++) {
                    lost.add(from);
                }
            }
        }
        return delivered;
    }

    @Test
    void namesThatWereLostWithDamageAreNotGivenToOthers() throws IOException {
        Path killed = temporary.resolve("names");
        Path copy = temporary.resolve("names-copy");
        var other = dev.eventlog.Codec.utf8("other");
        var third = dev.eventlog.Codec.utf8("third");
        try (EventLog log = Numbered.open(killed, HookedFileOps.quick())) {
            log.producer("numbered", Numbered.CODEC).append(numbered.event(0));
            log.producer("second", other).append("k", "one");
            log.producer("second", other).append("k", "two");
            log.force();
            Directories.copyLog(killed, copy);
        }
        Path file = activeFile(copy);
        List<Integer> frames = frames(file);
        // open, SCHEMA, SOURCE, event 0, SCHEMA other, SOURCE second, events 1 and 2: all but the last
        damage(file, frames.get(4) + 10, frames.get(frames.size() - 1) - frames.get(4) - 20);
        directory = copy;
        try (EventLog log = open(EventLogConfig.Recovery.RECORD_DAMAGE)) {
            log.producer("fresh", third).append("k", "three");
            var types = new ArrayList<String>();
            var config =
                    ConsumerConfig.unnamed().onDamage(gap -> types.add("gap")).build();
            try (var consumer = log.consumer(config, dev.eventlog.Codec.bytes())) {
                for (var events = consumer.poll(Duration.ZERO);
                        !events.isEmpty();
                        events = consumer.poll(Duration.ZERO)) {
                    events.forEach(event -> types.add(event.type() + "/" + event.source()));
                    consumer.commit();
                }
            }
            assertThat(types).containsExactly("numbered/numbered", "gap", "lost-type/lost-source-2", "third/fresh");
        }
    }

    @Test
    void damageBelowTheDurablePositionIsRecordedAfterAPowerCutToo() throws IOException {
        Path killed = killedCopy(temporary.resolve("killed-copy"), 40);
        List<Integer> frames = frames(activeFile(killed));
        damage(activeFile(killed), frames.get(frames.size() / 2) + 30, 10);
        directory = killed;
        var otherBoot = HookedFileOps.quick().withBootId(new UUID(7, 7));
        assertThatThrownBy(() -> Numbered.open(killed, otherBoot)).isInstanceOf(CorruptLogException.class);
        var config = Numbered.config(killed)
                .recovery(EventLogConfig.Recovery.RECORD_DAMAGE)
                .build();
        try (EventLog log = LocalEventLog.open(config, otherBoot, Clock.system())) {
            var lost = new TreeSet<Long>();
            readAroundTo(log, lost);
            assertThat(lost).isNotEmpty();
            assertThat(log.endPosition()).isGreaterThanOrEqualTo(40);
        }
    }

    @Test
    void copiesOfFramesInAPayloadAreNotTakenForFrames() throws IOException {
        Path nested = temporary.resolve("nested");
        byte[] copies;
        try (EventLog log = Numbered.open(nested, HookedFileOps.quick())) {
            var producer = log.producer("numbered", Numbered.CODEC);
            for (long position = 0; position < 10; position++) {
                producer.append(numbered.event(position));
            }
            byte[] file = Files.readAllBytes(activeFile(nested));
            List<Integer> frames = frames(activeFile(nested));
            copies = Arrays.copyOfRange(file, frames.get(0), frames.get(frames.size() - 1));
            producer.append(ByteBuffer.wrap(copies));
            for (long position = 11; position < 20; position++) {
                producer.append(numbered.event(position));
            }
        }
        Path file = nested.resolve("segments/0000000001.segment");
        int container = frames(file).stream()
                .filter(at -> contains(file, at, copies))
                .findFirst()
                .orElseThrow();
        damage(file, container + 30, 1);
        try (EventLog log = Numbered.open(nested, HookedFileOps.quick())) {
            var lost = new TreeSet<Long>();
            Set<Long> delivered = readAround(log, lost);
            assertThat(lost).containsExactly(10L);
            assertThat(delivered).hasSize(19);
        }
    }

    private static boolean contains(Path file, int at, byte[] payload) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            // document header, frame header, event header
            int begin = at + 4 + 64 + 40;
            return begin + payload.length <= bytes.length
                    && Arrays.equals(bytes, begin, begin + payload.length, payload, 0, payload.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
