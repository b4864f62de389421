package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.Event;
import dev.eventlog.internal.support.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** An event that its receiver owns. <b>Threading:</b> Immutable, as far as its data is. */
final class OwnedEvent<T> implements Event<T> {

    private final Envelope envelope;
    private final T data;
    private final Map<String, String> metadata;
    private final int attempt;
    private final @Nullable String failure;
    private final boolean replay;

    /**
     * What the frame says of an event.
     *
     * @param logId of the log that it is in
     * @param epoch of its writer
     * @param givenId by the producer; null if none was
     */
    record Envelope(
            UUID logId,
            int epoch,
            long position,
            Codec.Schema schema,
            long timeNanos,
            long appendTimeNanos,
            String source,
            @Nullable String key,
            @Nullable String givenId) {

        /** Made when it is asked for: it costs more than all the rest. */
        String id() {
            return givenId != null ? givenId : logId + "-" + epoch + "-" + position;
        }
    }

    OwnedEvent(
            Envelope envelope,
            T data,
            Map<String, String> metadata,
            int attempt,
            @Nullable String failure,
            boolean replay) {
        this.envelope = envelope;
        this.data = data;
        this.metadata = metadata;
        this.attempt = attempt;
        this.failure = failure;
        this.replay = replay;
    }

    Codec.Schema schema() {
        return envelope.schema();
    }

    /** The same event with other data, for the n-th delivery. */
    <U> OwnedEvent<U> with(U newData, int newAttempt) {
        return new OwnedEvent<>(envelope, newData, metadata, newAttempt, failure, replay);
    }

    /** The same event, delivered once more. */
    OwnedEvent<T> nextAttempt() {
        return new OwnedEvent<>(envelope, data, metadata, attempt + 1, failure, replay);
    }

    @Override
    public long position() {
        return envelope.position();
    }

    @Override
    public String id() {
        return envelope.id();
    }

    @Override
    public String type() {
        return envelope.schema().type();
    }

    @Override
    public int version() {
        return envelope.schema().version();
    }

    @Override
    public Instant time() {
        return Clock.toInstant(envelope.timeNanos());
    }

    @Override
    public Instant appendTime() {
        return Clock.toInstant(envelope.appendTimeNanos());
    }

    @Override
    public String source() {
        return envelope.source();
    }

    @Override
    public @Nullable String key() {
        return envelope.key();
    }

    @Override
    public T data() {
        return data;
    }

    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public int attempt() {
        return attempt;
    }

    @Override
    public @Nullable String failure() {
        return failure;
    }

    @Override
    public boolean isReplay() {
        return replay;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof OwnedEvent<?> that
                && envelope.equals(that.envelope)
                && data.equals(that.data)
                && metadata.equals(that.metadata);
    }

    @Override
    public int hashCode() {
        return envelope.hashCode();
    }

    @Override
    public String toString() {
        return "Event[position=" + position() + ", type=" + type() + ", key=" + key() + ", time=" + time() + ", source="
                + source() + ", data=" + data + "]";
    }
}
