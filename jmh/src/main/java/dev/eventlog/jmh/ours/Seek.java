package dev.eventlog.jmh.ours;

import dev.eventlog.Consumer;
import dev.eventlog.EventLog;
import dev.eventlog.StartAt;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.SplittableRandom;

/** One consumer moves to a random place of a log and reads the event there. */
public final class Seek implements Workload {

    private final EventLog log;
    private final Consumer<ByteBuffer> consumer;
    private final Sum sum = new Sum();
    private final SplittableRandom random = new SplittableRandom(1);
    private final boolean byTime;
    private final long first;
    private final long end;

    /** Writes the log; by time: places are append times, else positions. */
    public Seek(Setting setting, boolean byTime) {
        this(open(setting), byTime);
    }

    /** In a log that is there; it is closed with this. */
    public Seek(EventLog log, boolean byTime) {
        this.log = log;
        this.byTime = byTime;
        consumer = Logs.consumer(log);
        first = byTime ? appendTimeNanos(consumer, log.firstPosition()) : log.firstPosition();
        end = byTime ? appendTimeNanos(consumer, log.endPosition() - 1) : log.endPosition();
    }

    private static EventLog open(Setting setting) {
        EventLog log = Logs.open(setting);
        Logs.fill(log, setting.logEvents());
        return log;
    }

    private static long appendTimeNanos(Consumer<ByteBuffer> consumer, long position) {
        long[] time = new long[1];
        consumer.seek(StartAt.position(position));
        consumer.poll(event -> time[0] = event.appendTimeNanos(), 1);
        return time[0];
    }

    @Override
    public void run(int operations) {
        for (int i = 0; i < operations; i++) {
            long place = random.nextLong(first, end);
            consumer.seek(byTime ? StartAt.time(Instant.ofEpochSecond(0, place)) : StartAt.position(place));
            if (consumer.poll(sum, 1) != 1) {
                throw new IllegalStateException("nothing found: byTime=" + byTime + " place=" + place);
            }
        }
    }

    @Override
    public void close() {
        consumer.close();
        log.close();
    }
}
