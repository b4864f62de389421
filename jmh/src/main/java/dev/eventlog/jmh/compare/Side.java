package dev.eventlog.jmh.compare;

import dev.eventlog.jmh.work.Workload;

/**
 * One half of a row.
 *
 * @param name who does the work
 * @param configuration how it is set up, for the report
 * @param operations operations of one sample: bounded, so that writing back what a sample wrote does not dominate
 * @param opener opens the workload
 */
record Side(String name, String configuration, int operations, Workload.Opener opener) {}
