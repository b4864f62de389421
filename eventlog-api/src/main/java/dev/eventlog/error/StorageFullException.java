package dev.eventlog.error;

import org.jspecify.annotations.Nullable;

/**
 * The disk, quota or file-size limit leaves no room, the process has no file descriptor left for one more file, or the log
 * has reached its {@link dev.eventlog.EventLogConfig.Builder#limit}. Nothing was appended; the log stays readable, and
 * appends succeed again once there is room.
 */
public final class StorageFullException extends EventLogException {

    private static final long serialVersionUID = 1L;

    /** Made by engines. */
    public StorageFullException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
