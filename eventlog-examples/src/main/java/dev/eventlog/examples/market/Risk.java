package dev.eventlog.examples.market;

import dev.eventlog.examples.market.OrderEvent.Cancel;
import dev.eventlog.examples.market.OrderEvent.Trade;

/**
 * The risk monitor: seconds with unusually many cancels, and large trades.
 *
 * <p><b>Threading:</b> One thread at a time: its consumer's.
 */
final class Risk implements State {

    /** So many cancels in one second of the exchange's clock are a burst. */
    static final int BURST_CANCELS = 100;

    /** A trade of so many shares is large. */
    static final long LARGE_TRADE_SIZE = 1_000;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private long second = Long.MIN_VALUE;
    private long cancels; // in that second, so far
    private long bursts;
    private long worstSecond;
    private long worstCancels;
    private long largeTrades;
    private long largestTrade;

    @Override
    public void apply(Message message) {
        if (message.event() instanceof Cancel) {
            countCancel(Math.floorDiv(message.timeNanos(), NANOS_PER_SECOND));
        } else if (message.event() instanceof Trade trade && trade.size() >= LARGE_TRADE_SIZE) {
            largeTrades++;
            largestTrade = Math.max(largestTrade, trade.size());
        }
    }

    private void countCancel(long atSecond) {
        if (atSecond != second) {
            second = atSecond;
            cancels = 0;
        }
        cancels++;
        if (cancels == BURST_CANCELS) {
            bursts++;
        }
        if (cancels > worstCancels) {
            worstCancels = cancels;
            worstSecond = second;
        }
    }

    /** How many seconds had {@value #BURST_CANCELS} cancels or more. */
    long bursts() {
        return bursts;
    }

    /** The second with the most cancels, since 1970-01-01T00:00Z. */
    long worstSecond() {
        return worstSecond;
    }

    /** How many cancels that second had. */
    long worstCancels() {
        return worstCancels;
    }

    /** How many trades had {@value #LARGE_TRADE_SIZE} shares or more. */
    long largeTrades() {
        return largeTrades;
    }

    /** Shares of the largest of them; 0 if there was none. */
    long largestTrade() {
        return largestTrade;
    }

    @Override
    public String text() {
        return "second " + second + " cancels " + cancels + "\nbursts " + bursts + "\nworst second " + worstSecond
                + " cancels " + worstCancels + "\nlarge trades " + largeTrades + "\nlargest " + largestTrade + "\n";
    }
}
