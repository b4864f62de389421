package dev.eventlog.examples;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A command line taken apart: words, options with a value ({@code --name value}) and flags ({@code --name}).
 *
 * <p><b>Threading:</b> Immutable.
 */
public final class Arguments {

    private final List<String> words = new ArrayList<>();
    private final Map<String, String> options = new HashMap<>();

    /**
     * Takes a command line apart.
     *
     * @param withValue names of the options that have a value, with their dashes
     * @param flags names of those that have none
     * @throws ExampleException for an option that is unknown, given twice, or without its value
     */
    public Arguments(List<String> args, Set<String> withValue, Set<String> flags) {
        for (int i = 0; i < args.size(); i++) {
            String arg = args.get(i);
            if (!arg.startsWith("--")) {
                words.add(arg);
            } else if (flags.contains(arg)) {
                put(arg, "");
            } else if (!withValue.contains(arg)) {
                var known = new TreeSet<>(withValue);
                known.addAll(flags);
                throw ExampleException.usage("unknown option " + arg + "; known are " + String.join(" ", known));
            } else if (i + 1 == args.size() || args.get(i + 1).startsWith("--")) {
                throw ExampleException.usage(arg + " has no value; write " + arg + " <value>");
            } else {
                put(arg, args.get(++i));
            }
        }
    }

    private void put(String name, String value) {
        if (options.putIfAbsent(name, value) != null) {
            throw ExampleException.usage(name + " is given twice; leave one out");
        }
    }

    /** What is no option, in its order. */
    public List<String> words() {
        return List.copyOf(words);
    }

    /** Whether an option or flag is given. */
    public boolean has(String name) {
        return options.containsKey(name);
    }

    /** Value of an option, or null. */
    public @Nullable String value(String name) {
        return options.get(name);
    }

    /**
     * Value of an option that is a whole number.
     *
     * @throws ExampleException if it is not, or not in the range, both ends included
     */
    public long number(String name, long otherwise, long least, long greatest) {
        String value = options.get(name);
        if (value == null) {
            return otherwise;
        }
        try {
            long number = Long.parseLong(value);
            if (number >= least && number <= greatest) {
                return number;
            }
        } catch (NumberFormatException notANumber) {
            // said below
        }
        throw ExampleException.usage(
                name + " is \"" + value + "\"; it must be a whole number from " + least + " to " + greatest);
    }
}
