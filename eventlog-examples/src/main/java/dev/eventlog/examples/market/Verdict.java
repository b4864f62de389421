package dev.eventlog.examples.market;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares the final states of several runs, byte for byte, with those of the first.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
final class Verdict {

    private final Map<String, Map<String, String>> runs = new LinkedHashMap<>();

    /** The states of a run, by their consumers' names. */
    void add(String run, Map<String, String> states) {
        runs.put(run, states);
    }

    /** What differs; empty: nothing. */
    List<String> differences() {
        var differences = new ArrayList<String>();
        runs.forEach((run, states) -> expected().forEach((consumer, text) -> {
            String other = states.getOrDefault(consumer, "");
            if (!text.equals(other)) {
                differences.add(consumer + " differs, " + firstDifference(text, run, other));
            }
        }));
        return differences;
    }

    /** The states of the first run. */
    private Map<String, String> expected() {
        return runs.values().iterator().next();
    }

    private String firstDifference(String text, String otherRun, String other) {
        String run = runs.keySet().iterator().next();
        String[] lines = text.lines().toArray(String[]::new);
        String[] otherLines = other.lines().toArray(String[]::new);
        int i = 0;
        while (i < lines.length && i < otherLines.length && lines[i].equals(otherLines[i])) {
            i++;
        }
        return "line " + (i + 1) + ": " + run + " has " + line(lines, i) + ", " + otherRun + " has "
                + line(otherLines, i);
    }

    private static String line(String[] lines, int i) {
        return i < lines.length ? "\"" + lines[i] + "\"" : "no such line";
    }

    /** The runs compared. */
    String runs() {
        return String.join(" = ", runs.keySet());
    }

    /** Lengths of the states, by their consumers' names. */
    Map<String, Integer> lengths() {
        var lengths = new LinkedHashMap<String, Integer>();
        expected().forEach((name, text) -> lengths.put(name, text.getBytes(StandardCharsets.US_ASCII).length));
        return lengths;
    }
}
