/** The contract of eventlog: an ordered, durable, append-only log of events inside a JVM. */
module dev.eventlog {
    requires static transitive org.jspecify;

    exports dev.eventlog;
    exports dev.eventlog.error;
    exports dev.eventlog.spi;

    uses dev.eventlog.spi.EventLogProvider;
}
