package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Processor;
import dev.eventlog.Producer;
import dev.eventlog.StartAt;
import dev.eventlog.error.EventTooLargeException;
import dev.eventlog.error.LogClosedException;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Events that are made out of events by a consumer that is asked: outputs and checkpoint together. */
abstract class ProcessContract extends LagContract {

    /** What the test appends; the outputs are of another source. */
    static final EventQuery INPUTS = EventQuery.all().sources("test");

    static final EventQuery OUTPUTS = EventQuery.all().sources("out");

    /** One output, which tells its input. */
    static final Processor<String, String> ONE = event -> List.of(output(event));

    /** The log in the process that writes it. */
    protected EventLog processing() {
        return log;
    }

    static NewEvent<String> output(Event<String> event) {
        return NewEvent.of(KEY, "<" + event.data() + ">");
    }

    static ConsumerConfig.Builder inputs(String name) {
        return ConsumerConfig.named(name).query(INPUTS);
    }

    final Consumer<String> inputsConsumer(String name) {
        return processing().consumer(inputs(name).build(), TEXT);
    }

    final Producer<String> out() {
        return processing().producer("out", TEXT);
    }

    final List<String> outputs() {
        return texts(read(OUTPUTS));
    }

    static List<String> outputsOf(int from, int to) {
        return numbers(from, to).stream().map(n -> "<" + n + ">").toList();
    }

    final void closeAndRestart(Consumer<String> consumer) {
        consumer.close();
        restart();
    }

    @Test
    void outputsAndCheckpointComeTogether() {
        List<Long> positions = appendNumbers(10);
        Consumer<String> consumer = inputsConsumer("c");
        assertThat(consumer.process(ONE, out(), 4)).isEqualTo(4);
        assertThat(outputs()).isEqualTo(outputsOf(0, 4));
        assertThat(consumer.status().checkpoint()).isEqualTo(positions.get(3) + 1);
        assertThat(consumer.position()).isEqualTo(positions.get(3) + 1);
        closeAndRestart(consumer);
        assertThat(log.consumers().get(0).checkpoint()).isEqualTo(positions.get(3) + 1);
        try (Consumer<String> again = inputsConsumer("c")) {
            assertThat(again.process(ONE, out(), 100)).isEqualTo(6);
            assertThat(again.process(ONE, out(), 100)).isZero();
        }
        assertThat(outputs()).isEqualTo(outputsOf(0, 10));
    }

    @Test
    void outputsOfOneCallAreAppendedTogetherBehindTheirInputs() {
        appendNumbers(3);
        try (Consumer<String> consumer = inputsConsumer("c")) {
            assertThat(consumer.process(
                            event -> List.of(NewEvent.of("a", event.data()), NewEvent.of("b", event.data())), out(), 3))
                    .isEqualTo(3);
        }
        List<Event<String>> all = read(OUTPUTS);
        assertThat(texts(all)).containsExactly("0", "0", "1", "1", "2", "2");
        assertThat(all).extracting(Event::key).containsExactly("a", "b", "a", "b", "a", "b");
        assertThat(all.stream().map(Event::appendTime).distinct())
                .as("one frame")
                .hasSize(1);
    }

    @Test
    void anEventWithoutOutputsMovesTheCheckpoint() {
        List<Long> positions = appendNumbers(3);
        Consumer<String> consumer = inputsConsumer("c");
        long end = log.endPosition();
        assertThat(consumer.process(event -> List.of(), out(), 2)).isEqualTo(2);
        assertThat(log.endPosition()).as("nothing is appended").isEqualTo(end);
        assertThat(consumer.status().checkpoint()).isEqualTo(positions.get(1) + 1);
        closeAndRestart(consumer);
        try (Consumer<String> again = inputsConsumer("c")) {
            assertThat(again.process(ONE, out(), 100)).isEqualTo(1);
        }
        assertThat(outputs()).isEqualTo(outputsOf(2, 3));
    }

