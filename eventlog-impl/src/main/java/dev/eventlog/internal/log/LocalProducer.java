package dev.eventlog.internal.log;

import dev.eventlog.Codec;
import dev.eventlog.Durability;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.journal.Journal;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Appends events of one source to a journal: encodes into a pooled frame on the caller's thread, then appends it.
 *
 * <p><b>Threading:</b> Thread-safe. <b>Allocation:</b> none, if the codec has none.
 */
final class LocalProducer<T> implements Producer<T> {

    private final Journal journal;
    private final FramePool frames;
    private final Codec<T> codec;
    private final String source;
    private final boolean durable;
    // the source's number, 0 before the first append; any thread may write the same
    private int sourceNumber;
    // the schema seen last; immutable, so a race shows an older one at worst
    private @Nullable Numbered last;

    private record Numbered(Codec.Schema schema, int number) {}

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
        FrameBuilder frame = frames.take();
        try {
            frame.begin(FrameDescriptor.KIND_DATA);
            frame.add(codec, data, key, schema, sourceNumber());
            frame.finish();
            return journal.append(frame, durable);
        } finally {
            frames.give(frame);
        }
    }

    @Override
    public long append(NewEvent<? extends T> event) {
        Objects.requireNonNull(event, "event");
        int schema = schemaNumber(event.data());
        FrameBuilder frame = frames.take();
        try {
            frame.begin(FrameDescriptor.KIND_DATA);
            frame.add(codec, event, schema, sourceNumber());
            frame.finish();
            return journal.append(frame, durable);
        } finally {
            frames.give(frame);
        }
    }

    @Override
    public long appendAll(List<? extends NewEvent<? extends T>> events) {
        Objects.requireNonNull(events, "events");
        // the list is the caller's and may change: its size is taken as it is iterated
        FrameBuilder frame = frames.take();
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
            return journal.append(frame, durable) + count - 1;
        } finally {
            frames.give(frame);
        }
    }

    @Override
    public CompletableFuture<Long> appendAsync(NewEvent<? extends T> event) {
        Objects.requireNonNull(event, "event");
        int schema = schemaNumber(event.data());
        FrameBuilder frame = frames.take();
        try {
            frame.begin(FrameDescriptor.KIND_DATA);
            frame.add(codec, event, schema, sourceNumber());
            return journal.appendAsync(frame, durable);
        } finally {
            frames.give(frame);
        }
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
