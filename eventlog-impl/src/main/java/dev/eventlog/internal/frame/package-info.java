/**
 * The frame: the unit that is written atomically, 1 to n events with one checksum.
 * {@link dev.eventlog.internal.frame.FrameDescriptor} has every byte of it,
 * {@link dev.eventlog.internal.frame.FrameBuilder} writes one, {@link dev.eventlog.internal.frame.FrameView} checks and
 * reads one. May use the api and {@code support}.
 */
@NullMarked
package dev.eventlog.internal.frame;

import org.jspecify.annotations.NullMarked;
