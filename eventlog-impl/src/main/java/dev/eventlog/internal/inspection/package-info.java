/**
 * What there is to say of the files of a log that nobody opened: what was found in them, how grave it is, and what files
 * besides the journal's tell of the log. Values only; {@code journal} does the looking. May use the api, {@code file} and
 * {@code frame}.
 */
@NullMarked
package dev.eventlog.internal.inspection;

import org.jspecify.annotations.NullMarked;
