package dev.eventlog.internal.codec;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of the constructors that are still to be called, one frame per record that is being read. Primitive
 * ones stand as {@code long}: nothing is boxed on the way to a constructor.
 *
 * <p><b>Threading:</b> One thread at a time: that of its {@link PayloadReader}.
 */
final class Slots {

    private static final int INITIAL_COUNT = 64;

    private boolean[] filled = new boolean[INITIAL_COUNT];
    private long[] primitives = new long[INITIAL_COUNT];
    private @Nullable Object[] references = new @Nullable Object[INITIAL_COUNT];
    private int base;
    private int top;

    /** Opens a frame of empty slots; what is returned goes to {@link #pop}. */
    int push(int count) {
        int outer = base;
        base = top;
        top += count;
        if (top > filled.length) {
            filled = Arrays.copyOf(filled, 2 * top);
            primitives = Arrays.copyOf(primitives, 2 * top);
            references = Arrays.copyOf(references, 2 * top);
        }
        return outer;
    }

    /** Closes the frame: empties it, for the next one, and so that an idle reader holds no user's data. */
    void pop(int outer) {
        empty(base);
        top = base;
        base = outer;
    }

    /** Empties all frames, after a payload that failed. */
    void clear() {
        empty(0);
        top = 0;
        base = 0;
    }

    private void empty(int from) {
        for (int i = from; i < top; i++) {
            filled[i] = false;
            references[i] = null;
        }
    }

    boolean isFilled(int index) {
        return filled[base + index];
    }

    void set(int index, Object value) {
        filled[base + index] = true;
        references[base + index] = value;
    }

    void set(int index, long value) {
        filled[base + index] = true;
        primitives[base + index] = value;
    }

    void set(int index, double value) {
        set(index, Double.doubleToRawLongBits(value));
    }

    // The three that Handles binds into constructors.

    static @Nullable Object reference(Slots slots, int index) {
        return slots.references[slots.base + index];
    }

    static long integer(Slots slots, int index) {
        return slots.primitives[slots.base + index];
    }

    static double real(Slots slots, int index) {
        return Double.longBitsToDouble(slots.primitives[slots.base + index]);
    }
}
