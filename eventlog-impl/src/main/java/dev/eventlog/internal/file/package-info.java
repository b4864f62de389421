/**
 * Files: {@link dev.eventlog.internal.file.FileOps}, the seam through which every file operation goes;
 * {@link dev.eventlog.internal.file.FileHeader}, how each of our files begins; and
 * {@link dev.eventlog.internal.file.IoThread}, where file operations run so that no interrupt reaches them. May use
 * {@code support}.
 */
@NullMarked
package dev.eventlog.internal.file;

import org.jspecify.annotations.NullMarked;
