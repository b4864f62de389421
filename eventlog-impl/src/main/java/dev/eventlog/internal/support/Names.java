package dev.eventlog.internal.support;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Objects;

/**
 * Names of consumers and sources: which are allowed, how they are shown in messages and how files are named after them.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
public final class Names {

    /** Most characters of a name. */
    public static final int MAX_LENGTH = 100;

    private static final int SHOWN_LENGTH = 120;

    private Names() {}

    /**
     * Returns the name if it is allowed: 1 to 100 of {@code A-Z a-z 0-9 . _ -}, beginning with a letter or digit.
     *
     * @throws IllegalArgumentException otherwise, quoting the name escaped
     */
    public static String check(String what, String name) {
        Objects.requireNonNull(name, what);
        boolean allowed = !name.isEmpty() && name.length() <= MAX_LENGTH && isLetterOrDigit(name.charAt(0));
        for (int i = 1; allowed && i < name.length(); i++) {
            char c = name.charAt(i);
            allowed = isLetterOrDigit(c) || c == '.' || c == '_' || c == '-';
        }
        if (!allowed) {
            throw new IllegalArgumentException(what + "=" + quoted(name)
                    + " must be 1 to 100 of A-Z a-z 0-9 . _ -, beginning with a letter or digit");
        }
        return name;
    }

    private static boolean isLetterOrDigit(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    /** Text from outside in quotes: unusual characters escaped, cut after 120. Safe to print and to log. */
    public static String quoted(String text) {
        var shown = new StringBuilder("\"");
        for (int i = 0; i < text.length() && i < SHOWN_LENGTH; i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~' || c == '"' || c == '\\') {
                shown.append(String.format("\\u%04X", (int) c));
            } else {
                shown.append(c);
            }
        }
        return shown.append(text.length() > SHOWN_LENGTH ? "…\"" : "\"").toString();
    }

    /**
     * A file name for a name: its lower-case form, cut, and 16 hexadecimal digits of its hash, so that names which
     * differ in case only have different files also where file names ignore case.
     */
    public static String fileName(String name) {
        String readable = name.toLowerCase(Locale.ROOT);
        if (readable.length() > 60) {
            readable = readable.substring(0, 60);
        }
        return readable + "-" + String.format("%016x", hash64(name));
    }

    /** FNV-1a of the name's UTF-8 form, 64 bits (Fowler, Noll and Vo). */
    public static long hash64(String name) {
        long hash = 0xcbf29ce484222325L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        }
        return hash;
    }
}
