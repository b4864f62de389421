package dev.eventlog.tools;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventLogConfig.Recovery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.inspection.InspectOptions;
import dev.eventlog.internal.inspection.Inspected;
import dev.eventlog.internal.journal.ReadJournal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Copies what is intact of a log into a new one.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
final class LogSalvage {

    private static final int BATCH_EVENTS = 256;
    private static final long BATCH_BYTES = 1 << 20;
    private static final Codec<EventLogEvent> READING = new AsItIs();

    private final Path source;
    private final Path target;
    private final LongConsumer progress;
    private final FileOps files;
    private final Map<Origin, Producer<ByteBuffer>> producers = new HashMap<>();
    private final List<NewEvent<ByteBuffer>> batch = new ArrayList<>();
    private final List<Report.Finding> lost = new ArrayList<>();
    private @Nullable Origin origin;
    private long batchBytes;
    private long events;
    private long bytes;

    LogSalvage(Path source, Path target, LongConsumer progress, FileOps files) {
        this.source = source;
        this.target = target;
        this.progress = progress;
        this.files = files;
    }

    /** A payload and the schema it was written with. */
    record EventLogEvent(Codec.Schema schema, ByteBuffer payload) {}

    /** Who appended an event, and as what. */
    private record Origin(String source, Codec.Schema schema) {}

    Report run() throws IOException {
        if (files.attributes(target) != null && !files.list(target).isEmpty()) {
            throw new IOException("target of the salvage is not empty: " + target + "; name a new directory");
        }
        Inspected before = ReadJournal.inspect(source, InspectOptions.of(false), Cursors::traces, files);
        var config = ConsumerConfig.unnamed()
                .stopAtEnd()
                .pollLimit(BATCH_EVENTS, BATCH_BYTES)
                .onDamage(this::lost)
                .build();
        var into = EventLogConfig.at(target)
                .segmentLengthBytes(512L << 20)
                .maxEventLengthBytes(64 << 20)
                // an id that the log has twice was given again after it had been forgotten: both are its events
                .dedupWindow(0, Duration.ZERO)
                .build();
        try (EventLog from = LogTools.open(source, Recovery.SALVAGE);
                EventLog to = EventLog.open(into);
                var consumer = from.consumer(config, READING)) {
            while (consumer.position() < from.endPosition()) {
                List<Event<EventLogEvent>> polled = consumer.poll(Duration.ZERO);
                for (Event<EventLogEvent> event : polled) {
                    take(to, event);
                }
                consumer.commit();
                progress.accept(bytes);
            }
            flush(to);
            to.force();
        }
        return report(before);
    }

    private Report report(Inspected before) {
        Report found = Report.of(before);
        var findings = new ArrayList<>(found.findings());
        for (Report.Finding each : lost) {
            boolean isTold = findings.stream()
                    .anyMatch(finding -> finding.fromPosition() <= each.fromPosition()
                            && each.toPosition() <= finding.toPosition()
                            && finding.severity() == Report.Severity.DAMAGE);
            if (!isTold) {
                findings.add(each);
            }
        }
        for (Inspected.Processed each : before.processed()) {
            findings.add(new Report.Finding(
                    Report.Severity.NOTE, processing(each, before.logId()), before.directory(), 0, -1, -1));
        }
        return new Report(
                found.directory(),
                found.logId(),
                found.firstPosition(),
                found.endPosition(),
                found.segments(),
                events,
                bytes,
                List.copyOf(findings));
    }

    private static String processing(Inspected.Processed processed, UUID logId) {
        String what = "the new log does not know how far processing consumer " + processed.consumer() + " of log "
                + processed.logId() + " has come, position " + processed.checkpoint()
                + ", and would take its outputs again: ";
        return processed.logId().equals(logId)
                ? what + "positions are given anew, so find its place by the outputs, and seek to it"
                : what + "seek it to that position, and commit, before it processes into the new log";
    }

    private void lost(CorruptLogException gap) {
        Path file = gap.file();
        lost.add(new Report.Finding(
                Report.Severity.DAMAGE,
                "events are missing in the new log",
                file == null ? source : file,
                gap.offset(),
                gap.fromPosition(),
                gap.toPosition()));
    }

    private void take(EventLog to, Event<EventLogEvent> event) {
        EventLogEvent data = event.data();
        var from = new Origin(event.source(), data.schema());
        int length = data.payload().remaining();
        if (!from.equals(origin) || batch.size() >= BATCH_EVENTS || batchBytes + length > BATCH_BYTES) {
            flush(to);
            origin = from;
        }
        NewEvent<ByteBuffer> copy = NewEvent.of(event.key(), data.payload())
                .withId(event.id())
                .withTime(event.time())
                .withMetadata(event.metadata());
        batch.add(copy);
        batchBytes += length;
        bytes += length;
        events++;
    }

    private void flush(EventLog to) {
        Origin from = origin;
        if (from != null && !batch.isEmpty()) {
            producers
                    .computeIfAbsent(from, key -> to.producer(key.source(), new WrittenAs(key.schema())))
                    .appendAll(batch);
        }
        batch.clear();
        batchBytes = 0;
    }

    /** Takes every event for what it is. <b>Threading:</b> Thread-safe: without state. */
    private static final class AsItIs implements Codec<EventLogEvent> {

        @Override
        public Schema schema(EventLogEvent data) {
            return data.schema();
        }

        @Override
        public void encode(EventLogEvent data, ByteBuffer into) {
            into.put(data.payload().duplicate());
        }

        @Override
        public boolean decodes(Schema schema) {
            return true;
        }

        @Override
        public EventLogEvent decode(Schema schema, ByteBuffer payload) {
            ByteBuffer copy = ByteBuffer.allocate(payload.remaining()).put(payload);
            return new EventLogEvent(schema, copy.flip());
        }
    }

    /** Writes bytes with a schema that they had. <b>Threading:</b> Immutable. */
    private record WrittenAs(Schema known) implements Codec<ByteBuffer> {

        @Override
        public Schema schema(ByteBuffer data) {
            return known;
        }

        @Override
        public void encode(ByteBuffer data, ByteBuffer into) {
            into.put(data.duplicate());
        }

        @Override
        public boolean decodes(Schema schema) {
            return false;
        }

        @Override
        public ByteBuffer decode(Schema schema, ByteBuffer payload) {
            throw new UnsupportedOperationException("events are only written with it");
        }
    }
}
