package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.support.Clock;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A dictionary that is longer than what a segment file is filled to before it is used: it stands at the beginning of each
 * segment, and the filling behind it must not write zeros over it.
 */
@Timeout(120)
class LongDictionaryTest {

    private static final int TYPES = 9_000;
    private static final int SOURCES = 6_000;
    /** A number behind it makes a name. */
    private static final String LONG_NAME = "n".repeat(80);

    private static final int EVENT_LENGTH = 1 << 20;

    private final EventLogConfig config;
    private final IoThread io = new IoThread("eventlog-io", null);

    LongDictionaryTest(@TempDir Path temporary) {
        config = EventLogConfig.at(temporary.resolve("log"))
                .segmentLengthBytes(32 << 20)
                .maxEventLengthBytes(EVENT_LENGTH)
                .forceInterval(Duration.ZERO)
                .build();
    }

    @AfterEach
    void closeThread() {
        io.close();
    }

    private Journal open() {
        return Journal.open(config, HookedFileOps.quick(), Clock.system(), io, (root, files) -> List.of());
    }

    private static Codec.Schema schema(int number) {
        return new Codec.Schema(LONG_NAME + LONG_NAME + number, number, "application/" + LONG_NAME + number);
    }

    private static void append(Journal journal, int type, int source) {
        Codec<ByteBuffer> codec = Codec.bytes("test");
        FrameBuilder frame = journal.newFrame();
        frame.begin(FrameDescriptor.KIND_DATA);
        frame.add(
                codec,
                ByteBuffer.allocate(EVENT_LENGTH - 1024),
                "key",
                journal.schemaNumber(schema(type)),
                journal.sourceNumber(LONG_NAME + source));
        frame.finish();
        journal.append(frame, false);
    }

    @Test
    void eventsAndNamesAreReadableAcrossRollsAndOpens() {
        long events = 0;
        try (Journal journal = open()) {
            for (int type = 1; type <= TYPES; type++) {
                journal.schemaNumber(schema(type));
            }
            for (int source = 1; source <= SOURCES; source++) {
                journal.sourceNumber(LONG_NAME + source);
            }
            append(journal, 1, 1);
            events++;
        }
        for (int open = 1; open <= 3; open++) {
            try (Journal journal = open()) {
                int segments = journal.segments().all().length + 2;
                while (journal.segments().all().length < segments) {
                    append(journal, 1 + (int) (events % TYPES), 1 + (int) (events % SOURCES));
                    events++;
                }
                assertThat(dictionaryLength(journal)).isGreaterThan(FillAhead.FIRST_FILL);
                assertReadable(journal, events);
            }
        }
        try (Journal journal = open()) {
            assertReadable(journal, events);
        }
    }

    /** Where the first event stands in the last segment. */
    private static long dictionaryLength(Journal journal) {
        Segment[] segments = journal.segments().all();
        return journal.segments().index(segments[segments.length - 1]).offset(0);
    }

    private static void assertReadable(Journal journal, long events) {
        assertThat(journal.endPosition()).isEqualTo(events);
        assertThat(Journals.count(journal, 0)).isEqualTo(events);
        for (int type = 1; type <= TYPES; type++) {
            assertThat(journal.schema(type)).isEqualTo(schema(type));
        }
        for (int source = 1; source <= SOURCES; source++) {
            assertThat(journal.source(source)).isEqualTo(LONG_NAME + source);
        }
    }
}
