package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.eventlog.Capability;
import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.StartAt;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A log that is opened for reading, beside one that writes it. Both are in this JVM, which is the harder case for the
 * locks and else the same: they share files only. {@link ReadingProcessTest} has them in processes of their own.
 */
@Timeout(120)
class ReadOnlyTest {

    private static final Duration LONG = Duration.ofMinutes(2);

    private final Seed seed = Seed.of(ReadOnlyTest.class);
    private final SplittableRandom random = seed.random();
    private final Numbered numbered = new Numbered(seed.value(), 16 << 10);

    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("log");
    }

    private EventLog writer() {
        return Numbered.open(directory(), FileOps.system());
    }

    private EventLog reader() {
        return EventLog.open(EventLogConfig.at(directory()).readOnly().build());
    }

    /** Polls until a position, and holds each event against what was appended there. */
    private long pollTo(Consumer<ByteBuffer> consumer, long from, long end) {
        long expected = from;
        while (expected < end) {
            List<Event<ByteBuffer>> events = consumer.poll(LONG);
            assertThat(events)
                    .as("nothing came at %d of %d, %s", expected, end, seed)
                    .isNotEmpty();
            for (Event<ByteBuffer> event : events) {
                assertThat(event.position()).as("%s", seed).isEqualTo(expected);
                assertThat(numbered.isRight(event))
                        .as("event at %d, %s", expected, seed)
                        .isTrue();
                expected++;
            }
            consumer.commit();
        }
        return expected;
    }

    @Test
    void readerFollowsTheWriterFromSegmentToSegment() throws InterruptedException {
        try (EventLog writing = writer();
                EventLog reading = reader();
                Consumer<ByteBuffer> consumer = reading.consumer("follower", Numbered.CODEC)) {
            var appending = new Thread(() -> numbered.appendTo(writing, 4000));
            appending.start();
            long reached = pollTo(consumer, 0, 4000);
            appending.join();
            pollTo(consumer, reached, writing.endPosition());
            assertThat(Directories.names(directory().resolve("segments"))).hasSizeGreaterThan(4);
            numbered.assertComplete(reading);
            assertThat(reading.endPosition()).isEqualTo(writing.endPosition());
            assertThat(consumer.poll(Duration.ofMillis(1))).isEmpty();
        }
    }

    @Test
    void readerFollowsWritersThatComeAndGo() {
        writer().close();
        try (EventLog reading = reader();
                Consumer<ByteBuffer> consumer = reading.consumer("follower", Numbered.CODEC)) {
            long reached = 0;
            for (int writers = 0; writers < 12; writers++) {
                try (EventLog writing = writer()) {
                    numbered.appendTo(writing, writing.endPosition() + random.nextInt(300));
                    if (random.nextBoolean()) {
                        reached = pollTo(consumer, reached, writing.endPosition());
                    }
                }
            }
            try (EventLog last = writer()) {
                numbered.appendTo(last, last.endPosition() + 1);
                pollTo(consumer, reached, last.endPosition());
            }
        }
    }

    @Test
    void closedLogIsReadWithoutAWriter() {
        long end;
        try (EventLog writing = writer()) {
            numbered.appendTo(writing, 1500);
            end = writing.endPosition();
        }
        try (EventLog reading = reader();
                Consumer<ByteBuffer> consumer = reading.consumer("late", Numbered.CODEC)) {
            assertThat(reading.firstPosition()).isZero();
            assertThat(reading.endPosition()).isEqualTo(end);
            assertThat(reading.durablePosition()).isEqualTo(end);
            pollTo(consumer, 0, end);
        }
        try (EventLog again = reader();
                Consumer<ByteBuffer> consumer = again.consumer("late", Numbered.CODEC)) {
            assertThat(consumer.position()).isEqualTo(end);
        }
    }

    @Test
    void copyOfALogIsReadAsFarAsItsFramesGoAndThenItsWriterFollowed() {
        Path copy = temporary.resolve("copy");
        try (EventLog writing = writer()) {
            numbered.appendTo(writing, 900);
            Directories.copyLog(directory(), copy);
        }
        try (EventLog reading = EventLog.open(EventLogConfig.at(copy).readOnly().build());
                Consumer<ByteBuffer> consumer = reading.consumer("follower", Numbered.CODEC)) {
            numbered.assertComplete(reading);
            long reached = pollTo(consumer, 0, reading.endPosition());
            assertThat(reached).isGreaterThanOrEqualTo(900);
            try (EventLog writing = Numbered.open(copy, FileOps.system())) {
                assertThat(writing.endPosition()).isEqualTo(reached);
                numbered.appendTo(writing, 1800);
                pollTo(consumer, reached, writing.endPosition());
            }
        }
    }

    @Test
    void tornEndOfACopyEndsTheLogWhereAWriterWouldEndIt() throws IOException {
        Path copy = temporary.resolve("copy");
        long durable;
        try (EventLog writing = writer()) {
            numbered.appendTo(writing, 100);
            writing.force();
            durable = writing.endPosition();
            numbered.appendTo(writing, 200);
            Directories.copyLog(directory(), copy);
        }
        Path segment = copy.resolve("active/0000000001/19700102E.cq4");
        byte[] bytes = Files.readAllBytes(segment);
        int last = bytes.length - 1;
        while (bytes[last] == 0) {
            last--;
        }
        bytes[last] ^= 1;
        Files.write(segment, bytes);
        try (EventLog reading = EventLog.open(EventLogConfig.at(copy).readOnly().build());
                Consumer<ByteBuffer> consumer = reading.consumer("follower", Numbered.CODEC)) {
            long end = reading.endPosition();
            assertThat(end).as("%s", seed).isGreaterThanOrEqualTo(durable);
            pollTo(consumer, 0, end);
            assertThat(consumer.poll(Duration.ofMillis(5))).isEmpty();
            try (EventLog writing = Numbered.open(copy, FileOps.system())) {
                assertThat(writing.endPosition()).as("%s", seed).isEqualTo(end);
                numbered.appendTo(writing, end + 10);
                pollTo(consumer, end, writing.endPosition());
            }
        }
    }

    @Test
    void logWithoutStateAndManifestIsReadAndFollowed() throws IOException {
        try (EventLog writing = writer()) {
            numbered.appendTo(writing, 900);
        }
        Files.delete(directory().resolve("state"));
        Files.delete(directory().resolve("manifest"));
        try (EventLog reading = reader();
                Consumer<ByteBuffer> consumer = reading.consumer("follower", Numbered.CODEC)) {
            long reached = pollTo(consumer, 0, reading.endPosition());
            try (EventLog writing = writer()) {
                assertThat(writing.endPosition()).isEqualTo(reached);
                numbered.appendTo(writing, 1200);
                pollTo(consumer, reached, writing.endPosition());
            }
        }
    }

    @Test
    void namesOfTypesAndSourcesThatCameSinceAreKnown() {
        try (EventLog writing = writer();
                EventLog reading = reader();
                Consumer<ByteBuffer> consumer = reading.consumer("names", Numbered.CODEC)) {
            for (int i = 0; i < 50; i++) {
                writing.producer("source-" + i, Codec.bytes("type-" + i)).append(ByteBuffer.wrap(new byte[i]));
                Event<ByteBuffer> event = consumer.poll(LONG).get(0);
                assertThat(event.type()).isEqualTo("type-" + i);
                assertThat(event.source()).isEqualTo("source-" + i);
                consumer.commit();
            }
            consumer.seek(StartAt.position(49));
            assertThat(consumer.poll(LONG).get(0).type()).isEqualTo("type-49");
        }
    }

    @Test
    void seeksByPositionAndTimeFindWhatTheWriterFinds() {
        try (EventLog writing = writer();
                EventLog reading = reader();
                Consumer<ByteBuffer> consumer = reading.consumer("seeking", Numbered.CODEC)) {
            for (int i = 0; i < 30; i++) {
                numbered.appendTo(writing, writing.endPosition() + 1 + random.nextInt(200));
                long position = random.nextLong(writing.endPosition());
                consumer.seek(StartAt.position(position));
                Event<ByteBuffer> event = consumer.poll(LONG).get(0);
                assertThat(event.position()).as("%s", seed).isEqualTo(position);
                assertThat(numbered.isRight(event)).as("%s", seed).isTrue();
                consumer.seek(StartAt.time(event.appendTime()));
                Event<ByteBuffer> timed = consumer.poll(LONG).get(0);
                assertThat(timed.position()).as("%s", seed).isLessThanOrEqualTo(position);
                assertThat(timed.appendTime()).as("%s", seed).isEqualTo(event.appendTime());
            }
        }
    }

    @Test
    void subscriptionAndReadWorkAndStatusTells() {
        try (EventLog writing = writer();
                EventLog reading = reader()) {
            var last = new AtomicLong(-1);
            var wrong = new AtomicBoolean();
            var subscription = reading.subscribe("pushed", Numbered.CODEC, event -> {
                if (event.position() != last.get() + 1 || !numbered.isRight(event)) {
                    wrong.set(true);
                }
                last.set(event.position());
            });
            numbered.appendTo(writing, 500);
            assertThat(subscription.awaitPosition(writing.endPosition() - 1, LONG))
                    .isTrue();
            assertThat(wrong).isFalse();
            ConsumerStatus status = subscription.status();
            assertThat(status.lag()).isZero();
            assertThat(reading.read(EventQuery.all().after(489), Numbered.CODEC).count())
                    .isEqualTo(writing.endPosition() - 490);
        }
    }

    @Test
    void appendingIsRefusedAndSaysWhatToDo() {
        writer().close();
        try (EventLog reading = reader()) {
            assertThatThrownBy(() -> reading.producer("a", Numbered.CODEC))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("read-only")
                    .hasMessageContaining(directory().toString());
            assertThatThrownBy(reading::force)
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("read-only");
            assertThat(reading.capabilities())
                    .containsExactlyInAnyOrder(Capability.TOTAL_ORDER, Capability.DENSE_POSITIONS, Capability.SHARED);
        }
    }

    @Test
    void whereThereIsNoLogItSaysSo() throws IOException {
        assertThatThrownBy(this::reader)
                .isInstanceOf(LogFailedException.class)
                .hasMessageContaining("no log")
                .hasMessageContaining(directory().toString());
        Files.createDirectory(directory());
        assertThatThrownBy(this::reader).isInstanceOf(LogFailedException.class).hasMessageContaining("no log");
        assertThat(Directories.names(directory())).containsExactly("");
    }

    @Test
    void readerChangesNothingButItsCursors() throws IOException {
        try (EventLog writing = writer()) {
            numbered.appendTo(writing, 1500);
        }
        var before = Directories.hashes(directory());
        try (EventLog reading = reader()) {
            numbered.assertComplete(reading);
            try (Consumer<ByteBuffer> consumer = reading.consumer("one", Numbered.CODEC)) {
                consumer.poll(LONG);
                consumer.commit();
            }
        }
        var after = Directories.hashes(directory());
        after.keySet().removeIf(path -> path.matches("(cursors|parked|owners)/one-.*"));
        assertThat(after).isEqualTo(before);
    }

    @Test
    void consumerHasOneOwnerWhicheverLogItIsOpenedWith() {
        try (EventLog writing = writer();
                EventLog reading = reader();
                EventLog other = reader()) {
            numbered.appendTo(writing, 10);
            List<EventLog> logs = List.of(writing, reading, other);
            for (EventLog owner : logs) {
                try (Consumer<ByteBuffer> held = owner.consumer("one", Numbered.CODEC)) {
                    assertThat(held.position()).isZero();
                    for (EventLog log : logs) {
                        var refusal =
                                catchThrowableOfType(LockedException.class, () -> log.consumer("one", Numbered.CODEC));
                        assertThat(refusal).hasMessageContaining("name=one").hasMessageContaining("thread ");
                        if (log != owner) {
                            assertThatThrownBy(() -> log.consumer(
                                            ConsumerConfig.parkedBy("one").build(), Numbered.CODEC))
                                    .isInstanceOf(LockedException.class);
                        }
                    }
                }
            }
        }
    }

    @Test
    void allConsumersAreShownWithTheirOwnersInEachLog() {
        try (EventLog writing = writer();
                EventLog reading = reader();
                Consumer<ByteBuffer> written = writing.consumer("in-writer", Numbered.CODEC);
                Consumer<ByteBuffer> read = reading.consumer("in-reader", Numbered.CODEC)) {
            numbered.appendTo(writing, 10);
            assertThat(written.poll(LONG)).isNotEmpty();
            written.commit();
            assertThat(read.position()).isZero();
            reading.consumer("closed", Numbered.CODEC).close();
            for (EventLog log : List.of(writing, reading)) {
                assertThat(log.consumers())
                        .extracting(ConsumerStatus::name)
                        .containsExactly("closed", "in-reader", "in-writer");
                assertThat(log.consumers())
                        .extracting(ConsumerStatus::state)
                        .containsExactly(
                                ConsumerStatus.State.CLOSED, ConsumerStatus.State.OPEN, ConsumerStatus.State.OPEN);
                assertThat(log.consumers().get(2).checkpoint()).isEqualTo(written.position());
                assertThat(log.consumers().get(1).lag()).isEqualTo(writing.endPosition());
                assertThatThrownBy(() -> log.forget("in-reader")).isInstanceOf(IllegalStateException.class);
            }
            reading.forget("closed");
            assertThat(writing.consumers()).hasSize(2);
        }
    }

    @Test
    void locksOfTheWriterSurviveReadersInItsJvm() {
        try (EventLog writing = writer();
                Consumer<ByteBuffer> held = writing.consumer("held", Numbered.CODEC)) {
            numbered.appendTo(writing, 10);
            try (EventLog reading = reader()) {
                assertThat(reading.consumers()).hasSize(1);
                assertThatThrownBy(() -> reading.consumer("held", Numbered.CODEC))
                        .isInstanceOf(LockedException.class);
            }
            try (var child = ChildJvm.start(Intruder.class, directory())) {
                assertThat(child.await()).as(child.output()).isZero();
                assertThat(child.out())
                        .contains(
                                "writing refused pid=" + ProcessHandle.current().pid())
                        .contains("consuming refused pid="
                                + ProcessHandle.current().pid());
            }
            assertThat(held.poll(LONG)).isNotEmpty();
        }
    }

    /** Tries what is open in its parent. */
    static final class Intruder {
        public static void main(String[] arguments) {
            Path directory = Path.of(arguments[0]);
            try (EventLog log = EventLog.open(directory)) {
                System.out.println("writing allowed " + log);
            } catch (LockedException refused) {
                System.out.println("writing refused " + refused.owner());
            }
            try (EventLog log = EventLog.open(
                            EventLogConfig.at(directory).readOnly().build());
                    Consumer<ByteBuffer> consumer = log.consumer("held", Numbered.CODEC)) {
                System.out.println("consuming allowed " + consumer);
            } catch (LockedException refused) {
                System.out.println("consuming refused " + refused.owner());
            }
        }
    }

    @Test
    void prunedUnderTheReaderIsExpiredAndNeverDamage() {
        EventLogConfig config =
                Numbered.config(directory()).retainBytes(3 << 20).build();
        try (EventLog writing = LocalEventLog.open(config, FileOps.system(), Clock.system());
                EventLog reading = reader();
                Consumer<ByteBuffer> consumer = reading.consumer("slow", Numbered.CODEC)) {
            long expected = 0;
            int expirations = 0;
            while (expirations < 3) {
                numbered.appendTo(writing, writing.endPosition() + random.nextInt(1200));
                try {
                    for (Event<ByteBuffer> event : consumer.poll(Duration.ofMillis(1))) {
                        assertThat(event.position()).as("%s", seed).isEqualTo(expected++);
                        assertThat(numbered.isRight(event)).as("%s", seed).isTrue();
                    }
                    consumer.commit();
                } catch (PositionExpiredException expired) {
                    assertThat(expired.firstPosition()).isGreaterThan(expected);
                    expirations++;
                    consumer.seek(StartAt.earliest());
                    consumer.commit();
                    expected = consumer.position();
                    assertThat(expected).isGreaterThanOrEqualTo(expired.firstPosition());
                }
            }
        }
    }

    @Test
    void readerGoesOnBehindSegmentsThatCameAndWentWhileItStoodInOne() {
        EventLogConfig config =
                Numbered.config(directory()).retainBytes(3 << 20).build();
        try (EventLog writing = LocalEventLog.open(config, FileOps.system(), Clock.system());
                EventLog reading = reader();
                Consumer<ByteBuffer> consumer = reading.consumer("slow", Numbered.CODEC)) {
            numbered.appendTo(writing, 20);
            pollTo(consumer, 0, 20);
            while (writing.firstPosition() < 100) {
                numbered.appendTo(writing, writing.endPosition() + 100);
            }
            assertThatThrownBy(() -> consumer.poll(LONG)).isInstanceOf(PositionExpiredException.class);
            long reached = -1;
            while (reached < writing.endPosition()) {
                consumer.seek(StartAt.earliest());
                try {
                    reached = pollTo(consumer, consumer.position(), writing.endPosition());
                } catch (PositionExpiredException overtaken) {
                    // the writer's thread prunes on behind the last append
                    assertThat(overtaken.firstPosition()).isGreaterThan(consumer.position());
                }
            }
        }
    }

    @Test
    void readerOfAnEmptyLogFollowsTheNextWriterWhoseFirstSegmentItHasNotSeen() {
        EventLog first = writer();
        try (EventLog reading = reader();
                Consumer<ByteBuffer> consumer = reading.consumer("follower", Numbered.CODEC)) {
            assertThat(consumer.poll(Duration.ZERO)).isEmpty();
            first.close();
            // the reader looks at the files as long as they show the next writer and no segment of it
            FileOps files = new HookedFileOps((op, path) -> reading.consumers());
            try (EventLog second = Numbered.open(directory(), files)) {
                numbered.appendTo(second, 3);
                pollTo(consumer, 0, 3);
            }
        }
    }

    @Test
    void whatIsNotDurableIsNotShownWhereTheWriterPromisesThat() throws Exception {
        var blocked = new CountDownLatch(1);
        var armed = new AtomicBoolean();
        var files = new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.FORCE && armed.get() && path.toString().contains("active")) {
                ReadOnlyParkingTest.await(blocked);
            }
        });
        try (EventLog writing = Numbered.open(directory(), files, Durability.POWER_LOSS);
                EventLog reading = reader();
                Consumer<ByteBuffer> consumer = reading.consumer("careful", Numbered.CODEC)) {
            numbered.appendTo(writing, 1);
            long durable = pollTo(consumer, 0, writing.endPosition());
            armed.set(true);
            var appending = new Thread(() -> numbered.appendTo(writing, durable + 1));
            appending.start();
            while (reading.endPosition() == durable) {
                Thread.onSpinWait();
            }
            assertThat(consumer.poll(Duration.ofMillis(50))).isEmpty();
            blocked.countDown();
            appending.join();
            pollTo(consumer, durable, writing.endPosition());
        }
    }

    @Test
    void endThatNoFrameLeadsToIsDamageWithinASecond() throws IOException {
        try (EventLog writing = writer()) {
            numbered.appendTo(writing, 100);
        }
        long end;
        try (EventLog reading = reader()) {
            end = reading.endPosition();
        }
        publishEnd(end + 1);
        try (EventLog reading = reader();
                Consumer<ByteBuffer> consumer = reading.consumer("stuck", Numbered.CODEC)) {
            pollTo(consumer, 0, end);
            long before = System.nanoTime();
            assertThatThrownBy(() -> consumer.poll(LONG))
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining("positions=" + end);
            assertThat(System.nanoTime() - before).isLessThan(LONG.toNanos() / 2);
        }
    }

    /** Writes the end position into the state file as a writer does. */
    private void publishEnd(long position) throws IOException {
        byte[] state = Files.readAllBytes(directory().resolve("state"));
        long check = (position * 0x9e3779b97f4a7c15L + 0x5851f42d4c957f2dL) >>> 56;
        ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN).putLong(64, position << 8 | check);
        Files.write(directory().resolve("state"), state);
    }

    @Test
    void damagedByteIsReportedAndNotDelivered() throws IOException {
        long end;
        try (EventLog writing = writer()) {
            numbered.appendTo(writing, 1500);
            end = writing.endPosition();
        }
        Path segment = directory().resolve("segments").resolve("0000000001.segment");
        byte[] bytes = Files.readAllBytes(segment);
        int at;
        do {
            at = 2000 + random.nextInt(500_000);
        } while (isOfDocumentHeader(bytes, at));
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(segment, bytes);
        try (EventLog reading = reader();
                Consumer<ByteBuffer> consumer = reading.consumer("careful", Numbered.CODEC)) {
            var damage = catchThrowableOfType(CorruptLogException.class, () -> pollTo(consumer, 0, end));
            assertThat(damage).as("%s", seed).isNotNull();
            assertThat(damage.file()).as("%s", seed).isEqualTo(segment.toRealPath());
        }
    }

    /** Whether a byte is one of the four before a frame: they hold nothing that a reader could lose. */
    private static boolean isOfDocumentHeader(byte[] bytes, int at) {
        byte[] magic = "EVLF".getBytes(StandardCharsets.US_ASCII);
        for (int begin = at + 1; begin <= at + 4; begin++) {
            if (Arrays.equals(bytes, begin, begin + 4, magic, 0, 4)) {
                return true;
            }
        }
        return false;
    }

    @Test
    void logThatIsSetBackUnderTheReaderIsToldAndConsumersGoOnFromThere() throws IOException {
        Path backup = temporary.resolve("backup");
        long early;
        try (EventLog writing = writer()) {
            numbered.appendTo(writing, 50);
            early = writing.endPosition();
        }
        Directories.copyLog(directory(), backup);
        try (EventLog reading = reader();
                Consumer<ByteBuffer> consumer = reading.consumer("follower", Numbered.CODEC)) {
            try (EventLog writing = writer()) {
                numbered.appendTo(writing, 100);
                pollTo(consumer, 0, writing.endPosition());
            }
            for (String name : List.of("segments", "index", "active")) {
                Directories.delete(directory().resolve(name));
                Directories.copyLog(backup.resolve(name), directory().resolve(name));
            }
            for (String name : List.of("manifest", "state")) {
                Files.delete(directory().resolve(name));
                Files.copy(backup.resolve(name), directory().resolve(name));
            }
            var told = catchThrowableOfType(LogFailedException.class, () -> consumer.poll(LONG));
            assertThat(told).hasMessageContaining("set back").hasMessageContaining("setBackTo=" + early);
        }
    }

    @Test
    void waitingReaderIsWokenByItsCloseAndByAnInterrupt() throws InterruptedException {
        try (EventLog writing = writer()) {
            EventLog reading = reader();
            Consumer<ByteBuffer> consumer = reading.consumer("waiting", Numbered.CODEC);
            var results = new CopyOnWriteArrayList<Object>();
            var waiting = new Thread(() -> {
                Thread.currentThread().interrupt();
                results.add(consumer.poll(Duration.ofDays(1)));
                results.add(Thread.interrupted());
                results.add(consumer.poll(Duration.ofDays(1)));
            });
            waiting.start();
            // in the second poll: a poll of a consumer that is closed is refused
            while (waiting.isAlive() && (results.size() < 2 || waiting.getState() != Thread.State.TIMED_WAITING)) {
                Thread.onSpinWait();
            }
            reading.close();
            waiting.join();
            assertThat(results).containsExactly(List.of(), true, List.of());
            assertThatCode(() -> numbered.appendTo(writing, 1)).doesNotThrowAnyException();
        }
    }
}
