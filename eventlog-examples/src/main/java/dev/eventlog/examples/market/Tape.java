package dev.eventlog.examples.market;

import dev.eventlog.examples.market.OrderEvent.Trade;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The trade tape: all executions, visible and hidden, in sum and by the minute. Whole numbers only, so nothing is rounded
 * before it is printed.
 *
 * <p><b>Threading:</b> One thread at a time: its consumer's.
 */
final class Tape implements State {

    private static final long NANOS_PER_MINUTE = 60_000_000_000L;

    private final NavigableMap<Long, Bar> bars = new TreeMap<>();
    private long count;
    private long volume;
    private long turnover; // sum of size × price
    private long high;
    private long low = Long.MAX_VALUE;

    /** The trades of one minute. */
    record Bar(long open, long high, long low, long close, long volume, long count) {

        private Bar with(Trade trade) {
            return new Bar(
                    open,
                    Math.max(high, trade.price()),
                    Math.min(low, trade.price()),
                    trade.price(),
                    volume + trade.size(),
                    count + 1);
        }

        private static Bar of(Trade trade) {
            return new Bar(trade.price(), trade.price(), trade.price(), trade.price(), trade.size(), 1);
        }
    }

    @Override
    public void apply(Message message) {
        if (message.event() instanceof Trade trade) {
            count++;
            volume = Math.addExact(volume, trade.size());
            turnover = Math.addExact(turnover, Math.multiplyExact(trade.size(), trade.price()));
            high = Math.max(high, trade.price());
            low = Math.min(low, trade.price());
            long minute = Math.floorDiv(message.timeNanos(), NANOS_PER_MINUTE);
            bars.compute(minute, (at, bar) -> bar == null ? Bar.of(trade) : bar.with(trade));
        }
    }

    /** How many trades. */
    long count() {
        return count;
    }

    /** How many shares. */
    long volume() {
        return volume;
    }

    /** Sum of size × price, in ten-thousandths of a dollar. */
    long turnover() {
        return turnover;
    }

    /** Highest price; 0 if there was no trade. */
    long high() {
        return high;
    }

    /** Lowest price; 0 if there was no trade. */
    long low() {
        return count == 0 ? 0 : low;
    }

    /** Volume-weighted average price in dollars, rounded to six decimals; 0 if there was no trade. */
    BigDecimal vwap() {
        return volume == 0
                ? BigDecimal.ZERO
                : BigDecimal.valueOf(turnover, 4).divide(BigDecimal.valueOf(volume), 6, RoundingMode.HALF_UP);
    }

    /** One-minute bars by minutes since 1970-01-01T00:00Z; minutes without a trade are left out. */
    NavigableMap<Long, Bar> bars() {
        return bars;
    }

    @Override
    public String text() {
        var text = new StringBuilder();
        text.append("count " + count + "\nvolume " + volume + "\nturnover " + turnover + "\n");
        text.append("high " + high() + "\nlow " + low() + "\n");
        bars.forEach((minute, bar) -> text.append("minute " + minute + " open " + bar.open + " high " + bar.high
                + " low " + bar.low + " close " + bar.close + " volume " + bar.volume + " count " + bar.count + "\n"));
        return text.toString();
    }
}
