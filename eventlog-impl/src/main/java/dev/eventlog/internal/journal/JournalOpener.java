package dev.eventlog.internal.journal;

import dev.eventlog.Durability;
import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.inspection.Traces;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.JvmOpener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
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
    private static final long WATCH_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final UUID UNKNOWN_BOOT = new UUID(0, 0);

    private JournalOpener() {}

    static Journal open(EventLogConfig config, FileOps files, Clock clock, IoThread io, Traces traces) {
        Path path = config.directory();
        try {
            if (path == null) {
                return inMemory(config, clock);
            }
            if (config.recovery() == EventLogConfig.Recovery.SALVAGE) {
                return SalvageStore.open(config, path, files, clock, traces, io);
            }
            JvmOpener.open();
            String opener =
                    clock.whoAndWhen() + " " + stack(Thread.currentThread().getStackTrace());
            return io.call(() -> onDisk(config, path, files, new Place(clock, io, opener, traces)));
        } catch (IOException e) {
            throw Corruption.io("opening the log", path == null ? Path.of("memory") : path.toAbsolutePath(), e);
        }
    }

    private record Place(Clock clock, IoThread io, String opener, Traces traces) {}

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
                UUID.randomUUID(),
                UNKNOWN_BOOT,
                1,
                0,
                1,
                List.of(),
                new Dictionary(),
                new ProgressTable(),
                new Epochs(List.of()),
                null);
        return new Journal(new MemorySegmentStore(config), parts, config, clock);
    }

    private static Journal onDisk(EventLogConfig config, Path path, FileOps files, Place place) throws IOException {
        LogDirectory directory = LogDirectory.prepare(path, config.isInsecureDirectoryAllowed(), files);
        DirectoryLock lock = DirectoryLock.acquire(directory, files, place.opener(), place.clock());
        if (config.recovery() == EventLogConfig.Recovery.ABSOLUTE) {
            orElse(lock::release, () -> {
                Inspection.requirePerfect(directory, place.traces(), files);
                return directory;
            });
        }
        Recovered recovered = orElse(lock::release, () -> recovered(config, directory, lock, files, place));
        ChronicleSegmentStore store = recovered.store();
        // the lock is the store's now
        Journal journal = orElse(store::close, () -> new Journal(store, recovered.parts(), config, place.clock()));
        recovered.failed().set(journal);
        place.io().every(WATCH_NANOS, store::watch);
        long interval = config.forceInterval().toNanos();
        if (interval > 0) {
            place.io().every(interval, () -> forceInBackground(journal, config, place.io()));
        }
        return journal;
    }

    /** Does work; if that fails, gives free what the work would have taken over. */
    private static <R> R orElse(IoThread.Task free, IoThread.Work<R> work) throws IOException {
        try {
            return work.run();
        } catch (IOException | RuntimeException | Error e) {
            try {
                free.run();
            } catch (IOException | RuntimeException further) {
                e.addSuppressed(further);
            }
            throw e;
        }
    }

    /**
     * What a journal begins with.
     *
     * @param store has the lock
     * @param failed the journal to stop when the store fails, once there is one
     */
    private record Recovered(
            ChronicleSegmentStore store, Journal.Parts parts, AtomicReference<@Nullable Journal> failed) {}

    private static Recovered recovered(
            EventLogConfig config, LogDirectory directory, DirectoryLock lock, FileOps files, Place place)
            throws IOException {
        long now = place.clock().epochNanos();
        LogMeta meta = meta(directory, lock, now, files, place);
        UUID bootId = bootId(files);
        var boot = new StateFile.Boot(bootId, directory.identity());
        int seed = FrameBuilder.seed(meta.logId());
        Recovery.Result result = Recovery.run(directory, meta, boot, place.traces(), policy(config), files);
        Manifest manifest = result.manifest();
        int epoch = result.nextEpoch();
        StateFile state = orElse(manifest::close, () -> {
            manifest.addEpoch(new Manifest.Epoch(epoch, result.endPosition(), now, boot.home()));
            return StateFile.create(
                    directory.state(),
                    meta.logId(),
                    boot,
                    epoch,
                    new StateFile.Positions(result.firstPosition(), result.endPosition(), result.endPosition()),
                    files);
        });
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
                result.endPosition(),
                result.nextNumber(),
                List.copyOf(manifest.segments()),
                manifest.dictionary(),
                copy(manifest.progress()),
                new Epochs(List.copyOf(manifest.epochs())),
                directory.root());
        return new Recovered(store, parts, failed);
    }

    /** The manifest keeps what was reached where the last segment ended. */
    private static ProgressTable copy(ProgressTable told) {
        var copy = new ProgressTable();
        copy.putAll(told.all());
        return copy;
    }

    private static Recovery.Policy policy(EventLogConfig config) {
        return new Recovery.Policy(
                Retention.isLimited(config), config.recovery() == EventLogConfig.Recovery.RECORD_DAMAGE);
    }

    private static void forceInBackground(Journal journal, EventLogConfig config, IoThread io) {
        if (journal.isClosed() || journal.failure() != null) {
            return;
        }
        try {
            if (!journal.forceInBackground()) {
                // behind what an appender waits for
                io.later(() -> forceInBackground(journal, config, io));
            }
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

    /** Reads what the log is, creates it if the directory has none, or makes it anew from the other files. */
    private static LogMeta meta(LogDirectory directory, DirectoryLock lock, long now, FileOps files, Place place)
            throws IOException {
        if (files.attributes(directory.meta()) == null) {
            LogMeta lost = LostMeta.find(directory, "missing", place.traces(), files);
            LogMeta created = lost == null ? new LogMeta(UUID.randomUUID(), now, 0) : lost;
            created.create(directory.meta(), files);
        }
        FileOps.OpenFile file = lock.openMeta();
        // only here, where nobody else can be creating it any more, does it say what the log is
        LogMeta meta = LogMeta.read(file);
        if (meta == null) {
            meta = LostMeta.find(directory, "damaged", place.traces(), files);
            if (meta == null) {
                throw LostMeta.nothingThere(directory);
            }
            meta.mend(file);
        }
        lock.verify();
        return meta;
    }

    /** Boot of the machine; zeros if unknown. */
    static UUID bootId(FileOps files) {
        try (FileOps.OpenFile file = files.open(BOOT_ID, FileOps.Mode.READ)) {
            ByteBuffer text = ByteBuffer.allocate(64);
            file.read(text, 0);
            return UUID.fromString(new String(text.array(), 0, text.position(), StandardCharsets.US_ASCII).strip());
        } catch (IOException | IllegalArgumentException e) {
            return UNKNOWN_BOOT;
        }
    }
}
