package dev.eventlog.error;

/** An event, or the events of one call together, are larger than the log takes. Nothing was appended. */
public final class EventTooLargeException extends EventLogException {

    private static final long serialVersionUID = 1L;

    private final long lengthBytes;
    private final long limitBytes;

    /** Made by engines. */
    public EventTooLargeException(String message, long lengthBytes, long limitBytes) {
        super(message, null);
        this.lengthBytes = lengthBytes;
        this.limitBytes = limitBytes;
    }

    /** Length of what was to be appended; a lower bound where the codec gave up before its end. */
    public long lengthBytes() {
        return lengthBytes;
    }

    /** Greatest length that is taken. */
    public long limitBytes() {
        return limitBytes;
    }
}
