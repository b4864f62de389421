package dev.eventlog.internal.journal;

import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.frame.FrameBuilder;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Who may append the outputs of which consumer to a journal, and how far each has come. A consumer that is claimed anew is
 * taken from who had it: what that one appends from there on is refused, so nothing comes twice.
 *
 * <p><b>Threading:</b> Thread-safe. Claims change, and progress is made, under the append lock only.
 */
final class Claims {

    private final Journal journal;
    private final ProgressTable table;
    // guarded by the append lock
    private final Map<ProgressTable.Key, Held> held = new HashMap<>();

    Claims(Journal journal, ProgressTable table) {
        this.journal = journal;
        this.table = table;
    }

    ProgressTable table() {
        return table;
    }

    /** Takes a consumer, from whoever had it. */
    Held take(UUID logId, String consumer) {
        AppendLock lock = journal.appendLock();
        lock.lock();
        try {
            journal.requireWritable();
            return takeLocked(logId, consumer);
        } finally {
            lock.unlock();
        }
    }

    private Held takeLocked(UUID logId, String consumer) {
        ReadJournal.Progress told = table.get(logId, consumer);
        if (told == null && !table.hasRoom()) {
            throw new IllegalStateException("log has the outputs of " + ProgressTable.MAX_ENTRIES
                    + " consumers already, each of which it remembers: consumer=" + consumer
                    + "; use fewer names, or another log");
        }
        var key = new ProgressTable.Key(logId, consumer);
        var taken = new Held(key, told, journal.endPosition());
        held.put(key, taken);
        return taken;
    }

    /** A consumer's outputs, in one hand. <b>Threading:</b> One thread at a time: the consumer's; {@link #end} is for any. */
    final class Held implements Journal.Claim {

        private final ProgressTable.Key key;
        private final ReadJournal.@Nullable Progress told;
        private final long endPosition;
        private int extension;

        private Held(ProgressTable.Key key, ReadJournal.@Nullable Progress told, long endPosition) {
            this.key = key;
            this.told = told;
            this.endPosition = endPosition;
        }

        @Override
        public ReadJournal.@Nullable Progress told() {
            return told;
        }

        @Override
        public long endPosition() {
            return endPosition;
        }

        @Override
        public void begin(FrameBuilder frame) {
            extension = ProgressFormat.extend(frame, key.consumer().length());
        }

        @Override
        public long append(FrameBuilder frame, ReadJournal.Progress reached, boolean durable) {
            ProgressFormat.put(frame.buffer(), extension, reached);
            frame.finish();
            return journal.append(frame, durable, this, reached);
        }

        /** Fails if it is somebody else's by now; the append lock is held. */
        @SuppressWarnings("ReferenceEquality") // a claim is itself only
        void require() {
            if (held.get(key) != this) {
                throw new LogClosedException(
                        "outputs are not appended, the consumer was closed or is another one's: consumer="
                                + key.consumer() + "; its events come again");
            }
        }

        @Override
        public void end() {
            AppendLock lock = journal.appendLock();
            lock.lock();
            try {
                held.remove(key, this);
            } finally {
                lock.unlock();
            }
        }
    }
}
