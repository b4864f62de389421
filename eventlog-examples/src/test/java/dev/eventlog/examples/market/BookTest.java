package dev.eventlog.examples.market;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.examples.market.OrderEvent.Delete;
import dev.eventlog.examples.market.OrderEvent.Execution;
import dev.eventlog.examples.market.OrderEvent.NewOrder;
import dev.eventlog.examples.market.OrderEvent.OfOrder;
import dev.eventlog.examples.market.OrderEvent.PartialCancel;
import dev.eventlog.examples.market.OrderEvent.Side;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BookTest {

    private final Book book = new Book();

    private void apply(OrderEvent... events) {
        for (OrderEvent event : events) {
            book.apply(new Message(0, event));
        }
    }

    @Test
    void emptyBookHasNoBestPrices() {
        assertThat(book.bestBid()).isNull();
        assertThat(book.bestAsk()).isNull();
        assertThat(book.text()).isEqualTo("unknown 0\ncontradictory 0\n");
    }

    @Test
    void bestPricesAreHighestBidAndLowestAskWithAllTheirShares() {
        apply(
                new NewOrder(1, Side.BUY, 10, 100),
                new NewOrder(2, Side.BUY, 20, 101),
                new NewOrder(3, Side.BUY, 30, 101),
                new NewOrder(4, Side.SELL, 5, 104),
                new NewOrder(5, Side.SELL, 6, 103));
        assertThat(book.bestBid()).isEqualTo(new Book.Level(101, 50));
        assertThat(book.bestAsk()).isEqualTo(new Book.Level(103, 6));
    }

    @Test
    void executionAndCancelsTakeSharesAndEmptyLevelsGo() {
        apply(new NewOrder(1, Side.BUY, 10, 100), new NewOrder(2, Side.BUY, 20, 101));
        apply(new Execution(2, Side.BUY, 5, 101), new PartialCancel(2, Side.BUY, 3, 101));
        assertThat(book.bestBid()).isEqualTo(new Book.Level(101, 12));
        apply(new Delete(2, Side.BUY, 12, 101));
        assertThat(book.bestBid()).isEqualTo(new Book.Level(100, 10));
        apply(new Execution(1, Side.BUY, 10, 100));
        assertThat(book.bestBid()).isNull();
        assertThat(book.orderCount()).isZero();
    }

    @Test
    void messagesAboutUnknownOrdersAreCountedAndChangeNothing() {
        apply(
                new Delete(9, Side.BUY, 1, 100),
                new Execution(9, Side.BUY, 1, 100),
                new PartialCancel(9, Side.BUY, 1, 100));
        assertThat(book.unknown()).isEqualTo(3);
        assertThat(book.bestBid()).isNull();
    }

    @Test
    void contradictionsAreCountedAndNeverMakeNegativeShares() {
        apply(new NewOrder(1, Side.SELL, 10, 100), new NewOrder(1, Side.SELL, 99, 90));
        assertThat(book.bestAsk()).isEqualTo(new Book.Level(100, 10));
        apply(new Execution(1, Side.SELL, 11, 100));
        assertThat(book.bestAsk()).isNull();
        assertThat(book.contradictory()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void agreesWithANaiveBookAtEveryStep(long seed) throws Exception {
        var naive = new NaiveBook();
        for (Message message : Lines.simulated(seed, 3_000)) {
            book.apply(message);
            naive.apply(message.event());
            assertThat(book.bestBid()).isEqualTo(naive.best(Side.BUY));
            assertThat(book.bestAsk()).isEqualTo(naive.best(Side.SELL));
            assertThat(book.orderCount()).isEqualTo(naive.resting.size());
            assertThat(book.unknown()).isEqualTo(naive.unknown);
        }
        assertThat(book.contradictory()).isZero();
    }

    /** As simple as can be: a list that is searched from its start each time. */
    private static final class NaiveBook {

        private final List<NewOrder> resting = new ArrayList<>();
        private long unknown;

        void apply(OrderEvent event) {
            if (event instanceof NewOrder order) {
                resting.add(order);
            } else if (event instanceof Execution || event instanceof PartialCancel || event instanceof Delete) {
                take((OfOrder) event);
            }
        }

        private void take(OfOrder event) {
            for (int i = 0; i < resting.size(); i++) {
                NewOrder order = resting.get(i);
                if (order.orderId() == event.orderId()) {
                    long left = event instanceof Delete ? 0 : order.size() - event.size();
                    if (left == 0) {
                        resting.remove(i);
                    } else {
                        resting.set(i, new NewOrder(order.orderId(), order.side(), left, order.price()));
                    }
                    return;
                }
            }
            unknown++;
        }

        Book.Level best(Side side) {
            long price = side == Side.BUY ? Long.MIN_VALUE : Long.MAX_VALUE;
            long size = 0;
            for (NewOrder order : resting) {
                boolean better = side == Side.BUY ? order.price() > price : order.price() < price;
                if (order.side() == side && better) {
                    price = order.price();
                    size = 0;
                }
                if (order.side() == side && order.price() == price) {
                    size += order.size();
                }
            }
            return size == 0 ? null : new Book.Level(price, size);
        }
    }
}
