/**
 * What can go wrong while a log is used: one unchecked, sealed hierarchy under
 * {@link dev.eventlog.error.EventLogException}. Misuse is reported with the JDK's own exceptions instead
 * ({@link java.lang.NullPointerException}, {@link java.lang.IllegalArgumentException},
 * {@link java.lang.IllegalStateException}).
 */
@NullMarked
package dev.eventlog.error;

import org.jspecify.annotations.NullMarked;
