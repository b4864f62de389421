package dev.eventlog.jmh.peer;

import dev.eventlog.jmh.work.Crew;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.io.IOException;
import java.nio.ByteBuffer;
import net.openhft.chronicle.bytes.BytesStore;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;

/** Threads append document by document to a Chronicle queue, each with an appender of its own. */
public final class ChronicleAppend implements Workload {

    private final Setting setting;
    private final ChronicleQueue queue;
    private final Crew crew;
    private final int threads;

    /** Opens an empty queue. */
    public ChronicleAppend(Setting setting, int threads) throws Exception {
        this.setting = setting;
        this.threads = threads;
        queue = Queues.open(setting);
        crew = Crew.of(threads, () -> new Writer(queue));
    }

    private static final class Writer implements Crew.Worker {

        private final ExcerptAppender appender;
        private final ByteBuffer payload = Payload.create();
        private final BytesStore<?, ByteBuffer> store = Queues.wrap(payload);

        Writer(ChronicleQueue queue) {
            appender = queue.createAppender();
        }

        @Override
        public void run(int operations) {
            for (int i = 0; i < operations; i++) {
                payload.putLong(0, i);
                Queues.append(appender, store);
            }
        }

        @Override
        public void close() {
            appender.close();
        }
    }

    @Override
    public void run(int operations) throws Exception {
        crew.run(operations / threads);
    }

    @Override
    public void settle() throws IOException {
        Queues.force(setting);
    }

    @Override
    public void close() throws IOException {
        crew.close();
        queue.close();
    }
}
