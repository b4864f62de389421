package dev.eventlog.jmh.peer;

import dev.eventlog.jmh.work.Crew;
import dev.eventlog.jmh.work.Idle;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.io.IOException;
import java.nio.ByteBuffer;
import net.openhft.chronicle.bytes.BytesStore;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;

/** One thread appends to a Chronicle queue while tailers, each on a thread of its own, follow; done when all have all. */
public final class ChronicleFanOut implements Workload {

    private final Setting setting;
    private final ChronicleQueue queue;
    private final ExcerptAppender appender;
    private final ByteBuffer payload = Payload.create();
    private final BytesStore<?, ByteBuffer> store = Queues.wrap(payload);
    private final int tailers;
    private final Crew crew;

    /** Opens an empty queue. */
    public ChronicleFanOut(Setting setting, int tailers) throws Exception {
        this.setting = setting;
        this.tailers = tailers;
        queue = Queues.open(setting);
        appender = queue.createAppender();
        crew = Crew.apart(tailers, () -> new Follower(queue.createTailer()));
    }

    private static final class Follower implements Crew.Worker {

        private final ExcerptTailer tailer;
        private final Idle idle = new Idle();
        private long total;

        Follower(ExcerptTailer tailer) {
            this.tailer = tailer;
        }

        @Override
        public void run(int operations) {
            int left = operations;
            while (left > 0) {
                long value = Queues.read(tailer);
                if (value == Queues.NOTHING) {
                    idle.idle(0);
                } else {
                    idle.idle(1);
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
        }
    }

    /** @param operations deliveries to all tailers together */
    @Override
    public void run(int operations) throws Exception {
        int events = operations / tailers;
        crew.start(events);
        for (int i = 0; i < events; i++) {
            payload.putLong(0, i);
            Queues.append(appender, store);
        }
        crew.join();
    }

    @Override
    public void settle() throws IOException {
        Queues.force(setting);
    }

    @Override
    public void close() throws IOException {
        crew.close();
        appender.close();
        queue.close();
    }
}
