package dev.eventlog.jmh.peer;

import dev.eventlog.jmh.work.Crew;
import dev.eventlog.jmh.work.Idle;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import io.aeron.Aeron;
import io.aeron.CommonContext;
import io.aeron.ExclusivePublication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.BufferClaim;
import io.aeron.logbuffer.FragmentHandler;
import java.io.IOException;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Aeron IPC with a media driver in the same JVM (one shared thread that backs off), default term length: in memory,
 * nothing is kept. One thread claims and commits, one polls.
 */
public final class AeronPipe implements Workload {

    private static final int STREAM = 1001;
    private static final int LIMIT = 256;

    private final MediaDriver driver;
    private final Aeron aeron;
    private final ExclusivePublication publication;
    private final UnsafeBuffer payload = new UnsafeBuffer(Payload.create());
    private final BufferClaim claim = new BufferClaim();
    private final Idle idle = new Idle();
    private final Crew reader;

    /** Starts a driver. */
    public AeronPipe(Setting setting) throws Exception {
        driver = MediaDriver.launchEmbedded(new MediaDriver.Context()
                .threadingMode(ThreadingMode.SHARED)
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true));
        aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(driver.aeronDirectoryName()));
        Subscription subscription = aeron.addSubscription(CommonContext.IPC_CHANNEL, STREAM);
        publication = aeron.addExclusivePublication(CommonContext.IPC_CHANNEL, STREAM);
        while (!publication.isConnected()) {
            idle.idle(0);
        }
        reader = Crew.apart(1, () -> {
            var readerIdle = new Idle();
            long[] total = new long[1];
            FragmentHandler handler = (buffer, offset, length, header) -> total[0] += RingPipe.sum(buffer, offset);
            return operations -> {
                int left = operations;
                while (left > 0) {
                    int count = subscription.poll(handler, Math.min(LIMIT, left));
                    left -= count;
                    readerIdle.idle(count);
                }
            };
        });
    }

    @Override
    public void run(int operations) throws Exception {
        reader.start(operations);
        for (int i = 0; i < operations; i++) {
            payload.putLong(0, i);
            while (publication.tryClaim(Payload.LENGTH, claim) < 0) {
                idle.idle(0);
            }
            claim.buffer().putBytes(claim.offset(), payload, 0, Payload.LENGTH);
            claim.commit();
        }
        reader.join();
    }

    @Override
    public void close() throws IOException {
        reader.close();
        aeron.close();
        driver.close();
    }
}
