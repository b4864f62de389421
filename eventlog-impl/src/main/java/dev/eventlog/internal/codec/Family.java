package dev.eventlog.internal.codec;

import dev.eventlog.Codec.Schema;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The records that may stand where a root, a record or a sealed interface, is declared: found by class when writing and
 * by stored name and version when reading. The names come from declared classes only; a name that is not here is not
 * read, and no class is ever looked for by a name from a payload.
 *
 * <p><b>Threading:</b> Immutable. <b>Allocation:</b> none to look up.
 */
final class Family {

    final Class<?> root;

    private final IdentityHashMap<Class<?>, RecordType> byClass = new IdentityHashMap<>();
    private final Map<String, Map<Integer, RecordType>> byName = new HashMap<>();
    private final List<RecordType> inOrder = new ArrayList<>();
    private final NameTable byText;
    private final Upcasts upcasts;

    /**
     * A family.
     *
     * @param members the records under the root; two with one stored name and version are refused
     * @param isEventRoot whether payloads are of this family: then what an upcast reads must not share a name with a
     *     member. Inside a component it may, and the member wins: the upcast may be meant for something else.
     */
    Family(Class<?> root, List<RecordType> members, Upcasts upcasts, boolean isEventRoot) {
        this.root = root;
        this.upcasts = upcasts;
        var numberOf = new LinkedHashMap<String, Integer>();
        for (RecordType member : members) {
            byClass.put(member.type, member);
            add(member, true, numberOf);
        }
        for (RecordType earlier : upcasts.types()) {
            add(earlier, isEventRoot, numberOf);
        }
        byText = new NameTable(numberOf);
    }

    private void add(RecordType type, boolean refuseTwo, Map<String, Integer> numberOf) {
        addName(type, type.schema.type(), refuseTwo, numberOf);
        for (String former : type.formerNames) {
            addName(type, former, refuseTwo, numberOf);
        }
    }

    private void addName(RecordType type, String name, boolean refuseTwo, Map<String, Integer> numberOf) {
        int version = type.schema.version();
        RecordType known = byName.computeIfAbsent(name, none -> new HashMap<>()).putIfAbsent(version, type);
        if (known == null) {
            String text = PayloadDescriptor.typeText(name, version);
            Integer taken = numberOf.putIfAbsent(text, inOrder.size());
            known = taken == null ? null : inOrder.get(taken);
            inOrder.add(type);
        }
        if (known != null && known.type != type.type && refuseTwo) {
            throw new IllegalArgumentException(
                    "two records have one stored name and version: name=" + name + " version="
                            + version + " records=" + known.type.getName() + ", " + type.type.getName()
                            + "; give one of them another with @EventType");
        }
    }

    /** The record of that class. */
    @Nullable
    RecordType find(Class<?> type) {
        return byClass.get(type);
    }

    /** The record that is stored under that schema. */
    @Nullable
    RecordType find(Schema schema) {
        if (!schema.contentType().equals(PayloadDescriptor.CONTENT_TYPE)) {
            return null;
        }
        Map<Integer, RecordType> versions = byName.get(schema.type());
        return versions == null ? null : versions.get(schema.version());
    }

    /** Takes the text that names a type, as {@link PayloadDescriptor#typeText} writes it. */
    @Nullable
    RecordType read(PayloadReader in) {
        int number = in.text(byText);
        return number == NameTable.NONE ? null : inOrder.get(number);
    }

    /** What was read, in its present form. */
    Object upcast(Object value) {
        return upcasts.isEmpty() ? value : upcasts.apply(value, root);
    }
}
