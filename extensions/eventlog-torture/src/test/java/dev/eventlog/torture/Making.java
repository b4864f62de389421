package dev.eventlog.torture;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.zip.CRC32C;

/**
 * Events that a consumer makes out of others: none to three of each, which follow from its position and payload. They are
 * there once and together with their checkpoint.
 *
 * <p><b>Threading:</b> Without state.
 */
final class Making {

    static final String NAME = "making";
    static final String SOURCE = "made";

    private static final int MOST = 4;
    private static final int CRC_OFFSET = Long.BYTES;
    private static final int INDEX_OFFSET = CRC_OFFSET + Integer.BYTES;
    private static final int LEAST_LENGTH = INDEX_OFFSET + Integer.BYTES;

    private Making() {}

    /** Takes what was not made. */
    static ConsumerConfig.Builder config() {
        return ConsumerConfig.named(NAME).query(EventQuery.all().sources(Expected.SOURCE));
    }

    /** What is made of an event. */
    static List<Expected> outputsOf(long position, byte[] payload) {
        var outputs = new ArrayList<Expected>();
        for (int index = 0; index < position % MOST; index++) {
            ByteBuffer bytes = ByteBuffer.allocate(LEAST_LENGTH + (int) (position % 211));
            bytes.putLong(0, position).putInt(CRC_OFFSET, crc(payload)).putInt(INDEX_OFFSET, index);
            outputs.add(new Expected(bytes.array(), "key-" + position % 50, null, null, Map.of(), SOURCE));
        }
        return outputs;
    }

    static List<NewEvent<ByteBuffer>> toAppend(List<Expected> outputs) {
        return outputs.stream().map(Expected::toAppend).toList();
    }

    private static int crc(byte[] payload) {
        var crc = new CRC32C();
        crc.update(payload);
        return (int) crc.getValue();
    }

    /**
     * Each event below the checkpoint has its outputs, each once and in order, and none at or above it has any.
     *
     * @param events what is in the log, by position
     * @param end of the log
     * @param skipped positions of events that need no outputs: the consumer was led over them
     */
    static void check(LongFunction<Expected> events, long end, long checkpoint, Set<Long> skipped) {
        Oracle.require(checkpoint <= end, "who processes is ahead: checkpoint=" + checkpoint + " end=" + end);
        var made = new HashMap<Long, Integer>();
        long last = -1;
        for (long position = 0; position < end; position++) {
            Expected event = events.apply(position);
            if (!event.source().equals(SOURCE)) {
                continue;
            }
            ByteBuffer output = ByteBuffer.wrap(event.payload());
            long input = output.getLong(0);
            Oracle.require(
                    input < checkpoint,
                    "outputs without their checkpoint: " + position + " is made of " + input + " checkpoint="
                            + checkpoint);
            Oracle.require(input >= last, "outputs out of order at " + position);
            last = input;
            int index = made.merge(input, 1, Integer::sum) - 1;
            Oracle.require(
                    output.getInt(INDEX_OFFSET) == index
                            && output.getInt(CRC_OFFSET)
                                    == crc(events.apply(input).payload()),
                    "output " + index + " of " + input + " is another one at " + position);
        }
        for (long input = 0; input < checkpoint; input++) {
            boolean isInput = events.apply(input).source().equals(Expected.SOURCE);
            Oracle.require(
                    !isInput || made.getOrDefault(input, 0) == input % MOST || skipped.contains(input),
                    "outputs of " + input + " are lost: checkpoint=" + checkpoint + " end=" + end + " there are "
                            + made.get(input));
        }
    }
}
