package dev.eventlog.internal.log;

import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.journal.Journal;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Builders that a log's producers use in turn, so that appending allocates nothing. Slots rather than thread-locals: a
 * million virtual threads must not keep a million buffers.
 *
 * <p><b>Threading:</b> Thread-safe. <b>Allocation:</b> none while no more threads than slots append at once.
 */
final class FramePool {

    private static final int SLOTS = 64;
    private static final int PROBES = 8;
    /** References of a cache line or two: threads that append at once write to lines of their own. */
    private static final int SPREAD = 32;

    private final Journal journal;
    private final AtomicReferenceArray<@Nullable FrameBuilder> slots = new AtomicReferenceArray<>(SLOTS * SPREAD);

    FramePool(Journal journal) {
        this.journal = journal;
    }

    /** A builder that nobody else uses. */
    FrameBuilder take() {
        int first = slot();
        for (int i = 0; i < PROBES; i++) {
            int slot = ((first + i) & (SLOTS - 1)) * SPREAD;
            if (slots.getPlain(slot) != null) {
                FrameBuilder taken = slots.getAndSet(slot, null);
                if (taken != null) {
                    return taken;
                }
            }
        }
        return journal.newFrame();
    }

    /** Gives a builder back. */
    void give(FrameBuilder frame) {
        if (!frame.isKept()) {
            return;
        }
        int first = slot();
        for (int i = 0; i < PROBES; i++) {
            int slot = ((first + i) & (SLOTS - 1)) * SPREAD;
            if (slots.getPlain(slot) == null && slots.compareAndSet(slot, null, frame)) {
                return;
            }
        }
    }

    private static int slot() {
        long id = Thread.currentThread().getId();
        return (int) ((id * 0x9e3779b97f4a7c15L) >>> 58);
    }
}
