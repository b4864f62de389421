package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.error.EventTooLargeException;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.file.HookedFileOps;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What users do that they should not: each is carried out, or refused at once and in words; nothing hangs or is half done. */
@Timeout(120)
class MisuseTest {

    private static final int MAX_LENGTH = 128 << 10;

    private EventLog log;

    @TempDir
    private Path directory;

    @BeforeEach
    void open() {
        log = Numbered.open(directory, HookedFileOps.quick());
    }

    @AfterEach
    void close() {
        log.close();
    }

    private static ByteBuffer bytes(int length) {
        return ByteBuffer.allocate(length);
    }

    private List<Event<ByteBuffer>> all() {
        return log.read(EventQuery.all(), Codec.bytes()).toList();
    }

    // handlers that call back

    @Test
    void handlerMayAppendToTheLogItReads() {
        var producer = log.producer("source", Codec.bytes());
        producer.append(bytes(1));
        var subscription = log.subscribe("subscriber", Codec.bytes(), event -> {
            if (event.position() < 100) {
                producer.append(bytes((int) event.position()));
            }
        });
        assertThat(subscription.awaitPosition(100, Duration.ofMinutes(2))).isTrue();
        try (var consumer = log.consumer("consumer", Codec.bytes())) {
            assertThat(consumer.poll(view -> producer.append(bytes(2)), 50)).isEqualTo(50);
        }
        assertThat(log.endPosition()).isEqualTo(151);
    }

    @Test
    void handlerThatUsesItsOwnConsumerIsToldAtOnce() {
        log.producer("source", Codec.bytes()).append(bytes(1));
        try (var consumer = log.consumer("consumer", Codec.bytes())) {
            for (Runnable call : new Runnable[] {
                () -> consumer.poll(Duration.ZERO),
                () -> consumer.poll(view -> {}, 1),
                consumer::commit,
                consumer::position,
                () -> consumer.await(Duration.ZERO),
            }) {
                assertThatThrownBy(() -> consumer.poll(view -> call.run(), 1))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("own handler");
            }
            assertThat(consumer.poll(view -> {}, 1)).isOne();
        }
    }

    @Test
    void handlerMayCloseItsConsumerItsSubscriptionAndTheLog() {
        var producer = log.producer("source", Codec.bytes());
        for (int i = 0; i < 10; i++) {
            producer.append(bytes(i));
        }
        Consumer<ByteBuffer> consumer = log.consumer("consumer", Codec.bytes());
        assertThat(consumer.poll(view -> consumer.close(), 5)).isOne();
        assertThatThrownBy(() -> consumer.poll(Duration.ZERO)).isInstanceOf(LogClosedException.class);
        try (var again = log.consumer("consumer", Codec.bytes())) {
            assertThat(again.position()).isOne();
        }
        var subscription = new AtomicReference<dev.eventlog.Subscription>();
        var set = new CountDownLatch(1);
        subscription.set(log.subscribe("subscriber", Codec.bytes(), event -> {
            set.await();
            subscription.get().close();
        }));
        set.countDown();
        awaitState(subscription.get(), ConsumerStatus.State.CLOSED);
        assertThat(subscription.get().status().checkpoint()).isOne();

        var other = log.subscribe("closer", Codec.bytes(), event -> log.close());
        awaitState(other, ConsumerStatus.State.CLOSED);
        assertThatThrownBy(() -> producer.append(bytes(1))).isInstanceOf(LogClosedException.class);
    }

