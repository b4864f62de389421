package dev.eventlog.error;

/**
 * Events were asked for that the log no longer keeps: its retention pruned them. The log is not damaged. A pull consumer
 * goes on with what is kept by {@code seek(StartAt.earliest())} and a commit; the events in between are passed over.
 */
public final class PositionExpiredException extends EventLogException {

    private static final long serialVersionUID = 1L;

    private final long position;
    private final long firstPosition;

    /** Made by engines. */
    public PositionExpiredException(String message, long position, long firstPosition) {
        super(message, null);
        this.position = position;
        this.firstPosition = firstPosition;
    }

    /** Position of the first event that was asked for. */
    public long position() {
        return position;
    }

    /** Position of the oldest event that was kept when this was thrown; events before it are gone. */
    public long firstPosition() {
        return firstPosition;
    }
}
