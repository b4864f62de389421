package dev.eventlog.torture;

import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.Producer;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.log.Engine;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A process that appends without end, in ways that survive a power cut and in ways that do not, and tells in a ledger
 * outside of the log how far it was told that events survive. <b>Threading:</b> One thread.
 */
final class DurableChild {

    private DurableChild() {}

    /** The event at a position. */
    static Expected event(long seed, long position) {
        return Expected.random(new SplittableRandom(seed * 0x9e3779b97f4a7c15L + position), 20_000);
    }

    /** What a ledger says. */
    static long durable(Path ledger) throws IOException {
        try (var file = new RandomAccessFile(ledger.toFile(), "r")) {
            return file.length() < Long.BYTES ? 0 : file.readLong();
        }
    }

    public static void main(String[] arguments) throws IOException {
        long seed = Long.parseLong(arguments[2]);
        if (arguments.length > 3) {
            verify(Path.of(arguments[0]), seed, Long.parseLong(arguments[3]));
            return;
        }
        try (var ledger = new RandomAccessFile(arguments[1], "rw");
                EventLog log =
                        EventLog.open(Oracle.config(Path.of(arguments[0])).build())) {
            Producer<ByteBuffer> weak = log.producer("torture", Expected.CODEC);
            Producer<ByteBuffer> strong = weak.withDurability(Durability.POWER_LOSS);
            var random = new SplittableRandom(seed);
            while (true) {
                long position = log.endPosition();
                if (random.nextInt(30) == 0) {
                    strong.append(event(seed, position).toAppend());
                    tell(ledger, position + 1);
                } else if (random.nextInt(200) == 0) {
                    log.force();
                    tell(ledger, position);
                } else {
                    weak.append(event(seed, position).toAppend());
                }
            }
        }
    }

    /** In a process of its own too: a process that has mapped a file keeps its file system mounted. */
    private static void verify(Path log, long seed, long durable) {
        var ledger = new Ledger();
        try (EventLog opened = Engine.open(Oracle.config(log).build(), FileOps.system())) {
            long end = opened.endPosition();
            Oracle.require(end >= durable, "durable events are lost: end=" + end + " durable=" + durable);
            for (long position = 0; position < end; position++) {
                ledger.intend(event(seed, position));
            }
            Oracle.complete(opened, ledger, List.of());
        }
        long end = Oracle.verify(log, ledger, new Ledger.Moment(durable), new SplittableRandom(seed));
        System.out.println("right: durable " + durable + ", found " + end);
    }

    private static void tell(RandomAccessFile ledger, long durable) throws IOException {
        ledger.seek(0);
        ledger.writeLong(durable);
    }
}
