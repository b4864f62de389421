package dev.eventlog.internal.cursor;

import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.journal.ReadJournal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Cursors of a log in memory: they last as long as it. <b>Threading:</b> Thread-safe. */
final class MemoryCursors extends Cursors {

    private final Map<String, Kept> cursors = new ConcurrentHashMap<>();
    // generations that logs may tell of those who are no more
    private final Map<String, Integer> forgotten = new ConcurrentHashMap<>();
    private final Map<String, ParkedList> parked = new ConcurrentHashMap<>();

    private final ReadJournal journal;
    private final IoThread io;

    MemoryCursors(ReadJournal journal, IoThread io) {
        super(journal.clock());
        this.journal = journal;
        this.io = io;
    }

    @Override
    Cursor load(String name, Runnable onClose) {
        if (cursors.size() >= MAX_CONSUMERS && !cursors.containsKey(name)) {
            throw new IllegalStateException(
                    "log has " + MAX_CONSUMERS + " consumers already: name=" + name + "; forget some");
        }
        return new MemoryCursor(
                name, cursors.computeIfAbsent(name, unused -> new Kept(forgotten.getOrDefault(name, 0))), onClose);
    }

    @Override
    List<Stored> list() {
        return cursors.keySet().stream().map(this::read).toList();
    }

    @Override
    public boolean has(String name) {
        return cursors.containsKey(name);
    }

    @Override
    public void hold(String name) {
        // no other process sees it
    }

    @Override
    public void free(String name) {
        // as it was not held
    }

    @Override
    @Nullable
    String ownerElsewhere(String name) {
        return null;
    }

    @Override
    public int parkedCount(String name) {
        return parked(name).count();
    }

    @Override
    public ParkedList parked(String name) {
        return parked.computeIfAbsent(name, unused -> new ParkedList(this::requireKept));
    }

    /** On the I/O thread, where nothing is being pruned meanwhile. */
    private void requireKept(long position) {
        if (!journal.isPruning()) {
            return;
        }
        try {
            io.run(() -> journal.requireKept(position));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public ReadJournal.Needs needs() {
        ReadJournal.Needs all = ReadJournal.Needs.NONE;
        for (Map.Entry<String, Kept> each : cursors.entrySet()) {
            Kept kept = each.getValue();
            ParkedList list = parked.get(each.getKey());
            // one that was not read yet is empty
            long first = list == null || list.first() == ParkedList.UNKNOWN ? Long.MAX_VALUE : list.first();
            all = all.and(NeededEvents.needs(each.getKey(), first, kept.isRequired, kept.checkpoint));
        }
        return all;
    }

    @Override
    public void require(Cursor cursor) {
        Kept kept = ((MemoryCursor) cursor).kept;
        if (kept.isRequired || !journal.isPruning()) {
            kept.isRequired = true;
            return;
        }
        try {
            // there, where nothing is being pruned meanwhile
            io.run(() -> kept.isRequired = true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    Stored read(String name) {
        Kept kept = cursors.get(name);
        return kept == null
                ? new Stored(name, Cursor.NONE, false, null)
                : new Stored(name, kept.checkpoint, kept.isRequired, null);
    }

    @Override
    boolean delete(String name) {
        parked.remove(name);
        Kept kept = cursors.remove(name);
        if (kept != null && kept.processes) {
            forgotten.put(name, kept.generation + 1);
        }
        return kept != null;
    }

    @Override
    public void force() {
        // nothing survives the process
    }

    @Override
    public void close() {
        // the garbage collector frees it
    }

    /** What is kept of a consumer. <b>Threading:</b> Thread-safe except that its owner writes. */
    private static final class Kept {
        private volatile long checkpoint = Cursor.NONE;
        private volatile long highest = Cursor.NONE;
        private volatile boolean isRequired;
        private volatile long[] completions = Completions.NONE;
        private volatile int generation;
        private volatile boolean processes;

        Kept(int generation) {
            this.generation = generation;
        }
    }

    /** One owner's hold of a cursor. <b>Threading:</b> Thread-safe except commit and close: its owner. */
    private static final class MemoryCursor implements Cursor {

        private final String name;
        private final Kept kept;
        private final Runnable onClose;
        private volatile boolean closed;

        MemoryCursor(String name, Kept kept, Runnable onClose) {
            this.name = name;
            this.kept = kept;
            this.onClose = onClose;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public long checkpoint() {
            return kept.checkpoint;
        }

        @Override
        public long highest() {
            return kept.highest;
        }

        @Override
        public void commit(long newCheckpoint, boolean moved) {
            requireOpen();
            if (moved) {
                int before = kept.generation;
                kept.generation = before + 1;
            }
            write(newCheckpoint, Completions.NONE);
        }

        @Override
        public boolean isRequired() {
            return kept.isRequired;
        }

        @Override
        public int generation() {
            return kept.generation;
        }

        @Override
        public void process(Runnable unused) {
            kept.processes = true;
        }

        @Override
        public void adopt(long newCheckpoint, int newGeneration) {
            kept.generation = newGeneration;
            write(newCheckpoint, Completions.NONE);
        }

        @Override
        public void advance(long newCheckpoint, long unused) {
            requireOpen();
            write(newCheckpoint, Completions.NONE);
        }

        @Override
        public long[] completions() {
            return kept.completions;
        }

        @Override
        public void commit(long newCheckpoint, long[] completions, int count) {
            requireOpen();
            write(newCheckpoint, count == 0 ? Completions.NONE : Arrays.copyOf(completions, count));
        }

        @Override
        public void force() {
            // nothing of it survives the process
        }

        private void write(long newCheckpoint, long[] completions) {
            kept.completions = completions;
            kept.checkpoint = newCheckpoint;
            kept.highest = Math.max(kept.highest, newCheckpoint);
        }

        private void requireOpen() {
            if (closed) {
                throw new LogClosedException("checkpoint cannot be written, the consumer is closed: consumer=" + name);
            }
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                onClose.run();
            }
        }
    }
}
