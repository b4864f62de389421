package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Processor;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongConsumer;

/** Inputs that are numbered, none to three outputs of each that follow from the number, and the look whether each is there once. */
final class NumberedOutputs {

    static final Codec<ByteBuffer> CODEC = Codec.bytes("numbered");
    static final EventQuery INPUTS = EventQuery.all().sources("in");
    static final EventQuery OUTPUTS = EventQuery.all().sources("out");
    static final String CONSUMER = "processing";

    private static final int INDEX_OFFSET = Long.BYTES;
    private static final int LEAST_LENGTH = 2 * Long.BYTES;

    private NumberedOutputs() {}

    static ConsumerConfig.Builder config() {
        return ConsumerConfig.named(CONSUMER)
                .query(INPUTS)
                .attempts(2, Duration.ofNanos(1))
                .pollLimit(16, 1 << 20);
    }

    /** The same for who asks for events. */
    static ConsumerConfig pulled() {
        return ConsumerConfig.named(CONSUMER).query(INPUTS).build();
    }

    /** Appends inputs from a number on. */
    static void append(EventLog log, long from, long to) {
        var producer = log.producer("in", CODEC);
        for (long number = from; number < to; number++) {
            producer.append(
                    ByteBuffer.allocate(Long.BYTES + (int) (number % 50)).putLong(0, number));
        }
    }

    /** Whether no attempt at an input ends well: it is parked and has no outputs. */
    static boolean isPoison(long number) {
        return number % 97 == 50;
    }

    static int count(long number) {
        return isPoison(number) ? 0 : (int) (number % 4);
    }

    static List<NewEvent<ByteBuffer>> outputsOf(long number) {
        return outputsOf(number, (int) (number % 300));
    }

    /**
     * The same of a length.
     *
     * @param padding bytes behind what tells which it is
     */
    static List<NewEvent<ByteBuffer>> outputsOf(long number, int padding) {
        var outputs = new ArrayList<NewEvent<ByteBuffer>>();
        for (int i = 0; i < count(number); i++) {
            ByteBuffer data = ByteBuffer.allocate(LEAST_LENGTH + padding);
            outputs.add(NewEvent.of(data.putLong(0, number).putLong(INDEX_OFFSET, i)));
        }
        return outputs;
    }

    /** Fails at poison, and now and then at the first attempt behind some outputs. */
    static Processor<ByteBuffer, ByteBuffer> processor(LongConsumer told) {
        return event -> {
            long number = event.data().getLong(0);
            told.accept(number);
            if (isPoison(number) || (number % 31 == 7 && event.attempt() == 1)) {
                throw new IllegalStateException("processor failed on purpose");
            }
            return outputsOf(number);
        };
    }

    static Processor<ByteBuffer, ByteBuffer> processor() {
        return processor(number -> {});
    }

    /** Processes all inputs that there are. */
    static void processAll(EventLog from, EventLog to) {
        try (var subscription = from.process(config().build(), CODEC, processor(), to.producer("out", CODEC))) {
            assertThat(subscription.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
        }
    }

    /** Processes some inputs, by calls. Poison stops it. */
    static void processSome(EventLog from, EventLog to, int calls, int limit) {
        try (var consumer =
                from.consumer(ConsumerConfig.named(CONSUMER).query(INPUTS).build(), CODEC)) {
            for (int i = 0; i < calls; i++) {
                int unused =
                        consumer.process(event -> outputsOf(event.data().getLong(0)), to.producer("out", CODEC), limit);
            }
        }
    }

    static long checkpoint(EventLog log) {
        return log.consumers().stream()
                .filter(status -> status.name().equals(CONSUMER))
                .mapToLong(status -> {
                    assertThat(status.failure()).isNull();
                    return status.checkpoint();
                })
                .findAny()
                .orElse(0);
    }

    /** The outputs that are there are those of all inputs below the checkpoint, each once and in order. */
    static void assertAgree(EventLog log) {
        assertThat(processed(log, log)).isEqualTo(inputsBelow(log, checkpoint(log)));
    }

    /** All inputs have their outputs, each once and in order. */
    static void assertComplete(EventLog from, EventLog to) {
        assertThat(processed(from, to)).isEqualTo(inputsBelow(from, Long.MAX_VALUE));
    }

    /** Number of inputs below a position that have outputs. */
    private static long inputsBelow(EventLog log, long checkpoint) {
        return log.read(INPUTS, CODEC)
                .filter(event ->
                        event.position() < checkpoint && count(event.data().getLong(0)) > 0)
                .count();
    }

    /** Number of inputs whose outputs are there: the first ones, of each all, each once and in order. */
    static long processed(EventLog from, EventLog to) {
        Iterator<Event<ByteBuffer>> outputs = to.read(OUTPUTS, CODEC).iterator();
        Iterator<Event<ByteBuffer>> inputs = from.read(INPUTS, CODEC).iterator();
        long processed = 0;
        while (inputs.hasNext()) {
            long number = inputs.next().data().getLong(0);
            for (int i = 0; i < count(number); i++) {
                if (!outputs.hasNext()) {
                    assertThat(i).as("outputs of %d", number).isZero();
                    return processed;
                }
                Event<ByteBuffer> output = outputs.next();
                assertThat(output.data().getLong(0))
                        .as("input of output at %d", output.position())
                        .isEqualTo(number);
                assertThat(output.data().getLong(INDEX_OFFSET)).isEqualTo(i);
            }
            processed += count(number) > 0 ? 1 : 0;
        }
        assertThat(outputs.hasNext()).as("outputs of no input").isFalse();
        return processed;
    }
}
