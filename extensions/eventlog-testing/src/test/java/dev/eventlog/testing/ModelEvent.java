package dev.eventlog.testing;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An event as the model keeps it. <b>Threading:</b> Immutable, as far as the payload is not changed. */
record ModelEvent(
        long position,
        String type,
        String source,
        @Nullable String key,
        @Nullable String givenId,
        @Nullable Long givenTimeNanos,
        Map<String, String> metadata,
        byte[] payload,
        String id,
        long appendTimeNanos) {

    long timeNanos() {
        return givenTimeNanos != null ? givenTimeNanos : appendTimeNanos;
    }
}
