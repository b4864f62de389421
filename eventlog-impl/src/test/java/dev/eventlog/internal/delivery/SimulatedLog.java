package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.support.Clock;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A log in memory for simulations, with its cursors and lists of parked events: regions of events that differ in how many
 * keys they have.
 */
final class SimulatedLog implements AutoCloseable {

    static final int REGION_EVENTS = 256;

    // in the last one each third event has no key
    private static final int[] KEYS = {1, 2, 3, 5, 8, 20, 100, 4};

    static final int REGIONS = KEYS.length;

    private final IoThread io = new IoThread("simulation-io", null);
    final Journal journal;
    final Cursors cursors;

    SimulatedLog() {
        var config = EventLogConfig.inMemory().build();
        journal = Journal.open(config, FileOps.system(), Clock.system(), io, Cursors::traces);
        cursors = Cursors.open(journal, FileOps.system(), io);
        Codec<ByteBuffer> codec = Codec.bytes();
        int schema = journal.schemaNumber(codec.schema(ByteBuffer.allocate(1)));
        int source = journal.sourceNumber("simulation");
        for (int region = 0; region < REGIONS; region++) {
            FrameBuilder frame = journal.newFrame();
            frame.begin(FrameDescriptor.KIND_DATA);
            for (int i = 0; i < REGION_EVENTS; i++) {
                frame.add(codec, ByteBuffer.allocate(1), key(region, i), schema, source);
            }
            frame.finish();
            journal.append(frame, false);
        }
    }

    /** The key of a region's n-th event. */
    static @Nullable String key(int region, int index) {
        int number = keyNumber(region, index);
        return number < 0 ? null : "k" + number;
    }

    /** The number of the key of a region's n-th event, below the number of keys; -1: it has none. */
    static int keyNumber(int region, int index) {
        if (region == REGIONS - 1 && index % 3 == 0) {
            return -1;
        }
        // neither in turn nor in rows
        return (index * 7919 >>> 3) % KEYS[region];
    }

    static int keys(int region) {
        return KEYS[region];
    }

    @Override
    public void close() {
        cursors.close();
        journal.close();
        io.close();
    }
}
