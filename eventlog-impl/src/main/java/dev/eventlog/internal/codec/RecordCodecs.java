package dev.eventlog.internal.codec;

import dev.eventlog.Codec;
import java.util.List;

/**
 * Makes the codecs of {@link Codec#records}: records as named fields in chronicle-wire's BINARY_LIGHT, the bytes of which
 * {@link PayloadDescriptor} describes.
 *
 * <p><b>Why not through chronicle-wire itself.</b> The bytes are its format, which any tool of it reads; tests hold them
 * equal to what its typed writes give, and let its typed reads read them. But its reading trusts lengths that stand in
 * the bytes, some of it with unchecked memory access, turns names from the bytes into classes and initialises them, and
 * has no bound on nesting. {@link PayloadReader} takes exactly what is written here and compares each length with what
 * is left: hostile bytes give an exception, in a time and with a memory that follow the payload's length (but for a Set
 * of records whose hash codes were made to collide: that one costs the square). And its writing would cost the first use
 * in a JVM more than all the rest, needs the JVM to be opened, loses the sign of zero, and writes wrong bytes without
 * compact strings; what is left of it, once names and kinds are known, is {@link PayloadWriter}.
 *
 * <p><b>How data is taken apart and made.</b> Through each record's accessors and canonical constructor, as method
 * handles; no class is generated, none is compiled. Which classes there are is settled when the codec is made ({@link
 * TypeResolver}); payloads select among them ({@link Family}) and never name others.
 *
 * <p><b>Nulls.</b> There are none: a component that is null, or a collection that holds a null, is a {@link
 * NullPointerException} that names record and component. What may be absent is an {@link java.util.Optional}. So a record
 * that was decoded equals the one that was encoded, but for arrays, and for collections: decoded ones are unmodifiable
 * and keep their order.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public final class RecordCodecs {

    private RecordCodecs() {}

    /**
     * Makes a codec as {@link Codec#records} says. Upcasts serve the events and, inside them, the components that are
     * sealed interfaces: wherever a name is stored. If more than one leads from a record, they are taken in turn.
     *
     * @throws IllegalArgumentException if the classes are not as {@link Codec#records} describes; names them
     */
    public static <T> Codec<T> records(Class<T> root, List<Codec.Upcast<?, ?>> upcasts) {
        return new RecordCodec<>(root, TypeResolver.resolve(root, upcasts));
    }
}
