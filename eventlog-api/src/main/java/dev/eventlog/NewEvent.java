package dev.eventlog;

import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An event to append: data with what the producer wants to say about it.
 *
 * <p><b>Threading:</b> Immutable, as far as the data is.
 *
 * @param <T> the data of the event
 */
public final class NewEvent<T> {

    private static final Instant EARLIEST = Instant.parse("1677-09-22T00:00:00Z");
    private static final Instant LATEST = Instant.parse("2262-04-11T00:00:00Z");

    private final T data;
    private final @Nullable String key;
    private final @Nullable String id;
    private final @Nullable Instant time;
    private final Map<String, String> metadata;

    private NewEvent(
            T data, @Nullable String key, @Nullable String id, @Nullable Instant time, Map<String, String> metadata) {
        this.data = Objects.requireNonNull(data, "data");
        this.key = key;
        this.id = id;
        this.time = time;
        this.metadata = metadata;
    }

    /** An event without a key. */
    public static <T> NewEvent<T> of(T data) {
        return new NewEvent<>(data, null, null, null, Map.of());
    }

    /** An event with a key; null: none. */
    public static <T> NewEvent<T> of(@Nullable String key, T data) {
        return new NewEvent<>(data, key, null, null, Map.of());
    }

    /**
     * The same data, key, id, time and metadata as an event that was read, to append elsewhere. In the log that it was read
     * from it is the same event, also if its id was made by the log, and is not appended again while that is remembered; give
     * it another id if it shall be.
     */
    public static <T> NewEvent<T> copyOf(Event<? extends T> event) {
        return new NewEvent<>(event.data(), event.key(), event.id(), event.time(), event.metadata());
    }

    /**
     * The same event with an id. While the log remembers the id, an event with it is not appended again, and its append
     * returns the position of the first: see {@link EventLogConfig.Builder#dedupWindow}.
     *
     * @param id at most 65,535 bytes of UTF-8, not empty
     */
    public NewEvent<T> withId(String id) {
        if (id.isEmpty()) {
            throw new IllegalArgumentException("id is empty; leave it out to get one made of log, epoch and position");
        }
        return new NewEvent<>(data, key, id, time, metadata);
    }

    /**
     * The same event with the time when it happened.
     *
     * @param time from 1677-09-22 to 2262-04-11, which are the nanoseconds since 1970 that a long holds
     * @throws IllegalArgumentException if it is not
     */
    public NewEvent<T> withTime(Instant time) {
        if (time.isBefore(EARLIEST) || time.isAfter(LATEST)) {
            throw new IllegalArgumentException("time is " + time + "; it must be from " + EARLIEST + " to " + LATEST);
        }
        return new NewEvent<>(data, key, id, time, metadata);
    }

    /**
     * The same event with metadata, in place of what it had.
     *
     * @param metadata names and values without null; together at most 65,535 bytes of UTF-8
     */
    public NewEvent<T> withMetadata(Map<String, String> metadata) {
        return new NewEvent<>(data, key, id, time, Map.copyOf(metadata));
    }

    /** The data. */
    public T data() {
        return data;
    }

    /** What the event is about, null if it has no key. */
    public @Nullable String key() {
        return key;
    }

    /** The id, null to have one made. */
    public @Nullable String id() {
        return id;
    }

    /** When it happened, null for the time of the append. */
    public @Nullable Instant time() {
        return time;
    }

    /** The metadata; unmodifiable. */
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof NewEvent<?> that
                && data.equals(that.data)
                && Objects.equals(key, that.key)
                && Objects.equals(id, that.id)
                && Objects.equals(time, that.time)
                && metadata.equals(that.metadata);
    }

    @Override
    public int hashCode() {
        return Objects.hash(data, key, id, time, metadata);
    }

    @Override
    public String toString() {
        return "NewEvent[key=" + key + ", id=" + id + ", time=" + time + ", metadata=" + metadata + ", data=" + data
                + "]";
    }
}
