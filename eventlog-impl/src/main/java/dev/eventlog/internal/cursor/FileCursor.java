package dev.eventlog.internal.cursor;

import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.journal.ReadJournal;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * A cursor in a mapped file of two slots; see {@link CursorDescriptor}.
 *
 * <p><b>Threading:</b> Thread-safe except commit and close: its owner. <b>Allocation:</b> none in {@link #commit}.
 */
final class FileCursor implements Cursor {

    private final FileCursors cursors;
    private final String name;
    private final MappedByteBuffer mapped;
    private final CursorSlots slots;
    private final ReadJournal journal;
    private final Runnable onClose;
    private final CRC32C crc = new CRC32C();

    // written by the owner, read by any thread; published by volatile
    private volatile long checkpoint = NONE;
    private volatile long highest = NONE;
    // as of the opening; the owner's
    private long[] completions = Completions.NONE;
    private volatile boolean dirty;
    private volatile boolean closed;
    private int newest;
    // the slot that the next commit writes cannot be read, its header perhaps neither
    private boolean otherDamaged;
    // whether all of the close is done
    private volatile boolean isFree;
    private int epoch;
    private long sequence;
    private int generation;
    // written by the owner, read by any thread; published by volatile
    private volatile int flags;
    // what the file says; less than the checkpoint where a log tells the rest
    private volatile long kept = NONE;
    private long keptHighest = NONE;
    private int keptGeneration;
    // lets what is kept follow; set by the owner, run by any thread; published by volatile
    private volatile Runnable keepUp = () -> {};

    FileCursor(FileCursors cursors, String name, MappedByteBuffer mapped, ReadJournal journal, Runnable onClose) {
        this.cursors = cursors;
        this.name = name;
        this.mapped = mapped;
        this.journal = journal;
        this.onClose = onClose;
        slots = new CursorSlots(mapped);
    }

    /** Takes what the newest valid slot says; returns whether the other one is damaged. */
    boolean load(Path file) {
        newest = slots.newest(name, journal.id(), file);
        otherDamaged = slots.isDamaged(1 - newest, journal.id(), file);
        ByteBuffer slot = slots.slot(newest);
        sequence = slot.getLong(CursorDescriptor.SEQUENCE_OFFSET);
        checkpoint = slot.getLong(CursorDescriptor.CHECKPOINT_OFFSET);
        highest = slot.getLong(CursorDescriptor.HIGHEST_OFFSET);
        epoch = slot.getInt(CursorDescriptor.EPOCH_OFFSET);
        generation = slot.getInt(CursorDescriptor.GENERATION_OFFSET);
        flags = slot.getShort(CursorDescriptor.FLAGS_OFFSET);
        kept = checkpoint;
        keptHighest = highest;
        keptGeneration = generation;
        // who had it open before need not have forced it
        dirty = isRequired();
        completions = Completions.read(slot);
        return otherDamaged;
    }

    /** What is done at or above a position is not: the log ended there, or does. */
    void forgetCompletionsFrom(long end) {
        completions = Completions.below(completions, end);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long checkpoint() {
        return checkpoint;
    }

    @Override
    public long highest() {
        return highest;
    }

    @Override
    public boolean isRequired() {
        return (flags & CursorDescriptor.FLAG_REQUIRED) != 0;
    }

    /** Lets the log keep events from the checkpoint on, also after a power cut. Before the first commit. */
    void require() {
        if (isRequired()) {
            return;
        }
        flags |= CursorDescriptor.FLAG_REQUIRED;
        write(kept, keptHighest, keptGeneration, completions, completions.length);
        force();
    }

    /** Lets both slots of a required consumer say the same: who died in a commit may have left one behind. */
    void settle() {
        if (isRequired() && (otherDamaged || slots.checkpoint(1 - newest) != kept)) {
            write(kept, keptHighest, keptGeneration, completions, completions.length);
        }
    }

    /**
     * From where on events are needed: what the file says, which a log's frames may have left behind, since a power cut may
     * take those; or what they tell, where a seek that the file does not know of led back.
     */
    long kept() {
        return Math.min(kept, checkpoint);
    }

    /** Whether the file says all that is known. */
    boolean isKept() {
        return kept == checkpoint && keptGeneration == generation;
    }

    /** Lets the file follow all that is known, which survives a power cut by now. The owner's. */
    void keep() {
        write(checkpoint, highest, generation, Completions.NONE, 0);
    }

    /** Lets the file follow the log's frames as far as those survive a power cut. From any thread; waits for nobody. */
    void keepUp() {
        keepUp.run();
    }

    /** The writer's epoch at the last commit. */
    int epoch() {
        return epoch;
    }

    @Override
    public long[] completions() {
        return completions;
    }

    @Override
    public void commit(long newCheckpoint, boolean moved) {
        requireOpen();
        if (moved) {
            generation++;
        }
        write(newCheckpoint, Math.max(highest, newCheckpoint), generation, Completions.NONE, 0);
        takeKept();
    }

    @Override
    public void commit(long newCheckpoint, long[] newCompletions, int count) {
        requireOpen();
        write(newCheckpoint, Math.max(highest, newCheckpoint), generation, newCompletions, count);
        takeKept();
    }

    private void takeKept() {
        highest = keptHighest;
        checkpoint = kept;
    }

    @Override
    public int generation() {
        return generation;
    }

    @Override
    public void process(Runnable newKeepUp) {
        if ((flags & CursorDescriptor.FLAG_PROCESSES) == 0) {
            requireOpen();
            flags |= CursorDescriptor.FLAG_PROCESSES;
            // the generation is that of what is kept: a log may tell of a later one
            write(kept, keptHighest, keptGeneration, Completions.NONE, 0);
            force();
        }
        keepUp = newKeepUp;
    }

    @Override
    public void adopt(long newCheckpoint, int newGeneration) {
        generation = newGeneration;
        completions = Completions.NONE;
        highest = Math.max(highest, newCheckpoint);
        checkpoint = newCheckpoint;
    }

    @Override
    public void advance(long newCheckpoint, long newKept) {
        requireOpen();
        if (newKept != NONE && (newKept != kept || generation != keptGeneration)) {
            write(newKept, Math.max(keptHighest, newKept), generation, Completions.NONE, 0);
        }
        highest = Math.max(highest, newCheckpoint);
        checkpoint = newCheckpoint;
    }

    private void requireOpen() {
        if (closed || cursors.isClosed()) {
            throw new LogClosedException("checkpoint cannot be written, the log is closed: consumer=" + name);
        }
    }

    /** Sets checkpoint and highest back to where the log still reaches. */
    void setBack(long end) {
        generation++;
        write(end, end, generation, Completions.NONE, 0);
        takeKept();
        completions = Completions.NONE;
    }

    private void write(long newCheckpoint, long newHighest, int newGeneration, long[] pairs, int count) {
        writeSlot(newCheckpoint, newHighest, newGeneration, pairs, count);
        if (isRequired()) {
            // events below are pruned once this is forced: no slot may go back behind it, whichever a power cut leaves
            writeSlot(newCheckpoint, newHighest, newGeneration, pairs, count);
        }
        keptGeneration = newGeneration;
        keptHighest = newHighest;
        // last: who sees it and forces it finds both slots written
        kept = newCheckpoint;
    }

    private void writeSlot(long newCheckpoint, long newHighest, int newGeneration, long[] pairs, int count) {
        int target = 1 - newest;
        ByteBuffer slot = slots.slot(target);
        int writerEpoch = journal.epoch();
        if (otherDamaged) {
            slots.prepare(target, name, journal.id());
            otherDamaged = false;
        }
        Completions.clear(slot);
        slot.putLong(CursorDescriptor.SEQUENCE_OFFSET, sequence + 1);
        slot.putLong(CursorDescriptor.CHECKPOINT_OFFSET, newCheckpoint);
        slot.putLong(CursorDescriptor.HIGHEST_OFFSET, newHighest);
        slot.putInt(CursorDescriptor.EPOCH_OFFSET, writerEpoch);
        slot.putShort(CursorDescriptor.FLAGS_OFFSET, (short) flags);
        slot.putInt(CursorDescriptor.GENERATION_OFFSET, newGeneration);
        if (count > 0) {
            Completions.write(slot, pairs, count, crc);
        }
        // last: until then the other slot holds, with its own completions
        slot.putInt(CursorDescriptor.CRC_OFFSET, CursorDescriptor.crc(slot, crc));
        sequence++;
        newest = target;
        epoch = writerEpoch;
        dirty = true;
    }

    @Override
    public synchronized void force() {
        if (dirty) {
            dirty = false;
            boolean forced = false;
            try {
                cursors.force(name, mapped);
                forced = true;
            } finally {
                dirty |= !forced;
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        if (!isFree) {
            // may be asked again if there was no memory for it
            cursors.released(this);
            onClose.run();
            isFree = true;
        }
    }
}
