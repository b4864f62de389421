package dev.eventlog.internal.journal;

import dev.eventlog.Durability;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.JvmOpener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens journals: in memory, or on disk by taking the lock, recovering what is there and beginning a new epoch.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class JournalOpener {

    private static final Logger LOGGER = LoggerFactory.getLogger(JournalOpener.class);
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    private static final int STACK_FRAMES = 6;
    private static final UUID UNKNOWN_BOOT = new UUID(0, 0);

    private JournalOpener() {}

    static Journal open(EventLogConfig config, FileOps files, Clock clock, IoThread io) {
        Path path = config.directory();
        try {
            if (path == null) {
                return inMemory(config, clock);
            }
            JvmOpener.open();
            String opener =
                    clock.whoAndWhen() + " " + stack(Thread.currentThread().getStackTrace());
            return io.call(() -> onDisk(config, path, files, new Place(clock, io, opener)));
        } catch (IOException e) {
            throw Corruption.io("opening the log", path == null ? Path.of("memory") : path.toAbsolutePath(), e);
        }
    }

    private record Place(Clock clock, IoThread io, String opener) {}

    /** Where the user's code opens the log: the first frames outside of this library. */
    private static String stack(StackTraceElement[] frames) {
        return Arrays.stream(frames)
                .skip(1)
                .filter(frame -> !frame.getClassName().startsWith("dev.eventlog.")
                        || frame.getClassName().endsWith("Test"))
                .limit(STACK_FRAMES)
                .map(StackTraceElement::toString)
                .collect(Collectors.joining(" < ", "at ", ""));
    }

    private static Journal inMemory(EventLogConfig config, Clock clock) throws IOException {
        var parts = new Journal.Parts(
                UUID.randomUUID(), UNKNOWN_BOOT, 1, 0, 0, 1, List.of(), new Dictionary(), new Epochs(List.of()), null);
        return new Journal(new MemorySegmentStore(0), parts, config, clock);
    }

    private static Journal onDisk(EventLogConfig config, Path path, FileOps files, Place place) throws IOException {
        LogDirectory directory = LogDirectory.prepare(path, config.isInsecureDirectoryAllowed(), files);
        DirectoryLock lock = DirectoryLock.acquire(directory, files, place.opener(), place.clock());
        boolean opened = false;
        try {
            Journal journal = locked(config, directory, lock, files, place);
            opened = true;
            return journal;
        } finally {
            if (!opened) {
                lock.release();
            }
        }
    }

    private static Journal locked(
            EventLogConfig config, LogDirectory directory, DirectoryLock lock, FileOps files, Place place)
            throws IOException {
        long now = place.clock().epochNanos();
        LogMeta meta = meta(directory, now, files);
        UUID bootId = bootId(files);
        var boot = new StateFile.Boot(bootId, directory.identity());
        int seed = FrameBuilder.seed(meta.logId());
        Recovery.Result recovered = Recovery.run(directory, meta, seed, boot, files);
        Manifest manifest = recovered.manifest();
        int epoch = recovered.nextEpoch();
        manifest.addEpoch(new Manifest.Epoch(epoch, recovered.endPosition(), now, boot.home()));
        StateFile state = StateFile.create(
                directory.state(),
                meta.logId(),
                boot,
                epoch,
                new StateFile.Positions(recovered.endPosition(), recovered.endPosition()),
                files);
        var failed = new AtomicReference<@Nullable Journal>();
        var store = new ChronicleSegmentStore(
                new ChronicleSegmentStore.Parts(directory, manifest, state, lock),
                new ChronicleSegmentStore.Identity(
                        meta.logId(),
                        seed,
                        config.segmentLengthBytes(),
                        config.durability() == Durability.POWER_LOSS,
                        place.clock(),
                        config.threadFactory()),
                files,
                place.io(),
                error -> report(failed.get(), error, config));
        var parts = new Journal.Parts(
                meta.logId(),
                bootId,
                epoch,
                meta.firstPosition(),
                recovered.endPosition(),
                recovered.nextNumber(),
                List.copyOf(manifest.segments()),
                manifest.dictionary(),
                new Epochs(List.copyOf(manifest.epochs())),
                directory.root());
        Journal journal = begin(store, parts, config, place.clock());
        failed.set(journal);
        long interval = config.forceInterval().toNanos();
        if (interval > 0) {
            place.io().every(interval, () -> forceInBackground(journal, config));
        }
        return journal;
    }

    private static Journal begin(SegmentStore store, Journal.Parts parts, EventLogConfig config, Clock clock)
            throws IOException {
        try {
            return new Journal(store, parts, config, clock);
        } catch (IOException | RuntimeException | Error e) {
            store.close();
            throw e;
        }
    }

    private static void forceInBackground(Journal journal, EventLogConfig config) {
        if (journal.isClosed() || journal.failure() != null) {
            return;
        }
        try {
            journal.forceInBackground();
        } catch (RuntimeException e) {
            report(journal, e, config);
        }
    }

    private static void report(@Nullable Journal journal, Throwable error, EventLogConfig config) {
        if (journal != null) {
            journal.fail(error);
        }
        try {
            config.backgroundErrors().accept(error);
        } catch (RuntimeException e) {
            LOGGER.warn("backgroundErrors threw", e);
        }
    }

    private static LogMeta meta(LogDirectory directory, long now, FileOps files) throws IOException {
        LogMeta meta = LogMeta.read(directory.meta(), files);
        if (meta != null) {
            return meta;
        }
        boolean hasEvents =
                files.list(directory.segments()).stream().anyMatch(name -> LogDirectory.segmentNumber(name, true) >= 0);
        if (hasEvents || files.attributes(directory.manifest()) != null) {
            throw new CorruptLogException(
                    "log.meta is missing although there are segments: file=" + directory.meta()
                            + "; restore it from a backup",
                    directory.meta(),
                    0,
                    -1,
                    -1,
                    null);
        }
        LogMeta created = new LogMeta(UUID.randomUUID(), now, 0);
        created.write(directory.meta(), files);
        return created;
    }

    private static UUID bootId(FileOps files) {
        try (FileOps.OpenFile file = files.open(BOOT_ID, FileOps.Mode.READ)) {
            ByteBuffer text = ByteBuffer.allocate(64);
            file.read(text, 0);
            return UUID.fromString(new String(text.array(), 0, text.position(), StandardCharsets.US_ASCII).strip());
        } catch (IOException | IllegalArgumentException e) {
            return UNKNOWN_BOOT;
        }
    }
}
