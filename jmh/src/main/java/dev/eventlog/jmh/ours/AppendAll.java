package dev.eventlog.jmh.ours;

import dev.eventlog.EventLog;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.nio.ByteBuffer;
import java.util.List;

/** One thread appends 256 events a call. */
public final class AppendAll implements Workload {

    private final EventLog log;
    private final Producer<ByteBuffer> producer;
    private final ByteBuffer payload = Payload.create();
    private final List<NewEvent<ByteBuffer>> batch = Logs.batch(payload);

    /** Opens an empty log. */
    public AppendAll(Setting setting) {
        log = Logs.open(setting);
        producer = Logs.producer(log);
    }

    @Override
    public void run(int operations) {
        for (int i = 0; i < operations; i += Logs.BATCH) {
            payload.putLong(0, i);
            producer.appendAll(batch);
        }
    }

    @Override
    public void settle() {
        log.force();
    }

    @Override
    public void close() {
        log.close();
    }
}
