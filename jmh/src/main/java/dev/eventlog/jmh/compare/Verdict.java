package dev.eventlog.jmh.compare;

/** How a row stands to its limits. <b>Threading:</b> Immutable. */
public enum Verdict {
    GOAL_MET("met: goal", false),
    FLOOR_MET("met: floor", false),
    NOT_MET("NOT MET", true),
    /** There is a goal without a floor, and it was missed. */
    GOAL_MISSED("goal NOT MET", false),
    /** There are limits, but no figures. */
    NOT_RUN("NOT RUN", true),
    INFORMATION("", false);

    private final String label;
    private final boolean failure;

    Verdict(String label, boolean failure) {
        this.label = label;
        this.failure = failure;
    }

    /** As printed. */
    public String label() {
        return label;
    }

    /** Whether the comparison fails for it. */
    public boolean isFailure() {
        return failure;
    }
}
