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

    /**
     * What was committed above the checkpoint when it was opened, as pairs (from inclusive, to exclusive) in rising order; as
     * far as it is known: an event that is not in it may have been handled.
     */
    long[] completions();

    /**
     * Moves the checkpoint by handling events, and tells what is committed above it. What of that there is no room for is
     * forgotten, the last first. Any other commit forgets all of it.
     *
     * @param completions pairs (from inclusive, to exclusive) in rising order, at or above the checkpoint
     * @param count longs of them that count
     */
    void commit(long checkpoint, long[] completions, int count);

    /** Whether the log keeps events from the checkpoint on. */
    boolean isRequired();

    /** How often it was moved by a seek. */
    int generation();

    /**
     * Says that the consumer's outputs are in a log, which tells how far it has come; {@link #advance} moves the checkpoint
     * from here on. Known for ever, also when the consumer is forgotten.
     *
     * @param keepUp lets what is kept follow where outputs survive by now; run by any thread that wants it to, and to wait for
     *     nobody
     */
    void process(Runnable keepUp);

    /**
     * Takes up what a log tells that is newer. What is kept says less, until {@link #advance}.
     *
     * @param generation not below this one's
     */
    void adopt(long checkpoint, int generation);

    /**
     * Moves the checkpoint by processing.
     *
     * @param kept the checkpoint up to which the outputs survive a power cut: no more than that is kept; {@link #NONE}: what
     *     is kept stays
     */
    void advance(long checkpoint, long kept);

    /** Makes the checkpoint as it is now survive a power cut. */
    void force();

    /** Gives the name free. Idempotent. */
    void close();
}
