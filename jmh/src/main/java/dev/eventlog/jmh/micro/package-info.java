/**
 * Microbenchmarks of the parts that an append and a read consist of, and of deliveries, run by JMH:
 * {@code java -jar eventlog-jmh.jar jmh}.
 */
@NullMarked
package dev.eventlog.jmh.micro;

import org.jspecify.annotations.NullMarked;
