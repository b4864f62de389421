package dev.eventlog.internal.journal;

import dev.eventlog.Codec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The log's schemas and sources and the small numbers that stand for them in events. Numbers begin at 1 and are given
 * for ever.
 *
 * <p><b>Threading:</b> Thread-safe for reading; who adds holds the append lock, or is alone.
 */
final class Dictionary {

    /** Most schemas, and most sources, of a log. */
    static final int MAX_ENTRIES = 10_000;

    private final Map<Codec.Schema, Integer> schemaNumbers = new ConcurrentHashMap<>();
    private final Map<String, Integer> sourceNumbers = new ConcurrentHashMap<>();
    // copied at each growth; index 0 is unused
    private volatile Codec.@Nullable Schema[] schemas = new Codec.Schema[1];
    private volatile @Nullable String[] sources = new String[1];

    /** The schema's number; 0 if it has none yet. */
    int schemaNumber(Codec.Schema schema) {
        Integer number = schemaNumbers.get(schema);
        return number == null ? 0 : number;
    }

    /** The source's number; 0 if it has none yet. */
    int sourceNumber(String source) {
        Integer number = sourceNumbers.get(source);
        return number == null ? 0 : number;
    }

    /** The schema with a number; null if none has it. */
    Codec.@Nullable Schema schema(int number) {
        Codec.@Nullable Schema[] known = schemas;
        return number > 0 && number < known.length ? known[number] : null;
    }

    /** The source with a number; null if none has it. */
    @Nullable
    String source(int number) {
        @Nullable String[] known = sources;
        return number > 0 && number < known.length ? known[number] : null;
    }

    /** The number that the next schema gets. */
    int nextSchema() {
        return schemas.length;
    }

    /** The number that the next source gets. */
    int nextSource() {
        return sources.length;
    }

    /**
     * Lets numbers stand for names that are lost, which no codec takes for its own, so that they are not given again. The
     * true name replaces such a one if it is found. Does nothing beyond {@link #MAX_ENTRIES}.
     */
    void reserve(int lastSchema, int lastSource) {
        if (lastSchema <= MAX_ENTRIES && lastSource <= MAX_ENTRIES) {
            while (nextSchema() <= lastSchema) {
                addSchema(nextSchema(), lostSchema(nextSchema()));
            }
            while (nextSource() <= lastSource) {
                addSource(nextSource(), lostSource(nextSource()));
            }
        }
    }

    private static Codec.Schema lostSchema(int number) {
        return new Codec.Schema("lost-type", number, "application/x-eventlog-lost");
    }

    private static String lostSource(int number) {
        return "lost-source-" + number;
    }

    /** Adds a schema; returns false if the number stands for another, or is not the next. */
    boolean addSchema(int number, Codec.Schema schema) {
        if (number > 0 && number < nextSchema() && lostSchema(number).equals(schema(number))) {
            schemas = replaced(schemas, number, schema);
            schemaNumbers.put(schema, number);
            return true;
        }
        if (number < nextSchema()) {
            return schema.equals(schema(number));
        }
        if (number != nextSchema() || number > MAX_ENTRIES) {
            return false;
        }
        Codec.@Nullable Schema[] grown = Arrays.copyOf(schemas, number + 1);
        grown[number] = schema;
        schemas = grown;
        schemaNumbers.put(schema, number);
        return true;
    }

    /** Adds a source; returns false if the number stands for another, or is not the next, or no source can be called so. */
    boolean addSource(int number, String source) {
        if (!source.chars().allMatch(each -> each < 0x80)) {
            return false;
        }
        if (number > 0 && number < nextSource() && lostSource(number).equals(source(number))) {
            sources = replaced(sources, number, source);
            sourceNumbers.put(source, number);
            return true;
        }
        if (number < nextSource()) {
            return source.equals(source(number));
        }
        if (number != nextSource() || number > MAX_ENTRIES) {
            return false;
        }
        @Nullable String[] grown = Arrays.copyOf(sources, number + 1);
        grown[number] = source;
        sources = grown;
        sourceNumbers.put(source, number);
        return true;
    }

    private static <N> @Nullable N[] replaced(@Nullable N[] names, int number, N name) {
        @Nullable N[] copy = names.clone();
        copy[number] = name;
        return copy;
    }

    /** All schemas, that with number n at index n - 1. */
    List<Codec.Schema> schemas() {
        var all = new ArrayList<Codec.Schema>();
        for (int n = 1; n < schemas.length; n++) {
            Codec.Schema schema = schema(n);
            if (schema != null) {
                all.add(schema);
            }
        }
        return all;
    }

    /** All sources, that with number n at index n - 1. */
    List<String> sources() {
        var all = new ArrayList<String>();
        for (int n = 1; n < sources.length; n++) {
            String source = source(n);
            if (source != null) {
                all.add(source);
            }
        }
        return all;
    }
}
