package dev.eventlog.error;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of the log are damaged or missing. Nothing was changed and nothing wrong was delivered: what is before the
 * damage stays readable.
 */
public final class CorruptLogException extends EventLogException {

    private static final long serialVersionUID = 1L;

    private final transient @Nullable Path file;
    private final long offset;
    private final long fromPosition;
    private final long toPosition;

    /** Made by engines. */
    public CorruptLogException(
            String message,
            @Nullable Path file,
            long offset,
            long fromPosition,
            long toPosition,
            @Nullable Throwable cause) {
        super(message, cause);
        this.file = file;
        this.offset = offset;
        this.fromPosition = fromPosition;
        this.toPosition = toPosition;
    }

    /** The damaged file; null for a log in memory. */
    public @Nullable Path file() {
        return file;
    }

    /** Bytes from the start of the file to the first damaged structure. */
    public long offset() {
        return offset;
    }

    /** First position that is affected; -1 if no event is. */
    public long fromPosition() {
        return fromPosition;
    }

    /** Position behind the last that is known to be affected; {@link Long#MAX_VALUE} if unknown, -1 if no event is. */
    public long toPosition() {
        return toPosition;
    }
}
