package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Capability;
import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.error.CorruptLogException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/**
 * The contract of {@link EventLog} as tests: one for each sentence of its documentation. A backend passes it if a class
 * that extends this one passes:
 *
 * <pre>{@code
 * class MyEventLogContractTest extends EventLogContract {
 *
 *     @TempDir
 *     Path directory;
 *
 *     @Override
 *     protected EventLog openNew(InstantSource clock) {
 *         return open(clock);
 *     }
 *
 *     @Override
 *     protected EventLog reopen(InstantSource clock) {
 *         return open(clock);
 *     }
 *
 *     private EventLog open(InstantSource clock) {
 *         return MyEventLog.open(directory, clock);
 *     }
 *
 *     @Override
 *     protected boolean reopens() {
 *         return true;
 *     }
 *
 *     @Override
 *     protected Set<Capability> capabilities() {
 *         return Set.of(Capability.TOTAL_ORDER);
 *     }
 *
 *     @Override
 *     protected int maxEventLengthBytes() {
 *         return 1 << 20;
 *     }
 * }
 * }</pre>
 *
 * <p>Nothing is skipped: what a backend may or may not have is a {@link Capability}, or one of the methods to override, and
 * is asserted on both sides. Here stand the guarantees that hold for all parts together; the parts have tests of their own.
 *
 * <p>Needs JUnit 6 and AssertJ. <b>Threading:</b> One thread at a time: JUnit's.
 */
public abstract class EventLogContract extends LagContract {

    /** For backends. */
    protected EventLogContract() {}

    @Test
    void order() throws Exception {
        int producers = 3;
        int each = 200;
        var handlers = new ArrayList<Recording>();
        var subscriptions = new ArrayList<Subscription>();
        for (int i = 0; i < 2; i++) {
            var handler = new Recording();
            handlers.add(handler);
            // each event of key p0 fails once: its order must survive the retry
            handler.throwUntilAttempt = 2;
            handler.throwAt = "p0:7";
            subscriptions.add(subscribe(impatient("s" + i), handler));
        }
        List<Running<Long>> appending = new ArrayList<>();
        for (int p = 0; p < producers; p++) {
            String key = "p" + p;
            appending.add(start(() -> {
                long last = -1;
                for (int i = 0; i < each; i++) {
                    last = producer().append(key, key + ":" + i);
                }
                return last;
            }));
        }
        for (Running<Long> thread : appending) {
            thread.join();
        }
        List<Event<String>> all = read(EventQuery.all());
        assertThat(all).hasSize(producers * each);
        if (has(Capability.TOTAL_ORDER)) {
            assertThat(positions(all)).isSorted().doesNotHaveDuplicates();
        }
        for (int s = 0; s < subscriptions.size(); s++) {
            assertThat(subscriptions.get(s).awaitCaughtUp(LONG)).isTrue();
            if (has(Capability.TOTAL_ORDER)) {
                assertThat(handlers.get(s).handled).isEqualTo(texts(all));
            }
            for (int p = 0; p < producers; p++) {
                String prefix = "p" + p + ":";
                assertThat(handlers.get(s).handled.stream().filter(text -> text.startsWith(prefix)))
                        .as("order of a key")
                        .isEqualTo(
                                numbers(0, each).stream().map(n -> prefix + n).toList());
            }
        }
    }

