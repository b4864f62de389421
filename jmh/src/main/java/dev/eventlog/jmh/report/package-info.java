/** Turns result files into a page of Markdown with plots: {@link dev.eventlog.jmh.report.Report} is the command. */
@NullMarked
package dev.eventlog.jmh.report;

import org.jspecify.annotations.NullMarked;
