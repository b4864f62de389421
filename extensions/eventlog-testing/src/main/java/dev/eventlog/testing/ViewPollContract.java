package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.Event;
import dev.eventlog.EventView;
import dev.eventlog.StartAt;
import dev.eventlog.ViewHandler;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@link Consumer#poll(ViewHandler, int)}: what it hands over, when it commits, and what comes again when its handler fails. */
abstract class ViewPollContract extends ConsumerContract {

    /** Keeps the texts it gets, throws where told. <b>Threading:</b> One thread at a time: the consumer's. */
    static final class Collecting implements ViewHandler<String> {

        final List<String> seen = new ArrayList<>();
        final List<Integer> batches = new ArrayList<>();
        String throwAt = "nowhere";
        boolean throwAtEnd;
        Runnable atEnd = () -> {};

        @Override
        public void onEvent(EventView<String> event) {
            if (event.data().equals(throwAt)) {
                throw new IllegalStateException("handler failed on purpose");
            }
            seen.add(event.data());
        }

        @Override
        public void onBatchEnd(int count) {
            batches.add(count);
            atEnd.run();
            if (throwAtEnd) {
                throw new IllegalStateException("flush failed on purpose");
            }
        }
    }

    @Test
    void borrowedPollHandsOverInOrderAndCommits() {
        appendNumbers(5);
        var handler = new Collecting();
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(handler, 2)).isEqualTo(2);
            assertThat(consumer.poll(handler, 100)).isEqualTo(3);
            assertThat(consumer.poll(handler, 100)).isZero();
        }
        assertThat(handler.seen).containsExactly("0", "1", "2", "3", "4");
        assertThat(handler.batches).containsExactly(2, 3);
        restart();
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(handler, 1)).isZero();
        }
    }

    @Test
    void onBatchEndComesBeforeTheCheckpoint() {
        appendNumbers(3);
        var handler = new Collecting();
        try (Consumer<String> consumer = consumer("c")) {
            handler.atEnd = () -> assertThat(log.consumers().get(0).lag())
                    .as("not committed yet")
                    .isEqualTo(3);
            assertThat(consumer.poll(handler, 10)).isEqualTo(3);
            assertThat(log.consumers().get(0).lag()).isZero();
        }
        assertThat(handler.batches).containsExactly(3);
    }

    @Test
    void throwingHandlerKeepsTheCursorAtThatEventAndTheCheckpointWhereItWas() {
        appendNumbers(4);
        var handler = new Collecting();
        handler.throwAt = "2";
        try (Consumer<String> consumer = consumer("c")) {
            assertThatThrownBy(() -> consumer.poll(handler, 10)).hasMessage("handler failed on purpose");
            assertThat(handler.seen).containsExactly("0", "1");
            assertThat(handler.batches).isEmpty();
            assertThat(consumer.status().lag()).isEqualTo(4);
            assertThatThrownBy(() -> consumer.poll(handler, 10)).hasMessage("handler failed on purpose");
            assertThat(handler.seen).containsExactly("0", "1");
            handler.throwAt = "nowhere";
            assertThat(consumer.poll(handler, 10)).isEqualTo(2);
            assertThat(handler.seen).containsExactly("0", "1", "2", "3");
            assertThat(handler.batches).as("events since the last onBatchEnd").containsExactly(4);
            assertThat(consumer.status().lag()).isZero();
        }
    }

    @Test
    void aThrowIsForgottenWithTheConsumerAndAllComesAgain() {
        appendNumbers(3);
        var handler = new Collecting();
        handler.throwAt = "2";
        try (Consumer<String> consumer = consumer("c")) {
            assertThatThrownBy(() -> consumer.poll(handler, 10)).hasMessage("handler failed on purpose");
        }
        restart();
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(texts(consumer.poll(NOW))).containsExactly("0", "1", "2");
        }
    }

    @Test
    void throwingOnBatchEndKeepsTheCheckpointAndAllComesAgain() {
        appendNumbers(3);
        var handler = new Collecting();
        handler.throwAtEnd = true;
        try (Consumer<String> consumer = consumer("c")) {
            assertThatThrownBy(() -> consumer.poll(handler, 10)).hasMessage("flush failed on purpose");
            assertThat(consumer.status().lag()).isEqualTo(3);
            handler.throwAtEnd = false;
            assertThat(consumer.poll(handler, 10)).isEqualTo(3);
            assertThat(handler.seen).containsExactly("0", "1", "2", "0", "1", "2");
        }
    }

    @Test
    void throwingOnBatchEndAfterASeekGoesBackToTheSeek() {
        appendNumbers(3);
        var handler = new Collecting();
        try (Consumer<String> consumer = consumer("c")) {
            drain(consumer);
            consumer.seek(StartAt.earliest());
            handler.throwAtEnd = true;
            assertThatThrownBy(() -> consumer.poll(handler, 2)).hasMessage("flush failed on purpose");
            handler.throwAtEnd = false;
            assertThat(consumer.poll(handler, 10)).isEqualTo(3);
        }
        assertThat(handler.seen).containsExactly("0", "1", "0", "1", "2");
    }

    @Test
    void borrowedAndOwnedPollsGoOnFromEachOther() {
        appendNumbers(6);
        var handler = new Collecting();
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(NOW)).hasSize(6);
            assertThat(consumer.poll(handler, 2)).as("nothing was committed").isEqualTo(2);
            assertThat(handler.seen).containsExactly("0", "1");
            List<Event<String>> batch = consumer.poll(NOW);
            assertThat(texts(batch)).containsExactly("2", "3", "4", "5");
            consumer.commit(batch.get(0));
            assertThat(consumer.poll(handler, 1)).isEqualTo(1);
            assertThat(handler.seen).containsExactly("0", "1", "3");
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.commit(batch.get(3)));
        }
    }

    @Test
    void commitBehindAFailedHandlerCommitsTheSeekAndNotWhatWasNotFlushed() {
        appendNumbers(4);
        var handler = new Collecting();
        handler.throwAt = "2";
        try (Consumer<String> consumer = consumer("c")) {
            drain(consumer);
            consumer.seek(StartAt.earliest());
            assertThatThrownBy(() -> consumer.poll(handler, 10)).hasMessage("handler failed on purpose");
            consumer.commit();
            assertThat(consumer.status().lag()).as("checkpoint is at the seek").isEqualTo(4);
            handler.throwAt = "nowhere";
            assertThat(consumer.poll(handler, 1))
                    .as("goes on at the failed event")
                    .isEqualTo(1);
            assertThat(handler.batches).containsExactly(3);
            assertThat(consumer.status().lag()).isEqualTo(1);
            consumer.seek(StartAt.earliest());
            handler.throwAt = "2";
            assertThatThrownBy(() -> consumer.poll(handler, 10)).hasMessage("handler failed on purpose");
            consumer.commit();
        }
        restart();
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(texts(consumer.poll(NOW))).containsExactly("0", "1", "2", "3");
        }
    }

    @Test
    void commitBehindAFailedFlushCommitsTheSeekOnly() {
        appendNumbers(3);
        var handler = new Collecting();
        handler.throwAtEnd = true;
        try (Consumer<String> consumer = consumer("c")) {
            drain(consumer);
            consumer.seek(StartAt.earliest());
            assertThatThrownBy(() -> consumer.poll(handler, 2)).hasMessage("flush failed on purpose");
            consumer.commit();
        }
        restart();
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(texts(consumer.poll(NOW))).containsExactly("0", "1", "2");
        }
    }

    @Test
    void commitWithoutASeekBehindAFailedHandlerDoesNothing() {
        appendNumbers(3);
        var handler = new Collecting();
        handler.throwAt = "2";
        try (Consumer<String> consumer = consumer("c")) {
            assertThatThrownBy(() -> consumer.poll(handler, 10)).hasMessage("handler failed on purpose");
            assertThat(consumer.await(NOW)).isTrue();
            consumer.commit();
            assertThat(consumer.status().lag()).isEqualTo(3);
        }
    }

    @Test
    void anOwnedPollBehindAFailedHandlerBringsWhatWasNotFlushedAgain() {
        appendNumbers(4);
        var handler = new Collecting();
        handler.throwAt = "2";
        try (Consumer<String> consumer = consumer("c")) {
            assertThat(consumer.poll(handler, 1)).isEqualTo(1);
            assertThatThrownBy(() -> consumer.poll(handler, 10)).hasMessage("handler failed on purpose");
            List<Event<String>> batch = consumer.poll(NOW);
            assertThat(texts(batch)).as("0 was flushed, 1 was not").containsExactly("1", "2", "3");
            consumer.commit(batch.get(0));
            assertThat(consumer.status().lag()).isEqualTo(2);
        }
        restart();
        try (Consumer<String> consumer = consumer("c")) {
            assertThatThrownBy(() -> consumer.poll(handler, 10)).hasMessage("handler failed on purpose");
            assertThat(texts(consumer.poll(NOW))).containsExactly("2", "3");
            consumer.commit();
            append("4");
            handler.batches.clear();
            assertThat(consumer.poll(handler, 10)).isEqualTo(1);
            assertThat(handler.batches).as("what was committed needs no flush").containsExactly(1);
        }
    }
}
