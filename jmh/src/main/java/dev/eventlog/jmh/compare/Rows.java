package dev.eventlog.jmh.compare;

import static dev.eventlog.jmh.compare.Limits.absolute;
import static dev.eventlog.jmh.compare.Limits.ratio;
import static dev.eventlog.jmh.compare.Limits.ratioGoal;
import static dev.eventlog.jmh.compare.Unit.EVENTS_PER_SECOND;
import static dev.eventlog.jmh.compare.Unit.MICROS;
import static dev.eventlog.jmh.compare.Unit.MILLIS;
import static dev.eventlog.jmh.compare.Unit.NANOS_PER_EVENT;

import dev.eventlog.jmh.ours.Append;
import dev.eventlog.jmh.ours.AppendAll;
import dev.eventlog.jmh.ours.AppendAsync;
import dev.eventlog.jmh.ours.AppendForce;
import dev.eventlog.jmh.ours.FanOut;
import dev.eventlog.jmh.ours.Open;
import dev.eventlog.jmh.ours.Replay;
import dev.eventlog.jmh.ours.Seek;
import dev.eventlog.jmh.peer.AeronPipe;
import dev.eventlog.jmh.peer.ArchiveRecording;
import dev.eventlog.jmh.peer.ChronicleAppend;
import dev.eventlog.jmh.peer.ChronicleFanOut;
import dev.eventlog.jmh.peer.ChronicleOpen;
import dev.eventlog.jmh.peer.ChronicleReplay;
import dev.eventlog.jmh.peer.ChronicleSeek;
import dev.eventlog.jmh.peer.DisruptorPipe;
import dev.eventlog.jmh.peer.H2Commit;
import dev.eventlog.jmh.peer.MappedCopy;
import dev.eventlog.jmh.peer.RingPipe;
import dev.eventlog.jmh.peer.RocksPut;
import dev.eventlog.jmh.peer.SqliteInsert;
import dev.eventlog.jmh.work.Anew;
import java.util.ArrayList;
import java.util.List;

/** Every row, with the limits of the performance budget. */
final class Rows {

    private static final int EVENTS = 500_000;
    private static final int BATCHED_EVENTS = 4000 * 256;
    private static final int READ_EVENTS = 1_000_000;
    private static final int DELIVERIES = 8 * 400 * 256;
    private static final int PIPED_EVENTS = 1_000_000;
    private static final int FORCED_EVENTS = 800;
    private static final int SEEKS = 2_000;
    private static final int SMALL_LOG_EVENTS = 1_000;

    /** No object is made for an event: the smallest has 16 bytes. What an index takes as the log grows is below this. */
    private static final double NO_OBJECT_BYTES = 1;

    /** Nothing at all, but for what the measurement itself takes. */
    private static final double NO_BYTES = 0.01;

    static final List<Row> ALL = all();

    private Rows() {}

