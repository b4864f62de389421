package dev.eventlog.examples.market;

/** When messages are fed: as a function, without a clock. <b>Threading:</b> Immutable. */
@FunctionalInterface
interface Pace {

    /**
     * When a message is due, in nanoseconds after the first one was fed.
     *
     * @param count how many messages were fed before it
     * @param laterNanos how much later than the first one it happened
     */
    long dueNanos(long count, long laterNanos);

    /** As fast as the log takes them. */
    static Pace unlimited() {
        return (count, laterNanos) -> 0;
    }

    /** As it happened, so many times faster. */
    static Pace original(long times) {
        return (count, laterNanos) -> laterNanos / times;
    }

    /** Evenly, and from the limit on never: whoever runs like this waits to be killed. */
    static Pace evenly(long messagesPerSecond, long limit) {
        return (count, laterNanos) -> count >= limit ? Long.MAX_VALUE : count * 1_000_000_000 / messagesPerSecond;
    }
}
