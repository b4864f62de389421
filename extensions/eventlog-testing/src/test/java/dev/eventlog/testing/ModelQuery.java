package dev.eventlog.testing;

import dev.eventlog.EventQuery;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A query twice: as the api has it, and as a plain predicate. <b>Threading:</b> Immutable. */
record ModelQuery(EventQuery query, List<Clause> clauses) {

    static final ModelQuery ALL =
            new ModelQuery(EventQuery.all(), List.of(new Clause(null, null, null, null, null, null, null)));

    /** From inclusive, to exclusive. */
    private record Range(long from, long to) {
        boolean has(long value) {
            return value >= from && value < to;
        }
    }

    private record Clause(
            @Nullable Set<String> types,
            @Nullable Set<String> keys,
            @Nullable Set<String> sources,
            @Nullable Range time,
            @Nullable Range appendTime,
            @Nullable Long after,
            @Nullable Long before) {

        boolean matches(ModelEvent event) {
            return (types == null || types.contains(event.type()))
                    && (keys == null || (event.key() != null && keys.contains(event.key())))
                    && (sources == null || sources.contains(event.source()))
                    && (time == null || time.has(event.timeNanos()))
                    && (appendTime == null || appendTime.has(event.appendTimeNanos()))
                    && (after == null || event.position() > after)
                    && (before == null || event.position() < before);
        }
    }

    boolean matches(ModelEvent event) {
        return clauses.stream().anyMatch(clause -> clause.matches(event));
    }

    boolean isBounded() {
        return clauses.stream().allMatch(clause -> clause.before() != null);
    }

    /** A random query over the names, times and positions of these events. */
    static ModelQuery random(Random random, List<ModelEvent> events) {
        ModelQuery query = clause(random, events);
        while (random.nextInt(4) == 0 && query.clauses().size() < 4) {
            ModelQuery other = clause(random, events);
            var both = new ArrayList<>(query.clauses());
            both.addAll(other.clauses());
            query = new ModelQuery(query.query().or(other.query()), both);
        }
        return query;
    }

    private static ModelQuery clause(Random random, List<ModelEvent> events) {
        EventQuery query = EventQuery.all();
        Set<String> types = random.nextInt(4) == 0 ? some(random, ModelRun.TYPES) : null;
        Set<String> keys = random.nextInt(4) == 0 ? some(random, ModelRun.KEYS) : null;
        Set<String> sources = random.nextInt(5) == 0 ? some(random, ModelRun.SOURCES) : null;
        Range time = random.nextInt(6) == 0 ? timeRange(random, events, false) : null;
        Range appendTime = random.nextInt(6) == 0 ? timeRange(random, events, true) : null;
        Long after = random.nextInt(3) == 0 ? (long) random.nextInt(events.size() + 3) - 2 : null;
        Long before = random.nextInt(3) == 0 ? (long) random.nextInt(events.size() + 3) : null;
        if (types != null) {
            query = query.types(types.toArray(String[]::new));
        }
        if (keys != null) {
            query = query.keys(keys.toArray(String[]::new));
        }
        if (sources != null) {
            query = query.sources(sources.toArray(String[]::new));
        }
        if (time != null) {
            query = query.time(instant(time.from()), instant(time.to()));
        }
        if (appendTime != null) {
            query = query.appendTime(instant(appendTime.from()), instant(appendTime.to()));
        }
        if (after != null) {
            query = query.after(after);
        }
        if (before != null) {
            query = query.before(before);
        }
        return new ModelQuery(query, List.of(new Clause(types, keys, sources, time, appendTime, after, before)));
    }

    private static Set<String> some(Random random, List<String> names) {
        var chosen = new TreeSet<String>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            chosen.add(names.get(random.nextInt(names.size())));
        }
        return chosen;
    }

    private static Range timeRange(Random random, List<ModelEvent> events, boolean appendTime) {
        long from = aTime(random, events, appendTime);
        long to = aTime(random, events, appendTime);
        return new Range(Math.min(from, to), Math.max(from, to));
    }

    /** The time of an event, or just beside it. */
    static long aTime(Random random, List<ModelEvent> events, boolean appendTime) {
        if (events.isEmpty()) {
            return 0;
        }
        ModelEvent event = events.get(random.nextInt(events.size()));
        return (appendTime ? event.appendTimeNanos() : event.timeNanos()) + random.nextInt(3) - 1;
    }

    static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, 1_000_000_000L), Math.floorMod(nanos, 1_000_000_000L));
    }

    static long nanos(Instant time) {
        return Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000_000L), time.getNano());
    }
}
