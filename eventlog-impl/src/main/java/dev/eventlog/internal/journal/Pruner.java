package dev.eventlog.internal.journal;

import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.file.IoThread;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Prunes a journal by the rule of {@link Retention}: when it is opened, behind each segment that is sealed, and each second.
 *
 * <p>Takes no lock: an appender may hold the append lock and wait for the I/O thread, and a reader the monitor of a segment.
 *
 * <p><b>Threading:</b> Thread-safe: works on the I/O thread.
 */
final class Pruner {

    private static final Logger LOGGER = LoggerFactory.getLogger(Pruner.class);
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Journal journal;
    private final SegmentStore store;
    private final EventLogConfig config;
    private final Supplier<ReadJournal.Needs> needed;
    private final LongConsumer pruned;
    private final IoThread io;
    // on the I/O thread
    private @Nullable Retention retention;
    // a failure that goes on is told once, and so is who holds back
    private boolean isFailing;
    private @Nullable String holder;
    // on the I/O thread, read by any; published by volatile
    private volatile ReadJournal.Needs needs = ReadJournal.Needs.NONE;

    Pruner(
            Journal journal,
            SegmentStore store,
            EventLogConfig config,
            Supplier<ReadJournal.Needs> needed,
            LongConsumer pruned,
            IoThread io) {
        this.journal = journal;
        this.store = store;
        this.needed = needed;
        this.pruned = pruned;
        this.io = io;
        this.config = config;
    }

    /** Prunes now, and each second from here on. */
    void start() {
        try {
            io.run(this::prune);
        } catch (IOException e) {
            throw new IllegalStateException("prune handles its own errors", e);
        }
        io.every(PAUSE_NANOS, () -> {
            store.release();
            prune();
        });
    }

    /** Prunes behind what the I/O thread was told before. */
    void later() {
        io.later(this::prune);
    }

    /**
     * Prunes now what the limit of the log does not keep, as far as it may go; waits for it.
     *
     * @param missing so many bytes are to go
     */
    void makeRoom(long missing) {
        try {
            io.run(() -> prune(missing));
        } catch (IOException e) {
            throw new IllegalStateException("prune handles its own errors", e);
        }
    }

    /** Why there is no room, and what to do. */
    String whyNothingGoes() {
        ReadJournal.Needs last = needs;
        if (config.whenFull() != EventLogConfig.WhenFull.DROP_OLDEST && !last.isAnyRequired()) {
            return "no consumer is required, so nothing may go; make those required whose events must stay, keep events"
                    + " less long, or set a greater limit";
        }
        return last.position() == Long.MAX_VALUE
                ? "segments that could go are not sealed yet, or cannot be deleted; look into the log's messages"
                : last.who() + " needs events from position " + last.position()
                        + " on; let it go on, or forget the consumer";
    }

    private void prune() {
        prune(0);
    }

    private void prune(long missing) {
        if (journal.isClosed() || journal.failure() != null) {
            return;
        }
        try {
            pruneNow(missing);
            isFailing = false;
        } catch (IOException | RuntimeException e) {
            if (!isFailing) {
                LOGGER.warn("old segments could not be pruned; it is tried again each second", e);
            }
            isFailing = true;
        }
    }

    private void pruneNow(long missing) throws IOException {
        Segment[] segments = journal.segments().all();
        Retention rule = rule(segments);
        long limit = store.recordedPosition();
        Retention.Verdict verdict = rule.judge(segments, limit, missing);
        if (verdict.count() == 0) {
            holder = null;
            return;
        }
        // before it is asked what is needed: another process that has events parked meanwhile sees it, or is seen
        store.announcePruning(segments[verdict.count() - 1].endPosition());
        try {
            pruneUnneeded(rule, segments, limit, missing);
        } finally {
            store.announcePruning(0);
        }
    }

    private void pruneUnneeded(Retention rule, Segment[] segments, long limit, long missing) throws IOException {
        // asked only now: it may look at many files
        ReadJournal.Needs now = needed.get();
        needs = now;
        boolean isRoomMade = config.whenFull() == EventLogConfig.WhenFull.DROP_OLDEST || now.isAnyRequired();
        long made = isRoomMade ? missing : Retention.NO_ROOM;
        Retention.Verdict verdict = rule.judge(segments, Math.min(limit, now.position()), made);
        tellHolder(now, rule.judge(segments, limit, made).count() > verdict.count());
        if (verdict.count() == 0) {
            return;
        }
        int count = verdict.count();
        List<Segment> old = List.copyOf(Arrays.asList(segments).subList(0, count));
        store.prune(old, verdict.timeNanos(), () -> journal.segments().removeOldest(count));
        rule.pruned(verdict);
        LOGGER.debug("pruned: {} to {}", old.get(0), old.get(count - 1));
        pruned.accept(journal.firstPosition());
    }

    /** Says once who holds back what is no longer to be kept. */
    private void tellHolder(ReadJournal.Needs now, boolean isHeldBack) {
        if (!isHeldBack) {
            holder = null;
        } else if (!now.who().equals(holder)) {
            holder = now.who();
            LOGGER.warn(
                    "retention is held back: {} needs events from position {} on; let it go on, or forget the consumer",
                    now.who(),
                    now.position());
        }
    }

    /** Made here, since the clock may be a user's, which may fail. */
    private Retention rule(Segment[] segments) {
        Retention known = retention;
        if (known == null) {
            known = new Retention(config, journal.clock(), store.prunedTimeNanos(), segments);
            retention = known;
        }
        return known;
    }
}
