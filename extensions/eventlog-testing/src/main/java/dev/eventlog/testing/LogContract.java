package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Capability;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.LogClosedException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** {@link dev.eventlog.EventLog}: positions, capabilities, names, owners, closing. */
abstract class LogContract extends ContractFixture {

    private static final List<String> GOOD_NAMES =
            List.of("a", "Z", "0", "orders", "a.b_c-d", "a..", "CON", "9-.", "a".repeat(100));
    private static final List<String> BAD_NAMES = List.of(
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "a\0b",
            "a\nb",
            "a".repeat(101),
            "a".repeat(300),
            "ünï",
            "\u202Eabc",
            "-a",
            "_a",
            ".a",
            " a",
            "a b",
            "a:b");

    @Test
    void newLogIsEmpty() {
        assertThat(allTexts()).isEmpty();
        assertThat(log.consumers()).isEmpty();
        try (Consumer<String> consumer = consumer("first")) {
            assertThat(consumer.poll(NOW)).isEmpty();
        }
    }

    @Test
    void capabilitiesAreTheDeclaredOnes() {
        assertThat(log.capabilities()).isEqualTo(capabilities());
    }

    @Test
    void capabilitiesCannotBeChanged() {
        Set<Capability> found = log.capabilities();
        assertThatThrownBy(found::clear).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void requireAcceptsWhatIsThere() {
        log.require();
        log.require(log.capabilities().toArray(Capability[]::new));
    }

    @Test
    void requireNamesEachMissingCapability() {
        Set<Capability> absent = EnumSet.allOf(Capability.class);
        absent.removeAll(capabilities());
        for (Capability capability : absent) {
            assertThatThrownBy(() -> log.require(absent.toArray(Capability[]::new)))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining(capability.name());
        }
        assertThatNullPointerException().isThrownBy(() -> log.require(ContractFixture.<Capability>missing()));
    }

    @Test
    void totalOrderMakesPositionsNumbersElseTheyAreRefused() {
        List<Long> positions = appendNumbers(3);
        try (Consumer<String> consumer = consumer("reader")) {
            if (has(Capability.TOTAL_ORDER)) {
                assertThat(log.firstPosition()).isEqualTo(positions.get(0));
                assertThat(log.endPosition()).isGreaterThan(positions.get(2));
                assertThat(log.durablePosition()).isLessThanOrEqualTo(log.endPosition());
                assertThat(consumer.position()).isEqualTo(log.firstPosition());
            } else {
                assertRefused(log::firstPosition);
                assertRefused(log::endPosition);
                assertRefused(log::durablePosition);
                assertRefused(consumer::position);
            }
        }
    }

    private static void assertRefused(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining(Capability.TOTAL_ORDER.name());
    }

    @Test
    void densePositionsAreCountedFromZeroElseTheyIncrease() {
        List<Long> positions = new ArrayList<>(appendNumbers(5));
        long last = producer().appendAll(newEvents("5", "6"));
        positions.add(last - 1);
        positions.add(last);
        positions.addAll(append("7"));
        if (has(Capability.DENSE_POSITIONS)) {
            assertThat(positions).containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L);
            assertThat(log.firstPosition()).isZero();
            assertThat(log.endPosition()).isEqualTo(8);
        } else {
            assertThat(positions).isSorted().doesNotHaveDuplicates();
        }
        assertThat(positions(read(EventQuery.all()))).isEqualTo(positions);
    }

    @Test
    void failedAppendsTakeNoPosition() {
        append("a");
        assertThatNullPointerException().isThrownBy(() -> producer().append(KEY, missing()));
        assertThatIllegalArgumentException().isThrownBy(() -> producer().append(KEY, "\ud800"));
        List<Long> after = append("b");
        if (has(Capability.DENSE_POSITIONS)) {
            assertThat(after).containsExactly(1L);
        }
        assertThat(allTexts()).containsExactly("a", "b");
    }

    @Test
    void forceMakesAllThatWasAppendedDurable() {
        long last = appendNumbers(3).get(2);
        log.force();
        if (has(Capability.TOTAL_ORDER)) {
            assertThat(log.durablePosition()).isGreaterThan(last).isEqualTo(log.endPosition());
        }
    }

    @Test
    void forceOfAnEmptyLogDoesNothing() {
        log.force();
        log.force();
        assertThat(allTexts()).isEmpty();
    }