    /** The row of this name. */
    static Row named(String name) {
        return ALL.stream()
                .filter(row -> row.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no row " + name));
    }

    private static List<Row> all() {
        var rows = new ArrayList<Row>();
        appends(rows);
        asynchronousAppends(rows);
        reads(rows);
        powerLoss(rows);
        opensAndSeeks(rows);
        allocations(rows);
        information(rows);
        return List.copyOf(rows);
    }

    private static Side chronicleAppend(int threads) {
        return new Side(
                "Chronicle Queue",
                "writingDocument with raw bytes, one appender a thread, defaults",
                EVENTS,
                Anew.each(setting -> new ChronicleAppend(setting, threads)));
    }

    private static Side chronicleReplay() {
        return new Side(
                "Chronicle Queue",
                "readingDocument with an unnamed tailer from toStart, defaults",
                READ_EVENTS,
                ChronicleReplay::new);
    }

    private static void appends(List<Row> rows) {
        rows.add(Row.timed(
                "append-1",
                "append, 1 thread",
                NANOS_PER_EVENT,
                new Side(
                        "eventlog",
                        "append(key, bytes), nothing forced",
                        EVENTS,
                        Anew.each(setting -> new Append(setting, 1))),
                chronicleAppend(1),
                ratio(1.1, 0.8)));
        rows.add(Row.timed(
                "append-4",
                "append, 4 threads",
                EVENTS_PER_SECOND,
                new Side(
                        "eventlog",
                        "append(key, bytes) on one producer that 4 threads share, nothing forced",
                        EVENTS,
                        Anew.each(setting -> new Append(setting, 4))),
                chronicleAppend(4),
                ratio(1.5, 3)));
        var appendAll = new Side(
                "eventlog", "appendAll of 256 events, nothing forced", BATCHED_EVENTS, Anew.each(AppendAll::new));
        rows.add(Row.timed(
                "append-all",
                "appendAll of 256, 1 thread",
                EVENTS_PER_SECOND,
                appendAll,
                chronicleAppend(1),
                ratio(4, 7)));
        rows.add(Row.timed(
                "append-all-copy",
                "appendAll of 256, 1 thread",
                EVENTS_PER_SECOND,
                appendAll,
                new Side(
                        "mapped copy",
                        "64 bytes copied into a mapped file that was filled with zeros before; nothing else",
                        BATCHED_EVENTS,
                        Anew.each(setting -> new MappedCopy(setting, BATCHED_EVENTS))),
                ratioGoal(0.5)));
    }

    private static void reads(List<Row> rows) {
        rows.add(Row.timed(
                "replay-single",
                "replay of single-event frames",
                EVENTS_PER_SECOND,
                new Side("eventlog", "poll(handler, 256), unnamed consumer, defaults", READ_EVENTS, Replay::single),
                chronicleReplay(),
                ratio(1.0, 1.2)));
        rows.add(Row.timed(
                "replay-batched",
                "replay of frames of 256",
                EVENTS_PER_SECOND,
                new Side("eventlog", "poll(handler, 256), unnamed consumer, defaults", READ_EVENTS, Replay::batched),
                chronicleReplay(),
                ratio(2, 3)));
        var chronicleFanOut = new Side(
                "Chronicle Queue",
                "1 appender, 8 unnamed tailers that follow, each on its thread; spin, then yield",
                DELIVERIES,
                Anew.each(setting -> new ChronicleFanOut(setting, 8)));
        rows.add(Row.timed(
                "fan-out-8",
                "fan-out to 8 consumers that follow 1 appender, deliveries",
                EVENTS_PER_SECOND,
                new Side(
                        "eventlog",
                        "append one by one, 8 unnamed consumers that poll(handler, 256), each on its thread; spin,"
                                + " then yield",
                        DELIVERIES,
                        Anew.each(setting -> new FanOut(setting, 8, false))),
                chronicleFanOut,
                ratio(1.5, 3)));
        rows.add(Row.timed(
                "fan-out-8-batched",
                "the same with appendAll of 256",
                EVENTS_PER_SECOND,
                new Side(
                        "eventlog",
                        "appendAll of 256, 8 unnamed consumers as before",
                        DELIVERIES,
                        Anew.each(setting -> new FanOut(setting, 8, true))),
                chronicleFanOut,
                Limits.none()));
    }

    private static void asynchronousAppends(List<Row> rows) {
        rows.add(Row.timed(
                "append-async-1",
                "appendAsync, 1 thread",
                EVENTS_PER_SECOND,
                asynchronous(1),
                chronicleAppend(1),
                ratio(2, 4)));
        rows.add(Row.timed(
                "append-async-4",
                "appendAsync, 4 threads",
                EVENTS_PER_SECOND,
                asynchronous(4),
                chronicleAppend(4),
                ratio(4, 10)));
    }

    private static Side asynchronous(int threads) {
        return new Side(
                "eventlog",
                "appendAsync on one producer, then flush, nothing forced",
                EVENTS,
                Anew.each(setting -> AppendAsync.open(setting, threads)));
    }

    private static Side durable(int threads, int appends) {
        return new Side(
                "eventlog",
                "append on one producer, a log of durability POWER_LOSS",
                appends,
                setting -> Append.durable(setting, threads));
    }

    private static Side rocksDb(int threads, int puts) {
        return new Side(
                "RocksDB",
                "put with WriteOptions.setSync(true), " + threads + " threads, defaults",
                puts,
                setting -> new RocksPut(setting, threads));
    }

    private static void powerLoss(List<Row> rows) {
        rows.add(Row.timed(
                "power-loss-1",
                "POWER_LOSS append, 1 thread",
                EVENTS_PER_SECOND,
                durable(1, FORCED_EVENTS),
                rocksDb(1, FORCED_EVENTS),
                ratio(1, 1.3)));
        rows.add(Row.timed(
                "power-loss-16",
                "POWER_LOSS append, 16 threads",
                EVENTS_PER_SECOND,
                durable(16, 4 * FORCED_EVENTS),
                rocksDb(16, 4 * FORCED_EVENTS),
                ratio(2, 2.5)));
        rows.add(Row.timed(
                "power-loss-64",
                "POWER_LOSS append, 64 threads",
                EVENTS_PER_SECOND,
                durable(64, 8 * FORCED_EVENTS),
                rocksDb(64, 8 * FORCED_EVENTS),
                ratio(2, 3)));
        rows.add(Row.timed(
                "power-loss-async",
                "POWER_LOSS appendAsync, 1 thread",
                EVENTS_PER_SECOND,
                new Side(
                        "eventlog",
                        "appendAsync, then flush, a log of durability POWER_LOSS",
                        EVENTS,
                        setting -> AppendAsync.openDurable(setting, 1)),
                rocksDb(64, 8 * FORCED_EVENTS),
                ratio(5, 20)));
        rows.add(Row.metered(
                "device-bytes",
                "bytes written to the device for one event that is forced",
                Meter.DEVICE_WRITES,
                durable(1, FORCED_EVENTS / 4),
                rocksDb(1, FORCED_EVENTS / 4),
                absolute(128 << 10, 16 << 10)));
    }

    private static void opensAndSeeks(List<Row> rows) {
        var open = new Side("eventlog", "EventLog.open with the defaults, closed cleanly before", 1, Open::new);
        var chronicleOpen =
                new Side("Chronicle Queue", "ChronicleQueue.single and createAppender", 1, ChronicleOpen::new);
        rows.add(Row.timed("open-warm", "open of a closed log", MILLIS, open, chronicleOpen, absolute(100, 30)));
        rows.add(new Row(
                "open-first",
                "open of a closed log, the first in a JVM",
                MILLIS,
                Meter.TIME,
                true,
                open,
                chronicleOpen,
                absolute(1_500, 700)));
        rows.add(Row.timed(
                "seek-position",
                "seek to a random position and read the event there",
                MICROS,
                new Side("eventlog", "seek, poll(handler, 1)", SEEKS, setting -> new Seek(setting, false)),
                new Side("Chronicle Queue", "moveToIndex, readingDocument", SEEKS, ChronicleSeek::new),
                absolute(100, 20)));
        rows.add(Row.timed(
                "seek-time",
                "seek to a random append time and read the event there",
                MICROS,
                new Side("eventlog", "seek, poll(handler, 1)", SEEKS, setting -> new Seek(setting, true)),
                null,
                absolute(100, 20)));
        rows.add(Row.timed(
                "append-growth",
                "append behind many events, beside append behind 1,000",
                NANOS_PER_EVENT,
                new Side(
                        "eventlog",
                        "append(key, bytes), 1 thread",
                        EVENTS,
                        setting -> Append.behind(setting, setting.logEvents())),
                new Side(
                        "eventlog, small",
                        "append(key, bytes), 1 thread",
                        EVENTS,
                        setting -> Append.behind(setting, SMALL_LOG_EVENTS)),
                ratio(1.3, 1.1)));
    }

    private static void allocations(List<Row> rows) {
        rows.add(Row.metered(
                "allocation-append",
                "bytes that an append allocates",
                Meter.ALLOCATION,
                new Side(
                        "eventlog",
                        "append(key, bytes), 1 thread",
                        EVENTS,
                        Anew.each(setting -> new Append(setting, 1))),
                chronicleAppend(1),
                absolute(NO_OBJECT_BYTES, NO_BYTES)));
        rows.add(Row.metered(
                "allocation-poll",
                "bytes that a delivery allocates",
                Meter.ALLOCATION,
                new Side("eventlog", "poll(handler, 256)", READ_EVENTS, Replay::single),
                chronicleReplay(),
                absolute(NO_OBJECT_BYTES, NO_BYTES)));
    }

    /** Peers that promise less or work otherwise: bounds, to be read as such. */
    private static void information(List<Row> rows) {
        var pipe = new Side(
                "eventlog",
                "append on one thread, poll(handler, 256) on another; spin, then yield",
                EVENTS,
                setting -> new FanOut(setting, 1, false));
        rows.add(info(
                "pipe-agrona",
                "thread to thread, beside a ring buffer in memory",
                pipe,
                new Side("Agrona ring", "ManyToOneRingBuffer of 1 MiB", PIPED_EVENTS, RingPipe::new)));
        rows.add(info(
                "pipe-disruptor",
                "thread to thread, beside a ring buffer in memory",
                pipe,
                new Side(
                        "Disruptor",
                        "multi-producer ring of 16,384 slots, EventPoller",
                        PIPED_EVENTS,
                        DisruptorPipe::new)));
        rows.add(info(
                "pipe-aeron",
                "thread to thread, beside shared memory",
                pipe,
                new Side(
                        "Aeron IPC",
                        "tryClaim on an exclusive publication; embedded driver, one thread that backs off",
                        PIPED_EVENTS,
                        AeronPipe::new)));
        rows.add(info(
                "record-aeron",
                "append, beside a recorded publication",
                new Side(
                        "eventlog",
                        "append(key, bytes), nothing forced",
                        EVENTS,
                        Anew.each(setting -> new Append(setting, 1))),
                new Side(
                        "Aeron Archive",
                        "tryClaim on a recorded exclusive publication, not forced; until the recording has it",
                        EVENTS,
                        ArchiveRecording::new)));
        var forced = new Side("eventlog", "append, then force(), one by one", FORCED_EVENTS, AppendForce::new);
        rows.add(info(
                "commit-h2",
                "event by event on the disk, 1 thread",
                forced,
                new Side("H2 MVStore", "put, commit, sync; automatic commits off", FORCED_EVENTS / 4, H2Commit::new)));
        rows.add(info(
                "commit-sqlite",
                "event by event on the disk, 1 thread",
                forced,
                new Side(
                        "SQLite", "insert; journal_mode=wal, synchronous=full", FORCED_EVENTS / 4, SqliteInsert::new)));
    }

    private static Row info(String name, String work, Side ours, Side peer) {
        return Row.timed(name, work, EVENTS_PER_SECOND, ours, peer, Limits.none());
    }
}
