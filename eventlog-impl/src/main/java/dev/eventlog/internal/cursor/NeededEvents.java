package dev.eventlog.internal.cursor;

import dev.eventlog.error.EventLogException;
import dev.eventlog.internal.cursor.Cursors.Stored;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.journal.ReadJournal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds what the consumers in {@code cursors/} need of the log: their parked events, and what is behind the checkpoints of
 * required ones. A consumer that is open here tells it; the files of the others are read each time, for they may be open
 * elsewhere.
 *
 * <p><b>Threading:</b> One thread at a time: the I/O thread. Takes no lock.
 */
final class NeededEvents {

    private static final Logger LOGGER = LoggerFactory.getLogger(NeededEvents.class);

    private final FileCursors cursors;
    private final Path directory;
    private final FileOps files;
    // names of consumers by those of their files
    private final Map<String, String> names = new HashMap<>();
    // checkpoints of required consumers that are not open here, as they were forced last
    private final Map<String, Long> forced = new HashMap<>();
    private final Set<String> unreadable = new HashSet<>();

    NeededEvents(FileCursors cursors, Path directory, FileOps files) {
        this.cursors = cursors;
        this.directory = directory;
        this.files = files;
    }

    ReadJournal.Needs now() {
        ReadJournal.Needs all = ReadJournal.Needs.NONE;
        try {
            // by checkpoints and not by lists: a list without one is empty, and one that is lost must be noticed
            for (String fileName : files.list(directory)) {
                if (FileCursors.isCursor(fileName)) {
                    String stem = fileName.substring(0, fileName.length() - FileCursors.SUFFIX.length());
                    all = all.and(of(stem));
                }
            }
        } catch (IOException e) {
            throw FileCursors.failed("listing consumers", directory, e);
        }
        return all;
    }

    private ReadJournal.Needs of(String stem) throws IOException {
        String name = names.get(stem);
        FileCursor open = name == null ? null : cursors.opened(name);
        if (open != null && open.isRequired()) {
            // it may have nothing more to process, and wait for no room itself
            open.keepUp();
        }
        long parked = name == null ? ParkedList.UNKNOWN : cursors.firstParked(name);
        if (open != null && parked != ParkedList.UNKNOWN) {
            boolean isRequired = open.isRequired();
            long checkpoint = open.kept();
            if (isRequired) {
                // what a power cut sets the consumer back to must be there
                open.force();
            }
            return needs(open.name(), parked, isRequired, checkpoint);
        }
        return read(stem);
    }

    private ReadJournal.Needs read(String stem) throws IOException {
        Stored stored = cursors.readKept(stem);
        try {
            if (stored.damage() != null) {
                throw stored.damage();
            }
            long parked = cursors.firstParked(stored.name());
            long first = parked == ParkedList.UNKNOWN ? cursors.readFirstParked(stored.name()) : parked;
            names.put(stem, stored.name());
            if (stored.isRequired()) {
                force(stem, stored.checkpoint());
            }
            return needs(stored.name(), first, stored.isRequired(), stored.checkpoint());
        } catch (EventLogException damaged) {
            if (unreadable.add(stem)) {
                LOGGER.warn(
                        "nothing is pruned, for the checkpoint or the list of parked events of a consumer cannot be read: consumer={}; restore it, or forget the consumer",
                        stored.name(),
                        damaged);
            }
            return ReadJournal.Needs.everything("consumer " + stored.name() + ", whose files cannot be read,");
        }
    }

    /** Makes a checkpoint that was read survive a power cut, whoever wrote it, unless that was done before. */
    private void force(String stem, long checkpoint) throws IOException {
        Long before = forced.get(stem);
        if (before == null || before != checkpoint) {
            try (FileOps.OpenFile file = files.open(directory.resolve(stem + FileCursors.SUFFIX), FileOps.Mode.WRITE)) {
                file.force();
            }
            forced.put(stem, checkpoint);
        }
    }

    /** What one consumer needs. */
    static ReadJournal.Needs needs(String name, long parked, boolean isRequired, long checkpoint) {
        ReadJournal.Needs list = ReadJournal.Needs.of(parked, "the parked events of consumer " + name);
        return isRequired
                ? list.and(ReadJournal.Needs.required(Math.max(0, checkpoint), "required consumer " + name))
                : list;
    }
}
