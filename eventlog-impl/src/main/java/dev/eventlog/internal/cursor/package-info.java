/**
 * Where consumers stand: {@link dev.eventlog.internal.cursor.Cursors} keeps a
 * {@link dev.eventlog.internal.cursor.Cursor} for each name, and a {@link dev.eventlog.internal.cursor.ParkedList} of the
 * events it set aside. On disk, or in memory for logs in memory. May use what {@code journal} may, and {@code journal}.
 */
@NullMarked
package dev.eventlog.internal.cursor;

import org.jspecify.annotations.NullMarked;
