package dev.eventlog.jmh.latency;

import java.nio.file.Path;
import java.util.List;

/** The lines by name. */
enum Lines {
    EVENTLOG(
            "eventlog",
            "append(key, bytes) and poll(handler, 256); segments of 16 MiB, so that one begins about each second; forced"
                    + " each second in the background; otherwise defaults") {
        @Override
        Line open(Path directory) {
            return new LogLine(directory);
        }
    },
    CHRONICLE(
            "Chronicle Queue",
            "writingDocument and readingDocument with raw bytes; a file each second, never forced; otherwise defaults") {
        @Override
        Line open(Path directory) {
            return new ChronicleLine(directory);
        }
    },
    AERON("Aeron IPC", "tryClaim on an exclusive publication, poll(handler, 256); in memory, nothing is kept") {
        @Override
        Line open(Path directory) {
            return new AeronLine();
        }
    },
    DISRUPTOR("Disruptor", "multi-producer ring of 16,384 slots, EventPoller; in memory, nothing is kept") {
        @Override
        Line open(Path directory) {
            return new DisruptorLine();
        }
    };

    static final List<String> PEERS = List.of("chronicle", "aeron", "disruptor");

    private final String label;
    private final String configuration;

    Lines(String label, String configuration) {
        this.label = label;
        this.configuration = configuration;
    }

    abstract Line open(Path directory);

    String label() {
        return label;
    }

    String configuration() {
        return configuration;
    }
}
