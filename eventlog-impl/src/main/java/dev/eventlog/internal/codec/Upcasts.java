package dev.eventlog.internal.codec;

import dev.eventlog.Codec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The steps from records as they were to records as they are, chained by class.
 *
 * <p><b>Threading:</b> Immutable; as thread-safe as the user's functions.
 */
final class Upcasts {

    private final Map<Class<?>, RecordType> types = new LinkedHashMap<>();
    private final IdentityHashMap<Class<?>, Function<Object, Object>> steps = new IdentityHashMap<>();

    /** All of them, with how each {@code from} is read. */
    Upcasts(List<Codec.Upcast<?, ?>> upcasts, Function<Class<?>, RecordType> typeOf) {
        for (Codec.Upcast<?, ?> upcast : upcasts) {
            Class<?> from = upcast.from();
            if (!from.isRecord()) {
                throw new IllegalArgumentException(
                        "an upcast is from a class that is no record: class=" + from.getName());
            }
            if (types.put(from, typeOf.apply(from)) != null) {
                throw new IllegalArgumentException("two upcasts are from one record: record=" + from.getName());
            }
            steps.put(from, stepOf(upcast));
        }
    }

    private static <O> Function<Object, Object> stepOf(Codec.Upcast<O, ?> upcast) {
        return old -> upcast.step().apply(upcast.from().cast(old));
    }

    /** How what they are from is read. */
    Collection<RecordType> types() {
        return new ArrayList<>(types.values());
    }

    boolean isEmpty() {
        return steps.isEmpty();
    }

    /** Takes the value through all steps that there are for it; the last must give one of that root. */
    Object apply(Object value, Class<?> root) {
        Object current = value;
        Function<Object, Object> step = steps.get(current.getClass());
        for (int limit = steps.size(); step != null; limit--) {
            if (limit == 0) {
                throw new IllegalArgumentException(
                        "its upcasts go in a circle: record=" + value.getClass().getName());
            }
            current = take(step, current);
            step = steps.get(current.getClass());
        }
        if (!root.isInstance(current)) {
            throw new IllegalArgumentException("its upcasts end in something else: from="
                    + value.getClass().getName() + " to=" + current.getClass().getName() + " expected="
                    + root.getName());
        }
        return current;
    }

    private static Object take(Function<Object, Object> step, Object current) {
        Object newer;
        try {
            newer = step.apply(current);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    "the upcast from " + current.getClass().getName() + " failed", e);
        }
        if (newer == null) {
            throw new IllegalArgumentException(
                    "the upcast from " + current.getClass().getName() + " gave null");
        }
        return newer;
    }
}
