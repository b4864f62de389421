package dev.eventlog.examples.market;

import java.io.IOException;
import java.util.Iterator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads the messages of a flow, one after the other, past malformed lines.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
final class MessageReader implements AutoCloseable {

    private final Stream<String> lines;
    private final Iterator<String> remaining;
    private final LobsterParser parser;
    private final OnMalformed onMalformed;
    private long lineNumber;

    MessageReader(OrderFlow flow, OnMalformed onMalformed) throws IOException {
        lines = flow.lines();
        remaining = lines.iterator();
        parser = new LobsterParser(flow);
        this.onMalformed = onMalformed;
    }

    /** The next message; null: there is none. */
    @Nullable
    Message next() {
        while (remaining.hasNext()) {
            String line = remaining.next();
            lineNumber++;
            try {
                return parser.parse(line);
            } catch (MalformedLineException e) {
                onMalformed.line(lineNumber, String.valueOf(e.getMessage()));
            }
        }
        return null;
    }

    @Override
    public void close() {
        lines.close();
    }

    /** Told of each malformed line; may throw to end the reading. */
    @FunctionalInterface
    interface OnMalformed {

        /** For those that read again what was reported before. */
        OnMalformed SKIP = (number, reason) -> {};

        /**
         * A line is no message.
         *
         * @param number from 1
         */
        void line(long number, String reason);
    }
}
