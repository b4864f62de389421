package dev.eventlog.error;

import org.jspecify.annotations.Nullable;

/**
 * The disk, quota or file-size limit leaves no room, or the log has reached its
 * {@link dev.eventlog.EventLogConfig.Builder#limit}. Nothing was appended; the log stays readable.
 */
public final class StorageFullException extends EventLogException {

    private static final long serialVersionUID = 1L;

    /** Made by engines. */
    public StorageFullException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
