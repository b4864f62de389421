package dev.eventlog.examples.market;

import dev.eventlog.examples.market.OrderEvent.Halt;
import dev.eventlog.examples.market.OrderEvent.OfOrder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * The audit: how many events of each type, and one running checksum over all of them. One event lost, added, changed or
 * out of its order, and the checksum is another.
 *
 * <p><b>Threading:</b> One thread at a time: its consumer's.
 */
final class Audit implements State {

    private final Map<String, Long> counts = new TreeMap<>();
    private final MessageDigest checksum = sha256();
    private final ByteBuffer bytes = ByteBuffer.allocate(128); // of one message: every component, and the type's name

    @Override
    public void apply(Message message) {
        String type = message.event().getClass().getSimpleName();
        counts.merge(type, 1L, Long::sum);
        bytes.clear().putLong(message.timeNanos());
        if (message.event() instanceof OfOrder order) {
            bytes.putLong(order.orderId()).putLong(order.size()).putLong(order.price());
            put(type, order.side());
        } else if (message.event() instanceof Halt halt) {
            put(type, halt.phase());
        }
        checksum.update(bytes.flip());
    }

    private void put(String type, Enum<?> value) {
        bytes.put((type + " " + value + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    /** How many events there are. */
    long total() {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    /** How many events there are of a type. */
    long count(Class<? extends OrderEvent> type) {
        return counts.getOrDefault(type.getSimpleName(), 0L);
    }

    /** SHA-256 over all events so far, in hexadecimal. */
    String checksum() {
        try {
            // A copy, since asking a digest ends it.
            return HexFormat.of().formatHex(((MessageDigest) checksum.clone()).digest());
        } catch (CloneNotSupportedException e) {
            throw new AssertionError("every JDK's SHA-256 can be copied", e);
        }
    }

    @Override
    public String text() {
        var text = new StringBuilder();
        counts.forEach((type, count) -> text.append("count " + type + " " + count + "\n"));
        return text.append("sha256 " + checksum() + "\n").toString();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
