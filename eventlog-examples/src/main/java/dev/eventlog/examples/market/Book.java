package dev.eventlog.examples.market;

import dev.eventlog.examples.market.OrderEvent.Delete;
import dev.eventlog.examples.market.OrderEvent.Execution;
import dev.eventlog.examples.market.OrderEvent.NewOrder;
import dev.eventlog.examples.market.OrderEvent.PartialCancel;
import dev.eventlog.examples.market.OrderEvent.Side;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The limit order book: all resting orders, and the shares at each price.
 *
 * <p>A file begins in the middle of a day's life: messages may name orders that rested before it. Those are counted.
 *
 * <p><b>Threading:</b> One thread at a time: its consumer's.
 */
final class Book implements State {

    private final Map<Long, Order> orders = new HashMap<>();
    private final NavigableMap<Long, Long> bids =
            new TreeMap<>(Comparator.reverseOrder()); // price → shares, best first
    private final NavigableMap<Long, Long> asks = new TreeMap<>();
    private long unknown;
    private long contradictory;

    /** A price and the shares wanted or offered at it. */
    record Level(long price, long size) {}

    private record Order(Side side, long price, long size) {}

    @Override
    public void apply(Message message) {
        if (message.event() instanceof NewOrder order) {
            add(order);
        } else if (message.event() instanceof PartialCancel cancel) {
            reduce(cancel.orderId(), cancel.size());
        } else if (message.event() instanceof Execution execution) {
            reduce(execution.orderId(), execution.size());
        } else if (message.event() instanceof Delete delete) {
            reduce(delete.orderId(), Long.MAX_VALUE);
        }
    }

    private void add(NewOrder order) {
        if (orders.containsKey(order.orderId())) {
            contradictory++;
            return;
        }
        orders.put(order.orderId(), new Order(order.side(), order.price(), order.size()));
        side(order.side()).merge(order.price(), order.size(), Long::sum);
    }

    /** Takes shares off an order; {@link Long#MAX_VALUE}: all of them. */
    private void reduce(long orderId, long size) {
        Order order = orders.get(orderId);
        if (order == null) {
            unknown++;
            return;
        }
        if (size > order.size && size != Long.MAX_VALUE) {
            contradictory++;
        }
        long taken = Math.min(size, order.size);
        if (taken == order.size) {
            orders.remove(orderId);
        } else {
            orders.put(orderId, new Order(order.side, order.price, order.size - taken));
        }
        side(order.side).computeIfPresent(order.price, (price, shares) -> shares == taken ? null : shares - taken);
    }

    private NavigableMap<Long, Long> side(Side side) {
        return side == Side.BUY ? bids : asks;
    }

    /** Highest price that somebody wants to pay, null if nobody wants to buy. */
    @Nullable
    Level bestBid() {
        return best(bids);
    }

    /** Lowest price that somebody wants to get, null if nobody wants to sell. */
    @Nullable
    Level bestAsk() {
        return best(asks);
    }

    private static @Nullable Level best(NavigableMap<Long, Long> side) {
        var first = side.firstEntry();
        return first == null ? null : new Level(first.getKey(), first.getValue());
    }

    /** How many orders rest. */
    int orderCount() {
        return orders.size();
    }

    /** How many messages named an order that is not in the book. */
    long unknown() {
        return unknown;
    }

    /** How many messages cannot be right: an id that is taken, or more shares than the order has left. */
    long contradictory() {
        return contradictory;
    }

    @Override
    public String text() {
        var text = new StringBuilder();
        bids.forEach((price, shares) -> text.append("bid " + price + " " + shares + "\n"));
        asks.forEach((price, shares) -> text.append("ask " + price + " " + shares + "\n"));
        new TreeMap<>(orders)
                .forEach((id, order) ->
                        text.append("order " + id + " " + order.side + " " + order.price + " " + order.size + "\n"));
        return text.append("unknown " + unknown + "\ncontradictory " + contradictory + "\n")
                .toString();
    }
}
