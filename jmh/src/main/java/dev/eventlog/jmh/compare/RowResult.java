package dev.eventlog.jmh.compare;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What came out of a row, as it is printed and kept as JSON.
 *
 * @param ours our figure, over all samples; null: none
 * @param peer the peer's figure; null: none
 * @param ratio of the pairs; null: none
 * @param failure why it did not run; null: it did
 */
public record RowResult(
        String name,
        String work,
        Unit unit,
        String oursName,
        String oursConfiguration,
        String peerName,
        String peerConfiguration,
        Limits limits,
        @Nullable Quartiles ours,
        @Nullable Quartiles peer,
        @Nullable Quartiles ratio,
        Verdict verdict,
        @Nullable String failure,
        List<Pair> pairs) {

    /** Judges the pairs of a row. */
    static RowResult of(Row row, List<Pair> pairs, @Nullable String failure) {
        Quartiles ours = Quartiles.of(
                pairs.stream().mapToDouble(pair -> orNaN(pair.ours())).toArray());
        Quartiles peer = Quartiles.of(
                pairs.stream().mapToDouble(pair -> orNaN(pair.peer())).toArray());
        Quartiles ratio = Quartiles.of(pairs.stream().mapToDouble(Pair::ratio).toArray());
        Verdict verdict = row.limits()
                .judge(
                        row.unit(),
                        ratio == null ? Double.NaN : ratio.median(),
                        ours == null ? Double.NaN : ours.median());
        Side ourSide = row.ours();
        Side peerSide = row.peer();
        return new RowResult(
                row.name(),
                row.work(),
                row.unit(),
                ourSide == null ? "" : ourSide.name(),
                ourSide == null ? "" : ourSide.configuration(),
                peerSide == null ? "" : peerSide.name(),
                peerSide == null ? "" : peerSide.configuration(),
                row.limits(),
                ours,
                peer,
                ratio,
                verdict,
                failure,
                pairs);
    }

    private static double orNaN(@Nullable Double value) {
        return value == null ? Double.NaN : value;
    }

    /** The cells of its line in {@link Comparison#HEADERS}. */
    public List<String> cells() {
        return List.of(
                name,
                work,
                ours == null ? "-" : unit.format(ours.median()),
                peer == null ? "-" : unit.format(peer.median()) + " " + peerName,
                spread(),
                limits.format(unit, limits.floor()),
                limits.format(unit, limits.goal()),
                failure == null ? verdict.label() : (verdict.label() + " (failed)").trim());
    }

    private String spread() {
        if (limits.ratio()) {
            return ratio == null
                    ? "-"
                    : String.format(Locale.ROOT, "%.2f × (%.2f–%.2f)", ratio.median(), ratio.low(), ratio.high());
        }
        return ours == null
                ? "-"
                : unit.format(ours.median()) + " (" + unit.format(ours.low()) + " – " + unit.format(ours.high()) + ")";
    }
}