    @Test
    void atomicity() throws Exception {
        int batches = 150;
        int size = 20;
        var stop = new CountDownLatch(1);
        Running<Boolean> reading = start(() -> {
            while (stop.getCount() > 0) {
                List<String> seen = allTexts();
                assertThat(seen.size() % size)
                        .as("a part of an appendAll was seen")
                        .isZero();
            }
        });
        Running<Boolean> polling = start(() -> {
            try (Consumer<String> consumer = log.consumer(
                    ConsumerConfig.named("c")
                            .pollLimit(1_000_000, Long.MAX_VALUE)
                            .build(),
                    TEXT)) {
                int seen = 0;
                while (seen < batches * size) {
                    seen += consumer.poll(LONG).size();
                    assertThat(seen % size)
                            .as("a part of an appendAll was polled")
                            .isZero();
                    consumer.commit();
                }
            }
        });
        for (int b = 0; b < batches; b++) {
            producer().appendAll(newEvents(numbers(b * size, b * size + size).toArray(String[]::new)));
            List<NewEvent<String>> bad = newEvents(numbers(0, size).toArray(String[]::new));
            bad.set(b % size, NewEvent.of(KEY, "\ud800"));
            assertThatThrownBy(() -> producer().appendAll(bad)).isInstanceOf(IllegalArgumentException.class);
        }
        polling.join();
        stop.countDown();
        reading.join();
        restart();
        assertThat(allTexts()).isEqualTo(numbers(0, batches * size));
    }

    @Test
    void atomicitySeenFromWithinAnAppendAll() {
        append("before");
        var counts = new ArrayList<Integer>();
        Codec<String> watching = new TextCodec() {
            @Override
            public void encode(String data, ByteBuffer target) {
                counts.add(allTexts().size());
                super.encode(data, target);
            }
        };
        log.producer("watching", watching).appendAll(newEvents(numbers(0, 50).toArray(String[]::new)));
        assertThat(counts).hasSizeGreaterThanOrEqualTo(50).containsOnly(1);
        assertThat(allTexts()).hasSize(51);
    }

    @Test
    void delivery() {
        var random = new Random(17);
        appendNumbers(200);
        var delivered = new ArrayList<String>();
        var handled = new ArrayList<String>();
        // a consumer that fails, forgets its commit, dies and comes back all the time
        while (handled.size() < 200) {
            try (Consumer<String> consumer = consumer("c")) {
                for (int i = 0; i < 5; i++) {
                    int before = delivered.size();
                    try {
                        int limit = 1 + random.nextInt(8);
                        int unused = consumer.poll(
                                view -> {
                                    if (random.nextInt(5) == 0) {
                                        throw new IllegalStateException("handler failed on purpose");
                                    }
                                    delivered.add(view.data());
                                },
                                limit);
                    } catch (IllegalStateException expected) {
                        assertThat(expected).hasMessage("handler failed on purpose");
                    }
                    for (String text : delivered.subList(before, delivered.size())) {
                        int number = Integer.parseInt(text);
                        assertThat(number).as("nothing is passed over").isLessThanOrEqualTo(handled.size());
                        if (number == handled.size()) {
                            handled.add(text);
                        }
                    }
                }
            }
            if (random.nextInt(4) == 0) {
                restart();
            }
        }
        assertThat(handled).isEqualTo(numbers(0, 200));
        assertThat(delivered.size()).as("at least once").isGreaterThanOrEqualTo(200);
    }

