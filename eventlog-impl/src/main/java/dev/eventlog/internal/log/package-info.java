/**
 * The composition root: {@link dev.eventlog.internal.log.LocalEventLogProvider} is found by the api and opens a
 * {@code LocalEventLog}, which puts journal, cursors and delivery together. May use every other package; none uses it.
 */
@NullMarked
package dev.eventlog.internal.log;

import org.jspecify.annotations.NullMarked;
