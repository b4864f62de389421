package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Seed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The rule alone: which segments go, whatever the clocks did when they were written and do now. */
class RetentionTest {

    private static final long HOUR = 3_600 * SteppingClock.SECOND;
    private static final long YEAR = 8_766 * HOUR;
    private static final long START = 1_700_000_000L * SteppingClock.SECOND;
    private static final long NO_LIMIT = Long.MAX_VALUE;

    /** Wall time, and the monotonic time that steps do not change. */
    private static final class TwoClocks implements Clock {

        long wall = START;
        long monotonic = 5;
        boolean believed;

        void pass(long nanos) {
            wall += nanos;
            monotonic += nanos;
        }

        @Override
        public long epochNanos() {
            return wall;
        }

        @Override
        public long monotonicNanos() {
            return monotonic;
        }

        @Override
        public boolean isBelieved() {
            return believed;
        }
    }

    private final TwoClocks clock = new TwoClocks();
    private final List<Segment> segments = new ArrayList<>();

    /** A sealed segment of 8 KiB whose only event was appended at a time. */
    private void segment(long time) {
        segment(time, time);
    }

    private void segment(long firstTime, long lastTime) {
        int number = segments.size() + 1;
        var segment = new Segment(number, 1, (number - 1) * 10L);
        segment.seal(new Segment.SegmentEnd(number * 10L, 8000, firstTime, lastTime, 0));
        segments.add(segment);
    }

    private Segment[] withActive() {
        var all = new ArrayList<>(segments);
        all.add(new Segment(segments.size() + 1, 1, segments.size() * 10L));
        return all.toArray(Segment[]::new);
    }

    private Retention retention(Duration retainFor) {
        return retention(retainFor, Long.MIN_VALUE);
    }

    private Retention retention(Duration retainFor, long prunedTime) {
        var config = EventLogConfig.inMemory().retainFor(retainFor).build();
        return new Retention(config, clock, prunedTime, withActive());
    }

    private int count(Retention retention) {
        return retention.judge(withActive(), NO_LIMIT, Retention.NO_ROOM).count();
    }

    private int countOlderThan(Duration age) {
        return count(retention(age));
    }

    @Test
    void oldestSegmentsGoOnceTheirLastEventIsOldEnough() {
        segment(START, START + HOUR);
        segment(START + HOUR, START + 2 * HOUR);
        segment(START + 2 * HOUR, START + 3 * HOUR);
        clock.pass(3 * HOUR);
        Retention retention = retention(Duration.ofHours(2));
        assertThat(count(retention)).isZero();
        clock.pass(1);
        assertThat(count(retention)).isEqualTo(1);
        clock.pass(HOUR);
        assertThat(count(retention)).isEqualTo(2);
        clock.pass(100 * YEAR);
        assertThat(count(retention)).isEqualTo(3);
    }

    @Test
    void bytesOfAllSegmentsCountInWholePages() {
        for (int i = 0; i < 5; i++) {
            segment(START);
        }
        for (int kept = 0; kept <= 5; kept++) {
            var config = EventLogConfig.inMemory()
                    .retainBytes(Math.max(1, kept * 8192L))
                    .build();
            var retention = new Retention(config, clock, Long.MIN_VALUE, withActive());
            assertThat(count(retention)).isEqualTo(5 - kept);
        }
    }

    @Test
    void nothingGoesThatIsNeeded() {
        for (int i = 0; i < 5; i++) {
            segment(START);
        }
        Retention retention = retention(Duration.ofHours(1));
        clock.pass(YEAR);
        for (long limit = 0; limit <= 50; limit++) {
            assertThat(retention.judge(withActive(), limit, Retention.NO_ROOM).count())
                    .isEqualTo((int) (limit / 10));
        }
        clock.pass(HOUR);
        assertThat(count(retention)).isEqualTo(5);
    }

