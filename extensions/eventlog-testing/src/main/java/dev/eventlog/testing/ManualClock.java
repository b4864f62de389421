package dev.eventlog.testing;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that stands still until it is moved. <b>Threading:</b> Thread-safe. */
final class ManualClock implements InstantSource {

    // written by the test's thread, read by the log's; published by volatile
    private volatile Instant now = Instant.parse("2026-03-01T12:00:00.123456789Z");

    @Override
    public Instant instant() {
        return now;
    }

    /** Moves the clock; a negative duration moves it back. */
    void advance(Duration by) {
        now = now.plus(by);
    }
}