    private static void awaitState(dev.eventlog.Subscription subscription, ConsumerStatus.State state) {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (stateOf(subscription) != state) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static ConsumerStatus.State stateOf(dev.eventlog.Subscription subscription) {
        return subscription.status().state();
    }

    @Test
    void handlerThatHangsIsLeftAfterTheTimeoutAndItsNameIsFree() throws InterruptedException {
        log.producer("source", Codec.bytes()).append(bytes(1));
        var release = new CountDownLatch(1);
        var reached = new CountDownLatch(1);
        var config = ConsumerConfig.named("subscriber").closeTimeout(Duration.ofMillis(50));
        var hanging = log.subscribe(config.build(), Codec.bytes(), event -> {
            reached.countDown();
            boolean waiting = true;
            while (waiting) {
                try {
                    release.await();
                    waiting = false;
                } catch (InterruptedException again) {
                    // the worst of handlers
                }
            }
        });
        reached.await();
        hanging.close();
        try (var next = log.consumer("subscriber", Codec.bytes())) {
            assertThat(next.position()).isZero();
            release.countDown();
            assertThatThrownBy(() -> log.consumer("subscriber", Codec.bytes())).isInstanceOf(LockedException.class);
            assertThat(next.poll(Duration.ZERO)).hasSize(1);
            next.commit();
            assertThat(next.status().checkpoint()).isOne();
        }
    }

    @Test
    void errorsOfAHandlerAreItsFailuresAndOthersGoOn() {
        var producer = log.producer("source", Codec.bytes());
        for (int i = 0; i < 5; i++) {
            producer.append("key-" + i, bytes(i));
        }
        var config = ConsumerConfig.named("failing").attempts(2, Duration.ZERO);
        var failing = log.subscribe(config.build(), Codec.bytes(), event -> {
            if (event.position() == 2) {
                throw new StackOverflowError("deep");
            }
            if (event.position() == 3) {
                throw new OutOfMemoryError("test");
            }
        });
        var other = log.subscribe("other", Codec.bytes(), event -> {});
        assertThat(other.awaitPosition(4, Duration.ofMinutes(2))).isTrue();
        assertThat(failing.awaitPosition(4, Duration.ofMinutes(2))).isTrue();
        assertThat(failing.status().parked()).isEqualTo(2);
    }

    // codecs that throw

    private record Broken(RuntimeException thrown, Error error) implements Codec<ByteBuffer> {

        private static final Schema SCHEMA = new Schema("broken", 1, "x/y");

        @Override
        public Schema schema(ByteBuffer data) {
            return SCHEMA;
        }

        @Override
        public void encode(ByteBuffer data, ByteBuffer target) {
            target.put((byte) 1).put((byte) 2);
            if (data.remaining() == 0) {
                if (error != null) {
                    throw error;
                }
                throw thrown;
            }
        }

        @Override
        public boolean decodes(Schema schema) {
            return true;
        }

        @Override
        public ByteBuffer decode(Schema schema, ByteBuffer payload) {
            return ByteBuffer.allocate(payload.remaining()).put(payload).flip();
        }
    }

    @Test
    void codecThatThrowsInTheMiddleAppendsNothing() {
        for (Throwable thrown : new Throwable[] {new IllegalStateException("mid"), new StackOverflowError("mid")}) {
            var codec =
                    new Broken(thrown instanceof RuntimeException e ? e : null, thrown instanceof Error e ? e : null);
            var producer = log.producer("source", codec);
            long end = log.endPosition();
            assertThatThrownBy(() -> producer.append(bytes(0))).isSameAs(thrown);
            assertThatThrownBy(() -> producer.append(NewEvent.of("key", bytes(0))))
                    .isSameAs(thrown);
            assertThatThrownBy(() -> producer.appendAll(
                            List.of(NewEvent.of(bytes(1)), NewEvent.of(bytes(0)), NewEvent.of(bytes(1)))))
                    .isSameAs(thrown);
            assertThat(log.endPosition()).isEqualTo(end);
            assertThat(producer.append(bytes(1))).isEqualTo(end);
        }
        assertThat(all()).hasSize(2).allMatch(event -> event.data().remaining() == 2);
    }

    @Test
    void codecThatWritesEndlesslyIsStoppedAtTheLimit() {
        var endless = new Codec<ByteBuffer>() {
            private final Schema schema = new Schema("endless", 1, "x/y");

            @Override
            public Schema schema(ByteBuffer data) {
                return schema;
            }

            @Override
            public void encode(ByteBuffer data, ByteBuffer target) {
                while (true) {
                    target.put((byte) 1);
                }
            }

            @Override
            public boolean decodes(Schema other) {
                return true;
            }

            @Override
            public ByteBuffer decode(Schema other, ByteBuffer payload) {
                return payload;
            }
        };
        var producer = log.producer("source", endless);
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> producer.append(bytes(1))).isInstanceOf(EventTooLargeException.class);
        }
        assertThat(log.endPosition()).isZero();
        log.producer("source", Codec.bytes()).append(bytes(3));
        assertThat(all()).hasSize(1);
    }

    @Test
    void codecThatAppendsWhileItEncodesWorks() {
        var inner = log.producer("inner", Codec.bytes("inner"));
        var outer = log.producer("outer", new Codec<ByteBuffer>() {
            private final Codec<ByteBuffer> codec = Codec.bytes("outer");

            @Override
            public Schema schema(ByteBuffer data) {
                return codec.schema(data);
            }

            @Override
            public void encode(ByteBuffer data, ByteBuffer target) {
                inner.append(bytes(5));
                codec.encode(data, target);
            }

            @Override
            public boolean decodes(Schema schema) {
                return true;
            }

            @Override
            public ByteBuffer decode(Schema schema, ByteBuffer payload) {
                return codec.decode(schema, payload);
            }
        });
        outer.append(bytes(7));
        assertThat(all().stream().map(event -> event.type() + event.data().remaining()))
                .containsExactly("inner5", "outer7");
    }

    // arguments

    @Test
    void nullsAreNamed() {
        var producer = log.producer("source", Codec.bytes());
        assertThatThrownBy(() -> producer.append((ByteBuffer) null))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("data");
        assertThatThrownBy(() -> producer.append("key", null))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("data");
        assertThatThrownBy(() -> producer.append((NewEvent<ByteBuffer>) null))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("event");
        assertThatThrownBy(() -> producer.appendAll(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("events");
        assertThatThrownBy(() -> producer.appendAll(Arrays.asList(NewEvent.of(bytes(1)), null)))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("event");
        assertThatThrownBy(() -> producer.appendAll(List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> log.producer(null, Codec.bytes()))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("source");
        assertThatThrownBy(() -> log.producer("source", null))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("codec");
        assertThatThrownBy(() -> log.consumer("consumer", null))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("codec");
        assertThatThrownBy(() -> log.subscribe("subscriber", Codec.bytes(), null))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("handler");
        assertThatThrownBy(() -> log.read(null, Codec.bytes()))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("query");
        assertThat(log.endPosition()).isZero();
        // none of the refused calls has kept a name
        log.consumer("consumer", Codec.bytes()).close();
        log.subscribe("subscriber", Codec.bytes(), event -> {}).close();
    }

    @Test
    void emptyPayloadKeyAndMetadataAreKeptAsTheyAre() {
        var producer = log.producer("source", Codec.bytes());
        producer.append(bytes(0));
        producer.append("", bytes(0));
        producer.append(NewEvent.of("", bytes(0)).withMetadata(java.util.Map.of("", "")));
        List<Event<ByteBuffer>> events = all();
        assertThat(events).allMatch(event -> event.data().remaining() == 0);
        assertThat(events.get(0).key()).isNull();
        assertThat(events.get(1).key()).isEmpty();
        assertThat(events.get(2).metadata()).containsEntry("", "");
        try (var consumer = log.consumer("consumer", Codec.bytes())) {
            consumer.poll(view -> assertThat(view.payload().remaining()).isZero(), 10);
        }
    }

    @Test
    void greatestEventIsTakenAndOneByteMoreIsRefused() {
        var producer = log.producer("source", Codec.bytes());
        long last = producer.append(bytes(MAX_LENGTH));
        assertThat(producer.append("key", bytes(MAX_LENGTH - 3))).isEqualTo(last + 1);
        for (int length : new int[] {MAX_LENGTH + 1, MAX_LENGTH + 8, 1 << 20, 10 << 20}) {
            var refusal = catchThrowableOfType(EventTooLargeException.class, () -> producer.append(bytes(length)));
            assertThat(refusal.limitBytes()).isEqualTo(MAX_LENGTH);
            assertThat(refusal.lengthBytes())
                    .isGreaterThan(MAX_LENGTH)
                    .isLessThanOrEqualTo(Math.max(length, MAX_LENGTH + 1));
        }
        assertThatThrownBy(() -> producer.append("keys", bytes(MAX_LENGTH - 3)))
                .isInstanceOf(EventTooLargeException.class);
        assertThatThrownBy(() -> producer.append("k".repeat(70_000), bytes(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("key");
        assertThatThrownBy(() -> producer.appendAll(List.of(
                        NewEvent.of(bytes(MAX_LENGTH / 2)),
                        NewEvent.of(bytes(MAX_LENGTH / 2)),
                        NewEvent.of(bytes(9000)))))
                .isInstanceOf(EventTooLargeException.class);
        assertThat(log.endPosition()).isEqualTo(2);
        assertThat(all().stream().map(event -> event.data().remaining())).containsExactly(MAX_LENGTH, MAX_LENGTH - 3);
    }

    @Test
    void limitIsExactForEachLengthAroundIt() {
        var config = EventLogConfig.inMemory().maxEventLengthBytes(100).build();
        try (EventLog small = EventLog.open(config)) {
            var producer = small.producer("source", Codec.bytes());
            for (int length = 0; length <= 130; length++) {
                int appended = length;
                if (length <= 100) {
                    producer.append(bytes(length));
                } else {
                    assertThatThrownBy(() -> producer.append(bytes(appended)))
                            .isInstanceOf(EventTooLargeException.class);
                }
            }
            assertThat(small.read(EventQuery.all(), Codec.bytes())
                            .map(event -> event.data().remaining()))
                    .hasSize(101)
                    .isSorted();
        }
    }

    @Test
    void namesThatCouldNotBeFilesAreRefusedQuoted() {
        for (String name : new String[] {
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "a\0b",
            "a\nb",
            "x".repeat(101),
            "ünï",
            "\u202eabc",
            "-a",
            "_a",
            ".a",
            " a",
            "a ",
            "a:b",
            "*"
        }) {
            assertThatThrownBy(() -> log.consumer(name, Codec.bytes()))
                    .as(name)
                    .isInstanceOf(IllegalArgumentException.class)
                    .message()
                    .doesNotContain("\n")
                    .doesNotContain("\0")
                    .doesNotContain("\u202e")
                    .matches("[ -~…]*");
            assertThatThrownBy(() -> log.producer(name, Codec.bytes())).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> log.forget(name)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> log.subscribe(name, Codec.bytes(), event -> {}))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        for (String name : new String[] {"CON", "a.", "a..b", "x".repeat(100), "1", "a-b_c.d"}) {
            log.consumer(name, Codec.bytes()).close();
            log.producer(name, Codec.bytes());
        }
        assertThat(log.consumers()).hasSize(6);
    }

    // close

    @Test
    void everyCallAfterTheCloseSaysThatTheLogIsClosed() {
        var producer = log.producer("source", Codec.bytes());
        producer.append(bytes(1));
        Consumer<ByteBuffer> consumer = log.consumer("consumer", Codec.bytes());
        var polled = consumer.poll(Duration.ZERO);
        log.close();
        log.close();
        consumer.close();
        consumer.close();
        for (org.assertj.core.api.ThrowableAssert.ThrowingCallable call :
                new ArrayList<org.assertj.core.api.ThrowableAssert.ThrowingCallable>(List.of(
                        () -> producer.append(bytes(1)),
                        () -> producer.append("key", bytes(1)),
                        () -> producer.appendAll(List.of(NewEvent.of(bytes(1)))),
                        () -> log.producer("other", Codec.bytes()),
                        () -> log.consumer("other", Codec.bytes()),
                        () -> log.subscribe("other", Codec.bytes(), event -> {}),
                        () -> log.read(EventQuery.all(), Codec.bytes()),
                        log::force,
                        log::endPosition,
                        log::firstPosition,
                        log::durablePosition,
                        log::consumers,
                        () -> log.forget("consumer"),
                        () -> consumer.poll(Duration.ZERO),
                        () -> consumer.poll(view -> {}, 1),
                        consumer::commit,
                        () -> consumer.commit(polled.get(0)),
                        consumer::position,
                        () -> consumer.await(Duration.ZERO)))) {
            assertThatThrownBy(call).isInstanceOf(LogClosedException.class);
        }
    }

    @Test
    void closeWhileThreadsAppendPollAndForceEndsThemAllAndLosesNothing() throws InterruptedException {
        for (int round = 0; round < 5; round++) {
            var wrong = new AtomicReference<Throwable>();
            var acknowledged = new java.util.concurrent.atomic.AtomicLong(-1);
            var threads = new ArrayList<Thread>();
            var started = new CountDownLatch(4);
            threads.add(new Thread(() -> until(wrong, started, () -> {
                var producer = log.producer("source", Codec.bytes());
                acknowledged.accumulateAndGet(producer.append(bytes(3_000)), Math::max);
            })));
            threads.add(new Thread(() -> until(wrong, started, () -> {
                var producer = log.producer("source", Codec.bytes());
                acknowledged.accumulateAndGet(producer.append(bytes(3_000)), Math::max);
            })));
            threads.add(new Thread(() -> until(wrong, started, () -> log.force())));
            Consumer<ByteBuffer> consumer = log.consumer("consumer", Codec.bytes());
            threads.add(new Thread(() -> until(wrong, started, () -> {
                consumer.poll(Duration.ofMillis(1));
                consumer.commit();
            })));
            threads.forEach(Thread::start);
            started.await();
            long least = log.endPosition() + 300;
            while (log.endPosition() < least && wrong.get() == null) {
                Thread.onSpinWait();
            }
            log.close();
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(wrong.get()).isNull();
            log = Numbered.open(directory, HookedFileOps.quick());
            assertThat(log.endPosition()).isGreaterThan(acknowledged.get());
            assertThat(all()).hasSize((int) log.endPosition());
        }
    }

    private static void until(AtomicReference<Throwable> wrong, CountDownLatch started, Runnable step) {
        try {
            step.run();
            started.countDown();
            while (true) {
                step.run();
            }
        } catch (LogClosedException expected) {
            // the log was closed
        } catch (Throwable e) {
            wrong.set(e);
        } finally {
            started.countDown();
        }
    }

    @Test
    void closeWakesAPollThatWaits() throws InterruptedException {
        for (boolean whole : new boolean[] {false, true}) {
            Consumer<ByteBuffer> consumer = log.consumer("waiting-" + whole, Codec.bytes());
            var result = new AtomicReference<List<Event<ByteBuffer>>>();
            var thread = new Thread(() -> result.set(consumer.poll(Duration.ofMinutes(10))));
            thread.start();
            while (thread.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
            }
            if (whole) {
                log.close();
            } else {
                consumer.close();
            }
            thread.join(TimeUnit.MINUTES.toMillis(1));
            assertThat(result.get()).isEmpty();
        }
    }

    // threads

    @Test
    void manyThreadsAppendWithoutGapsAndEachInItsOrder() throws InterruptedException {
        int threadCount = 8;
        int each = 1_500;
        var threads = new ArrayList<Thread>();
        var wrong = new AtomicReference<Throwable>();
        for (int t = 0; t < threadCount; t++) {
            String key = "thread-" + t;
            threads.add(new Thread(() -> {
                try {
                    var producer = log.producer(key, Codec.bytes("type-" + key));
                    long before = -1;
                    for (int i = 0; i < each; i++) {
                        long position = producer.append(key, bytes(400).putInt(0, i));
                        assertThat(position).isGreaterThan(before);
                        before = position;
                    }
                } catch (Throwable e) {
                    wrong.set(e);
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(wrong.get()).isNull();
        assertThat(log.endPosition()).isEqualTo((long) threadCount * each);
        var next = new java.util.HashMap<String, Integer>();
        long expected = 0;
        for (Event<ByteBuffer> event : all()) {
            assertThat(event.position()).isEqualTo(expected++);
            assertThat(event.source()).isEqualTo(event.key());
            assertThat(event.type()).isEqualTo("type-" + event.key());
            int number = next.merge(event.key(), 1, Integer::sum) - 1;
            assertThat(event.data().getInt(0)).isEqualTo(number);
        }
    }

    @Test
    void consumerThatTwoThreadsUseRefusesOneOfThem() throws InterruptedException {
        log.producer("source", Codec.bytes()).append(bytes(1));
        try (var consumer = log.consumer("consumer", Codec.bytes())) {
            var inside = new CountDownLatch(1);
            var leave = new CountDownLatch(1);
            var first = new Thread(
                    () -> consumer.poll(
                            view -> {
                                inside.countDown();
                                awaitQuietly(leave);
                            },
                            1),
                    "first-user");
            first.start();
            inside.await();
            assertThatThrownBy(() -> consumer.poll(Duration.ZERO))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("first-user")
                    .hasMessageContaining("one thread at a time");
            assertThat(consumer.status().name()).isEqualTo("consumer");
            leave.countDown();
            first.join();
            assertThat(consumer.position()).isOne();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void consumersOpenedWhileThreadsAppendSeeEverything() throws InterruptedException {
        var stop = new AtomicBoolean();
        var appender = new Thread(() -> {
            var producer = log.producer("source", Codec.bytes());
            while (!stop.get()) {
                producer.append(bytes(2_000));
            }
        });
        appender.start();
        for (int i = 0; i < 50; i++) {
            long end = log.endPosition();
            try (var consumer = log.consumer(ConsumerConfig.unnamed().build(), Codec.bytes())) {
                long seen = 0;
                while (seen < end) {
                    for (Event<ByteBuffer> event : consumer.poll(Duration.ofMinutes(1))) {
                        assertThat(event.position()).isEqualTo(seen++);
                    }
                    consumer.commit();
                }
            }
        }
        stop.set(true);
        appender.join();
    }
}
