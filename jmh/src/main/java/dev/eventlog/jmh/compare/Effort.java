package dev.eventlog.jmh.compare;

/**
 * How much is measured.
 *
 * @param forks JVMs for each side of a row, one after the other
 * @param pairs samples of each side in a fork
 * @param warmupSeconds how long each side runs before its first sample
 * @param logEvents events in the logs that are opened and searched
 */
public record Effort(int forks, int pairs, double warmupSeconds, int logEvents) {

    /** All rows within five minutes on two processors. */
    static Effort quick() {
        return new Effort(1, 7, 0.8, 1_000_000);
    }

    /** What figures are published from. */
    static Effort full() {
        return new Effort(3, 15, 3, 10_000_000);
    }
}
