package dev.eventlog.jmh.ours;

import dev.eventlog.Consumer;
import dev.eventlog.EventLog;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.jmh.work.Crew;
import dev.eventlog.jmh.work.Idle;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** One thread appends while consumers, each on a thread of its own, follow; done when all have all. */
public final class FanOut implements Workload {

    private static final int LIMIT = 256;

    private final EventLog log;
    private final Producer<ByteBuffer> producer;
    private final ByteBuffer payload = Payload.create();
    private final List<NewEvent<ByteBuffer>> batch = Logs.batch(payload);
    private final int consumers;
    private final boolean batched;
    private final Crew crew;

    /** Opens an empty log; batched: 256 events an append. */
    public FanOut(Setting setting, int consumers, boolean batched) throws Exception {
        this.consumers = consumers;
        this.batched = batched;
        log = Logs.open(setting);
        producer = Logs.producer(log);
        crew = Crew.apart(consumers, () -> new Follower(Logs.consumer(log)));
    }

    private static final class Follower implements Crew.Worker {

        private final Consumer<ByteBuffer> consumer;
        private final Sum sum = new Sum();
        private final Idle idle = new Idle();

        Follower(Consumer<ByteBuffer> consumer) {
            this.consumer = consumer;
        }

        @Override
        public void run(int operations) {
            int left = operations;
            while (left > 0) {
                int count = consumer.poll(sum, Math.min(LIMIT, left));
                left -= count;
                idle.idle(count);
            }
        }

        @Override
        public void close() {
            consumer.close();
        }
    }

    /** @param operations deliveries to all consumers together */
    @Override
    public void run(int operations) throws Exception {
        int events = operations / consumers;
        crew.start(events);
        if (batched) {
            for (int i = 0; i < events; i += Logs.BATCH) {
                producer.appendAll(batch);
            }
        } else {
            for (int i = 0; i < events; i++) {
                payload.putLong(0, i);
                producer.append(Logs.KEY, payload);
            }
        }
        crew.join();
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