    @Test
    void clockThatIsPutBackPrunesNothing() {
        segment(START);
        segment(START + HOUR);
        Retention retention = retention(Duration.ofMinutes(90));
        clock.pass(HOUR);
        for (long back : new long[] {HOUR, YEAR, 60 * YEAR}) {
            clock.wall -= back;
            assertThat(count(retention)).isZero();
            clock.wall += back;
            assertThat(count(retention)).isZero();
        }
        // that it was put right again is a step forward
        clock.pass(90 * 60 * SteppingClock.SECOND);
        assertThat(count(retention)).isEqualTo(1);
    }

    @Test
    void clockThatJumpsAheadPrunesNothingBeforeTheEventsAreOldByMonotonicTime() {
        segment(START);
        segment(START + HOUR);
        clock.pass(HOUR);
        Retention retention = retention(Duration.ofHours(2));
        assertThat(count(retention)).isZero();
        clock.wall += 10 * YEAR;
        assertThat(count(retention)).isZero();
        clock.pass(HOUR);
        assertThat(count(retention)).isZero();
        // two hours and a little since the first
        clock.pass(1);
        assertThat(count(retention)).isEqualTo(1);
        clock.pass(HOUR);
        assertThat(count(retention)).isEqualTo(2);
    }

    @Test
    void clockThatJumpsAheadAndBackIsAsIfNothingWas() {
        segment(START);
        Retention retention = retention(Duration.ofHours(2));
        clock.pass(HOUR);
        clock.wall += 10 * YEAR;
        assertThat(count(retention)).isZero();
        clock.wall -= 10 * YEAR;
        assertThat(count(retention)).isZero();
        clock.pass(HOUR);
        assertThat(count(retention)).isZero();
        clock.pass(1);
        assertThat(count(retention)).isEqualTo(1);
    }

    @Test
    void eventsAppendedWhileTheClockWasAheadAreAsYoungAsTheNextOnesThatCanBeRight() {
        segment(START);
        segment(START + 10 * YEAR);
        segment(START + 11 * YEAR);
        segment(START + 2 * HOUR);
        clock.pass(2 * HOUR);
        Retention retention = retention(Duration.ofHours(1));
        assertThat(count(retention)).isEqualTo(1);
        clock.pass(HOUR + 1);
        assertThat(count(retention)).isEqualTo(4);
    }

    @Test
    void eventsAppendedWhileTheClockWasBehindAreNotTakenForOld() {
        segment(START);
        segment(START - 50 * YEAR);
        segment(START + 2 * HOUR);
        clock.pass(2 * HOUR);
        Retention retention = retention(Duration.ofHours(1));
        Retention.Verdict first = retention.judge(withActive(), NO_LIMIT, Retention.NO_ROOM);
        assertThat(first.count()).isEqualTo(1);
        retention.pruned(first);
        segments.remove(0);
        // what contradicts it is gone, and still known
        assertThat(count(retention)).isZero();
        assertThat(count(retention(Duration.ofHours(1), first.timeNanos()))).isZero();
        clock.pass(HOUR + 1);
        assertThat(count(retention)).isEqualTo(2);
    }

    @Test
    void eventsThatNoTimeTellsOfStayUntilOneDoes() {
        segment(START);
        segment(START + 10 * YEAR);
        Retention retention = retention(Duration.ofHours(1));
        clock.pass(2 * HOUR);
        assertThat(count(retention)).isEqualTo(1);
        clock.pass(5 * HOUR);
        assertThat(count(retention)).isEqualTo(1);
        segment(START + 7 * HOUR);
        assertThat(count(retention)).isEqualTo(1);
        clock.pass(HOUR + 1);
        assertThat(count(retention)).isEqualTo(3);
    }

    @Test
    void timeThatPassedWhileTheLogWasClosedCountsLater() {
        segment(START);
        segment(START + HOUR);
        clock.pass(2 * HOUR);
        clock.pass(10 * YEAR);
        Retention retention = retention(Duration.ofMinutes(90));
        assertThat(count(retention)).isZero();
        clock.pass(31 * 60 * SteppingClock.SECOND);
        assertThat(count(retention)).isEqualTo(1);
        clock.pass(HOUR);
        assertThat(count(retention)).isEqualTo(2);
    }

