package dev.eventlog.jmh.peer;

import com.lmax.disruptor.EventPoller;
import com.lmax.disruptor.RingBuffer;
import dev.eventlog.jmh.work.Crew;
import dev.eventlog.jmh.work.Idle;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * LMAX Disruptor with 16,384 slots of 64 bytes for many producers: in memory, nothing is kept. One thread publishes, one
 * polls, so that nobody spins between samples.
 */
public final class DisruptorPipe implements Workload {

    private static final int SLOTS = 1 << 14;

    private final RingBuffer<ByteBuffer> ring = RingBuffer.createMultiProducer(Payload::create, SLOTS);
    private final ByteBuffer payload = Payload.create();
    private final Crew reader;

    /** Makes an empty ring. */
    public DisruptorPipe(Setting setting) throws Exception {
        EventPoller<ByteBuffer> poller = ring.newPoller();
        ring.addGatingSequences(poller.getSequence());
        reader = Crew.apart(1, () -> new Reader(poller));
    }

    private static final class Reader implements Crew.Worker {

        private final EventPoller<ByteBuffer> poller;
        private final Idle idle = new Idle();
        private long total;
        private int left;

        Reader(EventPoller<ByteBuffer> poller) {
            this.poller = poller;
        }

        @Override
        public void run(int operations) throws Exception {
            left = operations;
            while (left > 0) {
                boolean worked = poller.poll(this::take) == EventPoller.PollState.PROCESSING;
                idle.idle(worked ? 1 : 0);
            }
        }

        private boolean take(ByteBuffer event, long sequence, boolean endOfBatch) {
            total += Payload.sum(event);
            left--;
            return total != 1;
        }
    }

    @Override
    public void run(int operations) throws Exception {
        reader.start(operations);
        for (int i = 0; i < operations; i++) {
            payload.putLong(0, i);
            long sequence = ring.next();
            ring.get(sequence).put(0, payload, 0, Payload.LENGTH);
            ring.publish(sequence);
        }
        reader.join();
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }
}
