package dev.eventlog.internal.codec;

import static dev.eventlog.internal.codec.PayloadDescriptor.*;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A workspace that writes one payload after the other, byte for byte as chronicle-wire's typed writes would. It writes
 * into an array of its own, which is copied to the target once it is complete: a target that is too small is left as it
 * was.
 *
 * <p><b>Threading:</b> One thread at a time: whoever took it from the {@link Pool}. <b>Allocation:</b> none, but for
 * payloads larger than any before.
 */
final class PayloadWriter {

    private static final VarHandle SHORTS = view(short[].class);
    private static final VarHandle INTS = view(int[].class);
    private static final VarHandle LONGS = view(long[].class);
    private static final int INITIAL_LENGTH_BYTES = 1024;
    private static final int MAX_IDLE_LENGTH_BYTES = 1 << 20;

    /** What is being written, for messages. */
    @Nullable
    RecordType record;

    int index; // of its component

    private byte[] data = new byte[INITIAL_LENGTH_BYTES];
    private int position;
    private int limit;
    private int nesting;

    private static VarHandle view(Class<?> array) {
        return MethodHandles.byteArrayViewVarHandle(array, ByteOrder.LITTLE_ENDIAN);
    }

    /** Begins a payload of at most that many bytes; what goes beyond is a {@link BufferOverflowException}. */
    void begin(int limitBytes) {
        position = 0;
        limit = limitBytes;
        nesting = 0;
        record = null;
    }

    /** Appends the payload to the target. */
    void copyTo(ByteBuffer target) {
        target.put(data, 0, position);
    }

    /** Whether it is small enough to keep. */
    boolean isReusable() {
        return data.length <= MAX_IDLE_LENGTH_BYTES;
    }

    /** A component's name, as {@link PayloadDescriptor#storedName} made it. */
    void name(String ascii) {
        int length = ascii.length();
        if (length < SHORT_COUNT) {
            int at = take(1 + length);
            data[at] = (byte) (NAME0 + length);
            copy(ascii, at + 1);
        } else {
            code(NAME_ANY);
            varint(length);
            copy(ascii, take(length));
        }
    }

    void integer(long value) {
        int small = (int) value;
        if (small != value) {
            large(value);
        } else if (small == (small & 0xFF)) {
            oneByte(UINT8, small);
        } else if (small == (byte) small) {
            oneByte(INT8, small);
        } else if (small == (short) small) {
            twoBytes(INT16, small);
        } else if (small == (char) small) {
            twoBytes(UINT16, small);
        } else {
            fourBytes(INT32, small);
        }
    }

    private void large(long value) {
        if (value == (value & 0xFFFF_FFFFL)) {
            fourBytes(UINT32, (int) value);
        } else if ((long) (float) value == value) {
            real32((float) value);
        } else {
            eightBytes(INT64, value);
        }
    }

    void real32(float value) {
        fourBytes(FLOAT32, Float.floatToRawIntBits(value));
    }

    void real64(double value) {
        eightBytes(FLOAT64, Double.doubleToRawLongBits(value));
    }

    void bool(boolean value) {
        code(value ? TRUE : FALSE);
    }

    void text(String value) {
        int length = Cesu8.length(value);
        int at = textOf(length);
        if (length == value.length()) {
            copy(value, at);
        } else {
            Cesu8.encode(value, data, at);
        }
    }

    /** A text that is encoded already. */
    void text(byte[] encoded) {
        int at = textOf(encoded.length);
        System.arraycopy(encoded, 0, data, at, encoded.length);
    }

    private int textOf(int length) {
        if (length < SHORT_COUNT) {
            return coded(TEXT0 + length, length);
        }
        code(TEXT_ANY);
        varint(length);
        return take(length);
    }

    void uuid(UUID value) {
        int at = coded(UUID128, 16);
        LONGS.set(data, at, value.getMostSignificantBits());
        LONGS.set(data, at + 8, value.getLeastSignificantBits());
    }

    void bytes(byte[] value) {
        int length = Math.addExact(value.length, 1);
        if (length < 1 << 8) {
            oneByte(BLOCK8, length);
        } else if (length < 1 << 16) {
            twoBytes(BLOCK16, length);
        } else {
            fourBytes(BLOCK32, length);
        }
        int at = coded(BYTES, value.length);
        System.arraycopy(value, 0, data, at, value.length);
    }

    /** An empty Optional where a place must be kept. */
    void absent() {
        code(ABSENT);
    }

    /** What a map's key and value follow. */
    void entry() {
        code(ENTRY);
    }

    /** Opens a block; what is returned goes to {@link #endBlock}. */
    int beginBlock() {
        return coded(BLOCK32, Integer.BYTES);
    }

    void endBlock(int lengthAt) {
        INTS.set(data, lengthAt, position - lengthAt - Integer.BYTES);
    }

    /** Goes into a record. */
    void enter(Class<?> type) {
        if (nesting == MAX_NESTING) {
            throw new IllegalArgumentException("data has records inside each other, too many to be read back: record="
                    + type.getName() + " limit=" + MAX_NESTING + "; make it flatter");
        }
        nesting++;
    }

    void leave() {
        nesting--;
    }

    /** The value, which must not be null. */
    Object required(@Nullable Object value) {
        if (value == null) {
            throw new NullPointerException("component is null or holds a null: "
                    + (record == null ? "" : record.where(index)) + "; give it a value, or make it an Optional");
        }
        return value;
    }

    private void varint(int value) {
        int rest = value;
        while (rest >= 0x80) {
            code((rest & 0x7F) | 0x80);
            rest >>>= 7;
        }
        code(rest);
    }

    // Below, each place is taken before the array is looked at: taking it may replace the array.

    private void code(int code) {
        int at = take(1);
        data[at] = (byte) code;
    }

    private void oneByte(int code, int value) {
        int at = coded(code, Byte.BYTES);
        data[at] = (byte) value;
    }

    private void twoBytes(int code, int value) {
        int at = coded(code, Short.BYTES);
        SHORTS.set(data, at, (short) value);
    }

    private void fourBytes(int code, int value) {
        int at = coded(code, Integer.BYTES);
        INTS.set(data, at, value);
    }

    private void eightBytes(int code, long value) {
        int at = coded(code, Long.BYTES);
        LONGS.set(data, at, value);
    }

    /** Writes the code, makes room for what follows it, and gives where that is. */
    private int coded(int code, int length) {
        int at = take(1 + length);
        data[at] = (byte) code;
        return at + 1;
    }

    @SuppressWarnings("deprecation") // it drops the high bytes: of ASCII there are none, and it makes no garbage
    private void copy(String ascii, int at) {
        ascii.getBytes(0, ascii.length(), data, at);
    }

    /** Moves over this many bytes and gives where they start. */
    private int take(int length) {
        int from = position;
        int to = from + length;
        if (to > data.length || to > limit || to < 0) {
            grow(to);
        }
        position = to;
        return from;
    }

    private void grow(int to) {
        if (to < 0 || to > limit) {
            throw new BufferOverflowException();
        }
        data = Arrays.copyOf(data, (int) Math.max(to, Math.min(2L * data.length, limit)));
    }
}
