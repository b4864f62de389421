package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLogConfig.WhenFull;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.StorageFullException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Required consumers, which hold retention back, and the limit of a log, which holds appends back. */
abstract class LimitContract extends RetentionContract {

    private static final long LIMIT = 4 * SEGMENT;

    /** Opens a log with a limit in place of the one that is open; false if the backend has none, which is then asserted. */
    private boolean open(WhenFull whenFull) {
        if (!prunes()) {
            assertThatThrownBy(() -> openLimited(clock, LIMIT, whenFull))
                    .isInstanceOf(UnsupportedOperationException.class);
            return false;
        }
        log.close();
        log = openLimited(clock, LIMIT, whenFull);
        appended = 0;
        return true;
    }

    private boolean openPruning() {
        if (!prunes()) {
            return false;
        }
        log.close();
        log = openPruning(clock, null, 2 * SEGMENT);
        appended = 0;
        return true;
    }

    private Consumer<String> required(String name) {
        return log.consumer(ConsumerConfig.named(name).required().build(), TEXT);
    }

    private void appendNext() {
        producer().append(KEY, appended + ":" + FILLING);
        appended++;
    }

    /** Appends until there is no room; returns what is said then. */
    private String fillUp() {
        while (true) {
            try {
                appendNext();
            } catch (StorageFullException full) {
                return String.valueOf(full.getMessage());
            }
            assertThat(keptBytes()).isLessThanOrEqualTo(LIMIT);
        }
    }

    private long keptBytes() {
        return (log.endPosition() - log.firstPosition()) * FILLING.length();
    }

    private void assertFull(ThrowingCallable append) {
        long end = log.endPosition();
        assertThatThrownBy(append)
                .isInstanceOf(StorageFullException.class)
                .hasMessageContaining("limit=" + LIMIT)
                .hasMessageContaining("nothing was appended");
        assertThat(log.endPosition()).isEqualTo(end);
    }

    private static List<Integer> numbersOf(List<Event<String>> events) {
        return events.stream().map(RetentionContract::number).toList();
    }

    private static List<Integer> range(long from, long to) {
        var range = new ArrayList<Integer>();
        for (long i = from; i < to; i++) {
            range.add((int) i);
        }
        return range;
    }

    // ---- required consumers

    @Test
    void retentionKeepsWhatARequiredConsumerHasNotHandled() {
        if (!openPruning()) {
            return;
        }
        fill(SEGMENT + SEGMENT / 2);
        long start = log.endPosition();
        log.consumer(
                        ConsumerConfig.named("r")
                                .required()
                                .startAt(StartAt.latest())
                                .build(),
                        TEXT)
                .close();
        fill(6 * SEGMENT);
        // what is below it goes, also while it is closed
        untilPruned(0);
        fill(3 * SEGMENT);
        assertThat(log.consumers().get(0).checkpoint()).isEqualTo(start);
        assertThat(log.firstPosition()).isLessThanOrEqualTo(start);
        assertWhole();
        // opened without the option it is required all the same
        try (Consumer<String> consumer = consumer("r")) {
            fill(3 * SEGMENT);
            assertThat(log.firstPosition()).isLessThanOrEqualTo(start);
            assertThat(numbersOf(drain(consumer))).isEqualTo(range(start, appended));
            fill(SEGMENT);
            untilPruned(start);
        }
        assertWhole();
    }

    @Test
    void theSlowestRequiredConsumerCounts() {
        if (!openPruning()) {
            return;
        }
        try (Consumer<String> slow = required("slow");
                Consumer<String> fast = required("fast")) {
            for (int i = 0; i < 6; i++) {
                fill(SEGMENT);
                drain(fast);
            }
            assertThat(log.firstPosition()).isZero();
            slow.commit(slow.poll(NOW).get(10));
            fill(SEGMENT);
            assertThat(log.firstPosition()).isLessThanOrEqualTo(11);
            assertThat(numbersOf(drain(slow))).isEqualTo(range(11, appended));
            untilPruned(11);
        }
    }

