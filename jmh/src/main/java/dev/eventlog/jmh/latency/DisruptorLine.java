package dev.eventlog.jmh.latency;

import com.lmax.disruptor.EventPoller;
import com.lmax.disruptor.RingBuffer;
import dev.eventlog.jmh.work.Payload;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Through a multi-producer ring of LMAX Disruptor with 16,384 slots: in memory, nothing is kept. */
final class DisruptorLine implements Line {

    private static final int SLOTS = 1 << 14;

    private final ByteBuffer payload = Payload.create();
    private final RingBuffer<ByteBuffer> ring = RingBuffer.createMultiProducer(Payload::create, SLOTS);
    private final EventPoller<ByteBuffer> poller = ring.newPoller();
    private @Nullable Receiver receiver;
    private int left;

    DisruptorLine() {
        ring.addGatingSequences(poller.getSequence());
    }

    @Override
    public void send(long firstBytes) {
        payload.putLong(0, firstBytes);
        long sequence = ring.next();
        ring.get(sequence).put(0, payload, 0, Payload.LENGTH);
        ring.publish(sequence);
    }

    @Override
    public int poll(Receiver to, int limit) {
        receiver = to;
        left = limit;
        try {
            poller.poll(this::take);
        } catch (Exception failure) { // take() throws none
            throw new IllegalStateException(failure);
        }
        return limit - left;
    }

    private boolean take(ByteBuffer event, long sequence, boolean endOfBatch) {
        if (receiver != null) {
            receiver.onArrival(event.getLong(0));
        }
        return --left > 0;
    }

    @Override
    public void close() {
        // nothing is held but memory
    }
}
