package dev.eventlog.internal.log;

import dev.eventlog.Codec;
import dev.eventlog.Durability;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.internal.delivery.ConflictSearch;
import dev.eventlog.internal.delivery.Outputs;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.journal.Journal;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Appends events of one source to a journal: encodes into a pooled frame on the caller's thread, then appends it.
 *
 * <p><b>Threading:</b> Thread-safe. <b>Allocation:</b> none, if the codec has none.
 */
final class LocalProducer<T> implements Producer<T>, Outputs<T> {

    /** A producer that is made for a few appends takes no builder for itself. */
    private static final int SETTLED_USES = 1_000;

    private final Journal journal;
    private final FramePool frames;
    private final Codec<T> codec;
    private final String source;
    private final boolean durable;
    // the source's number, 0 before the first append; any thread may write the same
    private int sourceNumber;
    // the schema seen last; immutable, so a race shows an older one at worst
    private @Nullable Numbered last;

    // appends before a thread is favoured; racing threads lose some
    private int uses;
    // one that nobody uses, kept for the next conditional append
    private final AtomicReference<@Nullable ConflictSearch> searches = new AtomicReference<>();
    // set once, under this; what changes in it is touched by its thread only
    private volatile @Nullable Favoured favoured;

    private record Numbered(Codec.Schema schema, int number) {}

    /**
     * A thread that has a builder to itself and so needs no atomic operation to get one: as a rule a producer is one
     * thread's. Others take theirs from the pool.
     */
    private static final class Favoured {
        private final Thread thread;
        private FrameBuilder frame;
        private boolean inUse;

        Favoured(Thread thread, FrameBuilder frame) {
            this.thread = thread;
            this.frame = frame;
        }
    }

    LocalProducer(Journal journal, FramePool frames, String source, Codec<T> codec, boolean durable) {
        this.journal = journal;
        this.durable = durable;
        this.frames = frames;
        this.source = source;
        this.codec = codec;
    }

    @Override
    public long append(T data) {
        return append(null, data);
    }

    @Override
    public long append(@Nullable String key, T data) {
        Objects.requireNonNull(data, "data");
        int schema = schemaNumber(data);
        FrameBuilder frame = take();
        try {
            frame.begin(FrameDescriptor.KIND_DATA);
            frame.add(codec, data, key, schema, sourceNumber());
            frame.finish();
            return journal.append(frame, durable);
        } finally {
            give(frame);
        }
    }

    @Override
    public long append(NewEvent<? extends T> event) {
        Objects.requireNonNull(event, "event");
        int schema = schemaNumber(event.data());
        FrameBuilder frame = take();
        try {
            frame.begin(FrameDescriptor.KIND_DATA);
            frame.add(codec, event, schema, sourceNumber());
            frame.finish();
            return appendFinished(frame);
        } finally {
            give(frame);
        }
    }

    @Override
    public long appendAll(List<? extends NewEvent<? extends T>> events) {
        return appendAll(events, null);
    }

    @Override
    public long appendIfNone(EventQuery conflicting, List<? extends NewEvent<? extends T>> events) {
        return appendAll(events, Objects.requireNonNull(conflicting, "conflicting"));
    }

    private long appendAll(List<? extends NewEvent<? extends T>> events, @Nullable EventQuery conflicting) {
        Objects.requireNonNull(events, "events");
        // the list is the caller's and may change: its size is taken as it is iterated
        FrameBuilder frame = take();
        try {
            frame.begin(FrameDescriptor.KIND_DATA);
            for (NewEvent<? extends T> event : events) {
                Objects.requireNonNull(event, "event");
                frame.add(codec, event, schemaNumber(event.data()), sourceNumber());
            }
            int count = frame.eventCount();
            if (count == 0) {
                throw new IllegalArgumentException("events is empty; give at least one");
            }
            frame.finish();
            return conflicting == null ? appendFinished(frame) : appendIfNone(conflicting, frame);
        } finally {
            give(frame);
        }
    }

    /** Position of the last event of a frame. */
    private long appendFinished(FrameBuilder frame) {
        return frame.hasIds()
                ? journal.appendGuarded(frame, null, durable)
                : journal.append(frame, durable) + frame.eventCount() - 1;
    }

    private long appendIfNone(EventQuery conflicting, FrameBuilder frame) {
        ConflictSearch idle = searches.getAndSet(null);
        ConflictSearch search = idle == null ? new ConflictSearch(journal) : idle;
        try {
            search.begin(conflicting);
            return journal.appendGuarded(frame, search, durable);
        } finally {
            search.end();
            searches.set(search);
        }
    }

    @Override
    public CompletableFuture<Long> appendAsync(NewEvent<? extends T> event) {
        Objects.requireNonNull(event, "event");
        int schema = schemaNumber(event.data());
        FrameBuilder frame = take();
        try {
            frame.begin(FrameDescriptor.KIND_DATA);
            frame.add(codec, event, schema, sourceNumber());
            return journal.appendAsync(frame, durable);
        } finally {
            give(frame);
        }
    }

    @Override
    public Journal journal() {
        return journal;
    }

    @Override
    public boolean isDurable() {
        return durable;
    }

    @Override
    public void add(FrameBuilder frame, NewEvent<? extends T> event) {
        frame.add(codec, event, schemaNumber(event.data()), sourceNumber());
    }

    @Override
    public void flush() {
        journal.flush();
    }

    @Override
    public Producer<T> withDurability(Durability atLeast) {
        Objects.requireNonNull(atLeast, "atLeast");
        boolean stronger = durable || atLeast == Durability.POWER_LOSS;
        return stronger == durable ? this : new LocalProducer<>(journal, frames, source, codec, stronger);
    }

    @SuppressWarnings("ReferenceEquality") // a thread is itself only
    private FrameBuilder take() {
        Favoured mine = favoured;
        if (mine == null) {
            if (uses++ < SETTLED_USES) {
                return frames.take();
            }
            mine = favour();
        }
        // in use: a codec of this thread appends
        if (mine.thread == Thread.currentThread() && !mine.inUse) {
            mine.inUse = true;
            return mine.frame;
        }
        return frames.take();
    }

    private synchronized Favoured favour() {
        Favoured first = favoured;
        if (first == null) {
            first = new Favoured(Thread.currentThread(), frames.take());
            favoured = first;
        }
        return first;
    }

    @SuppressWarnings("ReferenceEquality") // a builder is itself only
    private void give(FrameBuilder frame) {
        Favoured mine = favoured;
        if (mine != null && mine.frame == frame) {
            if (!frame.isKept()) {
                mine.frame = frames.take();
            }
            mine.inUse = false;
        } else {
            frames.give(frame);
        }
    }

    private int schemaNumber(T data) {
        Codec.Schema schema = codec.schema(data);
        Numbered known = last;
        if (known != null && isSame(known.schema(), schema)) {
            return known.number();
        }
        int number = journal.schemaNumber(schema);
        last = new Numbered(schema, number);
        return number;
    }

    @SuppressWarnings("ReferenceEquality") // codecs give the same instance each time; another one takes the long way
    private static boolean isSame(Codec.Schema known, Codec.Schema schema) {
        return known == schema;
    }

    private int sourceNumber() {
        int number = sourceNumber;
        if (number == 0) {
            number = journal.sourceNumber(source);
            sourceNumber = number;
        }
        return number;
    }

    @Override
    public String toString() {
        return "Producer[source=" + source + ", codec=" + codec + "]";
    }
}
