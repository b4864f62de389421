package dev.eventlog.error;

import org.jspecify.annotations.Nullable;

/**
 * A codec does not take an event: its schema is not one of the codec's, or the payload does not fit it. The log is not
 * damaged. A pull consumer gets past the event with {@code seek(StartAt.after(e.position()))} and a commit.
 */
public final class DecodeException extends EventLogException {

    private static final long serialVersionUID = 1L;

    private final long position;
    private final String type;
    private final int version;

    /** Made by engines. */
    public DecodeException(String message, long position, String type, int version, @Nullable Throwable cause) {
        super(message, cause);
        this.position = position;
        this.type = type;
        this.version = version;
    }

    /** Position of the event. */
    public long position() {
        return position;
    }

    /** Name of the event's type. */
    public String type() {
        return type;
    }

    /** Version of the event's type. */
    public int version() {
        return version;
    }
}
