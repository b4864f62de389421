package dev.eventlog.internal.journal;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.EventLogException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.error.StorageFullException;
import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Makes the exceptions for damage and for failing files, so that each says what, where and what to do.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class Corruption {

    private Corruption() {}

    /** Damage at a place of a file. */
    static CorruptLogException at(String what, Path file, long offset, long fromPosition, long toPosition) {
        return at(what, file, offset, fromPosition, toPosition, null);
    }

    static CorruptLogException at(
            String what, Path file, long offset, long fromPosition, long toPosition, @Nullable Throwable cause) {
        return new CorruptLogException(
                what + ": file=" + file + " offset=" + offset + " positions="
                        + fromPosition + ".." + (toPosition == Long.MAX_VALUE ? "unknown" : toPosition)
                        + "; nothing was changed. Restore the log from a backup; or salvage what is readable to a new log, or record"
                        + " what is missing, see LogTools and EventLogConfig.recovery",
                file,
                offset,
                fromPosition,
                toPosition,
                cause);
    }

    /** A file operation that failed while a log was opened or a segment begun: nothing was appended. */
    static EventLogException io(String what, Path where, IOException cause) {
        if (isFull(cause)) {
            return new StorageFullException(
                    what + " failed, storage is full: path=" + where + " (" + cause.getMessage()
                            + "); nothing was appended. Make room, then go on",
                    cause);
        }
        if (hasNoDescriptor(cause)) {
            return new StorageFullException(
                    what + " failed, the process has no file descriptor left: path=" + where + " ("
                            + cause.getMessage()
                            + "); nothing was appended. Close files or allow more of them (ulimit -n),"
                            + " then go on",
                    cause);
        }
        String advice = cause instanceof AccessDeniedException
                ? "; give user " + System.getProperty("user.name") + " the right to read and write it"
                : "";
        return new LogFailedException(
                what + " failed: path=" + where + " (" + describe(cause) + ")" + advice, false, cause);
    }

    private static String describe(IOException cause) {
        return cause instanceof AccessDeniedException
                ? "permission denied: " + cause.getMessage()
                : cause.getClass() == IOException.class ? String.valueOf(cause.getMessage()) : cause.toString();
    }

    /** Whether an operation failed and did nothing, for want of room or of a file descriptor: it may be tried again. */
    static boolean isTemporary(IOException error) {
        return error instanceof FileOps.NoDescriptorException || isFull(error);
    }

    private static boolean hasNoDescriptor(Throwable error) {
        return isTold(error, "too many open files");
    }

    /** Whether an error, or one that caused it, says that the disk, a quota or the file-size limit is used up. */
    static boolean isFull(Throwable error) {
        return isTold(error, "no space left", "quota exceeded", "file too large");
    }

    private static boolean isTold(Throwable error, String... words) {
        int depth = 0;
        for (Throwable t = error; t != null && depth < 16; t = t.getCause(), depth++) {
            String message = String.valueOf(t.getMessage()).toLowerCase(Locale.ROOT);
            for (String each : words) {
                if (message.contains(each)) {
                    return true;
                }
            }
        }
        return false;
    }
}
