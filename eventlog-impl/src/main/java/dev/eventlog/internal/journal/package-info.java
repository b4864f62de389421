/**
 * The journal: where a log's frames are, on disk or in memory. The one package that knows Chronicle Queue.
 *
 * <p>Entry: {@link dev.eventlog.internal.journal.Journal} appends and knows the positions,
 * {@link dev.eventlog.internal.journal.ReadJournal} is what both the writing and a reading process know of it,
 * {@link dev.eventlog.internal.journal.JournalReader} reads, {@link dev.eventlog.internal.journal.LogFiles} looks at the
 * files of a log without its lock. A journal is a row of segments; where their bytes live is
 * behind {@code SegmentStore}, with one implementation on disk (through Chronicle Queue) and one in memory. May use the
 * api, {@code support}, {@code file} and {@code frame}.
 */
@NullMarked
package dev.eventlog.internal.journal;

import org.jspecify.annotations.NullMarked;
