/**
 * What every layer needs: {@link dev.eventlog.internal.support.Clock}, the seam for time,
 * {@link dev.eventlog.internal.support.Names}, and {@link dev.eventlog.internal.support.JvmOpener}. May use the JDK only.
 */
@NullMarked
package dev.eventlog.internal.support;

import org.jspecify.annotations.NullMarked;
