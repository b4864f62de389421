package dev.eventlog.jmh.latency;

import dev.eventlog.jmh.work.Idle;
import dev.eventlog.jmh.work.Payload;
import io.aeron.Aeron;
import io.aeron.CommonContext;
import io.aeron.ExclusivePublication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.BufferClaim;
import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/** Through Aeron IPC with a media driver in the same JVM, one thread that backs off: in memory, nothing is kept. */
final class AeronLine implements Line {

    private static final int STREAM = 1001;

    private final UnsafeBuffer payload = new UnsafeBuffer(Payload.create());
    private final MediaDriver driver;
    private final Aeron aeron;
    private final Subscription subscription;
    private final ExclusivePublication publication;
    private final BufferClaim claim = new BufferClaim();
    private final Idle idle = new Idle();

    AeronLine() {
        driver = MediaDriver.launchEmbedded(new MediaDriver.Context()
                .threadingMode(ThreadingMode.SHARED)
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true));
        aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(driver.aeronDirectoryName()));
        subscription = aeron.addSubscription(CommonContext.IPC_CHANNEL, STREAM);
        publication = aeron.addExclusivePublication(CommonContext.IPC_CHANNEL, STREAM);
        while (!publication.isConnected()) {
            idle.idle(0);
        }
    }

    @Override
    public void send(long firstBytes) {
        payload.putLong(0, firstBytes, ByteOrder.BIG_ENDIAN);
        while (publication.tryClaim(Payload.LENGTH, claim) < 0) {
            idle.idle(0);
        }
        claim.buffer().putBytes(claim.offset(), payload, 0, Payload.LENGTH);
        claim.commit();
    }

    @Override
    public int poll(Receiver receiver, int limit) {
        return subscription.poll(
                (buffer, offset, length, header) -> receiver.onArrival(buffer.getLong(offset, ByteOrder.BIG_ENDIAN)),
                limit);
    }

    @Override
    public void close() {
        aeron.close();
        driver.close();
    }
}
