/**
 * The codec behind {@link dev.eventlog.Codec#records}: records to chronicle-wire's BINARY_LIGHT and back. Entry:
 * {@link dev.eventlog.internal.codec.RecordCodecs}; the bytes: {@code PayloadDescriptor}. May use the api and the JDK;
 * it writes and reads Chronicle's format without Chronicle, so bytes never choose a class.
 */
@NullMarked
package dev.eventlog.internal.codec;

import org.jspecify.annotations.NullMarked;
