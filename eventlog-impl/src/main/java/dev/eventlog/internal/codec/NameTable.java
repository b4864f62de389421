package dev.eventlog.internal.codec;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds a name that stands in a payload without making a {@link String} of it: a hash table from bytes to a number.
 *
 * <p><b>Threading:</b> Immutable. <b>Allocation:</b> none to look up.
 */
final class NameTable {

    static final int NONE = -1;
    static final NameTable EMPTY = new NameTable(Map.of());

    private final byte[] @Nullable [] names;
    private final int[] numbers;

    /** A table of these names with their numbers, each 0 or more. */
    NameTable(Map<String, Integer> numberOf) {
        int length = Math.max(2, Integer.highestOneBit(numberOf.size()) * 4);
        names = new byte[length][];
        numbers = new int[length];
        numberOf.forEach(this::add);
    }

    /** A table that numbers the names by their place in the list. */
    static NameTable ofList(List<String> names) {
        var numberOf = new LinkedHashMap<String, Integer>();
        names.forEach(name -> numberOf.put(name, numberOf.size()));
        return new NameTable(numberOf);
    }

    private void add(String name, int number) {
        byte[] bytes = Cesu8.encode(name);
        int at = slot(bytes, 0, bytes.length);
        while (names[at] != null) {
            at = next(at);
        }
        names[at] = bytes;
        numbers[at] = number;
    }

    /** The number of the name in {@code data[from, to)}, or {@link #NONE}. */
    int find(byte[] data, int from, int to) {
        int at = slot(data, from, to);
        for (byte[] name = names[at]; name != null; name = names[at]) { // a quarter of the slots at least is free
            if (Arrays.equals(name, 0, name.length, data, from, to)) {
                return numbers[at];
            }
            at = next(at);
        }
        return NONE;
    }

    private int slot(byte[] data, int from, int to) {
        int hash = 0;
        for (int i = from; i < to; i++) {
            hash = 31 * hash + data[i];
        }
        return (hash ^ (hash >>> 16)) & (names.length - 1);
    }

    private int next(int at) {
        return (at + 1) & (names.length - 1);
    }
}
