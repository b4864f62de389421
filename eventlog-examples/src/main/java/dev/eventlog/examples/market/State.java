package dev.eventlog.examples.market;

/**
 * What one consumer knows. Changed by messages and by nothing else: no clock, no randomness, no order of hash tables.
 * So the same messages in the same order always make the same state, and equal states have equal text.
 *
 * <p><b>Threading:</b> One thread at a time: its consumer's.
 */
interface State {

    /** Takes the next message. */
    void apply(Message message);

    /** All that this state is made of, in one fixed form: lines of ASCII. */
    String text();
}
