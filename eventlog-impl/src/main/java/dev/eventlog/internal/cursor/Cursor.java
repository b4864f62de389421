package dev.eventlog.internal.cursor;

/**
 * A named consumer's checkpoint: position of the first event that is not committed.
 *
 * <p><b>Threading:</b> Thread-safe except {@link #commit} and {@link #close}: its owner. <b>Allocation:</b> none.
 */
public interface Cursor {

    /** What {@link #checkpoint()} says of a consumer that has never committed. */
    long NONE = -1;

    /** The consumer's name. */
    String name();

    /** Position of the first event that is not committed; {@link #NONE} if nothing ever was. */
    long checkpoint();

    /** The greatest checkpoint that the consumer ever had; {@link #NONE} if it had none. */
    long highest();

    /**
     * Moves the checkpoint. It survives a crash of the process from here on, and a power cut once it is forced.
     *
     * @param moved whether it was moved by a seek rather than by handling events
     */
    void commit(long checkpoint, boolean moved);

    /** Gives the name free. Idempotent. */
    void close();
}
