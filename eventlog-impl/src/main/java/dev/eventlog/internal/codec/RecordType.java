package dev.eventlog.internal.codec;

import dev.eventlog.Codec;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A record class: its stored name, its components, its constructor. Made in two steps, since records may contain each
 * other: named first, linked to its components before the codec is used.
 *
 * <p><b>Threading:</b> Thread-safe once linked; published by the codec's final field.
 */
final class RecordType extends ValueType {

    final Class<?> type;

    /** What its payloads are stored under; the one instance that {@link Codec#schema} hands out. */
    final Codec.Schema schema;

    /** Names that it was stored under before. */
    final List<String> formerNames;

    /** How it is named inside a component. */
    final String typeText;

    private Component[] components = {};
    private NameTable names = NameTable.EMPTY;
    private @Nullable MethodHandle constructor;

    RecordType(Class<?> type, Codec.Schema schema, List<String> formerNames) {
        this.type = type;
        this.schema = schema;
        this.formerNames = formerNames;
        typeText = PayloadDescriptor.typeText(schema.type(), schema.version());
    }

    /**
     * Completes it.
     *
     * @param constructor {@code (Slots)Object}, taking as many slots as there are components
     */
    void link(Component[] components, NameTable names, MethodHandle constructor) {
        this.components = components;
        this.names = names;
        this.constructor = constructor;
    }

    @Override
    void write(Object value, PayloadWriter out) {
        int lengthAt = out.beginBlock();
        writeFields(value, out);
        out.endBlock(lengthAt);
    }

    @Override
    Object read(PayloadReader in) {
        int outer = in.beginBlock();
        Object value = readFields(in);
        in.endBlock(outer);
        return value;
    }

    /** Writes the components without a block around them. */
    void writeFields(Object value, PayloadWriter out) {
        RecordType outer = out.record;
        int outerIndex = out.index;
        out.enter(type);
        out.record = this;
        try {
            for (int i = 0; i < components.length; i++) {
                out.index = i;
                components[i].write(value, out);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) { // an accessor cannot declare one; some languages throw it all the same
            throw new UndeclaredThrowableException(e);
        }
        out.leave();
        out.record = outer;
        out.index = outerIndex;
    }

    /** Reads fields up to the end of the open block. */
    Object readFields(PayloadReader in) {
        RecordType outer = in.record;
        int outerIndex = in.index;
        int outerFrame = in.slots.push(components.length);
        in.enter();
        in.record = this;
        int filled = 0;
        int likely = 0;
        while (in.hasMore()) {
            int index = readField(in, likely);
            if (index != NameTable.NONE) {
                filled++;
                likely = index + 1;
            }
        }
        if (filled < components.length) {
            fillMissing(in);
        }
        in.index = components.length; // none: what follows is about the record
        Object value = construct(in.slots);
        in.record = outer;
        in.index = outerIndex;
        in.leave();
        in.slots.pop(outerFrame);
        return value;
    }

    /** Reads a field that is probably the component of that index, and gives the index of the one that it was. */
    private int readField(PayloadReader in, int likely) {
        int index = likely < components.length ? in.name(names, components[likely].nameBytes, likely) : in.name(names);
        if (index == NameTable.NONE) {
            in.skipValue(); // a component that was removed, or that only a newer version has
            return NameTable.NONE;
        }
        in.index = index;
        if (in.slots.isFilled(index)) {
            throw in.failure("it is stored twice");
        }
        components[index].read(in, index);
        return index;
    }

    private void fillMissing(PayloadReader in) {
        for (int i = 0; i < components.length; i++) {
            if (!in.slots.isFilled(i)) {
                in.index = i;
                components[i].missing(in, i);
            }
        }
    }

    /** The record and a component, for messages. */
    String where(int index) {
        return index < components.length ? components[index].where() : "record=" + type.getName();
    }

    private Object construct(Slots slots) {
        assert constructor != null : "not linked";
        try {
            return (Object) constructor.invokeExact(slots);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("the constructor of " + type.getName() + " refuses the values", e);
        } catch (Error e) {
            throw e;
        } catch (Throwable e) {
            throw new UndeclaredThrowableException(e);
        }
    }
}
