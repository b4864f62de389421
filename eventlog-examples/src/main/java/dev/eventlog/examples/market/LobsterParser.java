package dev.eventlog.examples.market;

import dev.eventlog.examples.market.OrderEvent.Delete;
import dev.eventlog.examples.market.OrderEvent.Execution;
import dev.eventlog.examples.market.OrderEvent.Halt;
import dev.eventlog.examples.market.OrderEvent.HiddenExecution;
import dev.eventlog.examples.market.OrderEvent.NewOrder;
import dev.eventlog.examples.market.OrderEvent.PartialCancel;
import dev.eventlog.examples.market.OrderEvent.Phase;
import dev.eventlog.examples.market.OrderEvent.Side;

/**
 * Makes messages of lines in LOBSTER's format. Times are read digit by digit to the nanosecond, never through a
 * {@code double}; digits beyond the ninth (some files have them, left by somebody's {@code double}) are rounded.
 *
 * <p><b>Threading:</b> Immutable.
 */
final class LobsterParser {

    /** What a line has, in its order. */
    static final String COLUMNS = "time, type, order id, size, price, direction";

    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final long SECONDS_PER_DAY = 86_400;
    private static final long GREATEST = 1_000_000_000_000L; // of sizes and prices: keeps all sums far from overflow

    private final long midnightNanos;

    LobsterParser(OrderFlow flow) {
        var midnight = flow.day().atStartOfDay(OrderFlow.EXCHANGE_ZONE).toInstant();
        midnightNanos = Math.multiplyExact(midnight.getEpochSecond(), NANOS_PER_SECOND);
    }

    Message parse(String line) throws MalformedLineException {
        String[] fields = line.split(",", -1);
        if (fields.length != 6) {
            throw new MalformedLineException("it has " + fields.length + " of 6 fields; it must have " + COLUMNS);
        }
        long timeNanos = midnightNanos + nanosAfterMidnight(fields[0]);
        return new Message(timeNanos, event(fields));
    }

    private static OrderEvent event(String[] fields) throws MalformedLineException {
        String type = fields[1];
        if (type.equals("7")) {
            return new Halt(phase(fields[4]));
        }
        if (type.length() != 1 || "12345".indexOf(type.charAt(0)) < 0) {
            throw MalformedLineException.of("type", type, "1, 2, 3, 4, 5 or 7");
        }
        boolean hidden = type.equals("5");
        long orderId = number("order id", fields[2], hidden ? 0 : 1, Long.MAX_VALUE);
        long size = number("size", fields[3], 1, GREATEST);
        long price = number("price", fields[4], 1, GREATEST);
        Side side = side(fields[5]);
        return switch (type.charAt(0)) {
            case '1' -> new NewOrder(orderId, side, size, price);
            case '2' -> new PartialCancel(orderId, side, size, price);
            case '3' -> new Delete(orderId, side, size, price);
            case '4' -> new Execution(orderId, side, size, price);
            default -> new HiddenExecution(orderId, side, size, price);
        };
    }

    /** Exactly what the text says: "34200.00426064" is 34,200 s and 4,260,640 ns. */
    static long nanosAfterMidnight(String text) throws MalformedLineException {
        int point = text.indexOf('.');
        String whole = point < 0 ? text : text.substring(0, point);
        String fraction = point < 0 ? "0" : text.substring(point + 1);
        if (!areDigits(whole) || whole.length() > 5 || !areDigits(fraction)) {
            throw noTime(text);
        }
        long nanos = Long.parseLong(whole) * NANOS_PER_SECOND + Long.parseLong((fraction + "00000000").substring(0, 9));
        if (fraction.length() > 9 && fraction.charAt(9) >= '5') {
            nanos++;
        }
        if (nanos >= SECONDS_PER_DAY * NANOS_PER_SECOND) {
            throw noTime(text);
        }
        return nanos;
    }

    private static MalformedLineException noTime(String text) {
        return MalformedLineException.of("time", text, "seconds after midnight, such as 34200.004241176, below 86400");
    }

    private static boolean areDigits(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private static long number(String field, String text, long least, long greatest) throws MalformedLineException {
        if (areDigits(text) && text.length() <= 18) {
            long number = Long.parseLong(text);
            if (number >= least && number <= greatest) {
                return number;
            }
        }
        throw MalformedLineException.of(field, text, "a whole number, " + least + " or more");
    }

    private static Side side(String text) throws MalformedLineException {
        return switch (text) {
            case "1" -> Side.BUY;
            case "-1" -> Side.SELL;
            default -> throw MalformedLineException.of("direction", text, "1 (buy) or -1 (sell)");
        };
    }

    /** A halt message tells its kind where others have their price. */
    private static Phase phase(String text) throws MalformedLineException {
        return switch (text) {
            case "-1" -> Phase.HALTED;
            case "0" -> Phase.QUOTING;
            case "1" -> Phase.TRADING;
            default ->
                throw MalformedLineException.of(
                        "price of a halt", text, "-1 (halted), 0 (quoting goes on) or 1 (trading goes on)");
        };
    }
}
