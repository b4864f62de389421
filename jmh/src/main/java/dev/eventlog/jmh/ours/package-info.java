/** The work as eventlog does it, through its public API and with its defaults. */
@NullMarked
package dev.eventlog.jmh.ours;

import org.jspecify.annotations.NullMarked;
