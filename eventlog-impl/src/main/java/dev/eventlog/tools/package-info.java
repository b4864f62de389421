/**
 * Tools for the directory of a log: verify, repair, salvage, dump and copy, as methods of
 * {@link dev.eventlog.tools.LogTools} and as a program, {@link dev.eventlog.tools.Main}. They use every layer of the engine
 * but the delivery, and are used by none.
 */
@NullMarked
package dev.eventlog.tools;

import org.jspecify.annotations.NullMarked;
