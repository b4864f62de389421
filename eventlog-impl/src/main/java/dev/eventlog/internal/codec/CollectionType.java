package dev.eventlog.internal.codec;

import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.RandomAccess;

/**
 * A List or a Set. What is read is unmodifiable and in the order it was written in, a Set too: whoever reads a log
 * twice sees the same twice. Elements are counted before anything is made for them, so memory follows the payload.
 *
 * <p><b>Threading:</b> Immutable.
 */
final class CollectionType extends ValueType {

    private final ValueType element;
    private final boolean isSet;

    CollectionType(ValueType element, boolean isSet) {
        this.element = element;
        this.isSet = isSet;
    }

    @Override
    void write(Object value, PayloadWriter out) {
        int lengthAt = out.beginBlock();
        if (value instanceof List<?> list && value instanceof RandomAccess) {
            for (int i = 0; i < list.size(); i++) { // no iterator: nothing is allocated
                element.write(out.required(list.get(i)), out);
            }
        } else {
            for (Object item : (Collection<?>) value) {
                element.write(out.required(item), out);
            }
        }
        out.endBlock(lengthAt);
    }

    @Override
    Object read(PayloadReader in) {
        int outer = in.beginBlock();
        int count = in.countItems(false);
        Object result = isSet ? readSet(in, count) : readList(in, count);
        in.endBlock(outer);
        return result;
    }

    private Object readList(PayloadReader in, int count) {
        if (count == 0) {
            return Collections.emptyList();
        }
        var items = new Object[count];
        for (int i = 0; i < count; i++) {
            items[i] = element.read(in);
        }
        return Collections.unmodifiableList(Arrays.asList(items));
    }

    private Object readSet(PayloadReader in, int count) {
        if (count == 0) {
            return Collections.emptySet();
        }
        var items = new LinkedHashSet<>(MapType.capacity(count));
        for (int i = 0; i < count; i++) {
            items.add(element.read(in));
        }
        return Collections.unmodifiableSet(items);
    }
}
