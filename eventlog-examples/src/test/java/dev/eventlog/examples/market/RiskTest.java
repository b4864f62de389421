package dev.eventlog.examples.market;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.examples.market.OrderEvent.Delete;
import dev.eventlog.examples.market.OrderEvent.Execution;
import dev.eventlog.examples.market.OrderEvent.PartialCancel;
import dev.eventlog.examples.market.OrderEvent.Side;
import org.junit.jupiter.api.Test;

class RiskTest {

    private static final long SECOND = 1_000_000_000;

    private final Risk risk = new Risk();

    private void cancels(long timeNanos, int count) {
        for (int i = 0; i < count; i++) {
            risk.apply(new Message(
                    timeNanos, i % 2 == 0 ? new Delete(1, Side.BUY, 1, 1) : new PartialCancel(1, Side.BUY, 1, 1)));
        }
    }

    @Test
    void burstIsASecondWithAHundredCancels() {
        cancels(SECOND, 99);
        cancels(2 * SECOND, 50);
        cancels(3 * SECOND - 1, 50);
        cancels(5 * SECOND, 130);
        assertThat(risk.bursts()).isEqualTo(2);
        assertThat(risk.worstSecond()).isEqualTo(5);
        assertThat(risk.worstCancels()).isEqualTo(130);
    }

    @Test
    void largeTradesAreThoseOfAThousandSharesOrMore() {
        risk.apply(new Message(0, new Execution(1, Side.BUY, 999, 1)));
        risk.apply(new Message(0, new Execution(1, Side.BUY, 1_000, 1)));
        risk.apply(new Message(0, new Execution(1, Side.BUY, 2_500, 1)));
        assertThat(risk.largeTrades()).isEqualTo(2);
        assertThat(risk.largestTrade()).isEqualTo(2_500);
    }
}
