package dev.eventlog.internal.journal;

import static dev.eventlog.internal.journal.SteppingClock.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.internal.support.Seed;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class ClockStepTest {

    private final SteppingClock clock = new SteppingClock();
    private final Journal journal = Journals.on(new MemorySegmentStore(Journals.SMALL), clock);

    private long appendAt(long nanos) {
        clock.nanos = nanos;
        return Journals.append(journal, 10);
    }

    private long timeAt(long position) {
        JournalReader reader = journal.newReader();
        reader.seek(position);
        assertThat(reader.next()).isTrue();
        return reader.event().appendTimeNanos();
    }

    @Test
    void smallStepBackStandsStill() {
        long start = clock.nanos;
        appendAt(start + 50 * SECOND);
        appendAt(start);
        appendAt(start + 49 * SECOND);
        appendAt(start + 51 * SECOND);
        assertThat(journal.segments().all()).hasSize(1);
        assertThat(timeAt(1)).isEqualTo(start + 50 * SECOND);
        assertThat(timeAt(2)).isEqualTo(start + 50 * SECOND);
        assertThat(timeAt(3)).isEqualTo(start + 51 * SECOND);
    }

    @Test
    void stepBackOfAMinuteIsStillClampedAndOneMoreBeginsASegment() {
        long start = clock.nanos;
        appendAt(start + 60 * SECOND);
        appendAt(start);
        assertThat(journal.segments().all()).hasSize(1);
        appendAt(start - 1);
        assertThat(journal.segments().all()).hasSize(2);
        assertThat(timeAt(2)).isEqualTo(start - 1);
    }

    @Test
    void stepForwardOfYearsAndBackKeepsOrderAndTimes() {
        long start = clock.nanos;
        long later = start + 10L * 365 * 86_400 * SECOND;
        appendAt(start);
        appendAt(later);
        appendAt(start + SECOND);
        assertThat(journal.segments().all()).hasSize(2);
        assertThat(Journals.count(journal, 0)).isEqualTo(3);
        assertThat(timeAt(1)).isEqualTo(later);
        assertThat(timeAt(2)).isEqualTo(start + SECOND);
    }

    @Test
    void clockAtTheEndsOfTheScaleLosesNothing() {
        for (long nanos : new long[] {Long.MAX_VALUE, Long.MIN_VALUE, 0, -1, Long.MAX_VALUE, clock.nanos}) {
            appendAt(nanos);
        }
        assertThat(Journals.count(journal, 0)).isEqualTo(6);
    }

    @Test
    void timesNeverDecreaseWithinASegmentWhateverTheClockDoes() {
        Seed seed = Seed.of(ClockStepTest.class);
        SplittableRandom random = seed.random();
        for (int i = 0; i < 150; i++) {
            appendAt(clock.nanos + random.nextLong(-90 * SECOND, 100 * SECOND));
        }
        assertThat(Journals.count(journal, 0)).isEqualTo(150);
        Segment[] segments = journal.segments().all();
        assertThat(segments.length).as("%s", seed).isGreaterThan(1);
        for (Segment segment : segments) {
            long end = Math.min(segment.endPosition(), journal.endPosition());
            for (long position = segment.basePosition() + 1; position < end; position++) {
                assertThat(timeAt(position)).as("%s", seed).isGreaterThanOrEqualTo(timeAt(position - 1));
            }
        }
    }
}
