package dev.eventlog.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.internal.support.Clock;
import org.junit.jupiter.api.Test;

/** When an event of a paced subscription is due, by both kinds of clocks. */
class PacingTest {

    /** A clock whose two times are set by the test. */
    private static final class Times implements Clock {

        long epochNanos = 1_000;
        long monotonicNanos = Long.MAX_VALUE - 100;
        boolean isBelieved;

        @Override
        public long epochNanos() {
            return epochNanos;
        }

        @Override
        public long monotonicNanos() {
            return monotonicNanos;
        }

        @Override
        public boolean isBelieved() {
            return isBelieved;
        }
    }

    private final Times times = new Times();

    @Test
    void theMachinesTimeIsTheMonotonicOne() {
        var pacing = new Pacing(2, times);
        assertThat(pacing.leftNanos(500)).isZero();
        times.epochNanos += 1_000_000;
        assertThat(pacing.leftNanos(1_500)).isEqualTo(500);
        times.monotonicNanos += 499;
        assertThat(pacing.leftNanos(1_500)).isEqualTo(1);
        times.monotonicNanos++;
        assertThat(pacing.leftNanos(1_500)).isZero();
        assertThat(pacing.leftNanos(1_501)).as("never early").isEqualTo(1);
    }

    @Test
    void aUsersTimeIsTheWallClocks() {
        times.isBelieved = true;
        var pacing = new Pacing(1, times);
        assertThat(pacing.leftNanos(0)).isZero();
        times.monotonicNanos += 1_000_000;
        assertThat(pacing.leftNanos(1_000)).isEqualTo(1_000);
        times.epochNanos += 400;
        assertThat(pacing.leftNanos(1_000)).isEqualTo(600);
        times.epochNanos -= 100_000;
        assertThat(pacing.leftNanos(1_000)).as("a step back").isEqualTo(600);
        times.epochNanos += 600;
        assertThat(pacing.leftNanos(1_000)).isZero();
    }

    @Test
    void aPauseTakesNoTimeWheneverItBegins() {
        var pacing = new Pacing(1, times);
        pacing.pause();
        times.monotonicNanos += 50;
        pacing.resume();
        pacing.pause();
        assertThat(pacing.leftNanos(0)).isZero();
        times.monotonicNanos += 50;
        assertThat(pacing.leftNanos(10)).isEqualTo(10);
        pacing.resume();
        pacing.resume();
        times.monotonicNanos += 4;
        pacing.pause();
        times.monotonicNanos += 50;
        pacing.pause();
        pacing.resume();
        assertThat(pacing.leftNanos(10)).isEqualTo(6);
    }

    @Test
    void theEndsOfTimeAreNoProblem() {
        times.isBelieved = true;
        times.epochNanos = Long.MIN_VALUE;
        var pacing = new Pacing(1, times);
        assertThat(pacing.leftNanos(Long.MIN_VALUE)).isZero();
        assertThat(pacing.leftNanos(Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
        times.epochNanos = Long.MAX_VALUE;
        // a step of more than a long holds counts as one back
        assertThat(pacing.leftNanos(Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
        var slow = new Pacing(Double.MIN_VALUE, times);
        assertThat(slow.leftNanos(0)).isZero();
        assertThat(slow.leftNanos(1)).isEqualTo(Long.MAX_VALUE);
        var fast = new Pacing(Double.MAX_VALUE, times);
        assertThat(fast.leftNanos(Long.MIN_VALUE)).isZero();
        assertThat(fast.leftNanos(0)).isLessThanOrEqualTo(1);
    }

    @Test
    void liveMeansAtOnce() {
        var pacing = new Pacing(1, times);
        assertThat(pacing.leftNanos(0)).isZero();
        assertThat(pacing.leftNanos(1)).isEqualTo(1);
        pacing.caughtUp();
        assertThat(pacing.leftNanos(1)).isZero();
        assertThat(pacing.isLive()).isTrue();
        assertThat(new Pacing(Double.POSITIVE_INFINITY, times).isLive()).isTrue();
    }
}
