package dev.eventlog.jmh.ours;

import dev.eventlog.EventLog;
import dev.eventlog.Producer;
import dev.eventlog.jmh.work.Crew;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Threads that share a producer append event by event, each visible and safe from a crash when the call returns. */
public final class Append implements Workload {

    private final EventLog log;
    private final Crew crew;
    private final int threads;

    /** Opens an empty log. */
    public Append(Setting setting, int threads) throws Exception {
        this(Logs.open(setting), threads);
    }

    /** Opens a log in which there are events already. */
    public static Append behind(Setting setting, int events) throws Exception {
        EventLog log = Logs.open(setting);
        Logs.fill(log, events);
        return new Append(log, 1);
    }

    /** Opens an empty log of which each event survives a power cut when the call returns. */
    public static Append durable(Setting setting, int threads) throws Exception {
        return new Append(Logs.openDurable(setting), threads);
    }

    private Append(EventLog log, int threads) throws Exception {
        this.log = log;
        this.threads = threads;
        Producer<ByteBuffer> producer = Logs.producer(log);
        crew = Crew.of(threads, () -> {
            ByteBuffer payload = Payload.create();
            return operations -> {
                for (int i = 0; i < operations; i++) {
                    payload.putLong(0, i);
                    producer.append(Logs.KEY, payload);
                }
            };
        });
    }

    @Override
    public void run(int operations) throws Exception {
        crew.run(operations / threads);
    }

    @Override
    public void settle() {
        log.force();
    }

    @Override
    public void close() throws IOException {
        crew.close();
        log.close();
    }
}
