package dev.eventlog.examples.market;

import java.time.LocalDate;
import java.util.stream.Stream;

/**
 * Order messages that {@link MarketSimulator} makes up. The same seed always gives the same lines.
 *
 * <p><b>Threading:</b> Immutable.
 */
final class SimulatedFlow implements OrderFlow {

    private final long seed;
    private final long messages;

    SimulatedFlow(long seed, long messages) {
        this.seed = seed;
        this.messages = messages;
    }

    @Override
    public String symbol() {
        return "SIM";
    }

    @Override
    public LocalDate day() {
        return LocalDate.of(2026, 1, 5);
    }

    @Override
    public String origin() {
        return "no file given: a simulated market, seed " + seed;
    }

    @Override
    public Stream<String> lines() {
        return Stream.generate(new MarketSimulator(seed)::nextLine).limit(messages);
    }
}
