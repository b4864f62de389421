package dev.eventlog.examples.market;

import dev.eventlog.examples.ExampleException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;

/**
 * What the input says when it is read straight through, without a log: the measure for everything that follows.
 * <b>Threading:</b> One thread at a time: the caller.
 *
 * @param messages how many messages it has
 * @param malformed how many lines are none
 * @param states what the messages amount to
 */
record InputSummary(long messages, long malformed, MarketStates states) {

    private static final int MOST_REPORTED = 10;

    /**
     * Reads the input once, and reports malformed lines.
     *
     * @throws ExampleException at the first malformed line, if told so, or if there is no message at all, or no reading
     */
    static InputSummary read(OrderFlow flow, boolean failOnMalformed, PrintStream out) {
        var malformed = new MalformedLines(failOnMalformed, out);
        var states = MarketStates.empty();
        long messages = 0;
        try (var reader = new MessageReader(flow, malformed)) {
            for (Message message = reader.next(); message != null; message = reader.next()) {
                states.apply(message);
                messages++;
            }
        } catch (IOException | UncheckedIOException e) {
            throw ExampleException.failed(
                    flow.origin() + " cannot be read to its end: " + e.getMessage() + "; check that the file is whole");
        }
        if (messages == 0) {
            throw ExampleException.failed(
                    "no order message in " + flow.origin() + "; each line must be: " + LobsterParser.COLUMNS);
        }
        return new InputSummary(messages, malformed.count, states);
    }

    private static final class MalformedLines implements MessageReader.OnMalformed {

        private final boolean fatal;
        private final PrintStream out;
        private long count;

        private MalformedLines(boolean fatal, PrintStream out) {
            this.fatal = fatal;
            this.out = out;
        }

        @Override
        public void line(long number, String reason) {
            if (fatal) {
                throw ExampleException.failed(
                        "line " + number + ": " + reason + "; mend it, or leave it out with --malformed skip");
            }
            count++;
            if (count <= MOST_REPORTED) {
                out.println("skipped line " + number + ": " + reason);
            } else if (count == MOST_REPORTED + 1) {
                out.println("skipped more lines, which are only counted from here on");
            }
        }
    }
}
