package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.NewEvent;
import dev.eventlog.error.AppendConflictException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Appends that depend on what is in the log, when something goes wrong or comes in between. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GuardedAppendsTest {

    private static final Codec<ByteBuffer> CODEC = Codec.bytes("test");

    private final FaultyStore store = new FaultyStore();
    private final Journal journal = Journals.on(store);

    private FrameBuilder frame(String... ids) {
        FrameBuilder frame = journal.newFrame();
        frame.begin(FrameDescriptor.KIND_DATA);
        ByteBuffer data = ByteBuffer.allocate(10);
        int schema = journal.schemaNumber(CODEC.schema(data));
        for (String id : ids) {
            frame.add(CODEC, NewEvent.of(data).withId(id), schema, journal.sourceNumber("test"));
        }
        return frame;
    }

    private long append(String... ids) {
        FrameBuilder frame = frame(ids);
        frame.finish();
        return journal.appendGuarded(frame, null, false);
    }

    private static Throwable failure(java.util.concurrent.CompletableFuture<Long> future) throws Exception {
        try {
            throw new AssertionError("completed at " + future.get(30, TimeUnit.SECONDS));
        } catch (ExecutionException failed) {
            return failed.getCause();
        }
    }

    @Test
    void appendThatFindsNoRoomLeavesItsIdsUnknown() {
        assertThat(append("a")).isZero();
        store.onReserve = new IOException("No space left on device");
        assertThatThrownBy(() -> append("b")).isInstanceOf(StorageFullException.class);
        assertThatThrownBy(() -> append("a", "b", "c")).isInstanceOf(StorageFullException.class);
        // needs no room
        assertThat(append("a")).isZero();
        store.onReserve = null;
        assertThat(append("c", "b")).isEqualTo(2);
        assertThat(append("a", "b", "c")).isEqualTo(1);
        assertThat(Journals.count(journal, 0)).isEqualTo(3);
    }

    @Test
    void asynchronousAppendThatFindsNoRoomLeavesItsIdsUnknown() throws Exception {
        assertThat(append("a")).isZero();
        store.onReserve = new IOException("No space left on device");
        assertThat(failure(journal.appendAsync(frame("b"), false))).isInstanceOf(StorageFullException.class);
        store.onReserve = null;
        assertThat(journal.appendAsync(frame("b"), false).get(30, TimeUnit.SECONDS))
                .isOne();
        assertThat(journal.appendAsync(frame("b"), false).get(30, TimeUnit.SECONDS))
                .isOne();
        assertThat(Journals.count(journal, 0)).isEqualTo(2);
    }

    @Test
    void failedJournalTellsNoFirstPositions() throws Exception {
        assertThat(append("a")).isZero();
        store.onWrite = new InternalError("page fault");
        assertThatThrownBy(() -> append("b"))
                .isInstanceOfSatisfying(
                        LogFailedException.class,
                        failed -> assertThat(failed.isOutcomeUnknown()).isTrue());
        store.onWrite = null;
        assertThatThrownBy(() -> append("a"))
                .isInstanceOfSatisfying(
                        LogFailedException.class,
                        failed -> assertThat(failed.isOutcomeUnknown()).isFalse());
        assertThatThrownBy(() -> journal.appendAsync(frame("a"), false)).isInstanceOf(LogFailedException.class);
    }

    /** Searches nothing by itself: other events come each time that it has looked. */
    private final class Overtaken implements Journal.Condition {

        private long searched;
        private long forbidden = Long.MAX_VALUE;
        private int searches;
        private int overtakings;
        private int events;

        @Override
        public long search(long end) {
            searches++;
            searched = end;
            if (overtakings-- > 0) {
                // while nobody holds the lock
                FrameBuilder other = Journals.frame(journal, events, 10);
                long unused = journal.append(other, false);
            }
            return forbidden < end ? forbidden : NO_CONFLICT;
        }

        @Override
        public long searched() {
            return searched;
        }
    }

    private long append(Overtaken condition) {
        return journal.appendGuarded(Journals.frame(journal, 1, 10), condition, false);
    }

    @Test
    void whatComesBehindTheSearchIsSearchedToo() {
        for (int events : new int[] {1, 64, 65, 500}) {
            var condition = new Overtaken();
            condition.overtakings = 1;
            condition.events = events;
            long before = journal.endPosition();
            assertThat(append(condition)).isEqualTo(before + events);
            assertThat(condition.searched()).isEqualTo(before + events);
            // few of them under the lock, many without it first
            assertThat(condition.searches).isEqualTo(2);
        }
    }

    @Test
    void eventThatComesBehindTheSearchIsInConflict() {
        for (int events : new int[] {1, 500}) {
            var condition = new Overtaken();
            condition.overtakings = 1;
            condition.events = events;
            long end = journal.endPosition() + events;
            condition.forbidden = end - 1;
            assertThatThrownBy(() -> append(condition))
                    .isInstanceOfSatisfying(
                            AppendConflictException.class,
                            conflict -> assertThat(conflict.position()).isEqualTo(end - 1));
            assertThat(journal.endPosition()).isEqualTo(end);
        }
    }

    @Test
    void whoIsOvertakenAgainAndAgainIsDoneAllTheSame() {
        var condition = new Overtaken();
        condition.overtakings = 17;
        condition.events = 100;
        assertThat(append(condition)).isEqualTo(1_700);
        assertThat(condition.searches).isEqualTo(18);
    }
}
