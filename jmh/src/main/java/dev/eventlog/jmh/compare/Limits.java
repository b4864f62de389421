package dev.eventlog.jmh.compare;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a row must reach.
 *
 * @param ratio whether the limits are for ours divided by the peer's figure, or for our figure alone
 * @param floor a miss fails the comparison; null: none
 * @param goal what is aimed at; null: none
 */
public record Limits(
        boolean ratio, @Nullable Double floor, @Nullable Double goal) {

    /** A row that is shown for information. */
    public static Limits none() {
        return new Limits(true, null, null);
    }

    /** Limits of ours divided by the peer's figure. */
    public static Limits ratio(double floor, double goal) {
        return new Limits(true, floor, goal);
    }

    /** A goal without a floor. */
    public static Limits ratioGoal(double goal) {
        return new Limits(true, null, goal);
    }

    /** Limits of our figure, in the row's unit. */
    public static Limits absolute(double floor, double goal) {
        return new Limits(false, floor, goal);
    }

    /** Judges a median ratio and our median figure. */
    public Verdict judge(Unit unit, double ratioFound, double figureFound) {
        double found = ratio ? ratioFound : figureFound;
        if (floor == null && goal == null) {
            return Verdict.INFORMATION;
        }
        if (Double.isNaN(found)) {
            return Verdict.NOT_RUN;
        }
        if (goal != null && unit.keeps(found, goal)) {
            return Verdict.GOAL_MET;
        }
        if (floor == null) {
            return Verdict.GOAL_MISSED;
        }
        return unit.keeps(found, floor) ? Verdict.FLOOR_MET : Verdict.NOT_MET;
    }

    /** A limit as printed. */
    public String format(Unit unit, @Nullable Double limit) {
        if (limit == null) {
            return "";
        }
        String sign = unit.isHigherBetter() ? "≥ " : "≤ ";
        return sign + (ratio ? String.format(Locale.ROOT, "%.2f ×", limit) : unit.format(limit));
    }
}
