package dev.eventlog.tools;

/**
 * Makes text from outside safe to print: whatever a file or its name says, a terminal and a parser see ASCII only.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class Text {

    private Text() {}

    /** The text with all but printable ASCII as {@code \\uXXXX}. */
    static String printable(String text) {
        var shown = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            append(shown, text.charAt(i));
        }
        return shown.toString();
    }

    private static void append(StringBuilder shown, char c) {
        if (c < ' ' || c > '~') {
            shown.append(String.format("\\u%04x", (int) c));
        } else {
            shown.append(c);
        }
    }

    /** The text as a JSON string. */
    static String json(String text) {
        var json = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else {
                append(json, c);
            }
        }
        return json.append('"').toString();
    }
}
