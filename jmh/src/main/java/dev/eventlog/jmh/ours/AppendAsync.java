package dev.eventlog.jmh.ours;

import dev.eventlog.EventLog;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.jmh.work.Crew;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Threads that share a producer hand over event by event; a sample ends when the last is as durable as the log is. */
public final class AppendAsync implements Workload {

    private final EventLog log;
    private final int threads;
    private final Crew crew;

    /** Works on an empty log. */
    public AppendAsync(EventLog log, int threads) throws Exception {
        this.log = log;
        this.threads = threads;
        Producer<ByteBuffer> producer = Logs.producer(log);
        crew = Crew.of(threads, () -> {
            ByteBuffer payload = Payload.create();
            return operations -> {
                for (int i = 0; i < operations; i++) {
                    payload.putLong(0, i);
                    var unused = producer.appendAsync(NewEvent.of(Logs.KEY, payload));
                }
                producer.flush();
            };
        });
    }

    /** On a log with the defaults. */
    public static AppendAsync open(Setting setting, int threads) throws Exception {
        return new AppendAsync(Logs.open(setting), threads);
    }

    /** On a log whose events survive a power cut. */
    public static AppendAsync openDurable(Setting setting, int threads) throws Exception {
        return new AppendAsync(Logs.openDurable(setting), threads);
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
