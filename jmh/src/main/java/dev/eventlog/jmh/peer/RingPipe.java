package dev.eventlog.jmh.peer;

import dev.eventlog.jmh.work.Crew;
import dev.eventlog.jmh.work.Idle;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/** Agrona's ring buffer of 1 MiB for many writers: in memory, nothing is kept. One thread writes, one reads. */
public final class RingPipe implements Workload {

    private static final int LENGTH = 1 << 20;
    private static final int MESSAGE_TYPE = 1;
    private static final int LIMIT = 256;

    private final ManyToOneRingBuffer ring = new ManyToOneRingBuffer(
            new UnsafeBuffer(ByteBuffer.allocateDirect(LENGTH + RingBufferDescriptor.TRAILER_LENGTH)));
    private final UnsafeBuffer payload = new UnsafeBuffer(Payload.create());
    private final Idle idle = new Idle();
    private final Crew reader;

    /** Makes an empty ring. */
    public RingPipe(Setting setting) throws Exception {
        reader = Crew.apart(1, () -> {
            var readerIdle = new Idle();
            long[] total = new long[1];
            return operations -> {
                int left = operations;
                while (left > 0) {
                    int count = ring.read(
                            (type, buffer, index, length) -> total[0] += sum(buffer, index), Math.min(LIMIT, left));
                    left -= count;
                    readerIdle.idle(count);
                }
            };
        });
    }

    /** Adds up the words of a payload in Agrona's buffer. */
    static long sum(DirectBuffer buffer, int offset) {
        long sum = 0;
        for (int i = 0; i < Payload.LENGTH; i += Long.BYTES) {
            sum += buffer.getLong(offset + i);
        }
        return sum;
    }

    @Override
    public void run(int operations) throws Exception {
        reader.start(operations);
        for (int i = 0; i < operations; i++) {
            payload.putLong(0, i);
            while (!ring.write(MESSAGE_TYPE, payload, 0, Payload.LENGTH)) {
                idle.idle(0);
            }
        }
        reader.join();
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }
}
