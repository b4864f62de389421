package dev.eventlog.internal.journal;

import java.io.IOException;
import java.lang.ref.SoftReference;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One file, or memory area, of the journal: where it begins and, once sealed, where it ends, and its bytes for reading.
 *
 * <p>Mapped bytes are shared by all readers and go when the last of them moved on and the garbage collector noticed; the
 * segment that is being written keeps its own. Readers say when they {@link #enter} and {@link #leave}, so that the storage of
 * a pruned segment can be given back with the last one. One that never says so is found out when its bytes are collected.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class Segment {

    /** {@link #endOffset()} and {@link #endPosition()} of a segment that is being written. */
    static final long OPEN = Long.MAX_VALUE;

    private final long number;
    private final int epoch;
    private final long basePosition;

    // written by the holder of the append lock, read by any thread; published by the volatile endOffset
    private long endPosition = OPEN;
    private long firstTimeNanos;
    private long lastTimeNanos = Long.MAX_VALUE;
    private int lastCrc;
    private volatile long endOffset = OPEN;

    // written before the segment is handed over to be sealed, and on the I/O thread; read there
    private List<ReadJournal.Progress> told = List.of();

    // number of readers; negative once pruned
    private final AtomicInteger readers = new AtomicInteger();

    // written under this, read by the I/O thread, which must not wait for a reader that waits for it; published by
    // volatile
    private volatile @Nullable ByteBuffer kept;
    private volatile WeakReference<@Nullable ByteBuffer> mapped = new WeakReference<>(null);
    private volatile @Nullable SparseIndex keptIndex;
    // guarded by this
    private SoftReference<@Nullable SparseIndex> loadedIndex = new SoftReference<>(null);

    Segment(long number, int epoch, long basePosition) {
        this.number = number;
        this.epoch = epoch;
        this.basePosition = basePosition;
    }

    /** Number in the row of segments, from 1. */
    long number() {
        return number;
    }

    /** Epoch of the writer that wrote it. */
    int epoch() {
        return epoch;
    }

    /** Position of its first event. */
    long basePosition() {
        return basePosition;
    }

    /** Offset behind its last frame; {@link #OPEN} while it is being written. */
    long endOffset() {
        return endOffset;
    }

    /** Position behind its last event; {@link #OPEN} while it is being written. */
    long endPosition() {
        return endOffset == OPEN ? OPEN : endPosition;
    }

    /** Append time of its first event. */
    long firstTimeNanos() {
        return endOffset == OPEN ? Long.MIN_VALUE : firstTimeNanos;
    }

    /** Append time of its last event; {@link Long#MAX_VALUE} while it is being written. */
    long lastTimeNanos() {
        return endOffset == OPEN ? Long.MAX_VALUE : lastTimeNanos;
    }

    /** Header CRC of its last frame, which stands for all of them. */
    int lastCrc() {
        return lastCrc;
    }

    /** Says where the segment ends; nothing is written to it any more. */
    void seal(SegmentEnd end) {
        endPosition = end.position();
        firstTimeNanos = end.firstTimeNanos();
        lastTimeNanos = end.lastTimeNanos();
        lastCrc = end.lastCrc();
        endOffset = end.offset();
    }

    /** Keeps what consumers had reached where it ends, until that is recorded. */
    void tell(List<ReadJournal.Progress> progress) {
        told = progress;
    }

    /** What consumers had reached where it ends; empty once that is recorded. */
    List<ReadJournal.Progress> told() {
        return told;
    }

    /** Counts a reader in; false if the segment is pruned: nobody enters it any more. */
    boolean enter() {
        int count;
        do {
            count = readers.get();
            if (count < 0) {
                return false;
            }
        } while (!readers.compareAndSet(count, count + 1));
        return true;
    }

    /** Counts a reader out; returns whether it was the last one of a pruned segment. */
    boolean leave() {
        return readers.decrementAndGet() == Integer.MIN_VALUE;
    }

    /** Lets no reader in any more. */
    void prune() {
        readers.getAndUpdate(count -> count | Integer.MIN_VALUE);
    }

    /** Whether {@link #prune()} was called. */
    boolean isPruned() {
        return readers.get() < 0;
    }

    /** Whether a reader may use the bytes: one is in, and they are not collected. */
    boolean isRead() {
        return (readers.get() & Integer.MAX_VALUE) != 0 && (kept != null || mapped.get() != null);
    }

    /** The bytes for reading. */
    synchronized ByteBuffer bytes(SegmentSource source) throws IOException {
        ByteBuffer own = kept;
        if (own != null) {
            return own;
        }
        ByteBuffer bytes = mapped.get();
        if (bytes == null) {
            bytes = source.map(this);
            mapped = new WeakReference<>(bytes);
        }
        return bytes;
    }

    /** Bytes that it has, exact to the spacing of the index while it is being written. Takes no lock. */
    long length() {
        long end = endOffset;
        SparseIndex index = keptIndex;
        if (end != OPEN) {
            return end;
        }
        return index == null || index.count() == 0 ? 0 : index.offset(index.count() - 1);
    }

    /** Keeps these bytes and this index until {@link #release()}. */
    synchronized void keep(ByteBuffer bytes, SparseIndex index) {
        kept = bytes;
        keptIndex = index;
    }

    /** Leaves bytes and index to their readers; the store can make them again. */
    synchronized void release() {
        if (kept != null) {
            // before kept is let go: who looks without the lock sees the one or the other
            mapped = new WeakReference<>(kept);
            kept = null;
        }
        loadedIndex = new SoftReference<>(keptIndex);
        keptIndex = null;
    }

    /** The sparse index. */
    synchronized SparseIndex index(SegmentSource source) throws IOException {
        SparseIndex own = keptIndex;
        if (own != null) {
            return own;
        }
        if (endOffset == OPEN) {
            // another process writes it: the index grows, and the source knows it
            return source.index(this);
        }
        SparseIndex index = loadedIndex.get();
        if (index == null) {
            index = source.index(this);
            loadedIndex = new SoftReference<>(index);
        }
        return index;
    }

    /**
     * Where a segment ends.
     *
     * @param position behind its last event
     * @param offset behind its last frame
     * @param firstTimeNanos append time of its first event
     * @param lastTimeNanos append time of its last event
     * @param lastCrc header CRC of its last frame
     */
    record SegmentEnd(long position, long offset, long firstTimeNanos, long lastTimeNanos, int lastCrc) {}

    @Override
    public String toString() {
        return "segment " + number + " (epoch " + epoch + ", positions " + basePosition + " to "
                + (endOffset == OPEN ? "…" : Long.toString(endPosition)) + ")";
    }
}
