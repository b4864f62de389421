package dev.eventlog.jmh.compare;

import dev.eventlog.jmh.Machine;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Results that nobody measured. */
public final class Samples {

    private Samples() {}

    /** A machine. */
    public static Machine machine() {
        return new Machine(
                "then", "abacus", 2, "4 GiB", "Linux", "17", "ext4 on disk", "0.00", "c0ffee", List.of("-Xmx1g"));
    }

    static Side side(String name) {
        return new Side(name, name + " as it comes", 1, setting -> {
            throw new IllegalStateException("not to be run");
        });
    }

    static Row row(String name, Unit unit, Limits limits) {
        return Row.timed(name, "some work", unit, side("eventlog"), side("peer"), limits);
    }

    static List<Pair> pairs(@Nullable Double ours, @Nullable Double peer) {
        return List.of(new Pair(0, ours, peer), new Pair(0, ours, peer), new Pair(1, ours, peer));
    }

    /** A comparison with one row of each kind. */
    public static Comparison comparison() {
        return new Comparison(
                Comparison.KIND,
                machine(),
                Effort.quick(),
                List.of(
                        RowResult.of(
                                row("fast", Unit.NANOS_PER_EVENT, Limits.ratio(1.1, 0.8)), pairs(70.0, 100.0), null),
                        RowResult.of(
                                row("middling", Unit.EVENTS_PER_SECOND, Limits.ratio(2, 4)), pairs(3e6, 1e6), null),
                        RowResult.of(row("slow", Unit.EVENTS_PER_SECOND, Limits.ratio(2, 4)), pairs(1e6, 1e6), null),
                        RowResult.of(row("open", Unit.MILLIS, Limits.absolute(100, 30)), pairs(20.0, null), null),
                        RowResult.of(row("info", Unit.EVENTS_PER_SECOND, Limits.none()), pairs(1e6, 5e6), null)));
    }
}
