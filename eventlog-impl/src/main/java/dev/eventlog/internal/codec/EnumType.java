package dev.eventlog.internal.codec;

import java.util.ArrayList;

/**
 * An enum, by its constants' names. <b>Threading:</b> Immutable. <b>Allocation:</b> none.
 */
@SuppressWarnings("EnumOrdinal") // in memory only: stored is the name
final class EnumType extends ValueType {

    private final Class<?> type;
    private final Enum<?>[] constants;
    private final byte[][] encoded; // the constants' names
    private final NameTable names;

    EnumType(Class<?> type) {
        this.type = type;
        constants = (Enum<?>[]) type.getEnumConstants();
        encoded = new byte[constants.length][];
        var inOrder = new ArrayList<String>(constants.length);
        for (Enum<?> constant : constants) {
            encoded[constant.ordinal()] = Cesu8.encode(constant.name());
            inOrder.add(constant.name());
        }
        names = NameTable.ofList(inOrder);
    }

    @Override
    void write(Object value, PayloadWriter out) {
        out.text(encoded[((Enum<?>) value).ordinal()]);
    }

    @Override
    Object read(PayloadReader in) {
        int ordinal = in.text(names);
        if (ordinal == NameTable.NONE) {
            throw in.failure("found a text that is no constant of " + type.getName() + "; keep the old constants");
        }
        return constants[ordinal];
    }
}
