package dev.eventlog.jmh;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The options of a command: {@code --name value}, {@code --name=value}, and flags without a value. What is unknown, doubled,
 * without its value or not a number is refused with what may be given instead.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
public final class Options {

    private static final int SIMILAR = 3;

    private final String command;
    private final Map<String, String> known = new LinkedHashMap<>();
    private final Map<String, String> given = new HashMap<>();
    private final List<String> words = new ArrayList<>();

    /** Thrown for what the user has to correct; the message says what. */
    public static final class UsageException extends IllegalArgumentException {
        private static final long serialVersionUID = 1L;

        /** With the message for the user. */
        public UsageException(String message) {
            super(message);
        }
    }

    /** The options of this command. */
    public Options(String command) {
        this.command = command;
    }

    /** Adds an option with a value; the value's name is what the help shows. */
    public Options option(String name, String valueName) {
        known.put(name, valueName);
        return this;
    }

    /** Adds an option without a value. */
    public Options flag(String name) {
        known.put(name, "");
        return this;
    }

    /** Takes the arguments. */
    public Options parse(List<String> arguments) {
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (!argument.startsWith("--")) {
                words.add(argument);
                continue;
            }
            int equals = argument.indexOf('=');
            String name = argument.substring(2, equals < 0 ? argument.length() : equals);
            String valueName = known.get(name);
            if (valueName == null) {
                throw unknown(name);
            }
            String value = equals < 0 ? null : argument.substring(equals + 1);
            if (valueName.isEmpty()) {
                if (value != null) {
                    throw new UsageException("--" + name + " takes no value; " + help());
                }
                value = "true";
            } else if (value == null) {
                i++;
                if (i == arguments.size() || arguments.get(i).startsWith("--")) {
                    throw new UsageException("--" + name + " needs a value: --" + name + " " + valueName);
                }
                value = arguments.get(i);
            }
            if (given.put(name, value) != null) {
                throw new UsageException("--" + name + " is given twice");
            }
        }
        return this;
    }

    private UsageException unknown(String name) {
        String similar = "";
        for (String candidate : known.keySet()) {
            if (distance(name, candidate) < SIMILAR) {
                similar = "; did you mean --" + candidate + "?";
            }
        }
        return new UsageException("unknown option --" + name + similar + "\n" + help());
    }

    /** Levenshtein's distance. */
    private static int distance(String left, String right) {
        int[] row = new int[right.length() + 1];
        for (int j = 0; j <= right.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= left.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.length(); j++) {
                int above = row[j];
                int change = left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1;
                row[j] = Math.min(diagonal + change, Math.min(row[j - 1], above) + 1);
                diagonal = above;
            }
        }
        return row[right.length()];
    }

    /** One line that lists all options. */
    public String help() {
        var help = new StringBuilder("usage: ").append(command);
        known.forEach((name, valueName) -> help.append(" [--")
                .append(name)
                .append(valueName.isEmpty() ? "" : " " + valueName)
                .append(']'));
        return help.toString();
    }

    /** Arguments that are no options. */
    public List<String> words() {
        return words;
    }

    /** Refuses words. */
    public Options withoutWords() {
        if (!words.isEmpty()) {
            throw new UsageException("unknown argument " + words.get(0) + "\n" + help());
        }
        return this;
    }

    /** Whether a flag or an option was given. */
    public boolean has(String name) {
        return given.containsKey(name);
    }

    /** An option's value; null: not given. */
    public @Nullable String text(String name) {
        return given.get(name);
    }

    /** An option's value as a path. */
    public @Nullable Path path(String name) {
        String value = given.get(name);
        return value == null ? null : Path.of(value);
    }

    /** An option's value as a path, or the default. */
    public Path path(String name, Path otherwise) {
        Path value = path(name);
        return value == null ? otherwise : value;
    }

    /** An option's value as a whole number within bounds, or the default. Underscores are allowed, as is 1e6. */
    public long number(String name, long least, long most, long otherwise) {
        String value = given.get(name);
        if (value == null) {
            return otherwise;
        }
        try {
            double parsed = Double.parseDouble(value.replace("_", ""));
            if (parsed == Math.rint(parsed) && parsed >= least && parsed <= most) {
                return (long) parsed;
            }
        } catch (NumberFormatException malformed) {
            // said below
        }
        throw new UsageException(
                "--" + name + " " + value + " is not a whole number from " + least + " to " + most + "\n" + help());
    }

    /** An option's value as names between commas; empty: not given. */
    public List<String> names(String name, Predicate<String> isKnown, List<String> all) {
        String value = given.get(name);
        if (value == null) {
            return List.of();
        }
        List<String> names = List.of(value.split(",", -1));
        for (String one : names) {
            if (!isKnown.test(one)) {
                throw new UsageException("--" + name + " " + one + " is unknown; there are " + String.join(", ", all));
            }
        }
        return names;
    }
}