    @Test
    void durablePositionFollowsByItself() {
        append("a");
        if (has(Capability.TOTAL_ORDER)) {
            until("durablePosition reaches endPosition", () -> log.durablePosition() == log.endPosition());
        }
    }

    @Test
    void logReopensWithAllItHeldOrBeginsAnew() {
        List<Long> positions = appendNumbers(3);
        try (Consumer<String> consumer = consumer("reader")) {
            consumer.poll(NOW);
            consumer.commit();
        }
        log.close();
        log = reopens() ? reopen(clock) : openNew(clock);
        if (reopens()) {
            assertThat(positions(read(EventQuery.all()))).isEqualTo(positions);
            assertThat(allTexts()).containsExactly("0", "1", "2");
            assertThat(log.consumers()).extracting(ConsumerStatus::name).containsExactly("reader");
            assertThat(append("3").get(0)).isGreaterThan(positions.get(2));
        } else {
            assertThat(allTexts()).isEmpty();
            assertThat(log.consumers()).isEmpty();
        }
    }

    @Test
    void reopeningAddsNothing() {
        append("a");
        for (int i = 0; i < 4; i++) {
            restart();
            assertThat(allTexts()).containsExactly("a");
        }
        append("b");
        restart();
        assertThat(allTexts()).containsExactly("a", "b");
    }

    @Test
    void goodNamesAreTaken() {
        for (String name : GOOD_NAMES) {
            log.producer(name, TEXT).append(KEY, name);
            try (Consumer<String> consumer = consumer(name)) {
                assertThat(consumer.status().name()).isEqualTo(name);
            }
        }
        assertThat(log.consumers()).extracting(ConsumerStatus::name).containsExactlyInAnyOrderElementsOf(GOOD_NAMES);
        assertThat(log.read(EventQuery.all(), TEXT).map(e -> e.source())).containsExactlyElementsOf(GOOD_NAMES);
    }

    @Test
    void badNamesAreRefusedQuotedAndEscaped() {
        for (String name : BAD_NAMES) {
            List<ThrowingCallable> uses = List.of(
                    () -> log.producer(name, TEXT),
                    () -> log.consumer(name, TEXT),
                    () -> log.subscribe(name, TEXT, event -> {}),
                    () -> log.forget(name));
            for (ThrowingCallable use : uses) {
                assertThatIllegalArgumentException().isThrownBy(use).satisfies(refusal -> {
                    assertThat(refusal.getMessage()).contains("\"").contains("A-Z a-z 0-9");
                    assertThat(String.valueOf(refusal.getMessage())
                                    .chars()
                                    .allMatch(c -> c >= ' ' && (c <= '~' || c == '…')))
                            .as("message is escaped: %s", refusal.getMessage())
                            .isTrue();
                });
            }
        }
        assertThat(log.consumers()).isEmpty();
    }

    @Test
    void namesThatDifferInCaseAreDifferentConsumers() {
        appendNumbers(2);
        try (Consumer<String> lower = consumer("twin");
                Consumer<String> upper = consumer("TWIN")) {
            lower.poll(NOW);
            lower.commit();
            assertThat(texts(upper.poll(NOW))).containsExactly("0", "1");
        }
        restart();
        try (Consumer<String> upper = consumer("TWIN")) {
            assertThat(texts(upper.poll(NOW))).containsExactly("0", "1");
        }
    }

