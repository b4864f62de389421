package dev.eventlog.internal.codec;

import dev.eventlog.Codec;
import dev.eventlog.EventType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Finds out, once per codec, how all classes that a root leads to are written and read, and refuses what cannot be.
 * Records are first named and queued, then linked one by one: so they may lead back to themselves.
 *
 * <p><b>Threading:</b> One thread at a time: the one that makes the codec.
 */
final class TypeResolver {

    private static final Set<Type> KEYS = Set.of(String.class, Integer.class, Long.class, UUID.class);

    private final Map<Class<?>, RecordType> records = new HashMap<>();
    private final Map<Class<?>, Family> families = new HashMap<>();
    private final ArrayDeque<RecordType> unlinked = new ArrayDeque<>();
    private final Upcasts upcasts;

    private TypeResolver(List<Codec.Upcast<?, ?>> upcasts) {
        this.upcasts = new Upcasts(upcasts, this::record);
    }

    /** The family of a codec's root, complete. */
    static Family resolve(Class<?> root, List<Codec.Upcast<?, ?>> upcasts) {
        if (!root.isRecord() && !(root.isInterface() && root.isSealed())) {
            throw new IllegalArgumentException(
                    "root is neither a record nor a sealed interface: class=" + root.getName());
        }
        var resolver = new TypeResolver(upcasts);
        var family = resolver.family(root, true);
        for (RecordType next = resolver.unlinked.poll(); next != null; next = resolver.unlinked.poll()) {
            resolver.link(next);
        }
        return family;
    }

    private Family family(Class<?> root, boolean isEventRoot) {
        var classes = new LinkedHashSet<Class<?>>();
        collect(root, root, classes);
        var members = new ArrayList<RecordType>();
        for (Class<?> type : classes) {
            members.add(record(type));
        }
        return new Family(root, members, upcasts, isEventRoot);
    }

    private static void collect(Class<?> type, Class<?> root, Set<Class<?>> records) {
        if (type.isRecord()) {
            records.add(type);
        } else if (type.isInterface() && type.isSealed()) {
            for (Class<?> permitted : type.getPermittedSubclasses()) {
                collect(permitted, root, records);
            }
        } else {
            throw new IllegalArgumentException("sealed interface permits more than records: interface=" + root.getName()
                    + " permitted=" + type.getName() + "; make it a record, or a sealed interface of records");
        }
    }

    private RecordType record(Class<?> type) {
        RecordType known = records.get(type);
        if (known != null) {
            return known;
        }
        if (type.getTypeParameters().length > 0) {
            throw new IllegalArgumentException("record is generic: record=" + type.getName()
                    + "; its components' types are not known, make one record for each use");
        }
        EventType pinned = type.getAnnotation(EventType.class);
        String name = pinned == null || pinned.value().isEmpty() ? type.getSimpleName() : pinned.value();
        int version = pinned == null ? 1 : pinned.version();
        RecordType record;
        try {
            record = new RecordType(
                    type,
                    new Codec.Schema(name, version, PayloadDescriptor.CONTENT_TYPE),
                    pinned == null ? List.of() : List.of(pinned.was()));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "record cannot be stored under its name: record=" + type.getName() + " problem=" + e.getMessage()
                            + "; pin another one with @EventType",
                    e);
        }
        records.put(type, record);
        unlinked.add(record);
        return record;
    }

    private void link(RecordType record) {
        RecordComponent[] declared = record.type.getRecordComponents();
        var components = new Component[declared.length];
        var numberOf = new LinkedHashMap<String, Integer>();
        for (int i = 0; i < declared.length; i++) {
            components[i] = component(declared[i]);
            addName(declared[i], declared[i].getName(), i, numberOf);
        }
        for (int i = 0; i < declared.length; i++) {
            EventType.Was was = declared[i].getAnnotation(EventType.Was.class);
            for (String former : was == null ? new String[0] : was.value()) {
                addName(declared[i], former, i, numberOf);
            }
        }
        record.link(components, new NameTable(numberOf), Handles.constructor(record.type, declared));
    }

    private static void addName(RecordComponent component, String name, int number, Map<String, Integer> numberOf) {
        if (numberOf.putIfAbsent(PayloadDescriptor.storedName(name), number) != null) {
            throw new IllegalArgumentException("two components have one stored name: " + where(component) + " name="
                    + name + "; take it out of @EventType.Was");
        }
    }

    private Component component(RecordComponent component) {
        Class<?> type = component.getType();
        ValueType value = switch (Component.formOf(type)) {
            case INTEGER, REAL32, REAL64 -> null;
            case VALUE -> value(component.getGenericType(), component);
            case OPTIONAL -> optionalContent(component.getGenericType(), component);
        };
        return new Component(
                component.getDeclaringRecord(), component.getName(), type, value, Handles.accessor(component));
    }

    private ValueType value(Type type, RecordComponent of) {
        if (type instanceof Class<?> raw) {
            return valueOfClass(raw, of);
        }
        if (type instanceof WildcardType wildcard && wildcard.getLowerBounds().length == 0) {
            return value(wildcard.getUpperBounds()[0], of);
        }
        if (type instanceof ParameterizedType generic && generic.getRawType() instanceof Class<?> raw) {
            Type[] arguments = generic.getActualTypeArguments();
            if (raw == Optional.class) {
                return new OptionalType(optionalContent(type, of));
            }
            if (raw == List.class || raw == Set.class) {
                return new CollectionType(value(arguments[0], of), raw == Set.class);
            }
            if (raw == Map.class) {
                return new MapType(key(arguments[0], of), value(arguments[1], of));
            }
            if (raw.isSealed()) {
                return valueOfClass(raw, of); // its records are not generic
            }
        }
        throw unsupported(type, of);
    }

    private ValueType valueOfClass(Class<?> type, RecordComponent of) {
        ValueType scalar = ScalarType.of(type);
        if (scalar != null) {
            return scalar;
        }
        if (type.isEnum()) {
            return new EnumType(type);
        }
        if (type.isRecord()) {
            return record(type);
        }
        if (type.isInterface() && type.isSealed()) {
            Family family = families.get(type);
            if (family == null) {
                family = family(type, false);
                families.put(type, family);
            }
            return new SealedType(family);
        }
        throw unsupported(type, of);
    }

    /** Refuses a raw one, and an Optional of an Optional: one empty could not be told from the other. */
    private ValueType optionalContent(Type type, RecordComponent of) {
        if (type instanceof ParameterizedType generic) {
            ValueType content = value(generic.getActualTypeArguments()[0], of);
            if (!(content instanceof OptionalType)) {
                return content;
            }
        }
        throw unsupported(type, of);
    }

    private ValueType key(Type type, RecordComponent of) {
        if (KEYS.contains(type) || (type instanceof Class<?> raw && raw.isEnum())) {
            return value(type, of);
        }
        throw unsupported(type, of);
    }

    private static IllegalArgumentException unsupported(Type type, RecordComponent of) {
        return new IllegalArgumentException("component has a type that cannot be stored: " + where(of) + " type="
                + type.getTypeName() + "; use one that Codec.records lists");
    }

    private static String where(RecordComponent component) {
        return "record=" + component.getDeclaringRecord().getName() + " component=" + component.getName();
    }
}