    @Test
    void someEventsWithOutputsAndSomeWithout() {
        appendNumbers(100);
        for (int left = 100; left > 0; left -= 7) {
            Consumer<String> consumer = inputsConsumer("c");
            assertThat(consumer.process(
                            event -> Integer.parseInt(event.data()) % 3 == 0 ? List.of(output(event)) : List.of(),
                            out(),
                            7))
                    .isEqualTo(Math.min(left, 7));
            closeAndRestart(consumer);
        }
        assertThat(outputs())
                .isEqualTo(numbers(0, 100).stream()
                        .filter(n -> Integer.parseInt(n) % 3 == 0)
                        .map(n -> "<" + n + ">")
                        .toList());
    }

    @Test
    void outputsAreAppendedWhateverTheirIdsAndAreKnownByThemFromThenOn() {
        long known = out().append(output("known").withId("id-known"));
        appendNumbers(2);
        Consumer<String> consumer = inputsConsumer("c");
        Processor<String, String> identified = event ->
                List.of(output(event), output(event).withId(event.data().equals("0") ? "id-known" : "id-new"));
        assertThat(consumer.process(identified, out(), 2)).isEqualTo(2);
        List<Event<String>> all = read(OUTPUTS);
        assertThat(texts(all)).containsExactly("<known>", "<0>", "<0>", "<1>", "<1>");
        for (int again = 0; again < 2; again++) {
            // there are two by now
            assertThat(out().append(output("again").withId("id-known")))
                    .isIn(known, all.get(2).position());
            assertThat(out().append(output("again").withId("id-new")))
                    .isEqualTo(all.get(4).position());
            if (again == 0) {
                closeAndRestart(consumer);
            }
        }
        assertThat(outputs()).hasSize(5);
    }

    private static NewEvent<String> output(String text) {
        return NewEvent.of(KEY, "<" + text + ">");
    }

