package dev.eventlog.examples.market;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How the report writes figures. <b>Threading:</b> Immutable. */
final class Format {

    private static final DateTimeFormatter HOUR_MINUTE = DateTimeFormatter.ofPattern("HH:mm");
    private static final DateTimeFormatter HOUR_MINUTE_SECOND = DateTimeFormatter.ofPattern("HH:mm:ss");

    private Format() {}

    /** As {@code 91,997}. */
    static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    /** A price in ten-thousandths of a dollar, as {@code 585.69} or {@code 585.695}. */
    static String price(long price) {
        var dollars = BigDecimal.valueOf(price, 4).stripTrailingZeros();
        return (dollars.scale() < 2 ? dollars.setScale(2) : dollars).toPlainString();
    }

    /** As {@code 585.69 x 10}. */
    static String level(Book.@Nullable Level level) {
        return level == null ? "none" : price(level.price()) + " x " + count(level.size());
    }

    /** As {@code 1,234,567/s}; a dash if nothing was counted or no time was measured. */
    static String rate(long count, long nanos) {
        return count == 0 || nanos <= 0 ? "-" : count((long) (count * 1e9 / nanos)) + "/s";
    }

    /** As {@code 12.3 us}. */
    static String duration(long nanos) {
        if (nanos < 1_000_000) {
            return String.format(Locale.ROOT, "%.1f us", nanos / 1e3);
        }
        return nanos < 1_000_000_000
                ? String.format(Locale.ROOT, "%.1f ms", nanos / 1e6)
                : String.format(Locale.ROOT, "%.2f s", nanos / 1e9);
    }

    /** Minutes since 1970-01-01T00:00Z on the exchange's clock, as {@code 09:30}. */
    static String minute(long minutes) {
        return HOUR_MINUTE.format(Instant.ofEpochSecond(minutes * 60).atZone(OrderFlow.EXCHANGE_ZONE));
    }

    /** Seconds since 1970-01-01T00:00Z on the exchange's clock, as {@code 09:30:01}. */
    static String second(long seconds) {
        return HOUR_MINUTE_SECOND.format(Instant.ofEpochSecond(seconds).atZone(OrderFlow.EXCHANGE_ZONE));
    }
}
