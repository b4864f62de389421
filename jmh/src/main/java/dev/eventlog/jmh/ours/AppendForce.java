package dev.eventlog.jmh.ours;

import dev.eventlog.EventLog;
import dev.eventlog.Producer;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.nio.ByteBuffer;

/** One thread appends an event and forces it, one by one. */
public final class AppendForce implements Workload {

    private final EventLog log;
    private final Producer<ByteBuffer> producer;
    private final ByteBuffer payload = Payload.create();

    /** Opens an empty log. */
    public AppendForce(Setting setting) {
        log = Logs.open(setting);
        producer = Logs.producer(log);
    }

    @Override
    public void run(int operations) {
        for (int i = 0; i < operations; i++) {
            payload.putLong(0, i);
            producer.append(Logs.KEY, payload);
            log.force();
        }
    }

    @Override
    public void close() {
        log.close();
    }
}
