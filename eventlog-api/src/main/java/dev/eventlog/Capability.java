package dev.eventlog;

/** What a log can do beyond the contract that all logs share. See {@link EventLog#require}. */
public enum Capability {

    /** All events of the log have one order: first, end, durable and consumer positions are numbers. */
    TOTAL_ORDER,

    /** Positions are 0, 1, 2, … without gaps. */
    DENSE_POSITIONS,

    /** {@link Producer#appendIfNone} works, against all other producers of the log. */
    CONDITIONAL_APPEND,

    /** Events whose id was appended lately are not appended again, see {@link EventLogConfig.Builder#dedupWindow}. */
    DEDUPLICATION,

    /** The subscriptions of one name may share its events: {@link ConsumerConfig.Builder#shared}. */
    SHARED
}
