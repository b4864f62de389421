package dev.eventlog.error;

/** The log, consumer or subscription was used after its close. */
public final class LogClosedException extends EventLogException {

    private static final long serialVersionUID = 1L;

    /** Made by engines. */
    public LogClosedException(String message) {
        super(message, null);
    }
}