    @Test
    void aRequiredSubscriptionWithLanesMissesNothing() {
        if (!openPruning()) {
            return;
        }
        var handler = new Recording();
        try (Subscription subscription = subscribe(impatient("r").required().parallel(3), handler)) {
            subscription.pause();
            fill(6 * SEGMENT);
            assertThat(log.firstPosition()).isZero();
            subscription.resume();
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
            fill(SEGMENT);
            untilPruned(0);
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(handler.handled).hasSize(appended);
    }

    @Test
    void aConsumerThatIsForgottenHoldsNothingBack() {
        if (!openPruning()) {
            return;
        }
        required("r").close();
        fill(6 * SEGMENT);
        assertThat(log.firstPosition()).isZero();
        log.forget("r");
        fill(SEGMENT);
        untilPruned(SEGMENT / FILLING.length());
        consumer("r").close();
        long first = log.firstPosition();
        fill(6 * SEGMENT);
        untilPruned(first + SEGMENT / FILLING.length());
    }

    @Test
    void onlyANameCanBeRequired() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConsumerConfig.unnamed().required().build())
                .withMessageContaining("required");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConsumerConfig.parkedBy("s").required().build())
                .withMessageContaining("required");
        // without retention it makes no difference
        appendNumbers(3);
        try (Consumer<String> consumer = required("c")) {
            assertThat(texts(drain(consumer))).isEqualTo(numbers(0, 3));
        }
        restart();
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(NOW)).isEmpty();
        }
    }

    // ---- the limit

    @Test
    void aFullLogFailsBeforeAnythingIsWrittenAndDropsNothing() {
        if (!open(WhenFull.FAIL)) {
            return;
        }
        try (Consumer<String> consumer = consumer("bystander")) {
            assertThat(fillUp()).contains("no consumer is required");
            assertThat(keptBytes()).isGreaterThan(LIMIT - SEGMENT);
            drain(consumer);
        }
        assertFull(this::appendNext);
        assertFull(() -> producer().appendAll(newEvents(FILLING, FILLING)));
        assertFull(() -> producer().append(NewEvent.of(KEY, FILLING).withId("id")));
        assertThat(log.firstPosition()).isZero();
        assertWhole();
    }

    @Test
    void aRequiredConsumerThatGoesOnMakesRoom() {
        if (!open(WhenFull.FAIL)) {
            return;
        }
        try (Consumer<String> consumer = required("r")) {
            var seen = new ArrayList<Integer>();
            for (int i = 0; i < 4; i++) {
                assertThat(fillUp()).contains("required consumer r needs events from position " + seen.size());
                assertFull(this::appendNext);
                seen.addAll(numbersOf(drain(consumer)));
                appendNext();
                assertThat(log.firstPosition()).isPositive().isLessThanOrEqualTo(seen.size());
            }
            seen.addAll(numbersOf(drain(consumer)));
            assertThat(seen).isEqualTo(range(0, appended));
        }
        assertWhole();
    }

    @Test
    void noMoreIsDroppedForRoomThanIsNeeded() {
        if (!open(WhenFull.FAIL)) {
            return;
        }
        try (Consumer<String> consumer = required("r")) {
            for (int i = 0; i < 12; i++) {
                fill(SEGMENT);
                drain(consumer);
            }
            until("some was dropped", () -> log.firstPosition() > 0);
            assertThat(keptBytes()).isGreaterThan(LIMIT - 2 * SEGMENT - SEGMENT / 8);
        }
    }

    @Test
    void forgettingTheOnlyRequiredConsumerMakesNoRoom() {
        if (!open(WhenFull.FAIL)) {
            return;
        }
        required("r").close();
        assertThat(fillUp()).contains("required consumer r");
        log.forget("r");
        assertFull(this::appendNext);
        assertThat(log.firstPosition()).isZero();
    }

    @Test
    void theOldestIsDroppedWhereThatIsAskedFor() {
        if (!open(WhenFull.DROP_OLDEST)) {
            return;
        }
        consumer("bystander").close();
        for (int i = 0; i < 24; i++) {
            fill(SEGMENT / 2);
            assertThat(keptBytes()).isLessThanOrEqualTo(LIMIT);
        }
        assertThat(log.firstPosition()).isPositive();
        assertThat(keptBytes()).isGreaterThan(LIMIT - 2 * SEGMENT - SEGMENT / 8);
        assertWhole();
    }

    @Test
    void whatARequiredConsumerNeedsIsNotDroppedEither() {
        if (!open(WhenFull.DROP_OLDEST)) {
            return;
        }
        fill(3 * SEGMENT);
        try (Consumer<String> consumer = required("r")) {
            long start = consumer.position();
            assertThat(fillUp()).contains("required consumer r");
            assertFull(this::appendNext);
            assertThat(log.firstPosition()).isLessThanOrEqualTo(start);
            assertThat(numbersOf(drain(consumer))).isEqualTo(range(start, appended));
            appendNext();
            assertThat(numbersOf(drain(consumer))).isEqualTo(range(appended - 1, appended));
        }
    }

    @Test
    void parkedEventsAreNotDropped() {
        if (!open(WhenFull.DROP_OLDEST)) {
            return;
        }
        fill(SEGMENT / 4);
        var handler = new Recording();
        handler.throwAt = "3:" + FILLING;
        try (Subscription subscription = subscribe(impatient("s"), handler)) {
            assertThat(subscription.awaitCaughtUp(LONG)).isTrue();
        }
        assertThat(fillUp()).contains("parked events of consumer s");
        assertThat(log.firstPosition()).isLessThanOrEqualTo(3);
        log.forget("s");
        appendNext();
        assertThat(log.firstPosition()).isGreaterThan(3);
    }

    @Test
    void appendsWaitForARequiredConsumerAndAllArrive() throws Exception {
        if (!open(WhenFull.BLOCK)) {
            return;
        }
        int count = (int) (12 * SEGMENT / FILLING.length());
        try (Consumer<String> consumer = required("r")) {
            Running<Boolean> appending = start(() -> {
                for (int i = 0; i < count; i++) {
                    appendNext();
                }
            });
            appending.awaitBlockedIn("makeRoom");
            var seen = new ArrayList<Integer>();
            while (seen.size() < count) {
                for (Event<String> event : consumer.poll(LONG)) {
                    seen.add(number(event));
                }
                assertThat(keptBytes()).isLessThanOrEqualTo(LIMIT);
                consumer.commit();
            }
            appending.join();
            assertThat(seen).isEqualTo(range(0, count));
            assertThat(log.firstPosition()).isPositive();
        }
    }

    @Test
    void severalThreadsWaitForRoomAndNothingIsLost() throws Exception {
        if (!open(WhenFull.BLOCK)) {
            return;
        }
        int count = (int) (8 * SEGMENT / FILLING.length());
        List<Running<Boolean>> appending = new ArrayList<>();
        try (Consumer<String> consumer = required("r")) {
            for (int t = 0; t < 3; t++) {
                String name = "p" + t;
                appending.add(start(() -> {
                    for (int i = 0; i < count / 4; i++) {
                        producer().append(name, FILLING);
                    }
                }));
            }
            appending.add(start(() -> {
                List<CompletableFuture<Long>> futures = new ArrayList<>();
                for (int i = 0; i < count / 4; i++) {
                    futures.add(producer().appendAsync(NewEvent.of("async", FILLING)));
                }
                producer().flush();
                for (int i = 1; i < futures.size(); i++) {
                    assertThat(futures.get(i).join())
                            .isGreaterThan(futures.get(i - 1).join());
                }
            }));
            int total = count / 4 * 4;
            long next = 0;
            while (next < total) {
                for (Event<String> event : consumer.poll(LONG)) {
                    assertThat(event.position()).isEqualTo(next++);
                }
                consumer.commit();
            }
        }
        for (Running<Boolean> each : appending) {
            each.join();
        }
    }

    @Test
    void anInterruptEndsTheWait() throws Exception {
        if (!open(WhenFull.BLOCK)) {
            return;
        }
        var full = new CountDownLatch(1);
        Running<Boolean> appending = start(() -> {
            try {
                while (true) {
                    appendNext();
                }
            } catch (StorageFullException interrupted) {
                assertThat(interrupted)
                        .hasMessageContaining("interrupted")
                        .hasMessageContaining("nothing was appended");
                assertThat(Thread.interrupted()).as("flag").isTrue();
                full.countDown();
            }
        });
        appending.awaitBlockedIn("makeRoom");
        appending.interrupt();
        assertThat(full.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        appending.join();
        assertThat(log.endPosition()).isEqualTo(appended);
        assertWhole();
        // the log is as it was: once somebody is required, and has read, there is room
        try (Consumer<String> consumer = required("r")) {
            drain(consumer);
            appendNext();
        }
    }

    @Test
    void aCloseEndsTheWaitOfAllAppends() throws Exception {
        if (!open(WhenFull.BLOCK)) {
            return;
        }
        Running<Boolean> appending = start(() -> {
            while (true) {
                appendNext();
            }
        });
        appending.awaitBlockedIn("makeRoom");
        CompletableFuture<Long> future = producer().appendAsync(NewEvent.of(KEY, FILLING));
        long end = log.endPosition();
        log.close();
        assertThatThrownBy(appending::join).isInstanceOf(LogClosedException.class);
        assertThatThrownBy(() -> future.get(LONG.toSeconds(), TimeUnit.SECONDS))
                .hasCauseInstanceOf(LogClosedException.class);
        if (reopens()) {
            log = reopen(clock);
            assertThat(log.endPosition()).isEqualTo(end);
        }
    }

    @Test
    void asynchronousAppendsWaitForRoom() throws Exception {
        if (!open(WhenFull.BLOCK)) {
            return;
        }
        try (Consumer<String> consumer = required("r")) {
            var gaveUp = new CountDownLatch(1);
            Running<Boolean> filling = start(() -> {
                try {
                    while (true) {
                        appendNext();
                    }
                } catch (StorageFullException interrupted) {
                    gaveUp.countDown();
                }
            });
            filling.awaitBlockedIn("makeRoom");
            filling.interrupt();
            filling.join();
            CompletableFuture<Long> future = producer().appendAsync(NewEvent.of(KEY, "0:" + FILLING));
            Running<Boolean> flushing = start(() -> producer().flush());
            flushing.awaitBlockedIn("flush");
            assertThat(future).isNotDone();
            flushing.interrupt();
            assertThatThrownBy(flushing::join)
                    .isInstanceOf(StorageFullException.class)
                    .hasMessageContaining("interrupted");
            drain(consumer);
            assertThat(future.get(LONG.toSeconds(), TimeUnit.SECONDS)).isEqualTo(appended);
            producer().flush();
        }
    }

    @Test
    void idsOfEventsThatFoundNoRoomAreNew() throws Exception {
        if (!open(WhenFull.FAIL)) {
            return;
        }
        NewEvent<String> known = NewEvent.of(KEY, FILLING).withId("known");
        NewEvent<String> late = NewEvent.of(KEY, FILLING).withId("late");
        try (Consumer<String> consumer = required("r")) {
            long first = producer().append(known);
            fillUp();
            for (int i = 0; i < 2; i++) {
                assertFull(() -> producer().appendAll(List.of(known, late)));
                assertFull(() -> producer().append(late));
                CompletableFuture<Long> future = producer().appendAsync(late);
                assertThatThrownBy(() -> future.get(LONG.toSeconds(), TimeUnit.SECONDS))
                        .hasCauseInstanceOf(StorageFullException.class);
                assertThat(producer().append(known)).as("needs no room").isEqualTo(first);
                assertThat(producer().appendAsync(known).get(LONG.toSeconds(), TimeUnit.SECONDS))
                        .as("needs no room either")
                        .isEqualTo(first);
            }
            while (!consumer.poll(Duration.ZERO).isEmpty()) {
                consumer.commit();
            }
            long end = log.endPosition();
            assertThat(producer().appendAll(List.of(known, late, NewEvent.of(KEY, FILLING))))
                    .isEqualTo(end + 1);
            assertThat(producer().append(late)).isEqualTo(end);
            assertThat(producer().append(known)).isEqualTo(first);
            assertThat(log.endPosition()).isEqualTo(end + 2);
        }
    }

    @Test
    void identifiedEventsThatWaitForRoomAreAppendedOnce() throws Exception {
        if (!open(WhenFull.BLOCK)) {
            return;
        }
        NewEvent<String> known = NewEvent.of(KEY, FILLING).withId("known");
        NewEvent<String> late = NewEvent.of(KEY, FILLING).withId("late");
        try (Consumer<String> consumer = required("r")) {
            long first = producer().append(known);
            Running<Boolean> filling = start(() -> {
                while (true) {
                    producer().append(KEY, FILLING);
                }
            });
            filling.awaitBlockedIn("makeRoom");
            List<CompletableFuture<Long>> futures = new ArrayList<>();
            // no more than find a place where those before wait for room, or this would wait with them
            for (int i = 0; i < 2; i++) {
                futures.add(producer().appendAsync(known));
                futures.add(producer().appendAsync(late));
            }
            List<Running<Boolean>> waiting = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                waiting.add(start(() -> {
                    producer().appendAll(List.of(known, late));
                }));
                waiting.get(i).awaitBlockedIn("makeRoom");
            }
            filling.interrupt();
            assertThatThrownBy(filling::join).isInstanceOf(StorageFullException.class);
            long end = log.endPosition();
            while (!consumer.poll(Duration.ZERO).isEmpty()) {
                consumer.commit();
            }
            for (Running<Boolean> each : waiting) {
                each.join();
            }
            for (int i = 0; i < futures.size(); i++) {
                assertThat(futures.get(i).get(LONG.toSeconds(), TimeUnit.SECONDS))
                        .isEqualTo(i % 2 == 0 ? first : end);
            }
            assertThat(log.endPosition()).isEqualTo(end + 1);
        }
    }

    @Test
    void asynchronousAppendsAreToldThatThereIsNoRoom() throws Exception {
        if (!open(WhenFull.FAIL)) {
            return;
        }
        try (Consumer<String> consumer = required("r")) {
            fillUp();
            for (int i = 0; i < 3; i++) {
                CompletableFuture<Long> future = producer().appendAsync(NewEvent.of(KEY, FILLING));
                assertThatThrownBy(() -> future.get(LONG.toSeconds(), TimeUnit.SECONDS))
                        .hasCauseInstanceOf(StorageFullException.class);
            }
            assertThat(log.endPosition()).isEqualTo(appended);
            drain(consumer);
            CompletableFuture<Long> future = producer().appendAsync(NewEvent.of(KEY, FILLING));
            assertThat(future.get(LONG.toSeconds(), TimeUnit.SECONDS)).isEqualTo(appended);
        }
    }

    @Test
    void newTypesAndSourcesNeedRoomToo() {
        if (!open(WhenFull.FAIL)) {
            return;
        }
        fillUp();
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 10_000; i++) {
                        log.producer("source-" + i, TEXT).append(KEY, "x");
                    }
                })
                .isInstanceOf(StorageFullException.class);
        assertThat(read(EventQuery.all())).hasSize((int) log.endPosition());
    }
}
