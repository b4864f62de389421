package dev.eventlog.jmh.latency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.eventlog.jmh.Options;
import dev.eventlog.jmh.compare.Samples;
import dev.eventlog.jmh.compare.Verdict;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LatencyTest {

    private static String histogram(long nanos) {
        Histogram histogram = new Histogram(3);
        histogram.recordValueWithCount(nanos, 1_000);
        return LatencyFork.encode(histogram);
    }

    private static LatencyResult result(Lines peer, long ours, long theirs) {
        return Latency.result(
                Samples.machine(),
                100_000,
                1,
                peer,
                List.of(new LatencyResult.Round(histogram(ours), histogram(theirs))));
    }

    @Test
    void percentilesHaveTheirOwnLimits() {
        LatencyResult result = result(Lines.CHRONICLE, 1_100, 1_000);

        assertThat(result.lines().get(0).oursMicros()).isEqualTo(1.1, within(0.01));
        assertThat(result.lines().stream().map(LatencyResult.Percentile::verdict))
                .containsExactly(
                        Verdict.FLOOR_MET,
                        Verdict.INFORMATION,
                        Verdict.FLOOR_MET,
                        Verdict.FLOOR_MET,
                        Verdict.INFORMATION,
                        Verdict.INFORMATION);
        assertThat(Latency.table(result).toText()).contains("p99.9 ").contains("max ");
    }

    @Test
    void otherPeersAreInformation() {
        assertThat(result(Lines.AERON, 9_000, 1_000).lines()).allMatch(line -> line.verdict() == Verdict.INFORMATION);
    }

    @Test
    void refusesUnknownPeers() {
        assertThatThrownBy(() -> Latency.run(List.of("--peer", "pigeon"), System.out))
                .isInstanceOf(Options.UsageException.class)
                .hasMessageContaining("chronicle, aeron, disruptor");
    }

    @Test
    void everyEventIsCounted() throws Exception {
        Deque<Long> sent = new ConcurrentLinkedDeque<>();
        Line line = new Line() {
            @Override
            public void send(long firstBytes) {
                sent.add(firstBytes);
            }

            @Override
            public int poll(Receiver receiver, int limit) {
                Long first = sent.poll();
                if (first == null) {
                    return 0;
                }
                receiver.onArrival(first);
                return 1;
            }

            @Override
            public void close() {
                sent.clear();
            }
        };

        try (var run = new LineRun(line, 1_000)) {
            assertThat(run.run(0.05).getTotalCount()).isEqualTo(50);
            assertThat(run.run(0.02).getTotalCount()).isEqualTo(20);
        }
        assertThat(new ArrayDeque<>(sent)).isEmpty();
    }
}
