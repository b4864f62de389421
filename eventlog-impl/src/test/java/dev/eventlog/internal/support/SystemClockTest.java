package dev.eventlog.internal.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SystemClockTest {

    @Test
    void tellsTheMachinesTimeToAMillisecondOrSo() {
        Clock clock = Clock.system();
        long least = Long.MAX_VALUE;
        // a reading may be taken before or after a long pause of this thread: the nearest of some counts
        for (int i = 0; i < 20; i++) {
            long wall = Clock.toEpochNanos(Instant.now());
            least = Math.min(least, Math.abs(clock.epochNanos() - wall));
        }
        assertThat(least).isLessThan(TimeUnit.MILLISECONDS.toNanos(50));
    }

    @Test
    void monotonicTimeNeverSteps() {
        Clock clock = Clock.system();
        long before = clock.monotonicNanos();
        for (int i = 0; i < 100_000; i++) {
            long now = clock.monotonicNanos();
            assertThat(now - before).isNotNegative();
            before = now;
        }
    }

    @Test
    void instantsGoToNanosecondsAndBack() {
        for (Instant instant : new Instant[] {
            Instant.EPOCH,
            Instant.parse("1969-12-31T23:59:59.999999999Z"),
            Instant.parse("2262-04-11T23:47:16.854775807Z"),
            Instant.parse("1677-09-21T00:12:43.145224192Z").plusSeconds(1),
            Instant.parse("2026-11-21T08:30:00.123456789Z"),
        }) {
            assertThat(Clock.toInstant(Clock.toEpochNanos(instant))).isEqualTo(instant);
        }
        assertThat(Clock.toEpochNanos(Instant.MAX)).isEqualTo(Long.MAX_VALUE);
        assertThat(Clock.toEpochNanos(Instant.MIN)).isEqualTo(Long.MIN_VALUE);
    }
}
