package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Capability;
import dev.eventlog.Consumer;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.error.EventTooLargeException;
import dev.eventlog.error.LogClosedException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;

/** {@link Producer#appendAsync}, {@link Producer#flush} and {@link Producer#withDurability}. */
abstract class AppendAsyncContract extends ConditionalAppendContract {

    /** What is in flight at most, as the documentation says. */
    private static final int MOST_IN_FLIGHT = 16_384;

    final CompletableFuture<Long> appendAsync(String text) {
        return producer().appendAsync(NewEvent.of(KEY, text));
    }

    static long position(CompletableFuture<Long> future) throws Exception {
        return future.get(LONG.toSeconds(), TimeUnit.SECONDS);
    }

    private static List<Long> positionsOf(List<CompletableFuture<Long>> futures) throws Exception {
        var found = new ArrayList<Long>();
        for (CompletableFuture<Long> future : futures) {
            found.add(position(future));
        }
        return found;
    }

    private List<CompletableFuture<Long>> appendAsyncNumbers(int count) {
        Producer<String> producer = producer();
        var futures = new ArrayList<CompletableFuture<Long>>();
        for (String number : numbers(0, count)) {
            futures.add(producer.appendAsync(NewEvent.of(KEY, number)));
        }
        return futures;
    }

    /** Does something on the thread that completes futures, and waits for it. */
    private void onCompletion(LongConsumer work) throws Exception {
        completing(work).get(LONG.toSeconds(), TimeUnit.SECONDS);
    }

    /**
     * Does something on the thread that completes futures, in a callback of an event without a key. A callback that comes
     * to a complete future runs on the thread that brings it: then it is tried again.
     */
    @SuppressWarnings("ReferenceEquality") // a thread is itself only
    private CompletableFuture<Void> completing(LongConsumer work) {
        Thread caller = Thread.currentThread();
        while (true) {
            var isTooLate = new AtomicBoolean();
            CompletableFuture<Void> callback = producer()
                    .appendAsync(NewEvent.of("callback"))
                    .thenAccept(position -> {
                        if (Thread.currentThread() == caller) {
                            isTooLate.set(true);
                        } else {
                            work.accept(position);
                        }
                    });
            if (!isTooLate.get()) {
                return callback;
            }
        }
    }