    @Test
    void nullArgumentsAreRefusedAndNamed() {
        Map<String, ThrowingCallable> calls = new LinkedHashMap<>();
        calls.put("source", () -> log.producer(missing(), TEXT));
        calls.put("codec", () -> log.producer("p", missing()));
        calls.put("name", () -> log.consumer(ContractFixture.<String>missing(), TEXT));
        calls.put("config", () -> log.consumer(ContractFixture.<ConsumerConfig>missing(), TEXT));
        calls.put("codec ", () -> log.consumer("c", missing()));
        calls.put("handler", () -> log.subscribe("s", TEXT, missing()));
        calls.put("codec  ", () -> log.subscribe("s", missing(), event -> {}));
        calls.put("query", () -> log.read(missing(), TEXT));
        calls.put("codec   ", () -> log.read(EventQuery.all(), missing()));
        calls.put("consumer", () -> log.forget(missing()));
        calls.put("data", () -> producer().append(KEY, missing()));
        calls.put("event", () -> producer().append(ContractFixture.<NewEvent<String>>missing()));
        calls.put("events", () -> producer().appendAll(missing()));
        calls.forEach((parameter, call) -> assertThatNullPointerException()
                .as(parameter)
                .isThrownBy(call)
                .withMessageContaining(parameter.trim()));
        assertThat(log.consumers()).as("a refused call leaves nothing").isEmpty();
        try (Consumer<String> consumer = consumer("c")) {
            assertThatNullPointerException()
                    .isThrownBy(() -> consumer.poll(missing()))
                    .withMessageContaining("wait");
            assertThatNullPointerException()
                    .isThrownBy(() -> consumer.await(missing()))
                    .withMessageContaining("wait");
            assertThatNullPointerException()
                    .isThrownBy(() -> consumer.poll(missing(), 1))
                    .withMessageContaining("handler");
            assertThatNullPointerException()
                    .isThrownBy(() -> consumer.seek(missing()))
                    .withMessageContaining("where");
            assertThatNullPointerException()
                    .isThrownBy(() -> consumer.commit(missing()))
                    .withMessageContaining("last");
        }
    }

    @Test
    void aNameHasOneOwnerWhoIsNamed() {
        try (Consumer<String> owner = consumer("billing")) {
            assertLocked(() -> consumer("billing"));
            assertLocked(() -> log.subscribe("billing", TEXT, event -> {}));
            assertThat(owner.poll(NOW)).isEmpty();
        }
        try (Subscription owner = log.subscribe("billing", TEXT, event -> {})) {
            assertLocked(() -> consumer("billing"));
            assertLocked(() -> log.subscribe("billing", TEXT, event -> {}));
            assertThat(owner.awaitCaughtUp(LONG)).isTrue();
        }
        consumer("billing").close();
    }

    private static void assertLocked(ThrowingCallable open) {
        assertThatThrownBy(open).isInstanceOfSatisfying(LockedException.class, refusal -> {
            assertThat(refusal.owner()).isNotBlank();
            assertThat(refusal).hasMessageContaining("billing").hasMessageContaining(refusal.owner());
        });
    }

