package dev.eventlog.jmh.peer;

import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.io.IOException;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptTailer;

/** One tailer reads a Chronicle queue from the start, again and again; it verifies nothing. */
public final class ChronicleReplay implements Workload {

    private static final int MAX_EVENTS = 1_000_000;

    private final ChronicleQueue queue;
    private final ExcerptTailer tailer;
    private long total;

    /** Writes the documents. */
    public ChronicleReplay(Setting setting) throws IOException {
        queue = Queues.open(setting);
        Queues.fill(queue, Math.min(MAX_EVENTS, setting.logEvents()));
        Queues.force(setting);
        tailer = queue.createTailer();
    }

    @Override
    public void prepare() {
        tailer.toStart();
    }

    @Override
    public void run(int operations) {
        int left = operations;
        while (left > 0) {
            long value = Queues.read(tailer);
            if (value == Queues.NOTHING) {
                tailer.toStart();
            } else {
                total += value;
                left--;
            }
        }
        if (total == 1) {
            throw new IllegalStateException("the sum of the payloads cannot be 1");
        }
    }

    @Override
    public void close() {
        tailer.close();
        queue.close();
    }
}
