package dev.eventlog.internal.codec;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A Map. What is read is unmodifiable and in the order it was written in.
 *
 * <p><b>Threading:</b> Immutable.
 */
final class MapType extends ValueType {

    private final ValueType key;
    private final ValueType value;

    MapType(ValueType key, ValueType value) {
        this.key = key;
        this.value = value;
    }

    @Override
    void write(Object map, PayloadWriter out) {
        int lengthAt = out.beginBlock();
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) map).entrySet()) {
            out.entry();
            key.write(out.required(entry.getKey()), out);
            value.write(out.required(entry.getValue()), out);
        }
        out.endBlock(lengthAt);
    }

    @Override
    Object read(PayloadReader in) {
        int outer = in.beginBlock();
        int count = in.countItems(true);
        if (count == 0) {
            in.endBlock(outer);
            return Collections.emptyMap();
        }
        var map = new LinkedHashMap<>(capacity(count));
        for (int i = 0; i < count; i++) {
            in.entry();
            Object name = key.read(in);
            if (map.put(name, value.read(in)) != null) {
                throw in.failure("a map has one key twice");
            }
        }
        in.endBlock(outer);
        return Collections.unmodifiableMap(map);
    }

    /** What a hash table must be made with to hold so many without growing. */
    static int capacity(int count) {
        return (int) Math.min(1 << 30, count * 4L / 3 + 1);
    }
}
