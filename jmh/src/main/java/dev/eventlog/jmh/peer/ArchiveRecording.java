package dev.eventlog.jmh.peer;

import dev.eventlog.jmh.work.Idle;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import io.aeron.CommonContext;
import io.aeron.ExclusivePublication;
import io.aeron.archive.Archive;
import io.aeron.archive.ArchiveThreadingMode;
import io.aeron.archive.ArchivingMediaDriver;
import io.aeron.archive.client.AeronArchive;
import io.aeron.archive.status.RecordingPos;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.BufferClaim;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersReader;

/**
 * Aeron IPC recorded by an Archive in the same JVM (driver and archive each with one thread that backs off; default
 * lengths; recordings in the page cache, not forced). One thread claims and commits; a sample is done when the recording has
 * all of it.
 */
public final class ArchiveRecording implements Workload {

    private static final int STREAM = 1001;
    private static final String LOCALHOST = "aeron:udp?endpoint=localhost:0";

    private final ArchivingMediaDriver driver;
    private final AeronArchive archive;
    private final ExclusivePublication publication;
    private final CountersReader counters;
    private final int recordingCounter;
    private final UnsafeBuffer payload = new UnsafeBuffer(Payload.create());
    private final BufferClaim claim = new BufferClaim();
    private final Idle idle = new Idle();

    /** Starts driver, archive and recording. */
    public ArchiveRecording(Setting setting) {
        String driverDirectory = CommonContext.generateRandomDirName();
        driver = ArchivingMediaDriver.launch(
                new MediaDriver.Context()
                        .aeronDirectoryName(driverDirectory)
                        .threadingMode(ThreadingMode.SHARED)
                        .dirDeleteOnStart(true)
                        .dirDeleteOnShutdown(true),
                new Archive.Context()
                        .aeronDirectoryName(driverDirectory)
                        .archiveDir(setting.directory().resolve("archive").toFile())
                        .threadingMode(ArchiveThreadingMode.SHARED)
                        .controlChannelEnabled(false)
                        .archiveClientContext(
                                new AeronArchive.Context().controlResponseChannel(CommonContext.IPC_CHANNEL))
                        .replicationChannel(LOCALHOST)
                        .deleteArchiveOnStart(true));
        archive = AeronArchive.connect(new AeronArchive.Context()
                .aeronDirectoryName(driverDirectory)
                .controlRequestChannel(CommonContext.IPC_CHANNEL)
                .controlResponseChannel(CommonContext.IPC_CHANNEL));
        publication = archive.addRecordedExclusivePublication(CommonContext.IPC_CHANNEL, STREAM);
        counters = archive.context().aeron().countersReader();
        recordingCounter = awaitCounter();
    }

    private int awaitCounter() {
        int counter = CountersReader.NULL_COUNTER_ID;
        while (counter == CountersReader.NULL_COUNTER_ID) {
            idle.idle(0);
            counter = RecordingPos.findCounterIdBySession(counters, publication.sessionId(), archive.archiveId());
        }
        return counter;
    }

    @Override
    public void run(int operations) {
        for (int i = 0; i < operations; i++) {
            payload.putLong(0, i);
            while (publication.tryClaim(Payload.LENGTH, claim) < 0) {
                idle.idle(0);
            }
            claim.buffer().putBytes(claim.offset(), payload, 0, Payload.LENGTH);
            claim.commit();
        }
        while (counters.getCounterValue(recordingCounter) < publication.position()) {
            idle.idle(0);
        }
    }

    @Override
    public void close() {
        archive.close();
        driver.close();
    }
}
