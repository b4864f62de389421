package dev.eventlog.jmh.compare;

import org.jspecify.annotations.Nullable;

/**
 * One line of the comparison.
 *
 * @param name selects it with {@code --only}
 * @param work what is done, as printed
 * @param unit of the figures
 * @param meter what is measured
 * @param freshJvm whether each sample is the first run of a JVM, in the directory that an earlier one left
 * @param ours our half; null: not there yet
 * @param peer the peer's half; null: there is none
 * @param limits what must be reached
 */
record Row(
        String name,
        String work,
        Unit unit,
        Meter meter,
        boolean freshJvm,
        @Nullable Side ours,
        @Nullable Side peer,
        Limits limits) {

    static Row timed(String name, String work, Unit unit, @Nullable Side ours, @Nullable Side peer, Limits limits) {
        return new Row(name, work, unit, Meter.TIME, false, ours, peer, limits);
    }

    static Row metered(String name, String work, Meter meter, @Nullable Side ours, @Nullable Side peer, Limits limits) {
        return new Row(name, work, Unit.BYTES, meter, false, ours, peer, limits);
    }

    /** Our half or the peer's; null: there is none. */
    @Nullable
    Side side(boolean isOurs) {
        return isOurs ? ours : peer;
    }
}
