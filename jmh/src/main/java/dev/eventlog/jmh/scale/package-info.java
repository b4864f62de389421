/** How eventlog behaves as a log grows, from a thousand events on: {@link dev.eventlog.jmh.scale.Scale} is the command. */
@NullMarked
package dev.eventlog.jmh.scale;

import org.jspecify.annotations.NullMarked;
