/**
 * What is measured: {@link dev.eventlog.jmh.work.Workload} is one kind of work, done by eventlog (package {@code ours}) or by
 * a peer (package {@code peer}), and {@link dev.eventlog.jmh.work.Crew} the threads that do it. May use the JDK and
 * eventlog's API.
 */
@NullMarked
package dev.eventlog.jmh.work;

import org.jspecify.annotations.NullMarked;
