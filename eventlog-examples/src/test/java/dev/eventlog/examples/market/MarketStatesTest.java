package dev.eventlog.examples.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MarketStatesTest {

    private static MarketStates of(List<Message> messages) {
        var states = MarketStates.empty();
        messages.forEach(states::apply);
        return states;
    }

    @Test
    void sameMessagesMakeTheSameTexts() throws Exception {
        var messages = Lines.simulated(3, 10_000);
        assertThat(of(messages).texts()).isEqualTo(of(List.copyOf(messages)).texts());
    }

    @Test
    void oneMessageLessMakesAnotherAudit() throws Exception {
        var messages = Lines.simulated(3, 1_000);
        var fewer = messages.subList(0, 999);
        assertThat(of(messages).audit().text()).isNotEqualTo(of(fewer).audit().text());
    }

    @Test
    void textsAreLinesOfAscii() throws Exception {
        assertThat(of(Lines.simulated(3, 5_000)).texts())
                .containsOnlyKeys("book", "tape", "risk", "audit")
                .allSatisfy((name, text) -> assertThat(text).matches("([ -~]+\n)+"));
    }
}
