package dev.eventlog;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What is wrong with a configuration, all of it in one exception. <b>Threading:</b> One thread at a time: build(). */
final class Problems {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

    private final String subject;
    private final List<String> found = new ArrayList<>();

    Problems(String subject) {
        this.subject = subject;
    }

    void check(boolean holds, String problem) {
        if (!holds) {
            found.add(problem);
        }
    }

    void checkName(String what, String name) {
        check(
                NAME.matcher(name).matches(),
                what + "=" + quoted(name) + " must be 1 to 100 of A-Z a-z 0-9 . _ -, beginning with a letter or digit");
    }

    void throwIfAny() {
        if (!found.isEmpty()) {
            throw new IllegalArgumentException(subject + ": " + String.join("; ", found));
        }
    }

    /** The name in quotes, control and other unusual characters escaped, cut after 120 characters. */
    private static String quoted(String name) {
        var text = new StringBuilder("\"");
        for (int i = 0; i < name.length() && i < 120; i++) {
            char c = name.charAt(i);
            if (c < ' ' || c > '~' || c == '"' || c == '\\') {
                text.append(String.format("\\u%04X", (int) c));
            } else {
                text.append(c);
            }
        }
        return text.append(name.length() > 120 ? "…\"" : "\"").toString();
    }
}
