package dev.eventlog.tools;

import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig.Recovery;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.inspection.InspectOptions;
import dev.eventlog.internal.inspection.Inspected;
import dev.eventlog.internal.inspection.Inspected.Severity;
import dev.eventlog.internal.journal.ReadJournal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Repairs a log: keeps copies of what will be replaced, and lets an open make it anew.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
final class LogRepair {

    private static final int MAX_KEPT_LENGTH = 256 << 20;

    private final Path directory;
    private final FileOps files;
    private final Set<LogTools.Repair> asked;

    LogRepair(Path directory, FileOps files, LogTools.Repair... asked) {
        this.directory = directory;
        this.files = files;
        this.asked = EnumSet.noneOf(LogTools.Repair.class);
        this.asked.addAll(List.of(asked));
    }

    void run() throws IOException {
        Inspected before = inspect();
        boolean isDamageRecorded = asked.contains(LogTools.Repair.RECORD_DAMAGE);
        Set<Path> checkpoints = new LinkedHashSet<>();
        Set<Path> indexes = new LinkedHashSet<>();
        Set<Path> replaced = new LinkedHashSet<>();
        for (Inspected.Finding finding : before.findings()) {
            Path file = finding.file();
            if (finding.severity() == Severity.DERIVED) {
                replaced.add(file);
                if (isIn("index", file)) {
                    indexes.add(file);
                }
            } else if (finding.severity() == Severity.DAMAGE
                    && isIn("cursors", file)
                    && asked.contains(LogTools.Repair.RESET_CHECKPOINTS)) {
                replaced.add(file);
                checkpoints.add(file);
            }
        }
        if (isDamageRecorded) {
            replaced.add(before.directory().resolve("manifest"));
            replaced.add(before.directory().resolve("state"));
        }
        Path kept = keep(before.directory(), replaced);
        boolean isOpened = false;
        try (EventLog log = LogTools.open(directory, isDamageRecorded ? Recovery.RECORD_DAMAGE : Recovery.RECOVER)) {
            isOpened = true;
            for (Path index : indexes) {
                // made anew when it is needed
                files.delete(index);
            }
            int epoch = inspect().lastEpoch();
            for (Path checkpoint : checkpoints) {
                Cursors.reset(checkpoint, before.logId(), epoch, log.firstPosition(), files);
            }
        } finally {
            if (!isOpened && kept != null) {
                // nothing was replaced
                discard(kept);
            }
        }
    }

    private Inspected inspect() throws IOException {
        return ReadJournal.inspect(directory, InspectOptions.of(false), Cursors::traces, files);
    }

    private static boolean isIn(String name, Path file) {
        Path parent = file.getParent();
        return parent != null && parent.endsWith(name);
    }

    /** Copies files to a new directory of {@code replaced/}; returns it, null if there is nothing to keep. */
    private @org.jspecify.annotations.Nullable Path keep(Path root, Set<Path> replaced) throws IOException {
        Path all = root.resolve("replaced");
        Path kept = null;
        for (Path file : replaced) {
            FileOps.Attributes attributes = files.attributes(file);
            if (attributes == null || !attributes.isRegularFile() || attributes.length() > MAX_KEPT_LENGTH) {
                continue;
            }
            if (kept == null) {
                files.createDirectory(all);
                int number = 1;
                while (files.attributes(all.resolve(Integer.toString(number))) != null) {
                    number++;
                }
                kept = all.resolve(Integer.toString(number));
                files.createDirectory(kept);
            }
            copy(file, kept.resolve(file.getFileName()), (int) attributes.length());
        }
        if (kept != null) {
            files.forceDirectory(kept);
            files.forceDirectory(all);
            files.forceDirectory(root);
        }
        return kept;
    }

    private void copy(Path from, Path to, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        try (FileOps.OpenFile in = open(from)) {
            in.read(bytes, 0);
        }
        try (FileOps.OpenFile out = files.open(to, FileOps.Mode.CREATE)) {
            out.write(bytes.flip(), 0);
            out.force();
        }
    }

    private FileOps.OpenFile open(Path file) throws IOException {
        return files.open(file, FileOps.Mode.READ);
    }

    private void discard(Path kept) throws IOException {
        for (String name : files.list(kept)) {
            files.delete(kept.resolve(name));
        }
        files.delete(kept);
    }
}
