package dev.eventlog.internal.journal;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.inspection.Traces;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds again what a {@code log.meta} said that is damaged or gone, from the files that have the log's id too. Changes
 * nothing.
 *
 * <p>All that name a log must name the same one, and a segment or the manifest must be among them. The first position is
 * that of the manifest's first epoch, or that of the segment which says that none is before it; without either the
 * beginning of the log may be lost, and it is refused. The time of creation is found in the same places, to the moment or
 * a little later. A file whose checksum is wrong says nothing: recovery judges it once the log is known.
 *
 * <p><b>Threading:</b> One thread at a time: the I/O thread, holding the directory's lock.
 */
final class LostMeta {

    private static final Logger LOGGER = LoggerFactory.getLogger(LostMeta.class);

    private final LogDirectory directory;
    private final FileOps files;
    private boolean isAnythingThere;
    private @Nullable UUID logId;
    private @Nullable Path witness;
    private boolean isProven;
    private SegmentScanner.@Nullable Opening first;

    private LostMeta(LogDirectory directory, FileOps files) {
        this.directory = directory;
        this.files = files;
    }

    /**
     * Finds it; null if the directory has nothing of a log.
     *
     * @param problem what is wrong with {@code log.meta}, for messages
     * @throws CorruptLogException if the other files do not tell it
     * @throws UnknownFormatException if one of them is of a newer version
     */
    static @Nullable LogMeta find(LogDirectory directory, String problem, Traces traces, FileOps files)
            throws IOException {
        LogMeta found = look(directory, problem, traces, files);
        if (found != null) {
            LOGGER.warn(
                    "log.meta is {} and is made anew from the other files: file={} logId={} firstPosition={} created={}",
                    problem,
                    directory.meta(),
                    found.logId(),
                    found.firstPosition(),
                    Clock.toInstant(found.createdNanos()));
        }
        return found;
    }

    /** The same for who only looks. */
    static @Nullable LogMeta look(LogDirectory directory, String problem, Traces traces, FileOps files)
            throws IOException {
        var lost = new LostMeta(directory, files);
        lost.askHeader(directory.state(), StateFile.MAGIC, false);
        lost.askHeader(directory.manifest(), Manifest.MAGIC, true);
        lost.askSegments();
        for (Traces.Trace trace : traces.find(directory.root(), files)) {
            lost.isAnythingThere = true;
            lost.hear(trace.logId(), trace.file(), false);
        }
        lost.isAnythingThere |= !files.list(directory.torn()).isEmpty();
        return lost.isAnythingThere ? lost.found(problem) : null;
    }

    private void askHeader(Path file, String magic, boolean proves) throws IOException {
        if (files.attributes(file) == null) {
            return;
        }
        isAnythingThere = true;
        ByteBuffer header = ByteBuffer.allocate(FileHeader.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.READ)) {
            hear(FileHeader.logId(header, open.read(header, 0), magic, file), file, proves);
        }
    }

    private void askSegments() throws IOException {
        for (String name : files.list(directory.segments())) {
            long number = LogDirectory.segmentNumber(name, true);
            if (number >= 0) {
                askSegment(directory.segment(number));
            }
        }
        for (String name : files.list(directory.active())) {
            long number = LogDirectory.segmentNumber(name, false);
            Path file = number < 0 ? null : directory.chronicleFile(number);
            if (file != null) {
                askSegment(file);
            }
        }
    }

    private void askSegment(Path file) throws IOException {
        isAnythingThere = true;
        try (FileOps.OpenFile open = files.open(file, FileOps.Mode.READ)) {
            SegmentScanner.Opening opening = SegmentScanner.opening(open);
            if (opening != null) {
                hear(opening.logId(), file, true);
                if (opening.previousNumber() < 0 && (first == null || opening.epoch() < first.epoch())) {
                    first = opening;
                }
            }
        }
    }

    private void hear(@Nullable UUID said, Path file, boolean proves) {
        if (said == null) {
            return;
        }
        if (logId != null && !logId.equals(said)) {
            throw refusal("the files are of several logs, " + witness + " of " + logId + " and " + file + " of " + said
                    + "; remove what does not belong here, or restore log.meta from a backup");
        }
        logId = said;
        witness = file;
        isProven |= proves;
    }

    private LogMeta found(String problem) throws IOException {
        UUID id = logId;
        if (id == null || !isProven) {
            throw refusal("log.meta is " + problem + ", and neither the manifest nor a segment tells what log this is;"
                    + " restore it from a backup, or begin a new log in another directory");
        }
        Beginning beginning = beginning(id);
        if (beginning == null) {
            throw refusal("log.meta is " + problem + ", and neither the manifest nor a segment tells where the log"
                    + " begins: its first segment may be missing; restore it from a backup");
        }
        return new LogMeta(id, beginning.timeNanos(), beginning.position());
    }

    /** Where and when the log begins. */
    private record Beginning(long position, long timeNanos) {}

    private @Nullable Beginning beginning(UUID id) throws IOException {
        SegmentScanner.Opening opening = first;
        Manifest manifest = Manifest.read(directory.manifest(), id, files);
        if (manifest != null) {
            for (Manifest.Epoch epoch : manifest.epochs()) {
                // a manifest that was made anew does not know the times of epochs
                boolean isTimeExact = epoch.timeNanos() != 0;
                if (epoch.number() == 1) {
                    long timeNanos = isTimeExact || opening == null ? epoch.timeNanos() : opening.timeNanos();
                    return new Beginning(epoch.basePosition(), timeNanos);
                }
            }
        }
        return opening == null ? null : new Beginning(opening.basePosition(), opening.timeNanos());
    }

    /** The refusal of a damaged {@code log.meta} that stands alone. */
    static CorruptLogException nothingThere(LogDirectory directory) {
        return refusal(
                directory,
                "log.meta is damaged and the log's other files are gone; restore them from a backup, or begin a new log in"
                        + " another directory");
    }

    private CorruptLogException refusal(String what) {
        return refusal(directory, what);
    }

    private static CorruptLogException refusal(LogDirectory directory, String what) {
        return new CorruptLogException(
                "log cannot be identified: file=" + directory.meta() + " offset=0: " + what,
                directory.meta(),
                0,
                -1,
                -1,
                null);
    }
}
