package dev.eventlog.examples.market;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.examples.market.OrderEvent.Delete;
import dev.eventlog.examples.market.OrderEvent.Execution;
import dev.eventlog.examples.market.OrderEvent.Halt;
import dev.eventlog.examples.market.OrderEvent.HiddenExecution;
import dev.eventlog.examples.market.OrderEvent.NewOrder;
import dev.eventlog.examples.market.OrderEvent.PartialCancel;
import dev.eventlog.examples.market.OrderEvent.Phase;
import dev.eventlog.examples.market.OrderEvent.Side;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LobsterParserTest {

    private final LobsterParser parser = new LobsterParser(new Lines("AAPL", "2012-06-21"));

    @ParameterizedTest
    @CsvSource({
        "34200.004241176, 34200004241176",
        "34200.00426064, 34200004260640",
        "34200, 34200000000000",
        "0.000000001, 1",
        "86399.999999999, 86399999999999",
        "35821.088778456004, 35821088778456",
        "34212.0349999999996, 34212035000000",
        "34212.9999999999, 34213000000000",
    })
    void timesAreReadToTheNanosecond(String text, long nanos) throws MalformedLineException {
        assertThat(LobsterParser.nanosAfterMidnight(text)).isEqualTo(nanos);
    }

    @Test
    void everyNanosecondOfTheLastDigitsIsKept() throws MalformedLineException {
        for (int nanos = 0; nanos < 1_000_000_000; nanos += 1_234_567) {
            String text = "57599." + String.format("%09d", nanos);
            assertThat(LobsterParser.nanosAfterMidnight(text)).isEqualTo(57_599_000_000_000L + nanos);
        }
    }

    @Test
    void timeIsThatOfTheExchangesDay() throws MalformedLineException {
        assertThat(parser.parse("34200.004241176,1,16113575,18,5853300,1").time())
                .isEqualTo(Instant.parse("2012-06-21T13:30:00.004241176Z"));
    }

    @Test
    void everyTypeBecomesItsRecord() throws MalformedLineException {
        assertThat(event("1,7,18,5853300,1")).isEqualTo(new NewOrder(7, Side.BUY, 18, 5_853_300));
        assertThat(event("2,7,18,5853300,-1")).isEqualTo(new PartialCancel(7, Side.SELL, 18, 5_853_300));
        assertThat(event("3,7,18,5853300,1")).isEqualTo(new Delete(7, Side.BUY, 18, 5_853_300));
        assertThat(event("4,7,18,5853300,1")).isEqualTo(new Execution(7, Side.BUY, 18, 5_853_300));
        assertThat(event("5,0,18,5853300,1")).isEqualTo(new HiddenExecution(0, Side.BUY, 18, 5_853_300));
        assertThat(event("7,0,0,-1,-1")).isEqualTo(new Halt(Phase.HALTED));
        assertThat(event("7,0,0,0,-1")).isEqualTo(new Halt(Phase.QUOTING));
        assertThat(event("7,0,0,1,-1")).isEqualTo(new Halt(Phase.TRADING));
    }

    private OrderEvent event(String line) throws MalformedLineException {
        return parser.parse("34200.5," + line).event();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                          | it has 1 of 6 fields",
                "34200,1,7,18,5853300        | it has 5 of 6 fields",
                "34200,1,7,18,5853300,1,     | it has 7 of 6 fields",
                "Time,1,7,18,5853300,1       | time is \"Time\"",
                "-1,1,7,18,5853300,1         | time is \"-1\"",
                "3.42e4,1,7,18,5853300,1     | time is \"3.42e4\"",
                "86400,1,7,18,5853300,1      | time is \"86400\"",
                "86399.9999999999,1,7,1,1,1  | time is",
                "34200.,1,7,18,5853300,1     | time is \"34200.\"",
                "34200,6,7,18,5853300,1      | type is \"6\"",
                "34200,11,7,18,5853300,1     | type is \"11\"",
                "34200,1,0,18,5853300,1      | order id is \"0\"",
                "34200,1,7,0,5853300,1       | size is \"0\"",
                "34200,1,7,1.5,5853300,1     | size is \"1.5\"",
                "34200,1,7,18,-5853300,1     | price is \"-5853300\"",
                "34200,1,7,18,99999999999999999999,1 | price is",
                "34200,1,7,18,5853300,0      | direction is \"0\"",
                "34200,7,0,0,2,-1            | price of a halt is \"2\"",
            })
    void malformedLineIsRefusedWithItsReason(String line, String reason) {
        assertThatThrownBy(() -> parser.parse(line))
                .isInstanceOf(MalformedLineException.class)
                .hasMessageContaining(reason)
                .hasMessageContaining("must");
    }

    @Test
    void reasonNeverPrintsControlCharactersOrLongText() {
        assertThatThrownBy(() -> parser.parse("\u0007\u001b[31m" + "x".repeat(100_000) + ",1,7,18,5853300,1"))
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(200).matches("[ -~]*"));
    }
}
