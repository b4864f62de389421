package dev.eventlog.jmh.work;

import java.nio.file.Path;

/**
 * Where and on how much a workload works.
 *
 * @param directory its own, on the file system that is measured; deleted by who started the fork
 * @param logEvents events in the logs that are opened, searched and read
 */
public record Setting(Path directory, int logEvents) {}