    @Test
    void oneOfManyThreadsBecomesTheOwner() throws Exception {
        var opened = new AtomicInteger();
        var go = new CountDownLatch(1);
        List<Running<Boolean>> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            threads.add(start(() -> {
                go.await();
                try {
                    consumer("contended");
                    opened.incrementAndGet();
                } catch (LockedException expected) {
                    assertThat(expected.owner()).isNotBlank();
                }
            }));
        }
        go.countDown();
        for (Running<Boolean> thread : threads) {
            thread.join();
        }
        assertThat(opened).hasValue(1);
    }

    @Test
    void consumersAreListedByNameOpenOrClosed() {
        append("a");
        consumer("b-closed").close();
        log.consumer(ConsumerConfig.unnamed().build(), TEXT);
        try (Consumer<String> open = consumer("c-open");
                Subscription running = log.subscribe("a-running", TEXT, event -> {})) {
            assertThat(running.awaitCaughtUp(LONG)).isTrue();
            assertThat(log.consumers())
                    .extracting(ConsumerStatus::name)
                    .containsExactly("a-running", "b-closed", "c-open");
            assertThat(log.consumers())
                    .extracting(ConsumerStatus::state)
                    .containsExactly(ConsumerStatus.State.OPEN, ConsumerStatus.State.CLOSED, ConsumerStatus.State.OPEN);
            assertThat(log.consumers()).extracting(ConsumerStatus::lag).containsExactly(0L, 1L, 1L);
            assertThat(open.status().owner()).isNotBlank();
            assertThat(log.consumers().get(1).owner()).isNull();
        }
    }

    @Test
    void forgottenConsumerBeginsAnew() {
        append("a");
        try (Consumer<String> consumer = consumer("gone")) {
            assertThat(drain(consumer)).hasSize(1);
        }
        log.forget("gone");
        assertThat(log.consumers()).isEmpty();
        restart();
        assertThat(log.consumers()).isEmpty();
        try (Consumer<String> consumer = consumer("gone")) {
            assertThat(consumer.poll(NOW)).hasSize(1).allMatch(event -> !event.isReplay());
        }
    }

    @Test
    void openConsumerCannotBeForgotten() {
        append("a");
        try (Consumer<String> consumer = consumer("kept")) {
            assertThatIllegalStateException().isThrownBy(() -> log.forget("kept"));
            assertThat(drain(consumer)).hasSize(1);
        }
        try (Subscription subscription = log.subscribe("kept", TEXT, event -> {})) {
            assertThatIllegalStateException().isThrownBy(() -> log.forget("kept"));
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        try (Consumer<String> consumer = consumer("kept")) {
            assertThat(consumer.poll(NOW)).isEmpty();
        }
    }

    @Test
    void unknownConsumerCannotBeForgotten() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> log.forget("nobody"))
                .withMessageContaining("nobody");
    }

    @Test
    void closeIsIdempotent() {
        append("a");
        log.close();
        log.close();
    }

    @Test
    void closedLogThrowsLogClosed() {
        Producer<String> producer = producer();
        producer.append("before");
        log.close();
        List<ThrowingCallable> calls = List.of(
                () -> log.producer("p", TEXT),
                () -> log.consumer("c", TEXT),
                () -> log.subscribe("s", TEXT, event -> {}),
                () -> log.read(EventQuery.all(), TEXT),
                log::firstPosition,
                log::endPosition,
                log::durablePosition,
                log::force,
                log::consumers,
                () -> log.forget("c"),
                log::capabilities,
                log::require,
                () -> producer.append("a"),
                () -> producer.append(KEY, "a"),
                () -> producer.append(NewEvent.of("a")),
                () -> producer.appendAll(newEvents("a")));
        for (ThrowingCallable call : calls) {
            assertThatThrownBy(call).isInstanceOf(LogClosedException.class);
        }
    }

    @Test
    void closeClosesConsumersAndStopsSubscriptions() {
        append("a");
        Consumer<String> consumer = consumer("pull");
        Subscription subscription = log.subscribe("push", TEXT, event -> {});
        assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        log.close();
        assertThatThrownBy(() -> consumer.poll(NOW)).isInstanceOf(LogClosedException.class);
        assertThatThrownBy(consumer::commit).isInstanceOf(LogClosedException.class);
        assertThatThrownBy(() -> consumer.seek(StartAt.earliest())).isInstanceOf(LogClosedException.class);
        assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.CLOSED);
        assertThatCode(consumer::close).doesNotThrowAnyException();
        assertThatCode(subscription::close).doesNotThrowAnyException();
    }

    @Test
    void closeWhileThreadsAppendLeavesWholeEventsOnly() throws Exception {
        var accepted = new AtomicInteger();
        var begun = new CountDownLatch(2);
        List<Running<Boolean>> threads = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Producer<String> producer = producer();
            threads.add(start(() -> {
                try {
                    while (true) {
                        producer.appendAll(newEvents("a", "b"));
                        accepted.addAndGet(2);
                        begun.countDown();
                    }
                } catch (LogClosedException expected) {
                    assertThat(expected).hasMessageContaining("closed");
                }
            }));
        }
        begun.await();
        log.close();
        for (Running<Boolean> thread : threads) {
            thread.join();
        }
        if (reopens()) {
            log = reopen(clock);
            assertThat(log.read(EventQuery.all(), TEXT).count()).isEqualTo(accepted.get());
        }
    }

    @Test
    void closeWhileThreadsReadNeitherCrashesNorInvents() throws Exception {
        for (int i = 0; i < 50; i++) {
            producer().appendAll(newEvents(numbers(i * 20, i * 20 + 20).toArray(String[]::new)));
        }
        Consumer<String> consumer = consumer("poller");
        var polled = new CountDownLatch(1);
        var read = new CountDownLatch(1);
        Running<Boolean> polling = start(() -> readUntilClosed(() -> {
            List<String> batch = texts(consumer.poll(NOW));
            assertThat(batch).isEqualTo(numbers(0, batch.size()));
            polled.countDown();
        }));
        Running<Boolean> reading = start(() -> readUntilClosed(() -> {
            assertThat(allTexts()).isEqualTo(numbers(0, 1000));
            read.countDown();
        }));
        polled.await();
        read.await();
        log.close();
        polling.join();
        reading.join();
    }

    private static void readUntilClosed(Action reading) throws Exception {
        try {
            while (true) {
                reading.run();
            }
        } catch (LogClosedException expected) {
            assertThat(expected).hasMessageContaining("closed");
        }
    }
}