    @Test
    void usersClockIsBelieved() {
        clock.believed = true;
        segment(START);
        segment(START + HOUR);
        clock.wall += 90 * 60 * SteppingClock.SECOND;
        Retention retention = retention(Duration.ofHours(1));
        assertThat(count(retention)).isEqualTo(1);
        clock.wall += HOUR;
        assertThat(count(retention)).isEqualTo(2);
    }

    @Test
    void aWrongTimeOfWhatWasPrunedDoesNotHoldTheRestForEver() {
        segment(START);
        clock.pass(3 * HOUR);
        Retention retention = retention(Duration.ofHours(1), START + 10 * YEAR);
        clock.pass(2 * HOUR);
        assertThat(count(retention)).isEqualTo(1);
    }

    @Test
    void clocksAtTheEndsOfTheScaleDoNoHarm() {
        for (long time : new long[] {Long.MIN_VALUE, Long.MAX_VALUE - 1, 0, -1}) {
            segment(time);
        }
        segment(START);
        Retention retention = retention(Duration.ofDays(400_000));
        for (long wall : new long[] {Long.MAX_VALUE, Long.MIN_VALUE, 0, START}) {
            clock.wall = wall;
            assertThat(count(retention)).isLessThanOrEqualTo(1);
        }
        assertThat(countOlderThan(Duration.ofSeconds(Long.MAX_VALUE))).isZero();
    }

    /**
     * Real time goes on; the wall clock goes ahead or far behind for a while, and the log is opened anew; nothing younger than
     * the age ever goes.
     */
    @Test
    void nothingYoungerThanTheAgeGoesWhateverTheClockDoes() {
        Seed seed = Seed.of(RetentionTest.class);
        SplittableRandom random = seed.random();
        int pruned = 0;
        for (int run = 0; run < 2_000; run++) {
            pruned += run(random, seed);
        }
        assertThat(pruned).as("%s", seed).isGreaterThan(1_000);
    }

    private static String hours(long nanos) {
        return nanos / HOUR + "." + Math.abs(nanos % HOUR) * 100 / HOUR + " h";
    }

    private String state(List<Long> real) {
        var text = new StringBuilder("now " + hours(clock.wall - START) + ", really " + hours(clock.monotonic) + "\n");
        for (int i = 0; i < real.size(); i++) {
            Segment segment = segments.get(segments.size() - real.size() + i);
            text.append("segment of ").append(hours(segment.lastTimeNanos() - START));
            text.append(", really ").append(hours(real.get(i))).append('\n');
        }
        return text.toString();
    }

    private int run(SplittableRandom random, Seed seed) {
        segments.clear();
        clock.wall = START;
        var real = new ArrayList<Long>();
        Duration age = Duration.ofHours(random.nextInt(1, 10));
        Retention retention = retention(age);
        long prunedTime = Long.MIN_VALUE;
        int total = 0;
        // one excursion of the clock; events appended in it carry its times
        int from = random.nextInt(1, 30);
        int to = from + random.nextInt(1, 12);
        long away = random.nextBoolean() ? random.nextLong(20 * YEAR) : -random.nextLong(100 * HOUR, 20 * YEAR);
        for (int step = 0; step < 60; step++) {
            clock.pass(random.nextLong(HOUR));
            if (step == from) {
                clock.wall += away;
            } else if (step == to) {
                clock.wall -= away;
            }
            // with a first one that is right, which shows what is wrong behind it
            if (step == 0 || random.nextBoolean()) {
                segment(clock.wall);
                real.add(clock.monotonic);
            }
            Retention.Verdict verdict = retention.judge(withActive(), NO_LIMIT, Retention.NO_ROOM);
            for (int i = 0; i < verdict.count(); i++) {
                assertThat(clock.monotonic - real.remove(0))
                        .as(
                                "away=%s from=%d to=%d step=%d age=%s\n%s%s",
                                hours(away), from, to, step, age, state(real), seed)
                        .isGreaterThan(age.toNanos());
                segments.remove(0);
            }
            if (verdict.count() > 0) {
                retention.pruned(verdict);
                prunedTime = verdict.timeNanos();
                total += verdict.count();
            }
            if (random.nextInt(20) == 0 && (step < from || step >= to)) {
                retention = retention(age, prunedTime);
            }
        }
        return total;
    }
}
