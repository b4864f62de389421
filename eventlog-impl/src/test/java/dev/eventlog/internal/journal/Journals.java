package dev.eventlog.internal.journal;

import dev.eventlog.Codec;
import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;

/** Makes journals for tests, and appends to them. */
final class Journals {

    static final EventLogConfig SMALL = EventLogConfig.inMemory()
            .segmentLengthBytes(1 << 20)
            .maxEventLengthBytes(128 << 10)
            .build();

    private static final Codec<ByteBuffer> CODEC = Codec.bytes("test");

    private Journals() {}

    /** An empty journal on a store. */
    static Journal on(SegmentStore store, Clock clock) {
        var parts = new Journal.Parts(
                new UUID(1, 2),
                new UUID(0, 0),
                1,
                0,
                1,
                java.util.List.of(),
                new Dictionary(),
                new ProgressTable(),
                new Epochs(java.util.List.of()),
                null);
        try {
            return new Journal(store, parts, SMALL, clock);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Journal on(SegmentStore store) {
        return on(store, Clock.system());
    }

    /** A journal in a directory, with segments of 1 MiB. */
    static Journal at(Path directory, FileOps files, Clock clock, IoThread io) {
        var config = EventLogConfig.at(directory)
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(128 << 10)
                .forceInterval(Duration.ZERO)
                .build();
        return Journal.open(config, files, clock, io, (root, unused) -> java.util.List.of());
    }

    /** A finished frame of events with payloads of a length. */
    static FrameBuilder frame(Journal journal, int events, int length) {
        FrameBuilder frame = journal.newFrame();
        frame.begin(FrameDescriptor.KIND_DATA);
        ByteBuffer payload = ByteBuffer.allocate(length);
        int schema = journal.schemaNumber(CODEC.schema(payload));
        int source = journal.sourceNumber("test");
        for (int i = 0; i < events; i++) {
            frame.add(CODEC, payload, "key", schema, source);
        }
        frame.finish();
        return frame;
    }

    /** Appends one event with a payload of a length. */
    static long append(Journal journal, int length) {
        return journal.append(frame(journal, 1, length), false);
    }

    /** Reads from a position to the end and returns the number of events. */
    static long count(Journal journal, long from) {
        JournalReader reader = journal.newReader();
        reader.seek(from);
        long count = 0;
        while (reader.next()) {
            if (reader.event().position() != from + count) {
                throw new AssertionError("position " + reader.event().position() + " instead of " + (from + count));
            }
            count++;
        }
        return count;
    }
}
