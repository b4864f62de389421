package dev.eventlog.internal.codec;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;

/**
 * Makes the method handles through which records are taken apart and made: their accessors and canonical constructors,
 * public or not. They are bent to the few shapes that {@link Component.Form} names, so that all records are called from
 * the same few places, without boxes and without generated code.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class Handles {

    private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();
    private static final MethodHandle INTEGER_SLOT = slot("integer", long.class);
    private static final MethodHandle REAL_SLOT = slot("real", double.class);
    private static final MethodHandle REFERENCE_SLOT = slot("reference", Object.class);

    /** What a method handle of a constructor can take. */
    private static final int MAX_PLACES = 253;

    private Handles() {}

    private static MethodHandle slot(String name, Class<?> type) {
        try {
            return LOOKUP.findStatic(Slots.class, name, MethodType.methodType(type, Slots.class, int.class));
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("Slots." + name, e);
        }
    }

    /** The accessor, as {@code (Object)long}, {@code (Object)double} or {@code (Object)Object}. */
    static MethodHandle accessor(RecordComponent component) {
        Method accessor = component.getAccessor();
        Class<?> shape = switch (Component.formOf(component.getType())) {
            case INTEGER -> long.class;
            case REAL32, REAL64 -> double.class;
            case VALUE, OPTIONAL -> Object.class;
        };
        open(accessor, component.getDeclaringRecord());
        try {
            return LOOKUP.unreflect(accessor).asType(MethodType.methodType(shape, Object.class));
        } catch (IllegalAccessException e) {
            throw new IllegalArgumentException("accessor cannot be called: " + accessor, e);
        }
    }

    /** The canonical constructor, as {@code (Slots)Object}: takes one slot per component. */
    static MethodHandle constructor(Class<?> record, RecordComponent[] components) {
        var types = new Class<?>[components.length];
        var arguments = new MethodHandle[components.length];
        int places = 0;
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            arguments[i] = argument(types[i], i);
            places += types[i] == long.class || types[i] == double.class ? 2 : 1;
        }
        if (places > MAX_PLACES) {
            throw new IllegalArgumentException("record has too many components: record=" + record.getName() + " places="
                    + places + " (long and double take two) limit=" + MAX_PLACES + "; group them in records");
        }
        try {
            Constructor<?> constructor = record.getDeclaredConstructor(types);
            open(constructor, record);
            MethodHandle ofSlots =
                    MethodHandles.filterArguments(LOOKUP.unreflectConstructor(constructor), 0, arguments);
            return MethodHandles.permuteArguments(
                            ofSlots, MethodType.methodType(record, Slots.class), new int[components.length])
                    .asType(MethodType.methodType(Object.class, Slots.class));
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("canonical constructor cannot be called: record=" + record.getName(), e);
        }
    }

    /** {@code (Slots)T}: what stands in the slot, as the constructor wants it. */
    private static MethodHandle argument(Class<?> type, int index) {
        var wanted = MethodType.methodType(type, Slots.class);
        return switch (Component.formOf(type)) {
            case INTEGER -> MethodHandles.explicitCastArguments(at(INTEGER_SLOT, index), wanted);
            case REAL32, REAL64 -> MethodHandles.explicitCastArguments(at(REAL_SLOT, index), wanted);
            case VALUE, OPTIONAL -> at(REFERENCE_SLOT, index).asType(wanted);
        };
    }

    private static MethodHandle at(MethodHandle slot, int index) {
        return MethodHandles.insertArguments(slot, 1, index);
    }

    private static void open(AccessibleObject member, Class<?> record) {
        try {
            member.setAccessible(true);
        } catch (InaccessibleObjectException e) {
            Module self = Handles.class.getModule();
            throw new IllegalArgumentException(
                    "record is locked in its module: record=" + record.getName() + " module="
                            + record.getModule().getName() + "; add to its module-info.java: opens "
                            + record.getPackageName() + (self.isNamed() ? " to " + self.getName() : "") + ";",
                    e);
        }
    }
}
