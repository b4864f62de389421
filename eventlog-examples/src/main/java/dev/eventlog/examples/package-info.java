/**
 * Programs that show the library at work. {@link dev.eventlog.examples.Main} starts them; each small one is a file that
 * reads from top to bottom, the large one has its package: {@link dev.eventlog.examples.market}.
 *
 * <p>Uses the api only: the engine is found at run time.
 */
@NullMarked
package dev.eventlog.examples;

import org.jspecify.annotations.NullMarked;