    @Test
    void throwingProcessorKeepsTheCursorAtItsEvent() {
        List<Long> positions = appendNumbers(5);
        try (Consumer<String> consumer = inputsConsumer("c")) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> consumer.process(throwingAt("2"), out(), 5))
                    .withMessage("processor failed on purpose");
            assertThat(outputs()).isEqualTo(outputsOf(0, 2));
            assertThat(consumer.position()).isEqualTo(positions.get(1) + 1);
            assertThat(consumer.status().checkpoint()).isEqualTo(positions.get(1) + 1);
            assertThatIllegalStateException().isThrownBy(() -> consumer.process(throwingAt("2"), out(), 5));
            assertThat(outputs()).isEqualTo(outputsOf(0, 2));
            assertThat(consumer.process(ONE, out(), 5)).isEqualTo(3);
        }
        assertThat(outputs()).isEqualTo(outputsOf(0, 5));
    }

    static Processor<String, String> throwingAt(String text) {
        return event -> {
            if (event.data().equals(text)) {
                throw new IllegalStateException("processor failed on purpose");
            }
            return List.of(output(event));
        };
    }

    @Test
    void checkedExceptionOfAProcessorIsTheCause() {
        appendNumbers(1);
        try (Consumer<String> consumer = inputsConsumer("c")) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> consumer.process(
                            event -> {
                                throw new IOException("on purpose");
                            },
                            out(),
                            1))
                    .withCauseInstanceOf(IOException.class)
                    .withMessageContaining("consumer=c");
        }
    }

    @Test
    void anOutputThatCannotBeWrittenTakesTheOthersOfItsEventAlong() {
        appendNumbers(3);
        Processor<String, String> second = event ->
                event.data().equals("1") ? List.of(output(event), NewEvent.of(KEY, "\ud800")) : List.of(output(event));
        try (Consumer<String> consumer = inputsConsumer("c")) {
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.process(second, out(), 3));
            assertThat(outputs()).isEqualTo(outputsOf(0, 1));
            assertThatThrownBy(() -> consumer.process(
                            event -> List.of(output(event), NewEvent.of(KEY, "x".repeat(maxEventLengthBytes() + 1))),
                            out(),
                            3))
                    .isInstanceOf(EventTooLargeException.class);
            assertThatNullPointerException().isThrownBy(() -> consumer.process(event -> missing(), out(), 3));
            assertThat(outputs()).isEqualTo(outputsOf(0, 1));
            assertThat(consumer.process(ONE, out(), 3)).isEqualTo(2);
        }
        assertThat(outputs()).isEqualTo(outputsOf(0, 3));
    }

    @Test
    void outputsOfOneCallMayBeMoreThanAFrameHolds() {
        appendNumbers(40);
        String large = "x".repeat(maxEventLengthBytes() / 2);
        try (Consumer<String> consumer = inputsConsumer("c")) {
            assertThat(consumer.process(event -> List.of(NewEvent.of(KEY, event.data() + large)), out(), 100))
                    .isEqualTo(40);
        }
        assertThat(outputs().stream().map(text -> text.replace("x", ""))).isEqualTo(numbers(0, 40));
    }

    @Test
    void ownOutputsComeBackUnlessTheyAreLeftOut() {
        appendNumbers(1);
        try (Consumer<String> consumer = processing().consumer("c", TEXT)) {
            for (int i = 0; i < 3; i++) {
                assertThat(consumer.process(ONE, out(), 1)).isEqualTo(1);
            }
        }
        assertThat(outputs()).containsExactly("<0>", "<<0>>", "<<<0>>>");
    }

    @Test
    void outputsToAnotherLog() {
        appendNumbers(10);
        try (EventLog other = EventLog.inMemory()) {
            Producer<String> out = other.producer("out", TEXT);
            for (int i = 0; i < 5; i++) {
                Consumer<String> consumer = processing().consumer("c", TEXT);
                assertThat(consumer.process(ONE, out, 2)).isEqualTo(2);
                closeAndRestart(consumer);
            }
            assertThat(texts(other.read(EventQuery.all(), TEXT).toList())).isEqualTo(outputsOf(0, 10));
        }
        assertThat(allTexts()).isEqualTo(numbers(0, 10));
    }

    @Test
    void consumersOfAllNamesGoOnByThemselves() {
        appendNumbers(4);
        try (Consumer<String> a = inputsConsumer("a");
                Consumer<String> b = inputsConsumer("b")) {
            assertThat(a.process(ONE, out(), 3)).isEqualTo(3);
            assertThat(b.process(ONE, out(), 2)).isEqualTo(2);
            assertThat(a.process(ONE, out(), 3)).isEqualTo(1);
            assertThat(b.process(ONE, out(), 3)).isEqualTo(2);
        }
        assertThat(outputs()).containsExactly("<0>", "<1>", "<2>", "<0>", "<1>", "<3>", "<2>", "<3>");
    }

    @Test
    void seekProcessesAgain() {
        List<Long> positions = appendNumbers(3);
        Consumer<String> consumer = inputsConsumer("c");
        assertThat(consumer.process(ONE, out(), 3)).isEqualTo(3);
        consumer.seek(StartAt.position(positions.get(1)));
        var replayed = new ArrayList<Boolean>();
        assertThat(consumer.process(
                        event -> {
                            replayed.add(event.isReplay());
                            return List.of(output(event));
                        },
                        out(),
                        1))
                .isEqualTo(1);
        assertThat(replayed).containsExactly(true);
        closeAndRestart(consumer);
        try (Consumer<String> again = inputsConsumer("c")) {
            assertThat(again.process(ONE, out(), 100)).isEqualTo(1);
        }
        assertThat(outputs()).containsExactly("<0>", "<1>", "<2>", "<1>", "<2>");
    }

    @Test
    void seekThatWasCommittedHoldsBehindOutputsOfLaterEvents() {
        List<Long> positions = appendNumbers(3);
        Consumer<String> consumer = inputsConsumer("c");
        assertThat(consumer.process(ONE, out(), 3)).isEqualTo(3);
        consumer.seek(StartAt.position(positions.get(1)));
        consumer.commit();
        closeAndRestart(consumer);
        try (Consumer<String> again = inputsConsumer("c")) {
            assertThat(again.process(ONE, out(), 100)).isEqualTo(2);
        }
        assertThat(outputs()).containsExactly("<0>", "<1>", "<2>", "<1>", "<2>");
    }

    @Test
    void pollAndProcessShareOneCursor() {
        appendNumbers(6);
        try (Consumer<String> consumer = inputsConsumer("c")) {
            assertThat(consumer.process(ONE, out(), 2)).isEqualTo(2);
            consumer.commit(consumer.poll(NOW).get(0));
            assertThat(consumer.process(ONE, out(), 1)).isEqualTo(1);
            assertThat(consumer.poll(view -> {}, 1)).isEqualTo(1);
            assertThat(consumer.poll(NOW)).hasSize(1);
            assertThat(consumer.process(ONE, out(), 9)).isEqualTo(1);
        }
        assertThat(outputs()).containsExactly("<0>", "<1>", "<3>", "<5>");
    }

    @Test
    void forgottenConsumerProcessesAnew() {
        appendNumbers(2);
        try (EventLog other = EventLog.inMemory()) {
            Consumer<String> consumer = inputsConsumer("c");
            assertThat(consumer.process(ONE, out(), 9)).isEqualTo(2);
            assertThat(consumer.process(ONE, other.producer("out", TEXT), 9)).isZero();
            closeAndRestart(consumer);
            log.forget("c");
            assertThat(log.consumers()).isEmpty();
            assertThatIllegalArgumentException().isThrownBy(() -> log.forget("c"));
            restart();
            try (Consumer<String> next = inputsConsumer("c")) {
                assertThat(next.process(ONE, other.producer("out", TEXT), 9)).isEqualTo(2);
                assertThat(next.process(ONE, out(), 9)).isZero();
            }
            assertThat(texts(other.read(EventQuery.all(), TEXT).toList())).isEqualTo(outputsOf(0, 2));
        }
        assertThat(outputs()).isEqualTo(outputsOf(0, 2));
        log.forget("c");
        try (Consumer<String> next = inputsConsumer("c")) {
            assertThat(next.process(ONE, out(), 9)).isEqualTo(2);
        }
    }

    @Test
    void outputsMaySurviveAPowerCutAtOnce() {
        appendNumbers(2);
        try (Consumer<String> consumer = inputsConsumer("c")) {
            assertThat(consumer.process(ONE, out().withDurability(Durability.POWER_LOSS), 9))
                    .isEqualTo(2);
            assertThat(log.durablePosition()).isEqualTo(log.endPosition());
        }
    }

    @Test
    @SuppressWarnings("unchecked") // of a proxy
    void whatCannotBeProcessedIsRefused() {
        appendNumbers(1);
        var foreign = (Producer<String>) Proxy.newProxyInstance(
                Producer.class.getClassLoader(), new Class<?>[] {Producer.class}, (proxy, method, args) -> null);
        try (Consumer<String> consumer = inputsConsumer("c")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> consumer.process(ONE, foreign, 1))
                    .withMessageContaining("EventLog.producer");
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.process(ONE, out(), 0));
            assertThatNullPointerException().isThrownBy(() -> consumer.process(missing(), out(), 1));
            EventLog closed = EventLog.inMemory();
            Producer<String> late = closed.producer("out", TEXT);
            closed.close();
            assertThatThrownBy(() -> consumer.process(ONE, late, 1)).isInstanceOf(LogClosedException.class);
            assertThat(consumer.process(ONE, out(), 9)).isEqualTo(1);
        }
        try (Consumer<String> unnamed =
                processing().consumer(ConsumerConfig.unnamed().build(), TEXT)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> unnamed.process(ONE, out(), 1))
                    .withMessageContaining("name");
        }
        try (Consumer<String> parked =
                processing().consumer(ConsumerConfig.parkedBy("c").build(), TEXT)) {
            assertThatThrownBy(() -> parked.process(ONE, out(), 1))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("parked");
        }
        Consumer<String> closed = inputsConsumer("c");
        closed.close();
        assertThatThrownBy(() -> closed.process(ONE, out(), 1)).isInstanceOf(LogClosedException.class);
    }
}
