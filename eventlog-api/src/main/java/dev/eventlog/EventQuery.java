package dev.eventlog;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which events: the one filter of the library. Each call narrows, {@link #or} widens.
 *
 * <pre>{@code
 * EventQuery.all().types(OrderEvent.class).keys("o-17").after(1_000)
 * }</pre>
 *
 * <p><b>Threading:</b> Immutable.
 */
public final class EventQuery {

    private static final EventQuery ALL = new EventQuery(List.of(new Clause(
            null, null, null, Long.MIN_VALUE, Long.MAX_VALUE, Long.MIN_VALUE, Long.MAX_VALUE, -1, Long.MAX_VALUE)));

    private final List<Clause> clauses;

    private EventQuery(List<Clause> clauses) {
        this.clauses = clauses;
    }

    /** Every event. */
    public static EventQuery all() {
        return ALL;
    }

    /** Narrows to events of these types, by stored name. */
    public EventQuery types(String... types) {
        Set<String> names = named("types", types);
        return narrow(c -> c.withTypes(names));
    }

    /**
     * Narrows to events of these records. A sealed interface stands for all its records; a record also stands for the
     * names it was stored under before ({@link EventType#was()}).
     *
     * @throws IllegalArgumentException if a class is neither a record nor a sealed interface
     */
    public EventQuery types(Class<?>... types) {
        var names = new LinkedHashSet<String>();
        for (Class<?> type : types) {
            addNames(Objects.requireNonNull(type, "type"), names);
        }
        return types(names.toArray(String[]::new));
    }

    /** Narrows to events with one of these keys. */
    public EventQuery keys(String... keys) {
        Set<String> names = named("keys", keys);
        return narrow(c -> c.withKeys(names));
    }

    /** Narrows to events of these producers' sources. */
    public EventQuery sources(String... sources) {
        Set<String> names = named("sources", sources);
        return narrow(c -> c.withSources(names));
    }

    /** Narrows to events that happened from, inclusive, to, exclusive ({@link Event#time()}). */
    public EventQuery time(Instant from, Instant to) {
        long fromNanos = nanos(from, "from");
        long toNanos = nanos(to, "to");
        requireOrder(from, to);
        return narrow(c -> c.withTime(fromNanos, toNanos));
    }

    /** Narrows to events that were appended from, inclusive, to, exclusive ({@link Event#appendTime()}). */
    public EventQuery appendTime(Instant from, Instant to) {
        long fromNanos = nanos(from, "from");
        long toNanos = nanos(to, "to");
        requireOrder(from, to);
        return narrow(c -> c.withAppendTime(fromNanos, toNanos));
    }

    /** Narrows to events behind this position; -1: all. */
    public EventQuery after(long position) {
        return narrow(c -> c.withPositions(Math.max(c.after(), position), c.before()));
    }

    /** Narrows to events before this position. */
    public EventQuery before(long position) {
        return narrow(c -> c.withPositions(c.after(), Math.min(c.before(), position)));
    }

    /** Widens to the events of either query. */
    public EventQuery or(EventQuery other) {
        var both = new LinkedHashSet<Clause>(clauses);
        both.addAll(other.clauses);
        return new EventQuery(List.copyOf(both));
    }

    /** Whether an event matches. <b>Allocation:</b> none, as far as the view's accessors have none. */
    public boolean matches(EventView<?> event) {
        for (int i = 0; i < clauses.size(); i++) {
            if (clauses.get(i).matches(event)) {
                return true;
            }
        }
        return false;
    }

    /** The clauses, of which an event must match one. For engines, which choose where to begin and what to skip. */
    public List<Clause> clauses() {
        return clauses;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof EventQuery that && Set.copyOf(clauses).equals(Set.copyOf(that.clauses));
    }

    @Override
    public int hashCode() {
        return Set.copyOf(clauses).hashCode();
    }

    @Override
    public String toString() {
        return "EventQuery" + clauses;
    }

    /**
     * Conditions that must all hold. Null: any. Times are nanoseconds since 1970-01-01T00:00Z, from inclusive, to
     * exclusive; positions are exclusive on both sides.
     *
     * @param types stored names of types
     * @param keys keys
     * @param sources producers' sources
     * @param timeFrom least {@link EventView#timeNanos()}
     * @param timeTo bound of {@link EventView#timeNanos()}
     * @param appendTimeFrom least {@link EventView#appendTimeNanos()}
     * @param appendTimeTo bound of {@link EventView#appendTimeNanos()}
     * @param after position that all are behind
     * @param before position that all are before
     */
    public record Clause(
            @Nullable Set<String> types,
            @Nullable Set<String> keys,
            @Nullable Set<String> sources,
            long timeFrom,
            long timeTo,
            long appendTimeFrom,
            long appendTimeTo,
            long after,
            long before) {

        private Clause withTypes(Set<String> names) {
            return new Clause(
                    both(types, names), keys, sources, timeFrom, timeTo, appendTimeFrom, appendTimeTo, after, before);
        }

        private Clause withKeys(Set<String> names) {
            return new Clause(
                    types, both(keys, names), sources, timeFrom, timeTo, appendTimeFrom, appendTimeTo, after, before);
        }

        private Clause withSources(Set<String> names) {
            return new Clause(
                    types, keys, both(sources, names), timeFrom, timeTo, appendTimeFrom, appendTimeTo, after, before);
        }

        private Clause withTime(long from, long to) {
            return new Clause(
                    types,
                    keys,
                    sources,
                    Math.max(timeFrom, from),
                    Math.min(timeTo, to),
                    appendTimeFrom,
                    appendTimeTo,
                    after,
                    before);
        }

        private Clause withAppendTime(long from, long to) {
            return new Clause(
                    types,
                    keys,
                    sources,
                    timeFrom,
                    timeTo,
                    Math.max(appendTimeFrom, from),
                    Math.min(appendTimeTo, to),
                    after,
                    before);
        }

        private Clause withPositions(long newAfter, long newBefore) {
            return new Clause(
                    types, keys, sources, timeFrom, timeTo, appendTimeFrom, appendTimeTo, newAfter, newBefore);
        }

        /** Whether an event meets all conditions. The cheap ones are asked first. */
        boolean matches(EventView<?> event) {
            long position = event.position();
            if (position <= after || position >= before) {
                return false;
            }
            long appended = event.appendTimeNanos();
            if (appended < appendTimeFrom || appended >= appendTimeTo) {
                return false;
            }
            long happened = event.timeNanos();
            if (happened < timeFrom || happened >= timeTo) {
                return false;
            }
            if (types != null && !types.contains(event.type())) {
                return false;
            }
            if (sources != null && !sources.contains(event.source())) {
                return false;
            }
            if (keys == null) {
                return true;
            }
            String key = event.key();
            return key != null && keys.contains(key);
        }

        private static Set<String> both(@Nullable Set<String> present, Set<String> names) {
            if (present == null) {
                return names;
            }
            var common = new HashSet<>(present);
            common.retainAll(names);
            return Set.copyOf(common);
        }
    }

    private interface Narrowing {
        Clause apply(Clause clause);
    }

    private EventQuery narrow(Narrowing narrowing) {
        var narrowed = new ArrayList<Clause>(clauses.size());
        for (Clause clause : clauses) {
            narrowed.add(narrowing.apply(clause));
        }
        return new EventQuery(List.copyOf(narrowed));
    }

    private static Set<String> named(String what, String[] names) {
        if (names.length == 0) {
            throw new IllegalArgumentException(what + "() needs at least one; leave the call out for any");
        }
        for (String name : names) {
            Objects.requireNonNull(name, what);
        }
        return Set.copyOf(new HashSet<>(List.of(names)));
    }

    private static void addNames(Class<?> type, Set<String> names) {
        if (type.isRecord()) {
            EventType pinned = type.getAnnotation(EventType.class);
            names.add(pinned == null || pinned.value().isEmpty() ? type.getSimpleName() : pinned.value());
            if (pinned != null) {
                names.addAll(List.of(pinned.was()));
            }
        } else if (type.isSealed()) {
            for (Class<?> permitted : type.getPermittedSubclasses()) {
                addNames(permitted, names);
            }
        } else {
            throw new IllegalArgumentException(
                    type.getName() + " is neither a record nor a sealed interface; give its stored name as a String");
        }
    }

    private static void requireOrder(Instant from, Instant to) {
        if (from.isAfter(to)) {
            throw new IllegalArgumentException("from=" + from + " is after to=" + to + "; exchange them");
        }
    }

    private static long nanos(Instant time, String what) {
        Objects.requireNonNull(time, what);
        try {
            return Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000_000L), time.getNano());
        } catch (ArithmeticException beyondLong) {
            return time.getEpochSecond() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
        }
    }
}