    @Test
    void durability() {
        List<Long> positions = appendNumbers(50);
        log.force();
        positions.addAll(append("forced not", "closed only"));
        if (has(Capability.TOTAL_ORDER)) {
            assertThat(log.durablePosition()).isGreaterThan(positions.get(49)).isLessThanOrEqualTo(log.endPosition());
        }
        try (Consumer<String> consumer = consumer("c")) {
            consumer.commit(consumer.poll(NOW).get(9));
        }
        restart();
        assertThat(positions(read(EventQuery.all()))).isEqualTo(positions);
        if (has(Capability.TOTAL_ORDER)) {
            until("all is durable", () -> log.durablePosition() == log.endPosition());
        }
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(NOW).get(0).data()).isEqualTo("10");
        }
    }

    @Test
    void integrity() {
        List<ByteBuffer> payloads = appendRandomBytes();
        assertThat(log.read(EventQuery.all(), Codec.bytes()).map(Event::data)).isEqualTo(payloads);
        restart();
        assertThat(log.read(EventQuery.all(), Codec.bytes()).map(Event::data)).isEqualTo(payloads);
        if (damages()) {
            // among the last events, which an opening looks at, and long before them, where only a read comes
            assertDamageIsNoticed(payloads, 0);
            log = openNew(clock);
            assertDamageIsNoticed(appendRandomBytes(), 3);
            log = openNew(clock);
        }
    }

    private List<ByteBuffer> appendRandomBytes() {
        var random = new Random(4711);
        var payloads = new ArrayList<ByteBuffer>();
        for (int i = 0; i < 64; i++) {
            byte[] payload = new byte[i * i];
            random.nextBytes(payload);
            payloads.add(ByteBuffer.wrap(payload));
            log.producer("p", Codec.bytes()).append(KEY, payloads.get(i));
        }
        return payloads;
    }

    private void assertDamageIsNoticed(List<ByteBuffer> before, int restarts) {
        byte[] marked = "a payload like no other in this log".getBytes(StandardCharsets.US_ASCII);
        long position = log.producer("p", Codec.bytes()).append(KEY, ByteBuffer.wrap(marked));
        append("behind it");
        for (int i = 0; i < restarts; i++) {
            restart();
            append("later");
        }
        log.close();
        damage(marked);
        assertCorrupt(before, position);
    }

    /** The damaged log may refuse to open, or deliver all before the damage and refuse there; never a wrong byte. */
    private void assertCorrupt(List<ByteBuffer> before, long position) {
        var delivered = new ArrayList<ByteBuffer>();
        assertThatThrownBy(() -> {
                    try (EventLog damaged = reopen(clock)) {
                        damaged.read(EventQuery.all(), Codec.bytes()).forEach(event -> delivered.add(event.data()));
                    }
                })
                .isInstanceOfSatisfying(CorruptLogException.class, corruption -> {
                    assertThat(corruption.file()).isNotNull();
                    assertThat(corruption.getMessage()).contains(String.valueOf(corruption.file()));
                    assertThat(corruption.fromPosition()).isLessThanOrEqualTo(position);
                    assertThat(corruption.toPosition()).isGreaterThan(position);
                });
        assertThat(delivered).isIn(List.of(), before);
    }

    @Test
    void isolation() throws Exception {
        var inHandler = new CountDownLatch(1);
        var never = new CountDownLatch(1);
        var good = new Recording();
        var seen = new CopyOnWriteArrayList<String>();
        Subscription stuck = subscribe(ConsumerConfig.named("stuck").closeTimeout(NOW), event -> {
            inHandler.countDown();
            never.await();
        });
        Subscription failing = subscribe(impatient("failing").stopOnFailure(), event -> {
            throw new IllegalStateException("handler failed on purpose");
        });
        Consumer<String> dead = consumer("dead");
        append("first");
        inHandler.await();
        assertThat(dead.poll(NOW)).hasSize(1);
        try (Subscription subscription = log.subscribe("good", TEXT, good);
                Consumer<String> consumer = consumer("pull")) {
            long last = appendNumbers(500).get(499);
            assertThat(subscription.awaitPosition(last, LONG)).isTrue();
            drain(consumer).forEach(event -> seen.add(event.data()));
        }
        assertThat(good.handled).hasSize(501);
        assertThat(seen).hasSize(501);
        until("failing subscription stopped", () -> failing.status().state() == ConsumerStatus.State.FAILED);
        assertThat(stuck.status().lag()).isEqualTo(501);
        stuck.close();
        failing.close();
        dead.close();
    }

    @Test
    void bounded() {
        // more than a poll's and a read's share of memory may hold at once, were it kept
        String large = "x".repeat(60_000);
        for (int i = 0; i < 200; i++) {
            append(large);
        }
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(NOW))
                    .as("1 MiB, and the event behind which it ends")
                    .hasSizeLessThanOrEqualTo(18);
            long count = 0;
            while (consumer.poll(view -> {}, 7) > 0) {
                count++;
            }
            assertThat(count).isEqualTo(29);
            consumer.seek(StartAt.earliest());
            assertThat(consumer.poll(NOW)).hasSizeLessThanOrEqualTo(18);
        }
        assertThat(log.read(EventQuery.all(), TEXT)
                        .mapToLong(event -> event.data().length())
                        .sum())
                .isEqualTo(200L * 60_000);
    }
}
