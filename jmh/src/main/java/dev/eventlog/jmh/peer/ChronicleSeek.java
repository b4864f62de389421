package dev.eventlog.jmh.peer;

import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.io.IOException;
import java.util.SplittableRandom;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptTailer;

/** One tailer moves to a random index of a Chronicle queue and reads the document there. */
public final class ChronicleSeek implements Workload {

    private final ChronicleQueue queue;
    private final ExcerptTailer tailer;
    private final SplittableRandom random = new SplittableRandom(1);
    private final long first;
    private final int documents;

    /** Writes the queue. */
    public ChronicleSeek(Setting setting) throws IOException {
        queue = Queues.open(setting);
        documents = setting.logEvents();
        Queues.fill(queue, documents);
        Queues.force(setting);
        first = queue.firstIndex();
        tailer = queue.createTailer();
    }

    @Override
    public void run(int operations) {
        for (int i = 0; i < operations; i++) {
            long index = first + random.nextInt(documents);
            if (!tailer.moveToIndex(index) || Queues.read(tailer) == Queues.NOTHING) {
                throw new IllegalStateException("nothing found: index=" + index);
            }
        }
    }

    @Override
    public void close() {
        tailer.close();
        queue.close();
    }
}
