/**
 * The test kit: {@link dev.eventlog.testing.EventLogContract} is the suite that every backend passes. Uses the api, JUnit
 * and AssertJ.
 */
@NullMarked
package dev.eventlog.testing;

import org.jspecify.annotations.NullMarked;
