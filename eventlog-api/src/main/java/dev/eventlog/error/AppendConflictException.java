package dev.eventlog.error;

/**
 * An event is in the log that a conditional append was not to follow: nothing was appended. To go on, read up to that event,
 * decide again, and append under a condition that begins behind what was read.
 */
public final class AppendConflictException extends EventLogException {

    private static final long serialVersionUID = 1L;

    private final long position;

    /** Made by engines. */
    public AppendConflictException(String message, long position) {
        super(message, null);
        this.position = position;
    }

    /** Position of the first event that matches the condition. It can be read. */
    public long position() {
        return position;
    }
}
