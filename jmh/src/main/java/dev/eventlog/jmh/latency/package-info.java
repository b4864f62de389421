/**
 * How long an event takes from the moment it should be appended until a handler on another thread has it, at a fixed rate:
 * {@link dev.eventlog.jmh.latency.Line} is the way it goes, through eventlog or a peer, {@link
 * dev.eventlog.jmh.latency.LineRun} the measurement.
 */
@NullMarked
package dev.eventlog.jmh.latency;

import org.jspecify.annotations.NullMarked;
