package dev.eventlog.jmh.ours;

import dev.eventlog.Consumer;
import dev.eventlog.EventLog;
import dev.eventlog.StartAt;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.nio.ByteBuffer;

/**
 * One consumer reads the log from the beginning, again and again, and adds up the eight words of each payload.
 * Checksums, order and chain of every frame are verified.
 */
public final class Replay implements Workload {

    private static final int LIMIT = 256;
    private static final int MAX_EVENTS = 1_000_000;

    private final EventLog log;
    private final Consumer<ByteBuffer> consumer;
    private final Sum sum = new Sum();

    /** Of a log that is there; it is closed with this. */
    public Replay(EventLog log) {
        this.log = log;
        consumer = Logs.consumer(log);
    }

    /** Of frames that hold one event. */
    public static Replay single(Setting setting) {
        EventLog log = Logs.open(setting);
        Logs.fill(log, Math.min(MAX_EVENTS, setting.logEvents()));
        return new Replay(log);
    }

    /** Of frames that hold 256. */
    public static Replay batched(Setting setting) {
        EventLog log = Logs.open(setting);
        Logs.fillInBatches(log, Math.min(MAX_EVENTS, setting.logEvents()));
        return new Replay(log);
    }

    @Override
    public void prepare() {
        consumer.seek(StartAt.earliest());
    }

    @Override
    public void run(int operations) {
        int left = operations;
        while (left > 0) {
            int count = consumer.poll(sum, Math.min(LIMIT, left));
            left -= count;
            if (count == 0) {
                consumer.seek(StartAt.earliest());
            }
        }
        if (sum.total() == 1) {
            throw new IllegalStateException("the sum of the payloads cannot be 1");
        }
    }

    @Override
    public void close() {
        consumer.close();
        log.close();
    }
}
