package dev.eventlog.torture;

import dev.eventlog.Codec;
import dev.eventlog.Event;
import dev.eventlog.NewEvent;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * An event as it must be read. <b>Threading:</b> Immutable.
 *
 * @param key null: none
 * @param id null: the log gives one
 * @param time null: that of the append
 */
record Expected(
        byte[] payload,
        @Nullable String key,
        @Nullable String id,
        @Nullable Instant time,
        Map<String, String> metadata,
        String source) {

    /** Of events that are not made of others. */
    static final String SOURCE = "torture";

    static final Codec<ByteBuffer> CODEC = Codec.bytes("torture");

    /** An event of random contents. */
    static Expected random(SplittableRandom random, int mostLength) {
        int bound = switch (random.nextInt(10)) {
            case 0 -> 1;
            case 1, 2, 3, 4, 5 -> 120;
            case 6, 7, 8 -> 2000;
            default -> mostLength;
        };
        byte[] payload = new byte[random.nextInt(Math.min(bound, mostLength) + 1)];
        random.nextBytes(payload);
        return new Expected(
                payload,
                random.nextInt(3) == 0 ? null : "key-" + random.nextInt(50),
                random.nextInt(4) == 0 ? "id-" + random.nextLong() : null,
                random.nextInt(6) == 0 ? Instant.ofEpochSecond(random.nextInt(2_000_000_000)) : null,
                random.nextInt(6) == 0 ? Map.of("trace", "t" + random.nextInt(100)) : Map.of(),
                SOURCE);
    }

    Expected withId(String other) {
        return new Expected(payload, key, other, time, metadata, source);
    }

    NewEvent<ByteBuffer> toAppend() {
        NewEvent<ByteBuffer> event = NewEvent.of(key, ByteBuffer.wrap(payload)).withMetadata(metadata);
        event = id == null ? event : event.withId(id);
        return time == null ? event : event.withTime(time);
    }

    /** Bytes that it takes at least in a segment. */
    int length() {
        return payload.length + 112;
    }

    /** Says what is wrong with an event that was read; null if nothing. */
    @Nullable
    String problem(Event<ByteBuffer> event) {
        byte[] data = new byte[event.data().remaining()];
        event.data().duplicate().get(data);
        if (!Arrays.equals(data, payload)) {
            return "payload differs";
        }
        if (!Objects.equals(event.key(), key)) {
            return "key differs: " + event.key();
        }
        if (id != null && !event.id().equals(id)) {
            return "id differs: " + event.id();
        }
        if (time != null && !event.time().equals(time)) {
            return "time differs: " + event.time();
        }
        if (!event.type().equals("torture") || !event.source().equals(source)) {
            return "type or source differs: " + event.type() + " " + event.source();
        }
        return event.metadata().equals(metadata) ? null : "metadata differs: " + event.metadata();
    }
}
