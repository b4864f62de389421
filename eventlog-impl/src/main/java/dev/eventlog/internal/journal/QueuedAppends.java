package dev.eventlog.internal.journal;

import dev.eventlog.internal.frame.FrameBuilder;

/**
 * What the queue of asynchronous appends does with its journal.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class QueuedAppends implements AppendQueue.Target {

    private final Journal journal;
    private final GuardedAppends guarded;
    private final LogLimit limit;

    QueuedAppends(Journal journal, GuardedAppends guarded, LogLimit limit) {
        this.journal = journal;
        this.guarded = guarded;
        this.limit = limit;
    }

    @Override
    public long appendLocked(FrameBuilder frame, long nowNanos) {
        return journal.appendLocked(frame, nowNanos);
    }

    @Override
    public long appendLocked(AppendBatch batch, long nowNanos) {
        return guarded.appendLocked(batch, nowNanos);
    }

    @Override
    public void drain() {
        for (int attempt = 0; ; attempt++) {
            LogLimit.Reached full = journal.tryDrain();
            if (full == null || (attempt > 0 && limit.isBlocking())) {
                return;
            }
            try {
                limit.makeRoom(full, attempt);
            } catch (RuntimeException noRoom) {
                refuseStalled(noRoom);
            }
        }
    }

    @Override
    public void refuseStalled(Throwable reason) {
        journal.refuseStalled(reason);
    }

    @Override
    public void awaitDurable(long end) {
        journal.awaitDurable(end);
    }
}
