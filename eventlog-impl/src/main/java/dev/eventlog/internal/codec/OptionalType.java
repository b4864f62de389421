package dev.eventlog.internal.codec;

import java.util.Optional;

/**
 * An Optional inside a collection: the value, or a mark that keeps its place. <b>Threading:</b> Immutable.
 */
final class OptionalType extends ValueType {

    final ValueType value;

    OptionalType(ValueType value) {
        this.value = value;
    }

    @Override
    void write(Object optional, PayloadWriter out) {
        var content = (Optional<?>) optional;
        if (content.isPresent()) {
            value.write(content.get(), out);
        } else {
            out.absent();
        }
    }

    @Override
    Object read(PayloadReader in) {
        return in.isAbsent() ? Optional.empty() : Optional.of(value.read(in));
    }
}
