package dev.eventlog.examples.market;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.examples.market.OrderEvent.Delete;
import dev.eventlog.examples.market.OrderEvent.Execution;
import dev.eventlog.examples.market.OrderEvent.HiddenExecution;
import dev.eventlog.examples.market.OrderEvent.NewOrder;
import dev.eventlog.examples.market.OrderEvent.Side;
import dev.eventlog.examples.market.OrderEvent.Trade;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import org.junit.jupiter.api.Test;

class TapeTest {

    private static final long MINUTE = 60_000_000_000L;

    private final Tape tape = new Tape();

    @Test
    void withoutTradesAllFiguresAreZero() {
        tape.apply(new Message(0, new NewOrder(1, Side.BUY, 10, 100)));
        tape.apply(new Message(0, new Delete(1, Side.BUY, 10, 100)));
        assertThat(tape.count()).isZero();
        assertThat(tape.vwap()).isZero();
        assertThat(tape.high()).isZero();
        assertThat(tape.low()).isZero();
        assertThat(tape.bars()).isEmpty();
    }

    @Test
    void visibleAndHiddenTradesCount() {
        tape.apply(new Message(1, new Execution(1, Side.BUY, 100, 10_000)));
        tape.apply(new Message(2, new HiddenExecution(0, Side.SELL, 50, 10_300)));
        assertThat(tape.count()).isEqualTo(2);
        assertThat(tape.volume()).isEqualTo(150);
        assertThat(tape.turnover()).isEqualTo(100 * 10_000 + 50 * 10_300);
        assertThat(tape.vwap()).isEqualByComparingTo("1.01");
        assertThat(tape.high()).isEqualTo(10_300);
        assertThat(tape.low()).isEqualTo(10_000);
    }

    @Test
    void barsHaveTheTradesOfTheirMinute() {
        tape.apply(new Message(0, new Execution(1, Side.BUY, 1, 20)));
        tape.apply(new Message(MINUTE - 2, new Execution(1, Side.BUY, 2, 30)));
        tape.apply(new Message(MINUTE - 1, new Execution(1, Side.BUY, 3, 10)));
        tape.apply(new Message(MINUTE, new Execution(1, Side.BUY, 4, 15)));
        tape.apply(new Message(3 * MINUTE, new Execution(1, Side.BUY, 5, 16)));
        assertThat(tape.bars().keySet()).containsExactly(0L, 1L, 3L);
        assertThat(tape.bars().get(0L)).isEqualTo(new Tape.Bar(20, 30, 10, 10, 6, 3));
        assertThat(tape.bars().get(1L)).isEqualTo(new Tape.Bar(15, 15, 15, 15, 4, 1));
    }

    @Test
    void vwapIsExact() throws Exception {
        BigInteger turnover = BigInteger.ZERO;
        long volume = 0;
        for (Message message : Lines.simulated(7, 20_000)) {
            tape.apply(message);
            if (message.event() instanceof Trade trade) {
                turnover = turnover.add(BigInteger.valueOf(trade.size()).multiply(BigInteger.valueOf(trade.price())));
                volume += trade.size();
            }
        }
        assertThat(BigInteger.valueOf(tape.turnover())).isEqualTo(turnover);
        assertThat(tape.vwap())
                .isEqualTo(new BigDecimal(turnover, 4).divide(BigDecimal.valueOf(volume), 6, RoundingMode.HALF_UP));
    }

    @Test
    void barsAddUpToTheTape() throws Exception {
        Lines.simulated(7, 20_000).forEach(tape::apply);
        assertThat(tape.bars().values().stream().mapToLong(Tape.Bar::volume).sum())
                .isEqualTo(tape.volume());
        assertThat(tape.bars().values().stream().mapToLong(Tape.Bar::count).sum())
                .isEqualTo(tape.count());
    }
}