    /** Texts of the events with {@link #KEY}. */
    private List<String> keyedTexts() {
        return texts(read(EventQuery.all().keys(KEY)));
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        boolean interrupted = false;
        while (latch.getCount() > 0) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void futureHoldsThePositionOfItsEvent() throws Exception {
        List<Long> found = positionsOf(appendAsyncNumbers(1_000));
        List<Event<String>> events = read(EventQuery.all());
        assertThat(texts(events)).isEqualTo(numbers(0, 1_000));
        assertThat(positions(events)).isEqualTo(found);
        restart();
        assertThat(allTexts()).isEqualTo(numbers(0, 1_000));
    }

    @Test
    void eventIsReadableWhenItsFutureIsComplete() throws Exception {
        try (Consumer<String> consumer = consumer("reader")) {
            for (int i = 0; i < 100; i++) {
                long position = position(appendAsync(Integer.toString(i)));
                assertThat(positions(consumer.poll(NOW))).containsExactly(position);
                consumer.commit();
            }
        }
    }

    @Test
    void waitingConsumerSeesWhatIsAppendedAsynchronously() throws Exception {
        try (Consumer<String> consumer = consumer("reader")) {
            Running<List<Event<String>>> polling = start(() -> consumer.poll(LONG));
            polling.awaitBlockedIn("poll");
            var unused = appendAsync("a");
            assertThat(texts(polling.join())).containsExactly("a");
        }
    }

    @Test
    void envelopeOfAnAsynchronousAppendComesBackAsGiven() throws Exception {
        Instant happened = Instant.parse("2020-02-29T23:59:59.999999999Z");
        position(log.producer("checkout", TEXT)
                .appendAsync(NewEvent.of("o-17", "data")
                        .withId("id-1")
                        .withTime(happened)
                        .withMetadata(Map.of("m", "n"))));
        Event<String> event = onlyEvent();
        assertThat(event.id()).isEqualTo("id-1");
        assertThat(event.key()).isEqualTo("o-17");
        assertThat(event.source()).isEqualTo("checkout");
        assertThat(event.time()).isEqualTo(happened);
        assertThat(event.appendTime()).isEqualTo(clock.instant());
        assertThat(event.metadata()).isEqualTo(Map.of("m", "n"));
    }

    @Test
    void appendTimesAreTheLogsAlsoWhereAnAppendTakesWaitingEventsAlong() throws Exception {
        for (int i = 0; i < 200; i++) {
            clock.advance(Duration.ofSeconds(1));
            Instant before = clock.instant();
            var first = appendAsync("async");
            append("sync");
            position(first);
            List<Event<String>> found = read(EventQuery.all());
            assertThat(found.subList(2 * i, 2 * i + 2))
                    .extracting(Event::appendTime)
                    .containsOnly(before);
        }
    }

    @Test
    void eventsOfAThreadHaveTheOrderOfItsCallsWhicheverMethodsItUses() throws Exception {
        int threads = 3;
        List<Running<Integer>> running = new ArrayList<>();
        long seed = System.nanoTime();
        for (int t = 0; t < threads; t++) {
            String key = "t" + t;
            var random = new Random(seed + t);
            running.add(start(() -> appendMixed(key, random)));
        }
        for (int t = 0; t < threads; t++) {
            int appended = running.get(t).join();
            assertThat(texts(read(EventQuery.all().keys("t" + t))))
                    .as("seed=%d", seed)
                    .isEqualTo(numbers(0, appended));
        }
    }

    private int appendMixed(String key, Random random) {
        Producer<String> producer = producer();
        int next = 0;
        for (int i = 0; i < 400; i++) {
            switch (random.nextInt(5)) {
                case 0 -> producer.append(key, Integer.toString(next++));
                case 1 -> producer.append(NewEvent.of(key, Integer.toString(next++)));
                case 2 -> {
                    List<NewEvent<String>> events = new ArrayList<>();
                    for (int count = 1 + random.nextInt(5); count > 0; count--) {
                        events.add(NewEvent.of(key, Integer.toString(next++)));
                    }
                    long unused = producer.appendAll(events);
                }
                default -> {
                    for (int count = random.nextInt(20); count > 0; count--) {
                        var unused = producer.appendAsync(NewEvent.of(key, Integer.toString(next++)));
                    }
                }
            }
        }
        producer.flush();
        return next;
    }

    @Test
    void futuresCompleteInPositionOrder() throws Exception {
        List<Long> completed = Collections.synchronizedList(new ArrayList<>());
        int threads = 3;
        List<Running<Boolean>> running = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            running.add(start(() -> {
                for (int i = 0; i < 1_000; i++) {
                    var unused = appendAsync("x").thenAccept(completed::add);
                    if (i % 100 == 0) {
                        append("y");
                    }
                }
            }));
        }
        for (Running<Boolean> thread : running) {
            thread.join();
        }
        producer().flush();
        // a callback that is attached to a complete future runs on the attaching thread
        until("all callbacks ran", () -> completed.size() == threads * 1_000);
        var sorted = new ArrayList<>(completed);
        Collections.sort(sorted);
        assertThat(new HashSet<>(completed)).hasSize(threads * 1_000);
        if (has(Capability.TOTAL_ORDER)) {
            assertThat(read(EventQuery.all())).hasSize(threads * 1_010);
        }
        List<Long> ordered = Collections.synchronizedList(new ArrayList<>());
        onCompletion(gate -> {
            // attached on the completing thread before any of these can be complete
            for (int i = 0; i < 500; i++) {
                var unused = appendAsync("z").thenAccept(ordered::add);
            }
        });
        producer().flush();
        assertThat(ordered).hasSize(500).isSorted();
    }

