package dev.eventlog.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.ConsumerStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When a lag is told, whatever is looked at between. */
class LagWatchTest {

    private final List<Long> told = new ArrayList<>();
    private long lag;

    private LagWatch.Watched watched(long limit) {
        return new LagWatch.Watched(
                limit,
                status -> told.add(status.lag()),
                "c",
                () -> 0,
                () -> new ConsumerStatus("c", ConsumerStatus.State.OPEN, 0, lag, 0, Duration.ZERO, 0, "nobody", null));
    }

    private void look(LagWatch.Watched watched, long... lags) {
        for (long each : lags) {
            lag = each;
            watched.look(each);
        }
    }

    @Test
    void aLagIsToldOnceAtItsLimitAndOnceAtHalfOfIt() {
        LagWatch.Watched watched = watched(10);
        look(watched, 0, 10, 9, 10);
        assertThat(told).isEmpty();
        look(watched, 11, 12, 10, 9, 6, 11, 1_000, 6);
        assertThat(told).containsExactly(11L);
        look(watched, 5, 4, 6, 10, 5);
        assertThat(told).containsExactly(11L, 5L);
        look(watched, 11, 0);
        assertThat(told).containsExactly(11L, 5L, 11L, 0L);
    }

    @Test
    void theLeastLimitIsLeftWithNoLagAtAll() {
        LagWatch.Watched watched = watched(1);
        look(watched, 1, 2, 1, 2, 0, 1, 2);
        assertThat(told).containsExactly(2L, 0L, 2L);
    }

    @Test
    void aListenerThatThrowsIsToldAgain() {
        var calls = new ArrayList<Long>();
        var watched = new LagWatch.Watched(
                1,
                status -> {
                    calls.add(status.lag());
                    throw new IllegalStateException("listener failed on purpose");
                },
                "c",
                () -> 0,
                () -> new ConsumerStatus("c", ConsumerStatus.State.OPEN, 0, lag, 0, Duration.ZERO, 0, "nobody", null));
        look(watched, 2, 0, 2);
        assertThat(calls).containsExactly(2L, 0L, 2L);
    }
}
