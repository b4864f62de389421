package dev.eventlog.examples.market;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.examples.market.OrderEvent.Delete;
import dev.eventlog.examples.market.OrderEvent.Execution;
import dev.eventlog.examples.market.OrderEvent.Halt;
import dev.eventlog.examples.market.OrderEvent.HiddenExecution;
import dev.eventlog.examples.market.OrderEvent.NewOrder;
import dev.eventlog.examples.market.OrderEvent.PartialCancel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SimulatedFlowTest {

    @Test
    void sameSeedMakesTheSameLines() {
        assertThat(new SimulatedFlow(9, 20_000).lines().toList())
                .isEqualTo(new SimulatedFlow(9, 20_000).lines().toList());
        assertThat(new SimulatedFlow(9, 100).lines().toList())
                .isNotEqualTo(new SimulatedFlow(10, 100).lines().toList());
    }

    /** The same on every JDK: a report with a seed can be repeated anywhere. */
    @Test
    void firstLinesOfSeedOneStayTheSame() throws Exception {
        var audit = new Audit();
        Lines.simulated(1, 5_000).forEach(audit::apply);
        assertThat(audit.checksum()).isEqualTo("26ee40134bc996db5615d260eb415c95947b07c723ede1d691ba3b18c201f50e");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void flowIsLikeARealOne(long seed) throws Exception {
        var states = MarketStates.empty();
        long before = 0;
        for (Message message : Lines.simulated(seed, 50_000)) { // throws at a malformed line
            assertThat(message.timeNanos()).isGreaterThan(before);
            before = message.timeNanos();
            states.apply(message);
            var bid = states.book().bestBid();
            var ask = states.book().bestAsk();
            assertThat(bid == null || ask == null || bid.price() < ask.price())
                    .as("bid below ask")
                    .isTrue();
        }
        var audit = states.audit();
        assertThat(audit.count(NewOrder.class)).isBetween(20_000L, 30_000L);
        assertThat(audit.count(Delete.class)).isBetween(18_000L, 28_000L);
        assertThat(audit.count(PartialCancel.class)).isBetween(100L, 1_000L);
        assertThat(audit.count(Execution.class)).isBetween(1_000L, 4_000L);
        assertThat(audit.count(HiddenExecution.class)).isBetween(500L, 2_500L);
        assertThat(audit.count(Halt.class)).isEqualTo(3);
        assertThat(states.book().contradictory()).isZero();
        assertThat(states.book().unknown()).isPositive();
        assertThat(states.risk().bursts()).isPositive();
        assertThat(states.risk().largeTrades()).isPositive();
    }
}
