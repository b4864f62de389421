package dev.eventlog.jmh.latency;

import dev.eventlog.jmh.work.Crew;
import dev.eventlog.jmh.work.Idle;
import java.io.IOException;
import org.HdrHistogram.Histogram;

/**
 * Sends at a fixed rate and takes each event's latency from the time at which it <em>should</em> have been sent: what waits
 * behind a stall counts with all of its waiting, so nothing is left out by coordination of sender and line.
 *
 * <p>Both threads spin a little and then yield; see {@link Idle}.
 *
 * <p><b>Threading:</b> One thread at a time: the sender.
 */
final class LineRun implements AutoCloseable {

    private static final int LIMIT = 256;
    private static final long LONGEST_NANOS = 60_000_000_000L;
    private static final int DIGITS = 3;

    private final Line line;
    private final long rate;
    private final Idle idle = new Idle();
    private final Histogram histogram = new Histogram(LONGEST_NANOS, DIGITS);
    private final Crew receiver;

    LineRun(Line line, long rate) throws Exception {
        this.line = line;
        this.rate = rate;
        receiver = Crew.apart(1, () -> {
            var receiverIdle = new Idle();
            Line.Receiver record = this::record;
            return operations -> {
                int left = operations;
                while (left > 0) {
                    int count = line.poll(record, Math.min(LIMIT, left));
                    left -= count;
                    receiverIdle.idle(count);
                }
            };
        });
    }

    private void record(long intendedNanos) {
        histogram.recordValue(Math.min(LONGEST_NANOS, Math.max(0, System.nanoTime() - intendedNanos)));
    }

    /** Sends for this long; returns when all has arrived. The histogram is used again by the next run. */
    Histogram run(double seconds) throws Exception {
        int events = Math.toIntExact(Math.round(seconds * rate));
        histogram.reset();
        receiver.start(events);
        long begin = System.nanoTime();
        for (int i = 0; i < events; i++) {
            long intended = begin + 1_000_000_000L * i / rate;
            while (System.nanoTime() - intended < 0) {
                idle.idle(0);
            }
            idle.idle(1);
            line.send(intended);
        }
        receiver.join();
        return histogram;
    }

    @Override
    public void close() throws IOException {
        receiver.close();
        line.close();
    }
}
