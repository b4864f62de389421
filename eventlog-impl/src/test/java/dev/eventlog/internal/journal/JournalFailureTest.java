package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.eventlog.error.LogClosedException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.StorageFullException;
import java.io.IOException;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a journal does when its store fails at each step of an append, a roll, a force and the close. */
@Timeout(300)
class JournalFailureTest {

    private final FaultyStore store = new FaultyStore();
    private final Journal journal = Journals.on(store);

    private void rollWith(int length) {
        long segment = journal.segments().all().length;
        while (journal.segments().all().length == segment) {
            Journals.append(journal, length);
        }
    }

    @Test
    void errorOfTheWriteHasAnUnknownOutcomeAndStopsTheLog() {
        Journals.append(journal, 10);
        store.onWrite = new InternalError("page fault");
        assertUnknown();
        store.onWrite = null;
        assertStopped();
        assertThat(Journals.count(journal, 0)).isOne();
    }

    @Test
    void errorBehindTheWriteHasAnUnknownOutcomeAndStopsTheLog() {
        Journals.append(journal, 10);
        store.onPublish = new InternalError("state file was cut");
        assertUnknown();
        store.onPublish = null;
        assertStopped();
        assertThat(Journals.count(journal, 0)).isOne();
    }

    @Test
    void errorInTheMiddleOfARollStopsTheLog() {
        Journals.append(journal, 10);
        store.onSeal = new OutOfMemoryError("test");
        assertThatThrownBy(() -> rollWith(8000)).isNotNull();
        long end = journal.endPosition();
        store.onSeal = null;
        assertStopped();
        assertThat(Journals.count(journal, 0)).isEqualTo(end);
    }

    @Test
    void failureToBeginASegmentChangesNothing() {
        Journals.append(journal, 10);
        store.onBegin = new IOException("No space left on device");
        assertThatThrownBy(() -> rollWith(8000)).isInstanceOf(StorageFullException.class);
        store.onBegin = null;
        rollWith(8000);
        assertThat(Journals.count(journal, 0)).isEqualTo(journal.endPosition());
    }

    @Test
    void failedForceIsNotTriedAgain() {
        Journals.append(journal, 10);
        store.onForce = new IOException("Input/output error");
        assertThat(catchThrowableOfType(LogFailedException.class, journal::force)
                        .isOutcomeUnknown())
                .isTrue();
        store.onForce = null;
        assertThatThrownBy(journal::force).isInstanceOf(LogFailedException.class);
        assertStopped();
        assertThat(Journals.count(journal, 0)).isOne();
    }

    @Test
    void closeFreesEverythingAlsoIfTheLastFrameCannotBeWritten() {
        Journals.append(journal, 10);
        store.onWrite = new InternalError("page fault");
        store.onForce = new IOException("not forced");
        assertThatThrownBy(journal::close)
                .isInstanceOf(LogFailedException.class)
                .hasMessageContaining("appended from 0");
        assertThat(store.closed).isTrue();
        journal.close();
        assertThatThrownBy(() -> Journals.append(journal, 10)).isInstanceOf(LogClosedException.class);
    }

    @Test
    void readerMadeWhileAnEmptySegmentIsReplacedReadsOn() {
        var readers = new ArrayList<JournalReader>();
        store.beforeWrite = () -> readers.add(journal.newReader());
        // does not fit the first segment, which has no event yet
        Journals.append(journal, 100_000);
        store.beforeWrite = () -> {};
        for (JournalReader reader : readers) {
            assertThat(reader.next()).isTrue();
            assertThat(reader.next()).isFalse();
        }
    }

    private void assertUnknown() {
        LogFailedException thrown = catchThrowableOfType(LogFailedException.class, () -> Journals.append(journal, 10));
        assertThat(thrown.isOutcomeUnknown()).isTrue();
        assertThat(journal.failure()).isNotNull();
    }

    private void assertStopped() {
        LogFailedException thrown = catchThrowableOfType(LogFailedException.class, () -> Journals.append(journal, 10));
        assertThat(thrown.isOutcomeUnknown()).isFalse();
    }
}
