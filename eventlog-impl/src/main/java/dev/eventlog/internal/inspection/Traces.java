package dev.eventlog.internal.inspection;

import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Finds what the files of a log's directory that the journal does not know tell of the log. */
@FunctionalInterface
public interface Traces {

    /** Looks at those files; on the I/O thread, before anything was changed. */
    List<Trace> find(Path directory, FileOps files) throws IOException;

    /**
     * What a file tells.
     *
     * @param file where
     * @param logId the log that it is of; null if it is damaged
     * @param epoch the greatest that it knows; 0 if none
     * @param problem what is wrong with it; null if nothing
     * @param isLost whether it says nothing any more because of that
     */
    record Trace(
            Path file,
            @Nullable UUID logId,
            int epoch,
            @Nullable String problem,
            boolean isLost) {}
}
