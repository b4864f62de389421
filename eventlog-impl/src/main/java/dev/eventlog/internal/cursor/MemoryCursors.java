package dev.eventlog.internal.cursor;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** Cursors of a log in memory: they last as long as it. <b>Threading:</b> Thread-safe. */
final class MemoryCursors extends Cursors {

    private final Map<String, MemoryCursor> cursors = new ConcurrentHashMap<>();
    private final Map<String, ParkedList> parked = new ConcurrentHashMap<>();

    @Override
    Cursor load(String name, Runnable onClose) {
        if (cursors.size() >= MAX_CONSUMERS && !cursors.containsKey(name)) {
            throw new IllegalStateException(
                    "log has " + MAX_CONSUMERS + " consumers already: name=" + name + "; forget some");
        }
        MemoryCursor cursor = cursors.computeIfAbsent(name, MemoryCursor::new);
        cursor.onClose = onClose;
        return cursor;
    }

    @Override
    public List<String> names() {
        return List.copyOf(new TreeMap<>(cursors).keySet());
    }

    @Override
    public ParkedList parked(String name) {
        return parked.computeIfAbsent(name, unused -> new ParkedList(null));
    }

    @Override
    long stored(String name) {
        MemoryCursor cursor = cursors.get(name);
        return cursor == null ? Cursor.NONE : cursor.checkpoint();
    }

    @Override
    boolean delete(String name) {
        parked.remove(name);
        return cursors.remove(name) != null;
    }

    @Override
    public void force() {
        // nothing survives the process
    }

    @Override
    public void close() {
        // the garbage collector frees it
    }

    /** One cursor. <b>Threading:</b> Thread-safe except commit and close: its owner. */
    private static final class MemoryCursor implements Cursor {

        private final String name;
        private volatile long checkpoint = NONE;
        private volatile long highest = NONE;
        private volatile Runnable onClose = () -> {};

        MemoryCursor(String name) {
            this.name = name;
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
        public void commit(long newCheckpoint, boolean moved) {
            checkpoint = newCheckpoint;
            highest = Math.max(highest, newCheckpoint);
        }

        @Override
        public void close() {
            Runnable once = onClose;
            onClose = () -> {};
            once.run();
        }
    }
}
