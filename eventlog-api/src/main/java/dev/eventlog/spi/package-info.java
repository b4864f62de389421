/** What an engine implements: {@link dev.eventlog.spi.EventLogProvider}. Applications do not need this package. */
@NullMarked
package dev.eventlog.spi;

import org.jspecify.annotations.NullMarked;
