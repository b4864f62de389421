package dev.eventlog.internal.codec;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A JDK type that is one value: boxes, text, times, big numbers, bytes. <b>Threading:</b> Immutable.
 */
final class ScalarType extends ValueType {

    private enum Kind {
        BOOLEAN,
        BYTE,
        SHORT,
        CHARACTER,
        INTEGER,
        LONG,
        FLOAT,
        DOUBLE,
        STRING,
        INSTANT,
        DURATION,
        LOCAL_DATE,
        BIG_INTEGER,
        BIG_DECIMAL,
        UUID,
        BYTES
    }

    private static final long MAX_NANOS = 999_999_999;

    private static final Map<Class<?>, ScalarType> BY_CLASS = Map.ofEntries(
            entry(boolean.class, Kind.BOOLEAN),
            entry(Boolean.class, Kind.BOOLEAN),
            entry(Byte.class, Kind.BYTE),
            entry(Short.class, Kind.SHORT),
            entry(Character.class, Kind.CHARACTER),
            entry(Integer.class, Kind.INTEGER),
            entry(Long.class, Kind.LONG),
            entry(Float.class, Kind.FLOAT),
            entry(Double.class, Kind.DOUBLE),
            entry(String.class, Kind.STRING),
            entry(Instant.class, Kind.INSTANT),
            entry(Duration.class, Kind.DURATION),
            entry(LocalDate.class, Kind.LOCAL_DATE),
            entry(BigInteger.class, Kind.BIG_INTEGER),
            entry(BigDecimal.class, Kind.BIG_DECIMAL),
            entry(UUID.class, Kind.UUID),
            entry(byte[].class, Kind.BYTES));

    private final Kind kind;

    private ScalarType(Kind kind) {
        this.kind = kind;
    }

    private static Map.Entry<Class<?>, ScalarType> entry(Class<?> type, Kind kind) {
        return Map.entry(type, new ScalarType(kind));
    }

    /** The one for a class, if it is such a type. */
    static @Nullable ScalarType of(Class<?> type) {
        return BY_CLASS.get(type);
    }

    @Override
    void write(Object value, PayloadWriter out) {
        switch (kind) {
            case BOOLEAN -> out.bool((Boolean) value);
            case BYTE, SHORT, INTEGER, LONG -> out.integer(((Number) value).longValue());
            case CHARACTER -> out.integer((Character) value);
            case FLOAT -> out.real32((Float) value);
            case DOUBLE -> out.real64((Double) value);
            case STRING -> out.text((String) value);
            case INSTANT -> {
                var instant = (Instant) value;
                writeTime(instant.getEpochSecond(), instant.getNano(), out);
            }
            case DURATION -> {
                var duration = (Duration) value;
                writeTime(duration.getSeconds(), duration.getNano(), out);
            }
            case LOCAL_DATE -> out.integer(((LocalDate) value).toEpochDay());
            case BIG_INTEGER -> out.bytes(((BigInteger) value).toByteArray());
            case BIG_DECIMAL -> writeDecimal((BigDecimal) value, out);
            case UUID -> out.uuid((UUID) value);
            case BYTES -> out.bytes((byte[]) value);
        }
    }

    @Override
    Object read(PayloadReader in) {
        return switch (kind) {
            case BOOLEAN -> in.bool();
            case BYTE -> (byte) in.integer(Byte.MIN_VALUE, Byte.MAX_VALUE);
            case SHORT -> (short) in.integer(Short.MIN_VALUE, Short.MAX_VALUE);
            case CHARACTER -> (char) in.integer(Character.MIN_VALUE, Character.MAX_VALUE);
            case INTEGER -> (int) in.integer(Integer.MIN_VALUE, Integer.MAX_VALUE);
            case LONG -> in.integer();
            case FLOAT -> in.real32();
            case DOUBLE -> in.real64();
            case STRING -> in.text();
            case INSTANT -> {
                int outer = in.beginBlock();
                var instant = Instant.ofEpochSecond(in.integer(), in.integer(0, MAX_NANOS));
                in.endBlock(outer);
                yield instant;
            }
            case DURATION -> {
                int outer = in.beginBlock();
                var duration = Duration.ofSeconds(in.integer(), in.integer(0, MAX_NANOS));
                in.endBlock(outer);
                yield duration;
            }
            case LOCAL_DATE -> LocalDate.ofEpochDay(in.integer());
            case BIG_INTEGER -> in.bigInteger();
            case BIG_DECIMAL -> readDecimal(in);
            case UUID -> in.uuid();
            case BYTES -> in.bytes();
        };
    }

    private static void writeTime(long seconds, int nanos, PayloadWriter out) {
        int lengthAt = out.beginBlock();
        out.integer(seconds);
        out.integer(nanos);
        out.endBlock(lengthAt);
    }

    private static void writeDecimal(BigDecimal value, PayloadWriter out) {
        int lengthAt = out.beginBlock();
        out.integer(value.scale());
        out.bytes(value.unscaledValue().toByteArray());
        out.endBlock(lengthAt);
    }

    private static BigDecimal readDecimal(PayloadReader in) {
        int outer = in.beginBlock();
        int scale = (int) in.integer(Integer.MIN_VALUE, Integer.MAX_VALUE);
        var value = new BigDecimal(in.bigInteger(), scale);
        in.endBlock(outer);
        return value;
    }
}
