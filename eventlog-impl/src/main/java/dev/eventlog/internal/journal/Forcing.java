package dev.eventlog.internal.journal;

import dev.eventlog.EventLogConfig;
import dev.eventlog.error.LogFailedException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Makes what was appended to a journal survive a power cut: for threads that wait for it, who share forces, and for the I/O
 * thread, which does so now and then. A force that failed stops the journal.
 *
 * <p><b>Threading:</b> Thread-safe. Called without the append lock.
 */
final class Forcing {

    private final Journal journal;
    private final SegmentStore store;
    private final GroupCommit commit;
    // written by forcing threads, read by them
    private volatile @Nullable Written forced;

    /** What had been written at some moment. */
    record Written(SegmentWriter writer, long basePosition, long endOffset, long endPosition) {}

    Forcing(Journal journal, SegmentStore store, EventLogConfig config) {
        this.journal = journal;
        this.store = store;
        commit = new GroupCommit(
                store::durablePosition,
                () -> force(journal.written()),
                this::waitingBytes,
                new GroupCommit.Gathering(config.groupWait().toNanos(), config.groupBytes()),
                journal.clock());
    }

    /** Waits until everything below a position survives a power cut. */
    void await(long end) {
        commit.await(end);
    }

    @SuppressWarnings("ReferenceEquality") // a writer is itself only
    private long waitingBytes() {
        Written now = journal.written();
        Written last = forced;
        return now.endOffset() - (last != null && last.writer() == now.writer() ? last.endOffset() : 0);
    }

    /** Forces, on the calling thread. */
    void force(Written written) {
        try {
            store.force(written.writer(), written.basePosition(), written.endOffset(), written.endPosition());
        } catch (IOException e) {
            throw failed(e, written.endPosition());
        }
        forced = written;
    }

    private LogFailedException failed(IOException error, long end) {
        journal.fail(error);
        return new LogFailedException(
                "forcing failed and its outcome is unknown, events from " + store.durablePosition() + " to " + end
                        + " may not survive a power cut" + journal.place() + " (" + error.getMessage()
                        + "); the log takes no further append. Close it and open it again",
                true,
                error);
    }
}
