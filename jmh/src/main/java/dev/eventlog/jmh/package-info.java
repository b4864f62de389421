/**
 * Benchmarks side by side with peers. {@link dev.eventlog.jmh.Main} runs them and prints ratios: each benchmark class holds
 * one kind of work, done by eventlog and, with the same payload and the same visibility, by a peer in the same run.
 */
@NullMarked
package dev.eventlog.jmh;

import org.jspecify.annotations.NullMarked;
