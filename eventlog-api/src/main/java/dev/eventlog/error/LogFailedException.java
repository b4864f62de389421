package dev.eventlog.error;

import org.jspecify.annotations.Nullable;

/**
 * A file operation failed. At an open: the log was not opened. Later: the log stopped writing after an error that it cannot
 * judge; it stays readable. Close it and open it again: the open verifies what is there.
 */
public final class LogFailedException extends EventLogException {

    private static final long serialVersionUID = 1L;

    private final boolean outcomeUnknown;

    /** Made by engines. */
    public LogFailedException(String message, boolean outcomeUnknown, @Nullable Throwable cause) {
        super(message, cause);
        this.outcomeUnknown = outcomeUnknown;
    }

    /** True if the events of the failed call may be in the log nevertheless; false if they are certainly not. */
    public boolean isOutcomeUnknown() {
        return outcomeUnknown;
    }
}
