/**
 * The journal: where a log's frames are, on disk or in memory. The one package that knows Chronicle Queue.
 *
 * <p>Entry: {@link dev.eventlog.internal.journal.Journal} appends and knows the positions,
 * {@link dev.eventlog.internal.journal.ReadJournal} is what both the writing and a reading process know of it,
 * and looks at the files of one without its lock; {@link dev.eventlog.internal.journal.JournalReader} reads. A journal is a
 * row of segments; where their bytes live is behind {@code SegmentStore}, with one implementation on disk (through Chronicle
 * Queue) and one in memory. May use the api, {@code support}, {@code file}, {@code frame} and {@code inspection}.
 */
@NullMarked
package dev.eventlog.internal.journal;

import org.jspecify.annotations.NullMarked;
