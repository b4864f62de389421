package dev.eventlog.examples.market;

import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Makes up the order messages of a small market, in about the mixture of a real one: a price that walks at random, new
 * orders around it, most of them deleted soon, some executed at the best price, hidden executions, bursts of deletes, a
 * halt now and then, and some messages about orders that rested before the first line.
 *
 * <p>Deterministic: seeded, in whole numbers and {@link StrictMath}.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
final class MarketSimulator {

    private static final long TICK = 100; // one cent
    private static final long FIRST_ID = 16_000_000;
    private static final long SECOND_NANOS = 1_000_000_000;
    private static final int MESSAGES_PER_HALT = 50_000;
    private static final int FEW_ORDERS = 200;
    private static final int MANY_ORDERS = 800;

    private final SplittableRandom random;
    private final NavigableMap<Long, ArrayDeque<Order>> bids = new TreeMap<>(Comparator.reverseOrder());
    private final NavigableMap<Long, ArrayDeque<Order>> asks = new TreeMap<>();
    private final List<Order> live = new ArrayList<>();
    private final ArrayDeque<String> prepared = new ArrayDeque<>();
    private long timeNanos = 34_200 * SECOND_NANOS; // 09:30
    private long middle = 5_850_000;
    private long nextId = FIRST_ID;
    private long made;
    private int burst;

    private static final class Order {
        private final long id;
        private final boolean buy;
        private final long price;
        private long size;

        private Order(long id, boolean buy, long price, long size) {
            this.id = id;
            this.buy = buy;
            this.price = price;
            this.size = size;
        }
    }

    MarketSimulator(long seed) {
        random = new SplittableRandom(seed);
    }

    /** The next message, one line. */
    String nextLine() {
        made++;
        if (made % MESSAGES_PER_HALT == MESSAGES_PER_HALT / 20) {
            prepareHalt();
        }
        if (!prepared.isEmpty()) {
            return prepared.remove();
        }
        timeNanos += pauseNanos();
        if (live.size() < FEW_ORDERS) {
            burst = 0;
            return newOrder();
        }
        if (burst > 0) {
            burst--;
            return delete();
        }
        return anyMessage();
    }

    private String anyMessage() {
        int dice = random.nextInt(10_000);
        if (dice < 2) {
            burst = 100 + random.nextInt(100);
        }
        if (dice < 10) {
            return line(3, 1 + random.nextLong(FIRST_ID - 1), size(), middle, random.nextBoolean()); // unknown
        }
        if (dice < 60) {
            return partialCancel();
        }
        if (dice < 500) {
            return execution();
        }
        if (dice < 740) {
            return hiddenExecution();
        }
        return dice < (live.size() > MANY_ORDERS ? 5_000 : 5_700) ? newOrder() : delete();
    }

    private String newOrder() {
        if (random.nextInt(10) == 0) {
            middle += TICK * (random.nextInt(3) - 1);
        }
        boolean buy = random.nextBoolean();
        long away = TICK * (1 + (long) (8 * exponential()));
        long price = buy ? middle - away : middle + away;
        if (buy && !asks.isEmpty()) {
            price = Math.min(price, asks.firstKey() - TICK);
        } else if (!buy && !bids.isEmpty()) {
            price = Math.max(price, bids.firstKey() + TICK);
        }
        nextId += 1 + random.nextInt(20);
        var order = new Order(nextId, buy, price, size());
        side(buy).computeIfAbsent(price, at -> new ArrayDeque<>()).add(order);
        live.add(order);
        return line(1, order.id, order.size, order.price, buy);
    }

    /** Mostly of a young order. */
    private String delete() {
        int age = Math.min(live.size() - 1, (int) (100 * exponential()));
        Order order = live.get(live.size() - 1 - age);
        remove(order);
        return line(3, order.id, order.size, order.price, order.buy);
    }

    private String partialCancel() {
        Order order = live.get(random.nextInt(live.size()));
        if (order.size == 1) {
            return newOrder();
        }
        long taken = 1 + random.nextLong(order.size - 1);
        order.size -= taken;
        return line(2, order.id, taken, order.price, order.buy);
    }

    /** Of the oldest order at the best price, on the side that the price has walked over, if it has. */
    private String execution() {
        boolean buy = random.nextBoolean();
        if (!asks.isEmpty() && asks.firstKey() <= middle) {
            buy = false;
        } else if (!bids.isEmpty() && bids.firstKey() >= middle) {
            buy = true;
        }
        if (side(buy).isEmpty()) {
            return newOrder();
        }
        Order order = side(buy).firstEntry().getValue().element();
        long taken = Math.min(order.size, size());
        order.size -= taken;
        if (order.size == 0) {
            remove(order);
        }
        return line(4, order.id, taken, order.price, buy);
    }

    private String hiddenExecution() {
        long price = middle + TICK / 2 * (random.nextInt(5) - 2);
        return line(5, 0, size(), price, random.nextBoolean());
    }

    /** Trading stops for a minute, then quotes are taken, then trades. */
    private void prepareHalt() {
        timeNanos += pauseNanos();
        prepared.add(line(7, 0, 0, -1, false));
        timeNanos += 60 * SECOND_NANOS;
        prepared.add(line(7, 0, 0, 0, false));
        timeNanos += 5 * SECOND_NANOS;
        prepared.add(line(7, 0, 0, 1, false));
    }

    private void remove(Order order) {
        side(order.buy).computeIfPresent(order.price, (price, level) -> {
            level.remove(order);
            return level.isEmpty() ? null : level;
        });
        live.remove(order);
    }

    private NavigableMap<Long, ArrayDeque<Order>> side(boolean buy) {
        return buy ? bids : asks;
    }

    /** Mostly a round hundred, sometimes odd, seldom large. */
    private long size() {
        int dice = random.nextInt(1_000);
        if (dice < 650) {
            return 100;
        }
        return dice < 996 ? 1 + random.nextInt(500) : 1_000 + random.nextInt(4_000);
    }

    /** Messages come in clusters; 18 ms on average. */
    private long pauseNanos() {
        double mean = burst > 0 ? 1e6 : random.nextInt(10) < 7 ? 5e4 : 6e7;
        return 1 + (long) (mean * exponential());
    }

    private double exponential() {
        return -StrictMath.log(1 - random.nextDouble());
    }

    private String line(int type, long id, long size, long price, boolean buy) {
        String time = BigDecimal.valueOf(timeNanos, 9).stripTrailingZeros().toPlainString();
        return time + "," + type + "," + id + "," + size + "," + price + "," + (buy ? 1 : -1);
    }
}
