package dev.eventlog.examples.market;

/** A line is no order message; the message says why. Never leaves {@link MessageReader}. */
final class MalformedLineException extends Exception {

    private static final long serialVersionUID = 1L;

    MalformedLineException(String reason) {
        super(reason);
    }

    /** A field is wrong. */
    static MalformedLineException of(String field, String text, String rule) {
        return new MalformedLineException(field + " is \"" + printable(text) + "\"; it must be " + rule);
    }

    /** Lines may hold anything: cut, and without control characters. */
    private static String printable(String text) {
        String cut = text.length() <= 40 ? text : text.substring(0, 40) + "...";
        return cut.replaceAll("[^ -~]", "?");
    }
}
