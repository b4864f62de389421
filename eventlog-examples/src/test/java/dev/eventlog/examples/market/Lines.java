package dev.eventlog.examples.market;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A flow of given lines. */
record Lines(String symbol, LocalDate day, List<String> all) implements OrderFlow {

    Lines(String symbol, String day, String... lines) {
        this(symbol, LocalDate.parse(day), List.of(lines));
    }

    @Override
    public String origin() {
        return "lines of a test";
    }

    @Override
    public Stream<String> lines() {
        return all.stream();
    }

    /** The messages of a simulated market. */
    static List<Message> simulated(long seed, int count) throws Exception {
        var messages = new ArrayList<Message>();
        try (var reader = new MessageReader(new SimulatedFlow(seed, count), Lines::fail)) {
            for (Message message = reader.next(); message != null; message = reader.next()) {
                messages.add(message);
            }
        }
        return messages;
    }

    private static void fail(long number, String reason) {
        throw new AssertionError("line " + number + ": " + reason);
    }
}
