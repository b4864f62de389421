package dev.eventlog;

/** What appended events survive from the moment that the append returns. Each includes those before it. */
public enum Durability {

    /**
     * The end of the process, {@code kill -9} included: events are in the operating system's page cache. A power cut takes
     * at most what was appended since the last {@link EventLogConfig#forceInterval() force}.
     */
    PROCESS_CRASH,

    /**
     * A power cut and a crash of the operating system: events were forced to the disk. Appends that wait at the same time
     * share one force.
     */
    POWER_LOSS
}
