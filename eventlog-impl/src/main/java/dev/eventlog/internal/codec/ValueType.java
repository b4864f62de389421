package dev.eventlog.internal.codec;

/**
 * How the values of one Java type are written and read. Made once per codec from the declared type; payloads have no
 * say in which one is used.
 *
 * <p><b>Threading:</b> Thread-safe, all of them: they do not change once the codec is made.
 */
abstract class ValueType {

    /** Writes a value of this type, which is not null. */
    abstract void write(Object value, PayloadWriter out);

    /**
     * Reads the value that is next.
     *
     * @throws RuntimeException if it is not one of this type
     */
    abstract Object read(PayloadReader in);
}
