package dev.eventlog.tools;

import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.LockedException;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.inspection.InspectOptions;
import dev.eventlog.internal.inspection.Inspected;
import dev.eventlog.internal.journal.ReadJournal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * Tools for the directory of one log. All but {@link #repair} change nothing in it and take no lock: a writer may go on
 * meanwhile, in this process or another one.
 *
 * <pre>{@code
 * Report report = LogTools.at(Path.of("data/orders")).verify(true);
 * if (!report.isSound()) alert(report.toJson());
 * }</pre>
 *
 * <p>Memory does not grow with the log. Do not interrupt the calling thread: the tool would fail with a
 * {@link java.nio.channels.ClosedByInterruptException}.
 *
 * <p><b>Threading:</b> Immutable.
 */
public final class LogTools {

    private final Path directory;
    private final LongConsumer progress;
    private final FileOps files;

    private LogTools(Path directory, LongConsumer progress, FileOps files) {
        this.directory = directory;
        this.progress = progress;
        this.files = files;
    }

    /** Tools for the log in a directory. */
    public static LogTools at(Path directory) {
        return new LogTools(Objects.requireNonNull(directory, "directory"), bytes -> {}, FileOps.system());
    }

    static LogTools at(Path directory, FileOps files) {
        return new LogTools(directory, bytes -> {}, files);
    }

    /** The same tools, which tell the number of bytes that were read so far now and then, on the calling thread. */
    public LogTools withProgress(LongConsumer progress) {
        return new LogTools(directory, Objects.requireNonNull(progress, "progress"), files);
    }

    /**
     * Looks whether the log is sound.
     *
     * @param isFull whether every frame is read and checked, rather than only what an open would look at
     * @throws CorruptLogException if nothing tells which log it is
     * @throws UncheckedIOException if there is no such directory, or a file cannot be read
     */
    public Report verify(boolean isFull) {
        return Report.of(inspect(InspectOptions.of(isFull, progress)));
    }

    private Inspected inspect(InspectOptions options) {
        try {
            return ReadJournal.inspect(directory, options, Cursors::traces, files);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What {@link #repair} does beyond what an open would do. */
    public enum Repair {
        /** Events that are missing below the durable position are recorded as lost, so that the log opens again. */
        RECORD_DAMAGE,
        /**
         * Checkpoints that are damaged in both slots are set to the oldest event that is kept: what their consumers had
         * handled is delivered again, and nothing is left out.
         */
        RESET_CHECKPOINTS
    }

    /**
     * Makes anew what can be derived, and does what is asked for. The files that are replaced are first copied to
     * {@code replaced/} in the log's directory; segments are never rewritten.
     *
     * @return what is found afterwards
     * @throws LockedException if the log is open
     * @throws CorruptLogException if events are missing, and {@link Repair#RECORD_DAMAGE} is not asked for
     */
    public Report repair(Repair... asked) {
        try {
            new LogRepair(directory, files, asked).run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return verify(false);
    }

    /**
     * Copies every event that is intact into a new log, with key, id, time, metadata, source and schema. Positions are given
     * anew, without gaps; append times are those of the copying; checkpoints are not copied, since they would mean other
     * events.
     *
     * @param target must not exist, or be empty
     * @return what the log is like that was read: its damage is what is missing in the new one
     * @throws StorageFullException if there is no room
     */
    public Report salvage(Path target) {
        try {
            return new LogSalvage(directory, target, progress, files).run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Writes the frames of the log as readable lines of ASCII; payloads only if asked for, and damage where it is met at the
     * end.
     *
     * @param from first position
     * @param to position behind the last
     * @param hasPayloads whether payloads are written, in hexadecimal digits
     */
    public Report dump(long from, long to, boolean hasPayloads, Appendable out) {
        var dump = new LogDump(from, to, hasPayloads, out);
        return Report.of(inspect(new InspectOptions(true, progress, dump)));
    }

    /**
     * Copies the log as it is at one moment after the call begins, with its consumers, to where the copy opens by itself.
     * Everything that is copied is read and checked; damage is copied too, and told. The copy is a log of its own from there
     * on: do not write both and mix their files.
     *
     * @param target must not exist; it appears when the copy is complete and survives a power cut
     */
    public Report copy(Path target) {
        try {
            return Report.of(ReadJournal.copy(directory, target, progress, Cursors::traces, files));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Opens a log as its writer. */
    static EventLog open(Path directory, EventLogConfig.Recovery recovery) {
        return EventLog.open(EventLogConfig.at(directory).recovery(recovery).build());
    }
}
