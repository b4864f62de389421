package dev.eventlog.error;

/** A log is open for writing elsewhere, or a consumer's name is in use. Reported at once, without waiting. */
public final class LockedException extends EventLogException {

    private static final long serialVersionUID = 1L;

    private final String owner;

    /** Made by engines. */
    public LockedException(String message, String owner) {
        super(message, null);
        this.owner = owner;
    }

    /** Who has it: process, host, thread and time, as far as known. */
    public String owner() {
        return owner;
    }
}
