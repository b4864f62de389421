package dev.eventlog.testing;

import dev.eventlog.Capability;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;

/** The contract, kept by the log on disk. Segments are small, so that it rolls. */
class ChronicleEventLogContractTest extends EventLogContract {

    @TempDir
    Path parent;

    private Path directory = Path.of("none");
    private int opened;

    /** Where the log is. */
    final Path directory() {
        return directory;
    }

    /** The settings of the log to test. */
    EventLogConfig.Builder settings(Path where) {
        return EventLogConfig.at(where)
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(maxEventLengthBytes())
                .forceInterval(Duration.ofMillis(10));
    }

    @Override
    protected EventLog openNew(InstantSource clock) {
        directory = parent.resolve("log-" + opened++);
        return reopen(clock);
    }

    @Override
    protected EventLog reopen(InstantSource clock) {
        return EventLog.open(settings(directory).clock(clock).build());
    }

    @Override
    protected boolean reopens() {
        return true;
    }

    @Override
    protected Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    protected int maxEventLengthBytes() {
        return 128 << 10;
    }

    @Override
    protected boolean prunes() {
        return true;
    }

    @Override
    protected EventLog openPruning(InstantSource clock, @Nullable Duration retainFor, long retainBytes) {
        directory = parent.resolve("log-" + opened++);
        EventLogConfig.Builder config = settings(directory)
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(128 << 10)
                .clock(clock)
                .retainBytes(retainBytes);
        return EventLog.open((retainFor == null ? config : config.retainFor(retainFor)).build());
    }

    @Override
    protected EventLog openLimited(InstantSource clock, long limitBytes, EventLogConfig.WhenFull whenFull) {
        directory = parent.resolve("log-" + opened++);
        return EventLog.open(settings(directory)
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(128 << 10)
                .clock(clock)
                .limit(limitBytes, whenFull)
                .build());
    }

    @Override
    protected boolean damages() {
        return true;
    }

    @Override
    protected void damage(byte[] payload) {
        try (Stream<Path> paths = Files.walk(directory)) {
            List<Path> files = paths.filter(Files::isRegularFile).toList();
            int found = 0;
            for (Path file : files) {
                byte[] bytes = Files.readAllBytes(file);
                int at = indexOf(bytes, payload);
                if (at >= 0) {
                    found++;
                    bytes[at + payload.length / 2] ^= 0x10;
                    Files.write(file, bytes);
                }
            }
            if (found != 1) {
                throw new AssertionError("payload is in " + found + " files of " + files);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int indexOf(byte[] bytes, byte[] part) {
        for (int i = 0; i <= bytes.length - part.length; i++) {
            int length = 0;
            while (length < part.length && bytes[i + length] == part[length]) {
                length++;
            }
            if (length == part.length) {
                return i;
            }
        }
        return -1;
    }
}
