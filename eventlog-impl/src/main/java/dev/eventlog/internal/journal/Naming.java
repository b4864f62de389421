package dev.eventlog.internal.journal;

import dev.eventlog.Codec;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;

/**
 * Gives numbers to types and sources of events. A new one is told in a control frame before any event uses its number.
 *
 * <p><b>Threading:</b> Thread-safe; numbers are given under the append lock. <b>Allocation:</b> none for one that has a number.
 */
final class Naming {

    /** Longest frame with one dictionary record. */
    private static final int MAX_FRAME_LENGTH = 512;

    private final Journal journal;
    private final Dictionary dictionary;

    Naming(Journal journal, Dictionary dictionary) {
        this.journal = journal;
        this.dictionary = dictionary;
    }

    /** Something that gets a number. */
    private abstract static class Name {

        private final String what;

        Name(String what) {
            this.what = what;
        }

        /** Its number; 0 if it has none. */
        abstract int number();

        /** The number that it gets if it has none. */
        abstract int next();

        abstract void putInto(FrameBuilder control, int number);

        abstract void add(int number);
    }

    /** The number of a schema, given to it now if it has none. */
    int schemaNumber(Codec.Schema schema) {
        int present = dictionary.schemaNumber(schema);
        return present != 0
                ? present
                : give(new Name("types") {
                    @Override
                    int number() {
                        return dictionary.schemaNumber(schema);
                    }

                    @Override
                    int next() {
                        return dictionary.nextSchema();
                    }

                    @Override
                    void putInto(FrameBuilder control, int number) {
                        ControlRecords.putSchema(control, number, schema);
                    }

                    @Override
                    void add(int number) {
                        dictionary.addSchema(number, schema);
                    }
                });
    }

    /** The number of a source, given to it now if it has none. */
    int sourceNumber(String source) {
        int present = dictionary.sourceNumber(source);
        return present != 0
                ? present
                : give(new Name("sources") {
                    @Override
                    int number() {
                        return dictionary.sourceNumber(source);
                    }

                    @Override
                    int next() {
                        return dictionary.nextSource();
                    }

                    @Override
                    void putInto(FrameBuilder control, int number) {
                        ControlRecords.putSource(control, number, source);
                    }

                    @Override
                    void add(int number) {
                        dictionary.addSource(number, source);
                    }
                });
    }

    private int give(Name name) {
        for (int attempt = 0; ; attempt++) {
            try {
                return tryGive(name);
            } catch (LogLimit.Reached full) {
                journal.makeRoom(full, attempt);
            }
        }
    }

    private int tryGive(Name name) {
        // outside the lock: a user's clock is a user's code
        long now = journal.clock().epochNanos();
        AppendLock lock = journal.appendLock();
        lock.lock();
        try {
            int number = name.number();
            if (number == 0) {
                number = name.next();
                requireEntry(number, name.what);
                journal.ensureRoom(MAX_FRAME_LENGTH, now);
                FrameBuilder control = journal.controlLocked();
                control.begin(FrameDescriptor.KIND_CONTROL);
                name.putInto(control, number);
                journal.writeControlLocked();
                name.add(number);
            }
            return number;
        } finally {
            lock.unlock();
        }
    }

    private void requireEntry(int number, String what) {
        if (number > Dictionary.MAX_ENTRIES || !journal.hasRoomForNamesLocked()) {
            throw new IllegalStateException("log has " + (number - 1) + " " + what + " already" + journal.place()
                    + "; use fewer, what varies belongs into the key");
        }
    }
}
