package dev.eventlog.tools;

import static dev.eventlog.internal.frame.FrameDescriptor.*;

import dev.eventlog.internal.frame.FrameView;
import dev.eventlog.internal.inspection.InspectOptions;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Names;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/**
 * Writes frames as readable lines. What a file says is escaped and cut, so that it cannot do anything to a terminal.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
final class LogDump implements InspectOptions.FrameVisitor {

    private final long from;
    private final long to;
    private final boolean hasPayloads;
    private final Appendable out;
    private final Map<Integer, String> schemas = new HashMap<>();
    private final Map<Integer, String> sources = new HashMap<>();

    LogDump(long from, long to, boolean hasPayloads, Appendable out) {
        this.from = from;
        this.to = to;
        this.hasPayloads = hasPayloads;
        this.out = out;
    }

    @Override
    public void visit(FrameView frame, long offset) {
        boolean isShown = frame.eventCount() > 0
                ? frame.endPosition() > from && frame.basePosition() < to
                : frame.basePosition() >= from && frame.basePosition() <= to;
        if (isShown) {
            line("frame " + kind(frame.kind()) + " offset=" + offset + " length=" + frame.length() + " position="
                    + frame.basePosition() + " events=" + frame.eventCount() + " epoch=" + frame.epoch() + " appended="
                    + Clock.toInstant(frame.appendTimeNanos()) + " durable=" + frame.durablePosition() + " crc="
                    + Integer.toHexString(frame.headerCrc()));
        }
        if (frame.kind() == KIND_CONTROL || frame.kind() == KIND_CLOSE) {
            records(frame, isShown);
        } else if (isShown) {
            int extension = frame.extension(EXTENSION_PROGRESS);
            if (extension != 0) {
                line("  " + progress(frame.bytes(), extension, frame.extensionLength(extension)));
            }
            events(frame);
        }
    }

    private static String kind(int kind) {
        return switch (kind) {
            case KIND_DATA -> "data";
            case KIND_CONTROL -> "control";
            case KIND_GAP -> "gap";
            case KIND_CLOSE -> "close";
            default -> "kind-" + kind;
        };
    }

    private void events(FrameView frame) {
        int state = frame.nextEvent();
        for (; state == FrameView.EVENT; state = frame.nextEvent()) {
            if (frame.position() < from || frame.position() >= to) {
                continue;
            }
            var text = new StringBuilder("  event position=").append(frame.position());
            text.append(" type=").append(schemas.getOrDefault(frame.schema(), "#" + frame.schema()));
            text.append(" source=").append(sources.getOrDefault(frame.source(), "#" + frame.source()));
            if (frame.hasKey()) {
                text.append(" key=").append(Names.quoted(new String(frame.keyBytes(), StandardCharsets.UTF_8)));
            }
            String id = frame.id();
            if (id != null) {
                text.append(" id=").append(Names.quoted(id));
            }
            text.append(" time=").append(Clock.toInstant(frame.timeNanos()));
            frame.metadata()
                    .forEach((name, value) -> text.append(" metadata=")
                            .append(Names.quoted(name))
                            .append(':')
                            .append(Names.quoted(value)));
            text.append(" payload=").append(frame.payloadLength()).append(" bytes");
            line(text.toString());
            if (hasPayloads) {
                payload(frame.payload());
            }
        }
        if (state == FrameView.MALFORMED) {
            line("  malformed event");
        }
    }

    private static final int BYTES_A_LINE = 32;

    private void payload(ByteBuffer payload) {
        for (int at = 0; at < payload.limit(); at += BYTES_A_LINE) {
            var text = new StringBuilder(String.format("    %08x ", at));
            for (int i = at; i < Math.min(at + BYTES_A_LINE, payload.limit()); i++) {
                text.append(String.format("%02x", payload.get(i)));
            }
            line(text.toString());
        }
    }

    private void records(FrameView frame, boolean isShown) {
        ByteBuffer bytes = frame.bytes();
        int at = frame.firstRecord();
        for (int length = frame.recordLength(at); length > 0; length = frame.recordLength(at)) {
            String text = record(bytes, frame.recordKind(at), at, length);
            if (isShown) {
                line("  " + text);
            }
            at += length;
        }
    }

    private String record(ByteBuffer bytes, int kind, int at, int length) {
        if (kind == RECORD_OPEN && length >= OPEN_LENGTH) {
            return "open segment=" + bytes.getLong(at + OPEN_SEGMENT_OFFSET) + " previous="
                    + bytes.getLong(at + OPEN_PREVIOUS_SEGMENT_OFFSET);
        }
        if (kind == RECORD_CLOSE && length >= CLOSE_LENGTH) {
            return "close frames=" + bytes.getLong(at + CLOSE_FRAME_COUNT_OFFSET) + " end="
                    + bytes.getLong(at + CLOSE_END_POSITION_OFFSET);
        }
        if (kind == RECORD_SCHEMA && length >= SCHEMA_TEXT_OFFSET) {
            int number = bytes.getInt(at + SCHEMA_NUMBER_OFFSET);
            String type = text(bytes, at + SCHEMA_TEXT_OFFSET, bytes.getShort(at + SCHEMA_TYPE_LENGTH_OFFSET), length);
            schemas.put(number, type + "/" + bytes.getInt(at + SCHEMA_VERSION_OFFSET));
            return "schema " + number + "=" + schemas.get(number);
        }
        if (kind == RECORD_SOURCE && length >= SOURCE_TEXT_OFFSET) {
            int number = bytes.getInt(at + SOURCE_NUMBER_OFFSET);
            String name = text(bytes, at + SOURCE_TEXT_OFFSET, bytes.getShort(at + SOURCE_LENGTH_OFFSET), length);
            sources.put(number, name);
            return "source " + number + "=" + name;
        }
        if (kind == RECORD_PROGRESS) {
            return progress(bytes, at, length);
        }
        return "record kind=" + kind + " length=" + length;
    }

    private static String progress(ByteBuffer bytes, int at, int length) {
        if (length < PROGRESS_NAME_OFFSET) {
            return "progress, too short";
        }
        var logId = new UUID(
                bytes.getLong(at + PROGRESS_LOG_ID_OFFSET), bytes.getLong(at + PROGRESS_LOG_ID_OFFSET + Long.BYTES));
        return "progress consumer="
                + text(bytes, at + PROGRESS_NAME_OFFSET, bytes.getShort(at + PROGRESS_NAME_LENGTH_OFFSET), length)
                + " checkpoint=" + bytes.getLong(at + PROGRESS_CHECKPOINT_OFFSET) + " log=" + logId + " epoch="
                + bytes.getInt(at + PROGRESS_EPOCH_OFFSET) + " generation="
                + bytes.getInt(at + PROGRESS_GENERATION_OFFSET);
    }

    private static String text(ByteBuffer bytes, int offset, short count, int recordLength) {
        byte[] copy = new byte[Math.min(count & 0xffff, Math.min(recordLength, bytes.limit() - offset))];
        bytes.get(offset, copy);
        return Names.quoted(new String(copy, StandardCharsets.US_ASCII));
    }

    private void line(String text) {
        try {
            out.append(Text.printable(text)).append(System.lineSeparator());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
