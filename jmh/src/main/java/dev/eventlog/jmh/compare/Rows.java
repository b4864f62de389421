package dev.eventlog.jmh.compare;

import static dev.eventlog.jmh.compare.Limits.ratio;
import static dev.eventlog.jmh.compare.Limits.ratioGoal;
import static dev.eventlog.jmh.compare.Unit.EVENTS_PER_SECOND;
import static dev.eventlog.jmh.compare.Unit.NANOS_PER_EVENT;

import dev.eventlog.jmh.ours.Append;
import dev.eventlog.jmh.ours.AppendAll;
import dev.eventlog.jmh.ours.FanOut;
import dev.eventlog.jmh.ours.Replay;
import dev.eventlog.jmh.peer.ChronicleAppend;
import dev.eventlog.jmh.peer.ChronicleFanOut;
import dev.eventlog.jmh.peer.ChronicleReplay;
import dev.eventlog.jmh.peer.MappedCopy;
import java.util.ArrayList;
import java.util.List;

/** Every row, with the limits of the performance budget. */
final class Rows {

    private static final int EVENTS = 200_000;
    private static final int BATCHED_EVENTS = 1000 * 256;
    private static final int READ_EVENTS = 1_000_000;
    private static final int DELIVERIES = 8 * 200 * 256;

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
        reads(rows);
        return List.copyOf(rows);
    }

    private static Side chronicleAppend(int threads) {
        return new Side(
                "Chronicle Queue",
                "writingDocument with raw bytes, one appender a thread, defaults",
                EVENTS,
                setting -> new ChronicleAppend(setting, threads));
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
                new Side("eventlog", "append(key, bytes), defaults", EVENTS, setting -> new Append(setting, 1)),
                chronicleAppend(1),
                ratio(1.1, 0.8)));
        rows.add(Row.timed(
                "append-4",
                "append, 4 threads",
                EVENTS_PER_SECOND,
                new Side(
                        "eventlog",
                        "append(key, bytes) on one producer that 4 threads share, defaults",
                        EVENTS,
                        setting -> new Append(setting, 4)),
                chronicleAppend(4),
                ratio(1.5, 3)));
        var appendAll = new Side("eventlog", "appendAll of 256 events, defaults", BATCHED_EVENTS, AppendAll::new);
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
                        setting -> new MappedCopy(setting, BATCHED_EVENTS)),
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
                setting -> new ChronicleFanOut(setting, 8));
        rows.add(Row.timed(
                "fan-out-8",
                "fan-out to 8 consumers that follow 1 appender, deliveries",
                EVENTS_PER_SECOND,
                new Side(
                        "eventlog",
                        "append one by one, 8 unnamed consumers that poll(handler, 256), each on its thread; spin,"
                                + " then yield",
                        DELIVERIES,
                        setting -> new FanOut(setting, 8, false)),
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
                        setting -> new FanOut(setting, 8, true)),
                chronicleFanOut,
                Limits.none()));
    }
}
