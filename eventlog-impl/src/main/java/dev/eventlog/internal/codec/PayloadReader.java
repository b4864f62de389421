package dev.eventlog.internal.codec;

import static dev.eventlog.internal.codec.PayloadDescriptor.*;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A workspace that reads one payload after the other, and takes nothing but what {@link PayloadDescriptor} describes.
 *
 * <p>It reads by itself and not through chronicle-wire, whose reading trusts the bytes: it jumps by lengths that it has
 * not compared with what is left, converts between kinds (text to number, a name to a class), and hands short texts to
 * an interner that keeps them. Here each length is compared with the end of the innermost block before it is used, each
 * array access is checked by the JVM, and each step forward takes a byte at least. It works on a copy of the payload,
 * so nothing changes under its feet.
 *
 * <p><b>Threading:</b> One thread at a time: whoever took it from the {@link Pool}. <b>Allocation:</b> what it returns,
 * and an array for payloads larger than any before.
 */
final class PayloadReader {

    private static final VarHandle SHORTS = view(short[].class);
    private static final VarHandle INTS = view(int[].class);
    private static final VarHandle LONGS = view(long[].class);
    private static final int INITIAL_LENGTH_BYTES = 1024;
    private static final int MAX_IDLE_LENGTH_BYTES = 1 << 20;
    private static final int MAX_VARINT_BITS = 28;

    final Slots slots = new Slots();

    /** What is being read, for messages. */
    @Nullable
    RecordType record;

    int index; // of its component

    private byte[] data = new byte[INITIAL_LENGTH_BYTES];
    private int position;
    private int limit; // end of the innermost open block
    private int nesting;

    private static VarHandle view(Class<?> array) {
        return MethodHandles.byteArrayViewVarHandle(array, ByteOrder.LITTLE_ENDIAN);
    }

    void begin(ByteBuffer payload) {
        int length = payload.limit();
        if (length > data.length) {
            data = new byte[Math.max(length, (int) Math.min(2L * data.length, MAX_IDLE_LENGTH_BYTES))];
        }
        payload.get(0, data, 0, length);
        position = 0;
        limit = length;
        nesting = 0;
        record = null;
    }

    /** Ends a payload, also one that failed half-way: lets go of the user's data. */
    void end() {
        slots.clear();
    }

    /** Whether it is small enough to keep. */
    boolean isReusable() {
        return data.length <= MAX_IDLE_LENGTH_BYTES;
    }

    /** Where it stands, for messages. */
    int position() {
        return position;
    }

    boolean hasMore() {
        return position < limit;
    }

    /** Goes into a record. */
    void enter() {
        if (++nesting > MAX_NESTING) {
            throw failure("records inside each other: more than " + MAX_NESTING);
        }
    }

    void leave() {
        nesting--;
    }

    /** Opens a block; what is returned goes to {@link #endBlock}. */
    int beginBlock() {
        int length = blockLength(code());
        int outer = limit;
        limit = position + length;
        return outer;
    }

    void endBlock(int outer) {
        if (position != limit) {
            throw failure("a block is longer than its content");
        }
        limit = outer;
    }

    /** Takes the next name and gives its number in the table, or {@link NameTable#NONE}. */
    int name(NameTable names) {
        int from = nameStart();
        return names.find(data, from, position);
    }

    /** The same, when it is probably this one. */
    int name(NameTable names, byte[] likely, int likelyNumber) {
        int from = nameStart();
        return Arrays.equals(data, from, position, likely, 0, likely.length)
                ? likelyNumber
                : names.find(data, from, position);
    }

    /** The start of the name that is next; it ends at the position. */
    private int nameStart() {
        int code = code();
        if (code >= NAME0 && code < NAME0 + SHORT_COUNT) {
            return take(code - NAME0);
        }
        if (code == NAME_ANY) {
            return take(varint());
        }
        throw unexpected(code, "a name");
    }

    /** Takes a map entry's mark. */
    void entry() {
        int code = code();
        if (code != ENTRY) {
            throw unexpected(code, "a map's entry");
        }
    }

    /** Takes an empty Optional's mark, if that is next. */
    boolean isAbsent() {
        if (hasMore() && (data[position] & 0xFF) == ABSENT) {
            position++;
            return true;
        }
        return false;
    }

    long integer() {
        int code = code();
        return switch (code) {
            case UINT8 -> data[take(1)] & 0xFF;
            case INT8 -> data[take(1)];
            case UINT16 -> (short) SHORTS.get(data, take(2)) & 0xFFFF;
            case INT16 -> (short) SHORTS.get(data, take(2));
            case UINT32 -> (int) INTS.get(data, take(4)) & 0xFFFF_FFFFL;
            case INT32 -> (int) INTS.get(data, take(4));
            case INT64 -> (long) LONGS.get(data, take(8));
            case FLOAT32 -> integerOf(Float.intBitsToFloat((int) INTS.get(data, take(4))));
            default -> throw unexpected(code, "an integer");
        };
    }