    @Test
    void whatIsWrongWithTheEventItselfIsThrownByAppendAsync() throws Exception {
        Producer<String> producer = producer();
        assertThatNullPointerException().isThrownBy(() -> producer.appendAsync(missing()));
        assertThatThrownBy(() -> producer.appendAsync(NewEvent.of("x".repeat(maxEventLengthBytes() + 1))))
                .isInstanceOf(EventTooLargeException.class);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> producer.appendAsync(NewEvent.of("k".repeat(65_536), "")));
        assertThatIllegalArgumentException().isThrownBy(() -> producer.appendAsync(NewEvent.of("\ud800")));
        Producer<String> failing = log.producer("failing", new TextCodec() {
            @Override
            public void encode(String data, ByteBuffer target) {
                throw new IllegalStateException("codec failed on purpose");
            }
        });
        assertThatThrownBy(() -> failing.appendAsync(NewEvent.of("a"))).hasMessage("codec failed on purpose");
        position(appendAsync("good"));
        assertThat(allTexts()).containsExactly("good");
    }

    @Test
    void dataIsEncodedBeforeAppendAsyncReturns() throws Exception {
        ByteBuffer buffer = ByteBuffer.wrap(new byte[] {1, 2, 3});
        var future = log.producer("bytes", dev.eventlog.Codec.bytes()).appendAsync(NewEvent.of(KEY, buffer));
        buffer.put(0, (byte) 9);
        position(future);
        List<Event<ByteBuffer>> events =
                log.read(EventQuery.all(), dev.eventlog.Codec.bytes()).toList();
        assertThat(events.get(0).data()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    }

    @Test
    void asynchronousAppendsTogetherMayBeLargerThanOneCallMay() throws Exception {
        Producer<String> producer = producer();
        List<CompletableFuture<Long>> futures = new ArrayList<>();
        int length = maxEventLengthBytes() / 3;
        for (int i = 0; i < 100; i++) {
            futures.add(producer.appendAsync(NewEvent.of(KEY, i + "x".repeat(length))));
        }
        List<Long> found = positionsOf(futures);
        List<Event<String>> events = read(EventQuery.all());
        assertThat(positions(events)).isEqualTo(found);
        assertThat(events.get(99).data()).startsWith("99x").hasSize(length + 2);
    }

    @Test
    void eventsUpToTheLimitAreTakenAsynchronouslyToo() throws Exception {
        String most = "x".repeat(maxEventLengthBytes());
        var small = producer().appendAsync(NewEvent.of("small"));
        var large = producer().appendAsync(NewEvent.of(most));
        assertThat(position(large)).isGreaterThan(position(small));
        assertThat(allTexts()).containsExactly("small", most);
    }

    @Test
    void codecMayAppendWhileItEncodesForAnAsynchronousAppend() throws Exception {
        var once = new AtomicBoolean();
        Producer<String> outer = log.producer("outer", new TextCodec() {
            @Override
            public void encode(String data, ByteBuffer target) {
                if (once.compareAndSet(false, true)) {
                    var unused = appendAsync("inner async");
                    append("inner sync");
                    producer().flush();
                }
                super.encode(data, target);
            }
        });
        position(outer.appendAsync(NewEvent.of(KEY, "outer")));
        assertThat(allTexts()).containsExactly("inner async", "inner sync", "outer");
    }

    @Test
    void callbackMayAppendFlushAndForce() throws Exception {
        onCompletion(position -> {
            assertThat(position).isNotNegative();
            append("sync");
            var later = appendAsync("async");
            producer().flush();
            assertThat(keyedTexts()).containsExactly("sync", "async");
            assertThat(later.isCompletedExceptionally()).isFalse();
            append("after");
            producer().withDurability(Durability.POWER_LOSS).append(KEY, "durable");
            log.force();
            producer().flush();
        });
        producer().flush();
        assertThat(keyedTexts()).containsExactly("sync", "async", "after", "durable");
    }

    @Test
    void flushInACallbackKeepsTheOrderOfCompletion() throws Exception {
        List<Integer> completed = Collections.synchronizedList(new ArrayList<>());
        List<CompletableFuture<Void>> callbacks = new ArrayList<>();
        onCompletion(gate -> {
            for (int i = 0; i < 300; i++) {
                int number = i;
                callbacks.add(appendAsync("x").thenAccept(unused -> {
                    completed.add(number);
                    if (number % 10 == 0) {
                        append("y");
                        producer().flush();
                    }
                }));
            }
        });
        for (CompletableFuture<Void> callback : callbacks) {
            callback.get(LONG.toSeconds(), TimeUnit.SECONDS);
        }
        assertThat(completed).hasSize(300).isSorted();
    }

    @Test
    void callbackMayHandOverMoreThanMayBeInFlight() throws Exception {
        List<CompletableFuture<Long>> futures = Collections.synchronizedList(new ArrayList<>());
        onCompletion(position -> futures.addAll(appendAsyncNumbers(3 * MOST_IN_FLIGHT)));
        producer().flush();
        assertThat(positionsOf(futures)).isSorted().doesNotHaveDuplicates().hasSize(3 * MOST_IN_FLIGHT);
        assertThat(keyedTexts()).isEqualTo(numbers(0, 3 * MOST_IN_FLIGHT));
    }

    @Test
    void callbackThatThrowsHarmsNothing() throws Exception {
        var broken = appendAsync("a").thenAccept(position -> {
            throw new IllegalStateException("callback failed on purpose");
        });
        var fine = appendAsync("b");
        position(fine);
        assertThatThrownBy(() -> broken.get(LONG.toSeconds(), TimeUnit.SECONDS))
                .hasRootCauseMessage("callback failed on purpose");
        assertThat(allTexts()).containsExactly("a", "b");
    }

    @Test
    void callbackMayCloseTheLog() throws Exception {
        List<CompletableFuture<Long>> later = Collections.synchronizedList(new ArrayList<>());
        onCompletion(position -> {
            later.addAll(appendAsyncNumbers(100));
            log.close();
            assertThatThrownBy(() -> appendAsync("x")).isInstanceOf(LogClosedException.class);
        });
        assertThat(positionsOf(later)).isSorted().hasSize(100);
        log.close();
        if (reopens()) {
            log = reopen(clock);
            assertThat(keyedTexts()).isEqualTo(numbers(0, 100));
        }
    }

    @Test
    void callbackMayCloseTheLogWhileAnotherThreadDoes() throws Exception {
        var goOn = new CountDownLatch(1);
        CompletableFuture<Void> callback = completing(position -> {
            awaitUninterrupted(goOn);
            log.close();
        });
        Running<Boolean> closing = start(() -> log.close());
        closing.awaitBlockedIn("close");
        goOn.countDown();
        closing.join();
        callback.get(LONG.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    void whoIsBeyondWhatMayBeInFlightWaitsAndLosesNothing() throws Exception {
        var goOn = new CountDownLatch(1);
        var handedOver = new AtomicInteger();
        List<CompletableFuture<Long>> futures = Collections.synchronizedList(new ArrayList<>());
        CompletableFuture<Void> blocking = completing(position -> awaitUninterrupted(goOn));
        int count = 3 * MOST_IN_FLIGHT;
        Running<Boolean> handing = start(() -> {
            Producer<String> producer = producer();
            for (String number : numbers(0, count)) {
                futures.add(producer.appendAsync(NewEvent.of(KEY, number)));
                handedOver.incrementAndGet();
            }
        });
        // it may wait for a moment long before that, for a lock
        until("many are in flight", () -> handedOver.get() >= 1_000);
        handing.awaitBlockedIn("appendAsync");
        // others append all the same
        append("sync");
        assertThat(handing.endsWithin(SHORT)).isFalse();
        assertThat(handedOver.get()).isLessThanOrEqualTo(MOST_IN_FLIGHT);
        goOn.countDown();
        handing.join();
        blocking.get(LONG.toSeconds(), TimeUnit.SECONDS);
        assertThat(positionsOf(futures)).isSorted().doesNotHaveDuplicates();
        List<String> all = new ArrayList<>(keyedTexts());
        assertThat(all.remove("sync")).isTrue();
        assertThat(all).isEqualTo(numbers(0, count));
    }

    @Test
    void cancellingAFutureDoesNotTakeItsEventBack() throws Exception {
        List<CompletableFuture<Long>> futures = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            var future = appendAsync(Integer.toString(i));
            if (i % 3 == 0) {
                boolean unused = future.cancel(true);
            }
            futures.add(future);
        }
        producer().flush();
        assertThat(allTexts()).isEqualTo(numbers(0, 1_000));
        List<Long> found = positions(read(EventQuery.all()));
        for (int i = 0; i < 1_000; i++) {
            if (!futures.get(i).isCancelled()) {
                assertThat(position(futures.get(i))).isEqualTo(found.get(i));
            }
        }
    }

    @Test
    void manyThreadsAppendAsynchronously() throws Exception {
        Producer<String> shared = producer();
        int threads = 8;
        int each = 2_000;
        List<Running<List<Long>>> running = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            String name = "t" + t;
            running.add(start(() -> {
                List<CompletableFuture<Long>> futures = new ArrayList<>();
                for (int i = 0; i < each; i++) {
                    futures.add(shared.appendAsync(NewEvent.of(name, name + ":" + i)));
                }
                return positionsOf(futures);
            }));
        }
        var all = new HashSet<Long>();
        for (int t = 0; t < threads; t++) {
            List<Long> found = running.get(t).join();
            assertThat(found).isSorted();
            all.addAll(found);
            List<Event<String>> own = read(EventQuery.all().keys("t" + t));
            assertThat(positions(own)).isEqualTo(found);
            assertThat(own.get(each - 1).data()).isEqualTo("t" + t + ":" + (each - 1));
        }
        assertThat(all).hasSize(threads * each);
    }

    @Test
    void virtualThreadsAppend() throws Exception {
        java.lang.reflect.Method starting;
        try {
            starting = Thread.class.getMethod("startVirtualThread", Runnable.class);
        } catch (NoSuchMethodException before21) {
            org.junit.jupiter.api.Assumptions.abort("this JVM has no virtual threads: they came with 21");
            return;
        }
        int threads = 200;
        var done = new CountDownLatch(threads);
        var failure = new AtomicReference<Throwable>();
        Producer<String> durable = producer().withDurability(Durability.POWER_LOSS);
        for (int t = 0; t < threads; t++) {
            int number = t;
            Runnable work = () -> {
                try {
                    durable.append("v" + number, "0");
                    var second = producer().appendAsync(NewEvent.of("v" + number, "1"));
                    producer().append("v" + number, "2");
                    position(second);
                    producer().flush();
                } catch (Throwable e) {
                    failure.set(e);
                } finally {
                    done.countDown();
                }
            };
            starting.invoke(null, work);
        }
        assertThat(done.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(failure.get()).isNull();
        for (int t = 0; t < threads; t++) {
            assertThat(texts(read(EventQuery.all().keys("v" + t)))).containsExactly("0", "1", "2");
        }
    }

    @Test
    void flushWaitsForWhatWasHandedOverBefore() {
        producer().flush();
        for (int round = 0; round < 50; round++) {
            List<CompletableFuture<Long>> futures = appendAsyncNumbers(100);
            producer().flush();
            assertThat(futures).allSatisfy(future -> assertThat(future.isDone()).isTrue());
        }
        assertThat(read(EventQuery.all())).hasSize(5_000);
    }

    @Test
    void flushWaitsForWhatOtherProducersHandedOver() {
        var future = log.producer("other", TEXT)
                .withDurability(Durability.POWER_LOSS)
                .appendAsync(NewEvent.of(KEY, "a"));
        producer().flush();
        assertThat(future.isDone()).isTrue();
    }

    @Test
    void forceCoversWhatWasHandedOverBefore() throws Exception {
        var future = appendAsync("a");
        log.force();
        assertThat(allTexts()).containsExactly("a");
        if (has(Capability.TOTAL_ORDER)) {
            assertThat(log.durablePosition()).isGreaterThan(position(future));
        }
    }

    @Test
    void closeCompletesWhatWasHandedOver() throws Exception {
        List<CompletableFuture<Long>> futures = appendAsyncNumbers(1_000);
        log.close();
        assertThat(futures).allSatisfy(future -> assertThat(future.isDone()).isTrue());
        assertThat(positionsOf(futures)).isSorted();
        if (reopens()) {
            log = reopen(clock);
            assertThat(allTexts()).isEqualTo(numbers(0, 1_000));
        }
    }

    @Test
    void everyEventHandedOverWhileTheLogClosesIsAppendedOrRefused() throws Exception {
        List<CompletableFuture<Long>> futures = Collections.synchronizedList(new ArrayList<>());
        List<Running<Boolean>> running = new ArrayList<>();
        for (int t = 0; t < 3; t++) {
            running.add(start(() -> {
                try {
                    while (true) {
                        futures.add(appendAsync("x"));
                    }
                } catch (LogClosedException closed) {
                    assertThat(closed).isNotNull();
                }
            }));
        }
        until("some events are there", () -> futures.size() > 100);
        log.close();
        for (Running<Boolean> thread : running) {
            thread.join();
        }
        assertThat(positionsOf(futures)).doesNotHaveDuplicates();
        if (reopens()) {
            log = reopen(clock);
            assertThat(read(EventQuery.all())).hasSize(futures.size());
        }
    }

    @Test
    void asynchronousProducerOfAClosedLogIsRefused() {
        Producer<String> producer = producer();
        var unused = producer.appendAsync(NewEvent.of("a"));
        log.close();
        assertThatThrownBy(() -> producer.appendAsync(NewEvent.of("b"))).isInstanceOf(LogClosedException.class);
        assertThatThrownBy(producer::flush).isInstanceOf(LogClosedException.class);
        assertThatThrownBy(() -> producer.withDurability(Durability.POWER_LOSS).append("c"))
                .isInstanceOf(LogClosedException.class);
    }

    @Test
    void interruptedThreadAppendsAsynchronouslyAndFlushesAndKeepsItsFlag() throws Exception {
        List<CompletableFuture<Long>> futures;
        Thread.currentThread().interrupt();
        boolean kept;
        try {
            futures = appendAsyncNumbers(3 * MOST_IN_FLIGHT);
            producer().flush();
            producer().withDurability(Durability.POWER_LOSS).append("last");
        } finally {
            kept = Thread.interrupted();
        }
        assertThat(kept).isTrue();
        assertThat(futures).allSatisfy(future -> assertThat(future.isDone()).isTrue());
        assertThat(allTexts()).hasSize(3 * MOST_IN_FLIGHT + 1);
    }

    @Test
    void strongerProducerReturnsWhenItsEventIsDurable() throws Exception {
        Producer<String> durable = producer().withDurability(Durability.POWER_LOSS);
        for (int i = 0; i < 20; i++) {
            assertDurable(durable.append(KEY, "one"));
            assertDurable(durable.append(NewEvent.of(KEY, "two")));
            assertDurable(durable.appendAll(newEvents("three", "four")));
            assertDurable(position(durable.appendAsync(NewEvent.of(KEY, "five"))));
        }
        assertThat(read(EventQuery.all().sources("test"))).hasSize(100);
    }

    private void assertDurable(long position) {
        if (has(Capability.TOTAL_ORDER)) {
            assertThat(log.durablePosition()).isGreaterThan(position);
        }
    }

    @Test
    void producerIsMadeStrongerAndNeverWeaker() {
        Producer<String> durable = producer().withDurability(Durability.POWER_LOSS);
        assertDurable(durable.withDurability(Durability.PROCESS_CRASH).append(KEY, "a"));
        assertDurable(durable.withDurability(Durability.POWER_LOSS).append(KEY, "b"));
        producer().withDurability(Durability.PROCESS_CRASH).append(KEY, "c");
        assertThat(allTexts()).containsExactly("a", "b", "c");
        assertThatNullPointerException().isThrownBy(() -> producer().withDurability(missing()));
    }

    @Test
    void strongerProducerRefusesTheSame() {
        Producer<String> durable = producer().withDurability(Durability.POWER_LOSS);
        assertThatNullPointerException().isThrownBy(() -> durable.append(ContractFixture.<String>missing()));
        assertThatIllegalArgumentException().isThrownBy(() -> durable.appendAll(List.of()));
        assertThatThrownBy(() -> durable.append("x".repeat(maxEventLengthBytes() + 1)))
                .isInstanceOf(EventTooLargeException.class);
        assertThat(allTexts()).isEmpty();
    }

    @Test
    void weakerAndStrongerProducersKeepOneOrder() {
        Producer<String> durable = producer().withDurability(Durability.POWER_LOSS);
        for (int i = 0; i < 300; i++) {
            String text = Integer.toString(i);
            switch (i % 4) {
                case 0 -> durable.append(KEY, text);
                case 1 -> producer().append(KEY, text);
                case 2 -> {
                    var unused = durable.appendAsync(NewEvent.of(KEY, text));
                }
                default -> {
                    var unused = appendAsync(text);
                }
            }
        }
        durable.flush();
        assertThat(allTexts()).isEqualTo(numbers(0, 300));
    }
}
