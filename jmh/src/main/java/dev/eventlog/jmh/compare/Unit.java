package dev.eventlog.jmh.compare;

import java.util.Locale;

/** What a row's figures are, made from the nanoseconds or bytes of one operation. <b>Threading:</b> Immutable. */
public enum Unit {
    NANOS_PER_EVENT("ns/event", false, 1),
    EVENTS_PER_SECOND("events/s", true, 1e9),
    MICROS("µs", false, 1e-3),
    MILLIS("ms", false, 1e-6),
    BYTES("bytes", false, 1);

    private final String label;
    private final boolean higherBetter;
    private final double factor;

    Unit(String label, boolean higherBetter, double factor) {
        this.label = label;
        this.higherBetter = higherBetter;
        this.factor = factor;
    }

    /** As printed behind a figure. */
    public String label() {
        return label;
    }

    /** Whether a greater figure is the better one. */
    public boolean isHigherBetter() {
        return higherBetter;
    }

    /** The figure for what one operation took, in nanoseconds or bytes. */
    double figure(double perOperation) {
        return higherBetter ? factor / perOperation : factor * perOperation;
    }

    /** Whether a figure, or a ratio of figures, keeps a limit. */
    public boolean keeps(double value, double limit) {
        return higherBetter ? value >= limit : value <= limit;
    }

    /** A figure with its unit. */
    public String format(double figure) {
        return shorten(figure) + " " + label;
    }

    private static String shorten(double figure) {
        if (figure >= 1e6) {
            return String.format(Locale.ROOT, "%.2f M", figure / 1e6);
        }
        if (figure >= 1e4) {
            return String.format(Locale.ROOT, "%.1f k", figure / 1e3);
        }
        if (figure >= 100) {
            return String.format(Locale.ROOT, "%.0f", figure);
        }
        return String.format(Locale.ROOT, figure >= 10 ? "%.1f" : "%.2f", figure);
    }
}