    /** The integer that stands as a float: chronicle-wire's short form of some longs. */
    private long integerOf(float real) {
        long value = (long) real;
        if ((float) value != real) {
            throw failure("found a real number, expected an integer");
        }
        return value;
    }

    /** An integer between two others, both inclusive. */
    long integer(long least, long greatest) {
        long value = integer();
        if (value < least || value > greatest) {
            throw failure("found an integer outside of " + least + " to " + greatest);
        }
        return value;
    }

    float real32() {
        int code = code();
        if (code != FLOAT32) {
            throw unexpected(code, "a float");
        }
        return Float.intBitsToFloat((int) INTS.get(data, take(4)));
    }

    /** A double; a float is taken too, since every float is one. */
    double real64() {
        int code = code();
        if (code == FLOAT64) {
            return Double.longBitsToDouble((long) LONGS.get(data, take(8)));
        }
        if (code == FLOAT32) {
            return Float.intBitsToFloat((int) INTS.get(data, take(4)));
        }
        throw unexpected(code, "a double");
    }

    boolean bool() {
        int code = code();
        if (code != TRUE && code != FALSE) {
            throw unexpected(code, "a boolean");
        }
        return code == TRUE;
    }

    UUID uuid() {
        int code = code();
        if (code != UUID128) {
            throw unexpected(code, "a UUID");
        }
        int from = take(16);
        return new UUID((long) LONGS.get(data, from), (long) LONGS.get(data, from + 8));
    }

    String text() {
        int from = textStart();
        return Cesu8.decode(data, from, position);
    }

    /** Takes a text and gives its number in the table, or {@link NameTable#NONE}. */
    int text(NameTable names) {
        int from = textStart();
        return names.find(data, from, position);
    }

    byte[] bytes() {
        int from = bytesStart();
        return Arrays.copyOfRange(data, from, position);
    }

    BigInteger bigInteger() {
        int from = bytesStart();
        if (from == position) {
            throw failure("found no bytes, expected an integer's");
        }
        return new BigInteger(data, from, position - from);
    }

    /** The number of values, or of entries, that are left in this block. */
    int countItems(boolean entries) {
        int start = position;
        int count = 0;
        while (hasMore()) {
            if (entries) {
                entry();
                skipValue();
            }
            skipValue();
            count++;
        }
        position = start;
        return count;
    }

    void skipValue() {
        int code = code();
        switch (code) {
            case FALSE, TRUE, ABSENT -> {}
            case UINT8, INT8 -> take(1);
            case UINT16, INT16 -> take(2);
            case UINT32, INT32, FLOAT32 -> take(4);
            case INT64, FLOAT64 -> take(8);
            case UUID128 -> take(16);
            case TEXT_ANY -> take(varint());
            case BLOCK8, BLOCK16, BLOCK32 -> take(blockLength(code));
            default -> {
                if (code < TEXT0) {
                    throw unexpected(code, "a value");
                }
                take(code - TEXT0);
            }
        }
    }

    /** The start of the text that is next; it ends at the position. */
    private int textStart() {
        int code = code();
        if (code == TEXT_ANY) {
            return take(varint());
        }
        if (code < TEXT0) {
            throw unexpected(code, "a text");
        }
        return take(code - TEXT0);
    }

    /** The start of the bytes that are next; they end at the position. */
    private int bytesStart() {
        int code = code();
        int length = blockLength(code);
        if (length == 0 || (data[take(1)] & 0xFF) != BYTES) {
            throw failure("found a block of something else, expected one of bytes");
        }
        return take(length - 1);
    }

    private int blockLength(int code) {
        int length = switch (code) {
            case BLOCK8 -> data[take(1)] & 0xFF;
            case BLOCK16 -> (short) SHORTS.get(data, take(2)) & 0xFFFF;
            case BLOCK32 -> (int) INTS.get(data, take(4));
            default -> throw unexpected(code, "a block");
        };
        if (length < 0 || length > limit - position) {
            throw failure("a block ends behind what it is in");
        }
        return length;
    }

    private int varint() {
        long value = 0;
        for (int bits = 0; bits <= MAX_VARINT_BITS; bits += 7) {
            int next = data[take(1)];
            value |= (next & 0x7FL) << bits;
            if (next >= 0) {
                if (value > Integer.MAX_VALUE || (next == 0 && bits > 0)) {
                    break;
                }
                return (int) value;
            }
        }
        throw failure("a length is not well-formed");
    }

    private int code() {
        return data[take(1)] & 0xFF;
    }

    /** Moves over this many bytes and gives where they start. */
    private int take(int length) {
        int from = position;
        if (length < 0 || length > limit - from) {
            throw failure("the bytes end in the middle of a value");
        }
        position = from + length;
        return from;
    }

    private IllegalArgumentException unexpected(int code, String expected) {
        return failure("found code 0x" + Integer.toHexString(code) + ", expected " + expected);
    }

    IllegalArgumentException failure(String what) {
        return new IllegalArgumentException(what);
    }
}
