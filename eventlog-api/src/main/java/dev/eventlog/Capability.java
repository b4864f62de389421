package dev.eventlog;

/** What a log can do beyond the contract that all logs share. See {@link EventLog#require}. */
public enum Capability {

    /** All events of the log have one order: first, end, durable and consumer positions are numbers. */
    TOTAL_ORDER,

    /** Positions are 0, 1, 2, … without gaps. */
    DENSE_POSITIONS,

    /** The subscriptions of one name may share its events: {@link ConsumerConfig.Builder#shared}. */
    SHARED
}
