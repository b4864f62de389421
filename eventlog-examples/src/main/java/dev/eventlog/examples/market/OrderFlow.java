package dev.eventlog.examples.market;

import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.stream.Stream;

/**
 * Order messages of one stock and one day as lines of text, to be read from the start as often as needed. The format is
 * LOBSTER's: time in seconds after midnight, type, order id, size, price × 10,000, direction.
 *
 * <p><b>Threading:</b> Immutable.
 */
interface OrderFlow {

    /** Where the exchange's clock stands. */
    ZoneId EXCHANGE_ZONE = ZoneId.of("America/New_York");

    /** The stock. */
    String symbol();

    /** The day. */
    LocalDate day();

    /** Where the lines come from, for the report. */
    String origin();

    /** The lines; to be closed. */
    Stream<String> lines() throws IOException;
}
