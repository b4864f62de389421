/**
 * The contract: open an {@link dev.eventlog.EventLog}, append with a {@link dev.eventlog.Producer}, read with a
 * {@link dev.eventlog.Consumer}, run a handler with a {@link dev.eventlog.Subscription}.
 *
 * <p>Start with {@link dev.eventlog.EventLog}. Everything else is reached from it: {@link dev.eventlog.Codec} turns
 * data into payloads, {@link dev.eventlog.EventQuery} filters, {@link dev.eventlog.EventLogConfig} and
 * {@link dev.eventlog.ConsumerConfig} hold the options. Failures are in {@link dev.eventlog.error}.
 */
@NullMarked
package dev.eventlog;

import org.jspecify.annotations.NullMarked;
