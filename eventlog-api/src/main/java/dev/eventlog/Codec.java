package dev.eventlog;

import dev.eventlog.error.DecodeException;
import dev.eventlog.spi.EventLogProvider;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/**
 * Turns data into payloads and back, with a declared schema. Four methods to write one's own.
 *
 * <p>The schema of each event is checked before it is decoded: what a codec does not take is a
 * {@link DecodeException}, never skipped and never decoded as something else.
 *
 * <p><b>Threading:</b> Thread-safe: one codec is used by all producers and consumers at once.
 *
 * @param <T> the data
 */
public interface Codec<T> {

    /**
     * The schema of the payload that {@link #encode} will write for this data. The same instance for the same type
     * each time, so that finding its number costs next to nothing.
     */
    Schema schema(T data);

    /**
     * Writes the payload from the target's position on and leaves the position behind it. The target is big-endian
     * and its position is 0 at the payload's first byte.
     *
     * <p>Pure: called again with a larger target after a {@link BufferOverflowException}. Must not change the data,
     * nor keep the target.
     */
    void encode(T data, ByteBuffer target);

    /** Whether {@link #decode} takes payloads of this schema. */
    boolean decodes(Schema schema);

    /**
     * Reads a payload: from index 0 to its limit, big-endian, read-only. Must not keep the buffer.
     *
     * @param schema one that {@link #decodes} said yes to
     */
    T decode(Schema schema, ByteBuffer payload);

    /** {@code bytes("bytes")}. */
    static Codec<ByteBuffer> bytes() {
        return bytes("bytes");
    }

    /**
     * Payloads as they are: writes what is between a buffer's position and limit, leaving both, under the type; reads
     * every schema, into a fresh read-only heap buffer.
     *
     * @param type name of the events' type, 1 to 255 printable ASCII characters
     */
    static Codec<ByteBuffer> bytes(String type) {
        return new BytesCodec(type);
    }

    /** {@code utf8("text")}. */
    static Codec<String> utf8() {
        return utf8("text");
    }

    /**
     * Text in UTF-8: writes {@code text/plain} under the type; reads {@code text/plain} of any type. Text that has no
     * UTF-8 form (lone surrogates) is refused with an {@link IllegalArgumentException}.
     *
     * @param type name of the events' type, 1 to 255 printable ASCII characters
     */
    static Codec<String> utf8(String type) {
        return new Utf8Codec(type);
    }

    /**
     * Records, each component by its name, without annotations or generated code.
     *
     * <p>Components may be: primitives and their boxes, {@link String}, enums, {@link java.time.Instant},
     * {@link java.time.LocalDate}, {@link java.time.Duration}, {@link java.math.BigDecimal},
     * {@link java.math.BigInteger}, {@link java.util.UUID}, {@code byte[]}, records, sealed interfaces of records,
     * {@link java.util.Optional}, {@link List}, {@link java.util.Set} and {@link java.util.Map} (with keys of
     * {@code String}, enum, {@code Integer}, {@code Long} or {@code UUID}) of them.
     *
     * <p>A component may be reordered, removed, renamed with {@link EventType.Was}, and added as
     * {@link java.util.Optional}. Any other component that is missing in a payload is a {@link DecodeException}. For
     * greater changes keep the old record and give an {@link Upcast}; upcasts also serve components that are sealed
     * interfaces. A component that is a plain record stores no name: for a greater change of it keep the outer record.
     * Enums are stored by name. An {@code int} component that became {@code long}, or {@code float} that became
     * {@code double}, is read; the other way around as far as the value fits.
     *
     * <p>Nothing may be null, also not inside a collection: that is a {@link NullPointerException} when encoding. Decoded
     * collections are unmodifiable and have the order they were written in. Records may nest 64 deep; generic records are
     * refused.
     *
     * @param root a record, or a sealed interface that in the end permits only records
     * @param upcasts how to read what earlier versions wrote
     * @throws IllegalArgumentException if the classes are not as described, or two of them have one stored name and version
     */
    static <T> Codec<T> records(Class<T> root, Upcast<?, ?>... upcasts) {
        return EventLogProvider.installed().records(root, List.of(upcasts));
    }

    /**
     * Reads with the first of two codecs that takes the schema; writes with the first whose {@link #schema} takes the
     * data (it refuses with an {@link IllegalArgumentException} or {@link ClassCastException}).
     */
    static <T> Codec<T> anyOf(Codec<? extends T> first, Codec<? extends T> second) {
        return new AnyOfCodec<>(first, second);
    }

    /**
     * What a payload is: the name and version of its type and the media type of its bytes. Stored once per log, as a
     * small number per event.
     *
     * @param type 1 to 255 printable ASCII characters
     * @param version 1 or more
     * @param contentType media type, such as {@code application/json}; 1 to 100 printable ASCII characters
     */
    record Schema(String type, int version, String contentType) {
        public Schema {
            requirePrintable("type", type, 255);
            requirePrintable("contentType", contentType, 100);
            if (version < 1) {
                throw new IllegalArgumentException("version is " + version + "; it must be 1 or more");
            }
        }

        private static void requirePrintable(String what, String text, int limit) {
            Objects.requireNonNull(text, what);
            if (text.isEmpty() || text.length() > limit) {
                throw new IllegalArgumentException(
                        what + " has " + text.length() + " characters; it must have 1 to " + limit);
            }
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c <= ' ' || c > '~') {
                    throw new IllegalArgumentException(what + " has character U+"
                            + Integer.toHexString(0x10000 + c).substring(1).toUpperCase(java.util.Locale.ROOT) + " at "
                            + i + "; only printable ASCII without spaces is allowed");
                }
            }
        }
    }

    /**
     * How to read what an earlier version of a record wrote.
     *
     * @param from the record as it was; its stored name and version select the payloads
     * @param step makes the newer form; its result may again be the {@code from} of another upcast
     * @param <O> the older form
     * @param <N> the newer form
     */
    record Upcast<O, N>(Class<O> from, Function<? super O, ? extends N> step) {
        public Upcast {
            Objects.requireNonNull(from, "from");
            Objects.requireNonNull(step, "step");
        }

        /** Payloads stored as {@code from} are decoded as that record, then taken through the step. */
        public static <O, N> Upcast<O, N> upcast(Class<O> from, Function<? super O, ? extends N> step) {
            return new Upcast<>(from, step);
        }
    }
}
