/**
 * Our work beside the peers' work: {@link dev.eventlog.jmh.compare.Rows} lists what is compared, {@link
 * dev.eventlog.jmh.compare.PairRunner} runs the two sides of a row in turn, each in a JVM of its own, and {@link
 * dev.eventlog.jmh.compare.RowResult} judges what came out against the row's limits.
 */
@NullMarked
package dev.eventlog.jmh.compare;

import org.jspecify.annotations.NullMarked;
